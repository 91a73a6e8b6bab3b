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

// Of one head, in double: dq, dk, dv.
struct Gradients {
  std::vector<double> q, k, v;
};

Gradients exact_gradients(const Sizes& s, double scale, const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& dout, int64_t o, int64_t h) {
  const auto zeros = [](int64_t rows, int64_t columns) { return std::vector<double>(static_cast<size_t>(rows * columns)); };
  Gradients g{zeros(s.queries, s.width), zeros(s.keys, s.width), zeros(s.keys, s.value_width)};
  std::vector<double> p(static_cast<size_t>(s.keys)), dp(static_cast<size_t>(s.keys));
  for (int64_t i = 0; i < s.queries; ++i) {
    double most = -1e300, sum = 0, dot = 0;
    for (int64_t j = 0; j < s.keys; ++j) {
      double score = 0, product = 0;
      for (int64_t c = 0; c < s.width; ++c) score += q.at(o, h, i, c) * k.at(o, h, j, c);
      for (int64_t c = 0; c < s.value_width; ++c) product += dout.at(o, h, i, c) * v.at(o, h, j, c);
      p[static_cast<size_t>(j)] = score * scale;
      dp[static_cast<size_t>(j)] = product;
      most = std::max(most, score * scale);
    }
    for (double& weight : p) sum += weight = std::exp(weight - most);
    for (size_t j = 0; j < p.size(); ++j) dot += (p[j] /= sum) * dp[j];
    for (int64_t j = 0; j < s.keys; ++j) {
      const double weight = p[static_cast<size_t>(j)], ds = scale * weight * (dp[static_cast<size_t>(j)] - dot);
      for (int64_t c = 0; c < s.width; ++c) {
        g.q[static_cast<size_t>(i * s.width + c)] += ds * k.at(o, h, j, c);
        g.k[static_cast<size_t>(j * s.width + c)] += ds * q.at(o, h, i, c);
      }
      for (int64_t c = 0; c < s.value_width; ++c) g.v[static_cast<size_t>(j * s.value_width + c)] += weight * dout.at(o, h, i, c);
    }
  }
  return g;
}

// A gradient laid out as its tensor is, with gaps that must keep their mark.
struct GradientMatrix {
  GradientMatrix(const Matrix& like, int64_t width, int64_t inner)
      : values(like.values.size(), kMark), columns(width * inner), stride(like.view.stride) {
    view = {values.data(), like.view.stride, like.view.outer_stride, like.view.inner_stride};
  }
  double worst(const std::vector<double>& expected, int64_t width, int64_t o, int64_t h) const {
    double worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      const int64_t row = static_cast<int64_t>(i) / width, column = static_cast<int64_t>(i) % width;
      const float got = values[static_cast<size_t>(o * view.outer_stride + h * view.inner_stride + row * view.stride + column)];
      worst = std::max(worst, std::isnan(got) ? 1e9 : std::abs(static_cast<double>(got) - expected[i]));
    }
    return worst;
  }
  bool gaps_kept() const {
    for (size_t i = 0; i < values.size(); ++i)
      if (static_cast<int64_t>(i) % stride >= columns && values[i] != kMark) return false;
    return true;
  }
  static constexpr float kMark = 12345;
  std::vector<float> values;
  int64_t columns, stride;
  HeadGradient view;
};

void check_backward(const Exec& exec, const Sizes& s) {
  CAPTURE(s.queries); CAPTURE(s.keys); CAPTURE(s.width); CAPTURE(s.value_width);
  const Matrix q(s.outer, s.inner, s.queries, s.width, 1), k(s.outer, s.inner, s.keys, s.width, 2), v(s.outer, s.inner, s.keys, s.value_width, 3),
      dout(s.outer, s.inner, s.queries, s.value_width, 4);
  GradientMatrix dq(q, s.width, s.inner), dk(k, s.width, s.inner), dv(v, s.value_width, s.inner);
  AttentionGradientArgs args;
  args.forward = {{s.outer, s.inner}, s.queries, s.keys, s.width, s.value_width, 0.25F, q.view, k.view, v.view};
  args.dout = dout.view;
  args.dq = dq.view;
  args.dk = dk.view;
  args.dv = dv.view;
  Scratch scratch(attention_backward_scratch_bytes(exec, args));
  attention_backward(exec, args, scratch.data());
  double worst = 0;
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t h = 0; h < s.inner; ++h) {
      const Gradients expected = exact_gradients(s, 0.25, q, k, v, dout, o, h);
      worst = std::max({worst, dq.worst(expected.q, s.width, o, h), dk.worst(expected.k, s.width, o, h), dv.worst(expected.v, s.value_width, o, h)});
    }
  // Scores and their gradients reach a hundred, and sums run over hundreds of queries.
  CHECK(worst <= 3e-4);
  CHECK((dq.gaps_kept() && dk.gaps_kept() && dv.gaps_kept()));
}

}  // namespace

TEST_CASE("attention's gradient: the same sizes, and keys of which only some queries fit at once") {
  for_each_exec([](const Exec& exec) {
    for (const Sizes& s : {Sizes{1, 1, 1, 1, 1, 1}, Sizes{2, 3, 5, 7, 3, 5}, Sizes{1, 2, 17, 16, 16, 16}, Sizes{1, 2, 14, 33, 24, 32},
                           Sizes{2, 2, 61, 50, 17, 33}, Sizes{1, 2, 197, 197, 64, 64}, Sizes{1, 1, 150, 700, 5, 9}})
      check_backward(exec, s);
  });
}

TEST_CASE("attention: sizes around tiles, blocks and groups, heads side by side") {
  for_each_exec([](const Exec& exec) {
    for (const Sizes& s : {Sizes{1, 1, 1, 1, 1, 1}, Sizes{2, 3, 5, 7, 3, 5}, Sizes{1, 2, 17, 16, 16, 16}, Sizes{1, 2, 14, 33, 24, 32},
                           Sizes{2, 2, 61, 50, 17, 33}, Sizes{1, 2, 197, 197, 64, 64}})
      check(exec, s);
  });
}
