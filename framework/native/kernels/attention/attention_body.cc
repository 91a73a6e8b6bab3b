// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A head: K' and V are packed for the tiles; then a few rows of queries at a time give scores in the channel-blocked order
// [keys/16][rows][16], which become weights where they are and are the left operand of the second product.
#include "kernels/attention/attention_body.h"
#include "kernels/gemm/packing.h"
#include "simd/math.h"

namespace keima::KEIMA_ISA {
namespace {

using F = Vec<float, kLanes>;
constexpr int64_t kRows = 4 * kTileRows;  // of queries at a time
constexpr int kRowsAtOnce = 4;

struct Parts {
  explicit Parts(const AttentionArgs& args)
      : width(round_up(args.width, kBlock)),
        keys(round_up(args.keys, kBlock)),
        values(round_up(args.value_width, kGroup)),
        rows(least(kRows, args.queries)) {}
  int64_t k_floats() const { return width * round_up(keys, kGroup); }
  int64_t v_floats() const { return keys * values; }
  int64_t q_floats() const { return width * rows; }
  int64_t score_floats() const { return keys * rows; }
  int64_t floats() const { return k_floats() + v_floats() + q_floats() + score_floats() + round_up(rows, kBlock) + kEdgeFloats; }
  int64_t width;
  int64_t keys;
  int64_t values;
  int64_t rows;
};

// C[rows, columns] = A * B for B packed by groups of 32 columns: finish(n, first row, rows, call) runs each tile.
template <class Finish>
void multiply(const float* a, int64_t rows, int64_t depth, const float* packed, int64_t columns, const Finish& finish) {
  const Tap tap{0, 0};
  TileCall call;
  call.a_block = rows * kBlock;
  call.w_block = kTapFloats;
  call.taps = &tap;
  call.tap_count = 1;
  call.blocks = depth / kBlock;
  const RowTiles tiles(rows);
  for (int64_t n = 0; n < columns; n += kTileColumns) {
    call.w = packed + n / kGroup * depth * kGroup + n % kGroup;
    for (int64_t t = 0; t < tiles.tiles; ++t) {
      call.a = a + tiles.begin(t) * kBlock;
      finish(n, tiles.begin(t), tiles.rows(t), call);
    }
  }
}

// `count` neighbouring rows of scores to weights that are not divided by their sums yet; those go to `sums`. `scores` is the
// first row's place in the first block of keys. Several rows at once, since one row's sums are a chain of waits.
template <int count>
void exponentials(float* scores, int64_t rows, int64_t keys, int64_t padded, float* sums) {
  using I = Vec<int32_t, kLanes>;
  const auto at = [&](int64_t key, int row) __attribute__((always_inline)) {
    return scores + key / kBlock * rows * kBlock + row * kBlock + key % kBlock;
  };
  const auto score = [&](int64_t key, int row) __attribute__((always_inline)) {
    const F value = load<kLanes>(at(key, row));
    return key + kLanes <= keys ? value : iota<I>() < static_cast<int32_t>(keys - key) ? value : splat<F>(-kInfinity);
  };
  F most[count], sum[count];
  repeat<count>([&](int r) __attribute__((always_inline)) {
    most[r] = splat<F>(-kInfinity);
    sum[r] = F{};
  });
  for (int64_t key = 0; key < keys; key += kLanes)
    repeat<count>([&](int r) __attribute__((always_inline)) { most[r] = maximum(most[r], score(key, r)); });
  repeat<count>([&](int r) __attribute__((always_inline)) { most[r] = splat<F>(horizontal_max(most[r])); });
  int64_t key = 0;
  for (; key < keys; key += kLanes)
    repeat<count>([&](int r) __attribute__((always_inline)) {
      const F e = exp(score(key, r) - most[r]);
      store(at(key, r), e);
      sum[r] += e;
    });
  for (; key < padded; key += kLanes) repeat<count>([&](int r) __attribute__((always_inline)) { store(at(key, r), F{}); });
  repeat<count>([&](int r) __attribute__((always_inline)) { sums[r] = horizontal_sum(sum[r]); });
}

void divide_row(float* out, int64_t columns, float by) {
  int64_t i = 0;
  for (; i + kLanes <= columns; i += kLanes) store(out + i, load<kLanes>(out + i) * by);
  for (; i < columns; ++i) out[i] *= by;
}

class Head {
 public:
  Head(const AttentionArgs& args, int64_t index, float* scratch)
      : args_(args),
        parts_(args),
        outer_(index / args.heads[1]),
        inner_(index % args.heads[1]),
        keys_(scratch),
        values_(keys_ + parts_.k_floats()),
        queries_(values_ + parts_.v_floats()),
        scores_(queries_ + parts_.q_floats()),
        sums_(scores_ + parts_.score_floats()),
        edge_(sums_ + round_up(parts_.rows, kBlock)),
        out_(args.out + outer_ * args.out_outer_stride + inner_ * args.out_inner_stride) {}

  void run() {
    pack_columns(view(args_.k, true), 0, args_.width, 0, args_.keys, parts_.width * kGroup, keys_);
    pack_columns(view(args_.v, false), 0, args_.keys, 0, args_.value_width, parts_.keys * kGroup, values_);
    const RowTiles chunks(args_.queries, parts_.rows);
    for (int64_t i = 0; i < chunks.tiles; ++i) run_rows(chunks.begin(i), chunks.rows(i));
  }

 private:
  MatrixView view(const HeadMatrices& m, bool transposed) const {
    return {m.data + outer_ * m.outer_stride + inner_ * m.inner_stride, m.stride, transposed};
  }

  void run_rows(int64_t first, int64_t rows) {
    pack_rows(view(args_.q, false), args_.scale, first, rows, 0, args_.width, queries_);
    multiply(queries_, rows, parts_.width, keys_, parts_.keys,
             [&](int64_t n, int64_t row, int64_t count, TileCall& call) {
               call.c = scores_ + n * rows + row * kBlock;
               call.c_column = kBlock;
               call.c_block = rows * kBlock;
               const int64_t blocks = least(kTileBlocks, (parts_.keys - n) / kBlock);
               tile_function(1, static_cast<int>(count), static_cast<int>(blocks))(call);
             });
    weigh(rows);
    multiply(scores_, rows, parts_.keys, values_, args_.value_width,
             [&](int64_t n, int64_t row, int64_t count, TileCall& call) {
               const int64_t columns = least(args_.value_width - n, kTileColumns);
               call.c = out_ + (first + row) * args_.out_stride + n;
               call.c_column = args_.out_stride;
               call.c_block = kBlock;
               if (columns == kTileColumns) tile_function(1, static_cast<int>(count), kTileBlocks)(call);
               else edge_tile(tile_function(1, static_cast<int>(count), kTileBlocks), call, count, columns, edge_);
             });
    for (int64_t r = 0; r < rows; ++r) divide_row(out_ + (first + r) * args_.out_stride, args_.value_width, 1 / sums_[r]);
  }

  void weigh(int64_t rows) {
    int64_t r = 0;
    for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce)
      exponentials<kRowsAtOnce>(scores_ + r * kBlock, rows, args_.keys, parts_.keys, sums_ + r);
    for (; r < rows; ++r) exponentials<1>(scores_ + r * kBlock, rows, args_.keys, parts_.keys, sums_ + r);
  }

  const AttentionArgs& args_;
  const Parts parts_;
  const int64_t outer_, inner_;
  float* const keys_;
  float* const values_;
  float* const queries_;
  float* const scores_;
  float* const sums_;
  float* const edge_;
  float* const out_;
};

}  // namespace

int64_t attention_slice_floats(const AttentionArgs& args) { return round_up(Parts(args).floats(), kBlock); }

void attention_heads(const AttentionArgs& args, int64_t begin, int64_t end, float* scratch) {
  for (int64_t head = begin; head < end; ++head) Head(args, head, scratch).run();
}

}  // namespace keima::KEIMA_ISA
