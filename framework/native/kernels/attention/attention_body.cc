// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A head: K and V' are packed as panels; then 32 queries at a time give scores [keys][32], which become weights where they are and are
// the right operand of the second product. Its result is out', which is divided by the sums and stored transposed.
#include "kernels/attention/attention_body.h"
#include "kernels/attention/heads.h"

namespace keima::KEIMA_ISA {
namespace {

class Head {
 public:
  Head(const AttentionArgs& args, ScratchParts parts)
      : args_(args),
        padded_keys_(round_up(args.keys, kBlock)),
        keys_{RowTiles(args.keys), round_up(args.width, kBlock), parts.take(args.keys * round_up(args.width, kBlock))},
        values_{RowTiles(args.value_width), padded_keys_, parts.take(args.value_width * padded_keys_)},
        queries_(parts.take(keys_.depth * kGroup)),
        scores_(parts.take(padded_keys_ * kGroup)),
        out_(parts.take(round_up(args.value_width, kBlock) * kGroup)),
        inverse_sums_(parts.take(kGroup)),
        edge_(parts.take(kEdgeFloats)),
        floats_(parts.taken()) {}

  int64_t floats() const { return floats_; }

  void run(int64_t outer, int64_t inner) {
    pack_panels(head_of(args_.k, outer, inner, false), args_.scale, 0, 0, args_.width, 0, keys_.depth, keys_);
    pack_panels(head_of(args_.v, outer, inner, true), 1, 0, 0, args_.keys, 0, padded_keys_, values_);
    const MatrixView queries = head_of(args_.q, outer, inner, true);
    float* out = args_.out + outer * args_.out_outer_stride + inner * args_.out_inner_stride;
    for (int64_t q = 0; q < args_.queries; q += kGroup) run_group(queries, q, least(args_.queries - q, kGroup), out + q * args_.out_stride);
  }

 private:
  void run_group(const MatrixView& queries, int64_t first, int64_t count, float* out) {
    const int64_t columns = round_up(count, kBlock);
    pack_columns(queries, 0, args_.width, first, count, 0, queries_);
    multiply_panels(keys_, queries_, 0, columns, scores_, kGroup, false, edge_);
    weigh(scores_, columns, args_.keys, padded_keys_, inverse_sums_);
    multiply_panels(values_, scores_, 0, columns, out_, kGroup, false, edge_);
    for (int64_t row = 0; row < args_.value_width; ++row)
      for (int64_t i = 0; i < columns; i += kLanes) {
        float* at = out_ + row * kGroup + i;
        store(at, load<kLanes>(at) * load<kLanes>(inverse_sums_ + i));
      }
    store_transposed(out_, kGroup, args_.value_width, count, out, args_.out_stride);
  }

  const AttentionArgs& args_;
  const int64_t padded_keys_;
  const Panels keys_;
  const Panels values_;
  float* const queries_;
  float* const scores_;
  float* const out_;
  float* const inverse_sums_;
  float* const edge_;
  const int64_t floats_;
};

}  // namespace

int64_t attention_slice_floats(const AttentionArgs& args) { return Head(args, ScratchParts(nullptr)).floats(); }

void attention_heads(const AttentionArgs& args, int64_t begin, int64_t end, float* scratch) {
  Head head(args, ScratchParts(scratch));
  for (int64_t i = begin; i < end; ++i) head.run(i / args.heads[1], i % args.heads[1]);
}

}  // namespace keima::KEIMA_ISA
