// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Reductions against one loop in double, or in wrapping int32: rows, columns, every element type, NaN, nothing at all.
#include "kernels/reduction/reduction.h"

#include "../float_arrays.h"
#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Shape {
  int64_t outer, n, inner;
  size_t in() const { return static_cast<size_t>(outer * n * inner); }
  size_t out() const { return static_cast<size_t>(outer * inner); }
  size_t at(int64_t o, int64_t i, int64_t k) const { return static_cast<size_t>((o * n + i) * inner + k); }
};

constexpr Reduction kFolds[] = {Reduction::kSum, Reduction::kMean, Reduction::kProd, Reduction::kMax, Reduction::kMin};

double folded(Reduction op, const std::vector<float>& in, const Shape& s, int64_t o, int64_t k) {
  double result = op == Reduction::kProd ? 1 : 0;
  for (int64_t i = 0; i < s.n; ++i) {
    const auto x = static_cast<double>(in[s.at(o, i, k)]);
    if (op == Reduction::kProd) result *= x;
    else if (op == Reduction::kMax) result = i == 0 ? x : std::fmax(result, x);
    else if (op == Reduction::kMin) result = i == 0 ? x : std::fmin(result, x);
    else result += x;
  }
  return op == Reduction::kMean ? result / static_cast<double>(s.n) : result;
}

const Shape kShapes[] = {{1, 1, 1}, {3, 17, 1}, {5, 513, 1}, {1, 200000, 1}, {2, 7, 5}, {3, 33, 130}, {1, 1000, 64}, {4, 1, 9}};

}  // namespace

TEST_CASE("folds of floats are those of double to a few roundings") {
  for_each_exec([](const Exec& exec) {
    for (const ScalarType type : {ScalarType::kFloat32, ScalarType::kFloat16, ScalarType::kBfloat16})
      for (const Shape& s : kShapes) {
        // Near 1, so that products neither vanish nor overflow.
        const float spread = s.n > 1000 ? 1e-3F : 0.05F;
        FloatArray array(type, random_floats(s.in(), 1, 1 - spread, 1 + spread));
        const std::vector<float> in = array.floats();
        for (const Reduction op : kFolds) {
          // A sum beyond float16's range is infinity, as it should be; a product of 200,000 rounded numbers is anything.
          if (s.n > 1000 && (type == ScalarType::kFloat16 || op == Reduction::kProd)) continue;
          FloatArray out(type, s.out());
          reduce(exec, {op, type, s.outer, s.n, s.inner, array.data(), out.data()});
          const std::vector<float> got = out.floats();
          for (int64_t o = 0; o < s.outer; ++o)
            for (int64_t k = 0; k < s.inner; ++k) {
              const double want = folded(op, in, s, o, k);
              CAPTURE(static_cast<int>(op)); CAPTURE(static_cast<int>(type)); CAPTURE(s.n); CAPTURE(s.inner);
              const double allowed = (op == Reduction::kProd ? static_cast<double>(s.n) : 60) * 0x1p-24 + epsilon_of(type);
              REQUIRE(std::abs(static_cast<double>(got[static_cast<size_t>(o * s.inner + k)]) - want) <= allowed * std::abs(want));
            }
        }
      }
  });
}

TEST_CASE("sums and products of integers wrap like int32, however long the row") {
  for_each_exec([](const Exec& exec) {
    for (const Shape& s : kShapes) {
      std::vector<int32_t> in(s.in()), out(s.out());
      for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<int32_t>(i * 2654435761U | 1U);  // odd: products stay odd
      for (const Reduction op : {Reduction::kSum, Reduction::kProd}) {
        reduce(exec, {op, ScalarType::kInt32, s.outer, s.n, s.inner, in.data(), out.data()});
        for (int64_t o = 0; o < s.outer; ++o)
          for (int64_t k = 0; k < s.inner; ++k) {
            uint32_t want = op == Reduction::kProd ? 1 : 0;
            for (int64_t i = 0; i < s.n; ++i) {
              const auto x = static_cast<uint32_t>(in[s.at(o, i, k)]);
              want = op == Reduction::kProd ? want * x : want + x;
            }
            CAPTURE(static_cast<int>(op)); CAPTURE(s.n); CAPTURE(s.inner);
            REQUIRE(static_cast<uint32_t>(out[static_cast<size_t>(o * s.inner + k)]) == want);
          }
      }
    }
  });
}

TEST_CASE("narrow integers are folded in int32 and stored as they are") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t inner : {1, 3}) {
      std::vector<int8_t> in(static_cast<size_t>(300 * inner), 1), out(static_cast<size_t>(inner));
      reduce(exec, {Reduction::kSum, ScalarType::kInt8, 1, 300, inner, in.data(), out.data()});
      for (const int8_t x : out) CHECK(x == 44);  // 300 - 256
      in[static_cast<size_t>(7 * inner)] = -128;
      reduce(exec, {Reduction::kMin, ScalarType::kInt8, 1, 300, inner, in.data(), out.data()});
      CHECK(out[0] == -128);
      std::vector<uint8_t> bytes(static_cast<size_t>(40 * inner), 200), most(static_cast<size_t>(inner));
      bytes.back() = 255;
      reduce(exec, {Reduction::kMax, ScalarType::kUint8, 1, 40, inner, bytes.data(), most.data()});
      CHECK(most.back() == 255);
    }
  });
}

TEST_CASE("positions name the first extreme element; NaN is the most extreme and makes extrema NaN") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t inner : {1, 2, 37})
      for (const float special : {9.F, kNan}) {
        const Shape s{2, 50, inner};
        std::vector<float> in = random_floats(s.in(), 3), extreme(s.out());
        for (int64_t o = 0; o < s.outer; ++o)
          for (int64_t k = 0; k < inner; ++k)
            for (const int64_t i : {17, 30}) in[s.at(o, i, k)] = special;
        std::vector<int32_t> at(s.out());
        reduce(exec, {Reduction::kArgMax, ScalarType::kFloat32, s.outer, s.n, s.inner, in.data(), at.data()});
        reduce(exec, {Reduction::kMax, ScalarType::kFloat32, s.outer, s.n, s.inner, in.data(), extreme.data()});
        for (const int32_t position : at) CHECK(position == 17);
        for (const float x : extreme) CHECK((std::isnan(special) ? std::isnan(x) : x == special));
        for (float& x : in) x = -x;
        reduce(exec, {Reduction::kArgMin, ScalarType::kFloat32, s.outer, s.n, s.inner, in.data(), at.data()});
        for (const int32_t position : at) CHECK(position == 17);
      }
  });
}

TEST_CASE("sums of nothing are 0, products 1, means NaN") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t inner : {1, 5}) {
      std::vector<float> out(static_cast<size_t>(2 * inner));
      const float nothing = 0;
      const auto run = [&](Reduction op) { reduce(exec, {op, ScalarType::kFloat32, 2, 0, inner, &nothing, out.data()}); };
      run(Reduction::kSum);
      for (const float x : out) CHECK(x == 0);
      run(Reduction::kProd);
      for (const float x : out) CHECK(x == 1);
      run(Reduction::kMean);
      for (const float x : out) CHECK(std::isnan(x));
    }
  });
}

TEST_CASE("threads do not change a bit of a sum") {
  const std::vector<float> in = random_floats(300000, 5);
  for_each_exec([&](const Exec& exec) {
    for (const Shape& s : {Shape{1, 300000, 1}, Shape{300, 1000, 1}, Shape{3, 1000, 100}}) {
      std::vector<float> serial(s.out()), out(s.out());
      reduce(Exec{exec.isa, {}}, {Reduction::kSum, ScalarType::kFloat32, s.outer, s.n, s.inner, in.data(), serial.data()});
      reduce(exec, {Reduction::kSum, ScalarType::kFloat32, s.outer, s.n, s.inner, in.data(), out.data()});
      CHECK(out == serial);
    }
  });
}
