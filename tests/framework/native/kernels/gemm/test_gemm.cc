// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm/gemm.h"

#include <cstring>

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Problem {
  GemmArgs args;
  std::vector<float> a, b, c, bias;
};

int64_t rows_in_memory(bool transposed, int64_t rows, int64_t columns) { return transposed ? columns : rows; }

// Strides leave a gap of NaN after each row of A and B, and of a mark after each row of C.
Problem make_problem(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, int64_t batch = 1) {
  Problem p;
  GemmArgs& args = p.args;
  args.m = m, args.n = n, args.k = k, args.batch = batch;
  args.transpose_a = transpose_a, args.transpose_b = transpose_b;
  args.a_stride = (transpose_a ? m : k) + 3;
  args.b_stride = (transpose_b ? k : n) + 1;
  args.c_stride = n + 2;
  args.a_batch_stride = rows_in_memory(transpose_a, m, k) * args.a_stride;
  args.b_batch_stride = rows_in_memory(transpose_b, k, n) * args.b_stride;
  args.c_batch_stride = m * args.c_stride;
  p.a = random_floats(static_cast<size_t>(batch * args.a_batch_stride), 1);
  p.b = random_floats(static_cast<size_t>(batch * args.b_batch_stride), 2);
  p.c = random_floats(static_cast<size_t>(batch * args.c_batch_stride), 3);
  p.bias = random_floats(static_cast<size_t>(n), 4);
  for (size_t i = 0; i < p.a.size(); ++i)
    if (static_cast<int64_t>(i) % args.a_stride >= (transpose_a ? m : k)) p.a[i] = kNan;
  for (size_t i = 0; i < p.b.size(); ++i)
    if (static_cast<int64_t>(i) % args.b_stride >= (transpose_b ? k : n)) p.b[i] = kNan;
  return p;
}

float at(const float* matrix, int64_t stride, bool transposed, int64_t row, int64_t column) {
  return transposed ? matrix[column * stride + row] : matrix[row * stride + column];
}

// The textbook bound of a float32 dot product: (k + 3) * 2^-24 times the sum of magnitudes, against float64.
void check_element(const Problem& p, const std::vector<float>& c, int64_t matrix, int64_t i, int64_t j) {
  const GemmArgs& args = p.args;
  const float* a = p.a.data() + matrix * args.a_batch_stride;
  const float* b = p.b.data() + matrix * args.b_batch_stride;
  const auto place = static_cast<size_t>(matrix * args.c_batch_stride + i * args.c_stride + j);
  double sum = 0, magnitude = 0;
  for (int64_t k = 0; k < args.k; ++k) {
    const double term = static_cast<double>(at(a, args.a_stride, args.transpose_a, i, k)) *
                        static_cast<double>(at(b, args.b_stride, args.transpose_b, k, j));
    sum += term;
    magnitude += std::abs(term);
  }
  sum *= static_cast<double>(args.alpha);
  magnitude *= std::abs(static_cast<double>(args.alpha));
  for (const double extra : {args.accumulate ? static_cast<double>(p.c[place]) : 0.0,
                             args.bias != nullptr ? static_cast<double>(p.bias[static_cast<size_t>(j)]) : 0.0}) {
    sum += extra;
    magnitude += std::abs(extra);
  }
  if (args.clamp) sum = std::fmin(std::fmax(sum, static_cast<double>(args.lowest)), static_cast<double>(args.highest));
  const double bound = (static_cast<double>(args.k) + 4) * 0x1p-24 * magnitude;
  if (!(std::abs(static_cast<double>(c[place]) - sum) <= bound)) {
    CAPTURE(matrix); CAPTURE(i); CAPTURE(j);
    CHECK(static_cast<double>(c[place]) == doctest::Approx(sum));
  }
}

std::vector<float> multiply(const Exec& exec, Problem& p) {
  std::vector<float> c = p.c;
  p.args.a = p.a.data();
  p.args.b = p.b.data();
  p.args.c = c.data();
  Scratch scratch(gemm_scratch_bytes(exec, p.args));
  gemm(exec, p.args, scratch.data());
  return c;
}

void check(const Exec& exec, Problem p) {
  const GemmArgs& args = p.args;
  CAPTURE(args.m); CAPTURE(args.n); CAPTURE(args.k); CAPTURE(args.transpose_a); CAPTURE(args.transpose_b);
  const std::vector<float> c = multiply(exec, p);
  for (int64_t matrix = 0; matrix < args.batch; ++matrix)
    for (int64_t i = 0; i < args.m; ++i) {
      for (int64_t j = 0; j < args.n; ++j) check_element(p, c, matrix, i, j);
      for (int64_t j = args.n; j < args.c_stride; ++j) {
        const auto gap = static_cast<size_t>(matrix * args.c_batch_stride + i * args.c_stride + j);
        CHECK(c[gap] == p.c[gap]);
      }
    }
}

}  // namespace

TEST_CASE("gemm: sizes around the tiles, all transpositions") {
  for_each_exec([](const Exec& exec) {
    for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1}, {1, 17, 33}, {2, 31, 16}, {5, 3, 7}, {13, 32, 15},
                                  {14, 33, 17}, {15, 48, 64}, {29, 100, 5}, {113, 20, 40}, {3, 70, 31}})
      for (const bool transpose_a : {false, true})
        for (const bool transpose_b : {false, true}) check(exec, make_problem(m, n, k, transpose_a, transpose_b));
  });
}

TEST_CASE("gemm: sizes beyond one depth, one chunk of rows and one panel of columns") {
  for_each_exec([](const Exec& exec) {
    check(exec, make_problem(130, 40, 800, false, true));
    check(exec, make_problem(9, 1100, 390, true, false));
  });
}

TEST_CASE("gemm: alpha, accumulation, bias and clamp, also over several depths") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t k : {int64_t{0}, int64_t{20}, int64_t{500}}) {
      Problem p = make_problem(17, 37, k, false, false);
      p.args.alpha = -0.5F;
      p.args.accumulate = true;
      check(exec, p);
      p.args.bias = p.bias.data();
      check(exec, p);
      p.args.clamp = true, p.args.lowest = -0.25F, p.args.highest = 0.5F;
      check(exec, p);
      p.args.accumulate = false;
      check(exec, p);
    }
  });
}

TEST_CASE("gemm: batches, with a matrix of its own or one for all") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t batch : {2, 7}) {
      check(exec, make_problem(6, 19, 21, false, true, batch));
      Problem one_a = make_problem(6, 19, 21, true, false, batch);
      one_a.args.a_batch_stride = 0;
      check(exec, one_a);
      Problem one_b = make_problem(6, 19, 21, false, false, batch);
      one_b.args.b_batch_stride = 0;
      check(exec, one_b);
    }
  });
}

TEST_CASE("gemm: NaN and infinity go where they belong, through the clamp too") {
  for_each_exec([](const Exec& exec) {
    Problem p = make_problem(3, 40, 20, false, false);
    p.a[static_cast<size_t>(p.args.a_stride)] = kNan;  // row 1
    p.b[39] = std::numeric_limits<float>::infinity();  // column 39
    p.args.clamp = true, p.args.lowest = 0, p.args.highest = std::numeric_limits<float>::infinity();
    const std::vector<float> c = multiply(exec, p);
    for (int64_t j = 0; j < 40; ++j) CHECK(std::isnan(c[static_cast<size_t>(p.args.c_stride + j)]));
    for (int64_t j = 0; j < 39; ++j) CHECK(std::isfinite(c[static_cast<size_t>(j)]));
    CHECK(c[39] == (p.a[0] > 0 ? std::numeric_limits<float>::infinity() : 0.0F));
  });
}

TEST_CASE("gemm: bits do not depend on the number of threads") {
  Problem p = make_problem(77, 90, 450, false, true);
  Exec exec{detect_isa(), {}};
  const std::vector<float> serial = multiply(exec, p);
  for (const int threads : {2, 5}) {
    ThreadPool pool(threads);
    exec.parallel = pool.parallel();
    CHECK(multiply(exec, p) == serial);
  }
}

namespace {

double activated(double x, const PackedGemmArgs& args) {
  if (args.activation == PackedGemmArgs::Activation::kGelu) return x * 0.5 * std::erfc(-x * std::sqrt(0.5));
  if (args.activation == PackedGemmArgs::Activation::kClamp) return std::fmin(std::fmax(x, static_cast<double>(args.lowest)), static_cast<double>(args.highest));
  return x;
}

// The same bits with the residual elsewhere.
void check_apart(const Exec& exec, PackedGemmArgs args, const std::vector<float>& residual, const std::vector<float>& expected) {
  std::vector<float> c(expected.size(), std::nanf(""));
  args.c = c.data();
  args.residual = residual.data();
  Scratch scratch(gemm_packed_scratch_bytes(exec, args));
  gemm_with_packed(exec, args, scratch.data());
  for (int64_t i = 0; i < args.m; ++i) {
    const auto row = static_cast<size_t>(i * args.c_stride);
    CHECK(std::memcmp(&c[row], &expected[row], static_cast<size_t>(args.n) * sizeof(float)) == 0);
  }
}

// C = activation(A B + bias + residual), the residual in C's place.
void check_packed(const Exec& exec, int64_t m, int64_t n, int64_t k, bool transpose_b, PackedGemmArgs::Activation activation) {
  CAPTURE(m); CAPTURE(n); CAPTURE(k); CAPTURE(transpose_b); CAPTURE(static_cast<int>(activation));
  const Problem p = make_problem(m, n, k, false, transpose_b);
  Scratch packed(gemm_packed_bytes(n, k));
  gemm_pack(exec, n, k, p.b.data(), p.args.b_stride, transpose_b, static_cast<float*>(packed.data()));
  std::vector<float> c = p.c;
  const PackedGemmArgs args{m, n, k, p.a.data(), p.args.a_stride, static_cast<float*>(packed.data()), c.data(), p.args.c_stride,
                            p.bias.data(), c.data(), activation, -0.25F, 0.5F};
  Scratch scratch(gemm_packed_scratch_bytes(exec, args));
  gemm_with_packed(exec, args, scratch.data());
  check_apart(exec, args, p.c, c);
  double worst = 0;
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < args.c_stride; ++j) {
      const auto place = static_cast<size_t>(i * args.c_stride + j);
      if (j >= n) {
        CHECK(c[place] == p.c[place]);
        continue;
      }
      double sum = static_cast<double>(p.c[place]) + static_cast<double>(p.bias[static_cast<size_t>(j)]), magnitude = 2;
      for (int64_t at_k = 0; at_k < k; ++at_k) {
        const double term = static_cast<double>(at(p.a.data(), p.args.a_stride, false, i, at_k)) *
                            static_cast<double>(at(p.b.data(), p.args.b_stride, transpose_b, at_k, j));
        sum += term;
        magnitude += std::abs(term);
      }
      // GELU's slope is below 1.13, and it adds a few roundings of its own result.
      worst = std::max(worst, std::abs(static_cast<double>(c[place]) - activated(sum, args)) / ((static_cast<double>(k) + 10) * 0x1p-24 * magnitude));
    }
  CHECK(worst <= 1.2);
}

}  // namespace

TEST_CASE("gemm_with_packed: sizes around the tiles and beyond one chunk of rows") {
  using Activation = PackedGemmArgs::Activation;
  for_each_exec([](const Exec& exec) {
    for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1}, {1, 1000, 17}, {2, 31, 16}, {14, 33, 17}, {15, 48, 64}, {29, 100, 5},
                                  {197, 24, 40}, {130, 40, 5000}, {900, 17, 3000}})
      for (const Activation activation : {Activation::kNone, Activation::kClamp, Activation::kGelu})
        check_packed(exec, m, n, k, (m + n) % 2 == 0, activation);
  });
}
