// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The gradient of attention (Dao et al., 2022, appendix B.4), the weights P being computed again: with dP = dO V',
//   dS = P * (dP - rowsum(P * dP)), dQ = scale dS K, dK = scale dS' Q, dV = P' dO.
// P' and dP' stand as [keys][32] for 32 queries at a time; dK and dV sum over many queries at a time, for which P' and dS' are packed
// as panels.
#include "kernels/attention/attention_body.h"
#include "kernels/attention/heads.h"

namespace keima::KEIMA_ISA {
namespace {

// Of P' and of dS' each; more would leave the second cache.
constexpr int64_t kChunkFloats = 1 << 16;

int64_t groups_at_once(int64_t padded_keys, int64_t queries) {
  const int64_t fit = least(kChunkFloats / (padded_keys * kGroup), (queries + kGroup - 1) / kGroup);
  return fit < 1 ? 1 : fit;
}

// P to P / sums, then dP to dS. Rows of dS behind the last key become zeros.
template <int vectors>
void score_gradients(float* weights, float* gradients, int64_t keys, int64_t padded, const float* inverse_sums) {
  QueryVector by[vectors], dot[vectors];
  repeat<vectors>([&](int v) __attribute__((always_inline)) {
    by[v] = load<kLanes>(inverse_sums + v * kLanes);
    dot[v] = QueryVector{};
  });
  for (int64_t key = 0; key < keys; ++key)
    repeat<vectors>([&](int v) __attribute__((always_inline)) {
      const int64_t at = key * kGroup + v * kLanes;
      const QueryVector p = load<kLanes>(weights + at) * by[v];
      store(weights + at, p);
      dot[v] += p * load<kLanes>(gradients + at);
    });
  for (int64_t key = 0; key < keys; ++key)
    repeat<vectors>([&](int v) __attribute__((always_inline)) {
      const int64_t at = key * kGroup + v * kLanes;
      store(gradients + at, load<kLanes>(weights + at) * (load<kLanes>(gradients + at) - dot[v]));
    });
  for (int64_t i = keys * kGroup; i < padded * kGroup; i += kLanes) store(gradients + i, QueryVector{});
}

class Head {
 public:
  Head(const AttentionGradientArgs& args, ScratchParts parts)
      : args_(args),
        a_(args.forward),
        padded_keys_(round_up(a_.keys, kBlock)),
        groups_(groups_at_once(padded_keys_, a_.queries)),
        keys_{RowTiles(a_.keys), round_up(a_.width, kBlock), parts.take(a_.keys * round_up(a_.width, kBlock))},
        values_{RowTiles(a_.keys), round_up(a_.value_width, kBlock), parts.take(a_.keys * round_up(a_.value_width, kBlock))},
        key_columns_{RowTiles(a_.width), padded_keys_, parts.take(a_.width * padded_keys_)},
        weights_(parts.take(groups_ * padded_keys_ * kGroup)),
        gradients_(parts.take(groups_ * padded_keys_ * kGroup)),
        columns_(parts.take((keys_.depth > values_.depth ? keys_.depth : values_.depth) * kGroup)),
        rows_(parts.take(a_.keys * groups_ * kGroup)),
        packed_(parts.take(groups_ * kGroup * round_up(a_.width > a_.value_width ? a_.width : a_.value_width, kGroup))),
        dq_(parts.take(keys_.depth * kGroup)),
        inverse_sums_(parts.take(kGroup)),
        edge_(parts.take(kEdgeFloats)),
        floats_(parts.taken()) {}

  int64_t floats() const { return floats_; }

  void run(int64_t outer, int64_t inner) {
    const MatrixView k = head_of(a_.k, outer, inner, false);
    pack_panels(k, a_.scale, 0, 0, a_.width, 0, keys_.depth, keys_);
    pack_panels(head_of(a_.v, outer, inner, false), 1, 0, 0, a_.value_width, 0, values_.depth, values_);
    pack_panels({k.data, k.stride, true}, a_.scale, 0, 0, a_.keys, 0, padded_keys_, key_columns_);
    const MatrixView q = head_of(a_.q, outer, inner, false), dout = head_of(args_.dout, outer, inner, false);
    const auto place = [&](const HeadGradient& g) { return g.data + outer * g.outer_stride + inner * g.inner_stride; };
    for (int64_t first = 0; first < a_.queries; first += groups_ * kGroup) {
      const int64_t count = least(a_.queries - first, groups_ * kGroup);
      for (int64_t g = 0; g * kGroup < count; ++g)
        run_group(q, dout, g, first + g * kGroup, least(count - g * kGroup, kGroup), place(args_.dq) + (first + g * kGroup) * args_.dq.stride);
      add_product(weights_, 1, dout, a_.value_width, first, count, place(args_.dv), args_.dv.stride);
      add_product(gradients_, a_.scale, q, a_.width, first, count, place(args_.dk), args_.dk.stride);
    }
  }

 private:
  float* group(float* scores, int64_t g) const { return scores + g * padded_keys_ * kGroup; }

  void run_group(const MatrixView& q, const MatrixView& dout, int64_t g, int64_t first, int64_t count, float* dq) {
    const int64_t columns = round_up(count, kBlock);
    float *weights = group(weights_, g), *gradients = group(gradients_, g);
    pack_columns({q.data, q.stride, true}, 0, a_.width, first, count, 0, columns_);
    multiply_panels(keys_, columns_, 0, columns, weights, kGroup, false, edge_);
    weigh(weights, columns, a_.keys, padded_keys_, inverse_sums_);
    pack_columns({dout.data, dout.stride, true}, 0, a_.value_width, first, count, 0, columns_);
    multiply_panels(values_, columns_, 0, columns, gradients, kGroup, false, edge_);
    if (columns > kBlock) score_gradients<2 * kBlockVectors>(weights, gradients, a_.keys, padded_keys_, inverse_sums_);
    else score_gradients<kBlockVectors>(weights, gradients, a_.keys, padded_keys_, inverse_sums_);
    multiply_panels(key_columns_, gradients, 0, columns, dq_, kGroup, false, edge_);
    store_transposed(dq_, kGroup, a_.width, count, dq, args_.dq.stride);
  }

  // to[keys, width] += scale * scores * rows [first, first + count) of `by`; the first queries start it.
  void add_product(float* scores, float scale, const MatrixView& by, int64_t width, int64_t first, int64_t count, float* to, int64_t stride) {
    const Panels panels{keys_.tiles, round_up(count, kBlock), rows_};
    for (int64_t q = 0; q < panels.depth; q += kGroup)
      pack_panels({group(scores, q / kGroup), kGroup, false}, scale, 0, -q, count, q, least(q + kGroup, panels.depth), panels);
    pack_columns(by, first, count, 0, width, panels.depth * kGroup, packed_);
    multiply_panels(panels, packed_, panels.depth * kGroup, width, to, stride, first > 0, edge_);
  }

  const AttentionGradientArgs& args_;
  const AttentionArgs& a_;
  const int64_t padded_keys_;
  const int64_t groups_;
  const Panels keys_;         // rows of K, scaled
  const Panels values_;       // rows of V
  const Panels key_columns_;  // rows of K', scaled
  float* const weights_;
  float* const gradients_;
  float* const columns_;
  float* const rows_;
  float* const packed_;
  float* const dq_;
  float* const inverse_sums_;
  float* const edge_;
  const int64_t floats_;
};

}  // namespace

int64_t attention_backward_slice_floats(const AttentionGradientArgs& args) { return Head(args, ScratchParts(nullptr)).floats(); }

void attention_backward_heads(const AttentionGradientArgs& args, int64_t begin, int64_t end, float* scratch) {
  Head head(args, ScratchParts(scratch));
  for (int64_t i = begin; i < end; ++i) head.run(i / args.forward.heads[1], i % args.forward.heads[1]);
}

}  // namespace keima::KEIMA_ISA
