// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Attention against its definition in double.
#include "kernels/attention/attention.h"

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Sizes {
  int64_t outer, inner, queries, keys, width, value_width;
};

// Heads side by side in each row, as a projection leaves them, with a gap of NaN behind each row.
struct Matrix {
  Matrix(int64_t outer, int64_t inner, int64_t rows, int64_t columns, uint32_t seed)
      : view{nullptr, inner * columns + 2, rows * (inner * columns + 2), columns},
        values(random_floats(static_cast<size_t>(outer * view.outer_stride), seed, -2, 2)) {
    for (size_t i = 0; i < values.size(); ++i)
      if (static_cast<int64_t>(i) % view.stride >= inner * columns) values[i] = kNan;
    view.data = values.data();
  }
  double at(int64_t o, int64_t h, int64_t row, int64_t column) const {
    return static_cast<double>(values[static_cast<size_t>(o * view.outer_stride + h * view.inner_stride + row * view.stride + column)]);
  }
  HeadMatrices view;
  std::vector<float> values;
};

std::vector<double> exact_row(const Sizes& s, double scale, const Matrix& q, const Matrix& k, const Matrix& v, int64_t o, int64_t h, int64_t row) {
  std::vector<double> weights(static_cast<size_t>(s.keys)), out(static_cast<size_t>(s.value_width));
  double most = -1e300, sum = 0;
  for (int64_t j = 0; j < s.keys; ++j) {
    double score = 0;
    for (int64_t c = 0; c < s.width; ++c) score += q.at(o, h, row, c) * k.at(o, h, j, c);
    weights[static_cast<size_t>(j)] = score * scale;
    most = std::max(most, score * scale);
  }
  for (double& weight : weights) sum += weight = std::exp(weight - most);
  for (int64_t j = 0; j < s.keys; ++j)
    for (int64_t c = 0; c < s.value_width; ++c) out[static_cast<size_t>(c)] += weights[static_cast<size_t>(j)] / sum * v.at(o, h, j, c);
  return out;
}

void check(const Exec& exec, const Sizes& s) {
  CAPTURE(s.queries); CAPTURE(s.keys); CAPTURE(s.width); CAPTURE(s.value_width);
  const Matrix q(s.outer, s.inner, s.queries, s.width, 1), k(s.outer, s.inner, s.keys, s.width, 2), v(s.outer, s.inner, s.keys, s.value_width, 3);
  AttentionArgs args{{s.outer, s.inner}, s.queries, s.keys, s.width, s.value_width, 0.25F, q.view, k.view, v.view};
  const int64_t stride = s.inner * s.value_width;
  std::vector<float> out(static_cast<size_t>(s.outer * s.queries * stride), kNan);
  args.out = out.data();
  args.out_stride = stride;
  args.out_outer_stride = s.queries * stride;
  args.out_inner_stride = s.value_width;
  Scratch scratch(attention_scratch_bytes(exec, args));
  attention(exec, args, scratch.data());
  double worst = 0;
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t h = 0; h < s.inner; ++h)
      for (int64_t row = 0; row < s.queries; ++row) {
        const std::vector<double> expected = exact_row(s, 0.25, q, k, v, o, h, row);
        for (int64_t c = 0; c < s.value_width; ++c) {
          const float got = out[static_cast<size_t>(((o * s.queries + row) * s.inner + h) * s.value_width + c)];
          worst = std::max(worst, std::isnan(got) ? 1e9 : std::abs(static_cast<double>(got) - expected[static_cast<size_t>(c)]));
        }
      }
  // Scores reach a hundred: their rounding is of that, and e^x turns it into a relative error.
  CHECK(worst <= 5e-5);
}

}  // namespace

TEST_CASE("attention: sizes around tiles, blocks and groups, heads side by side") {
  for_each_exec([](const Exec& exec) {
    for (const Sizes& s : {Sizes{1, 1, 1, 1, 1, 1}, Sizes{2, 3, 5, 7, 3, 5}, Sizes{1, 2, 17, 16, 16, 16}, Sizes{1, 2, 14, 33, 24, 32},
                           Sizes{2, 2, 61, 50, 17, 33}, Sizes{1, 2, 197, 197, 64, 64}})
      check(exec, s);
  });
}
