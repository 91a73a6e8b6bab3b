// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The elementwise operations on every instruction set, against each other and against the references in double; types,
// strides, broadcasting, threads.
#include "kernels/elementwise/elementwise.h"

#include <doctest/doctest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "base/freestanding/isa.h"
#include "references.h"
#include "simd/element.h"
#include "simd/variants.h"

using namespace keima;
using namespace keima::test;

namespace {

template <class Body>
void on_every_isa(const Body& body) {
  int run = 0;
  for (const Isa isa : kBuiltIsas) {
    if (!runs(detect_isa(), isa)) continue;
    INFO("ISA ", static_cast<int>(isa));
    body(Exec{isa, {}});
    ++run;
  }
  REQUIRE(run > 0);
}

constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

bool close(float got, double exact, const Reference& reference) {
  const auto rounded = static_cast<float>(exact);
  if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) && std::isnan(got);
  if (got == rounded) return true;
  if (std::isinf(rounded)) return false;
  return std::fabs(got - exact) <= kEpsilon * (reference.relative * std::fabs(exact) + reference.absolute) + 1e-44;
}

std::vector<float> operands(const Reference& reference, size_t n, unsigned seed, bool integers) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<double> uniform(reference.low, reference.high);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(integers ? std::trunc(uniform(engine)) : uniform(engine));
  const float special[] = {0.F, 1.F, -1.F, 0.5F, -0.5F, 2.5F, -2.5F, 3.F, -3.F, 2.F, -2.F};
  if (!integers && reference.low < 0)
    for (size_t i = 0; i < 11; ++i) values[(i * 7 + seed * 3) % n] = special[i];
  return values;
}

ElementwiseOp op(const char* name) { return elementwise_op_from_name(name); }

ElementwiseArgs args_for(ElementwiseOp op, const int64_t* shape, int ndim) {
  ElementwiseArgs args;
  args.op = op;
  args.shape = shape;
  args.ndim = ndim;
  args.params[0] = -0.75;
  args.params[1] = 1.5;
  return args;
}

Inputs at(const std::vector<float>* values, size_t i, const ElementwiseArgs& args) {
  return {values[0][i], values[1][i], values[2][i], values[3][i], args.params[0], args.params[1]};
}

}  // namespace

TEST_CASE("every reference is of an operation") {
  for (const Reference& reference : kReferences) {
    INFO(reference.name);
    CHECK(op(reference.name).exists());
  }
  CHECK_FALSE(op("no such operation").exists());
}

// The walk over the op registry holds every operation against a formula in float64; this holds for one just added, too.
TEST_CASE("every operation gives the same on each instruction set, serial sizes and tails included") {
  const ElementwiseInfos all = elementwise_operations();
  REQUIRE(all.count > 50);
  const Reference range{};
  on_every_isa([&](const Exec& exec) {
    for (int i = 0; i < all.count; ++i) {
      const ElementwiseInfo& info = all.rows[i];
      const bool integers = info.lanes == ElementwiseLanes::Int;
      for (const int64_t n : {1, 10, 16, 37, 1024, 2500}) {
        std::vector<float> in[kElementwiseMaxInputs], out(static_cast<size_t>(n) + 1, 777.F), expected = out;
        ElementwiseArgs args = args_for({i}, &n, 1);
        for (int k = 0; k < info.inputs; ++k) {
          in[k] = operands(range, static_cast<size_t>(std::max<int64_t>(n, 100)), static_cast<unsigned>(k) + 1, integers);
          args.in[k].data = in[k].data();
        }
        args.out = expected.data();
        elementwise(Exec{kBuiltIsas[0], {}}, args);
        args.out = out.data();
        elementwise(exec, args);
        CHECK(out.back() == 777.F);
        for (size_t j = 0; j + 1 < out.size(); ++j) {
          if (std::isnan(expected[j]) && std::isnan(out[j])) continue;
          INFO(std::string(info.name), "(", in[0][j], ") of ", n);
          REQUIRE((out[j] == expected[j] || std::fabs(out[j] - expected[j]) <= kEpsilon * (8 * std::fabs(expected[j]) + 32)));
        }
      }
    }
  });
}

TEST_CASE("every float operation within its tolerance, at sizes around the vector and tile widths") {
  on_every_isa([](const Exec& exec) {
    for (const Reference& reference : kReferences) {
      const ElementwiseInfo& info = elementwise_info(op(reference.name));
      if (info.lanes == ElementwiseLanes::Int) continue;
      for (const int64_t n : {1, 10, 16, 37, 1024, 2500}) {
        std::vector<float> in[4];
        for (unsigned k = 0; k < 4; ++k) in[k] = operands(reference, static_cast<size_t>(std::max<int64_t>(n, 100)), k + 1, false);
        ElementwiseArgs args = args_for(op(reference.name), &n, 1);
        for (int k = 0; k < info.inputs; ++k) args.in[k].data = in[k].data();
        std::vector<float> out(static_cast<size_t>(n) + 1, 777.F);
        args.out = out.data();
        elementwise(exec, args);
        size_t wrong = 0;
        for (size_t i = 0; i < static_cast<size_t>(n) && wrong < 3; ++i) {
          const double exact = reference.value(at(in, i, args));
          if (close(out[i], exact, reference)) continue;
          ++wrong;
          INFO(std::string(info.name), "(", in[0][i], ", ", in[1][i], ", ", in[2][i], ") = ", out[i], ", exactly ", exact);
          CHECK(close(out[i], exact, reference));
        }
        CHECK(out.back() == 777.F);
      }
    }
  });
}

TEST_CASE("every integer operation is exact in every integer type") {
  on_every_isa([](const Exec& exec) {
    const auto check = [&]<class T>(ScalarType type, T) {
      for (const Reference& reference : kReferences) {
        const ElementwiseInfo& info = elementwise_info(op(reference.name));
        if (info.lanes == ElementwiseLanes::Float || std::string_view(reference.name) == "floor_div" || std::string_view(reference.name) == "mod")
          continue;
        const int64_t n = 133;
        std::vector<float> values[4];
        std::vector<T> in[4];
        for (unsigned k = 0; k < 4; ++k) {
          values[k] = operands(reference, static_cast<size_t>(n), k + 1, true);
          for (float& v : values[k]) {
            in[k].push_back(static_cast<T>(static_cast<int32_t>(v)));
            v = static_cast<float>(in[k].back());
          }
        }
        ElementwiseArgs args = args_for(op(reference.name), &n, 1);
        for (int k = 0; k < info.inputs; ++k) args.in[k] = {in[k].data(), type, nullptr};
        std::vector<T> out(static_cast<size_t>(n));
        args.out = out.data();
        args.out_type = type;
        elementwise(exec, args);
        for (size_t i = 0; i < out.size(); ++i) {
          INFO(std::string(info.name), " ", values[0][i], " ", values[1][i]);
          REQUIRE(out[i] == static_cast<T>(static_cast<int64_t>(reference.value(at(values, i, args)))));
        }
      }
    };
    check(ScalarType::kInt32, int32_t{});
    check(ScalarType::kInt16, int16_t{});
    check(ScalarType::kInt8, int8_t{});
    check(ScalarType::kUint8, uint8_t{});
    check(ScalarType::kUint16, uint16_t{});
  });
}

TEST_CASE("integer division, modulo and shifts: what MegEngine 1.13 answered") {
  on_every_isa([](const Exec& exec) {
    const auto run = [&](ElementwiseOp op, const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
      const auto n = static_cast<int64_t>(a.size());
      ElementwiseArgs args = args_for(op, &n, 1);
      args.in[0] = {a.data(), ScalarType::kInt32, nullptr};
      args.in[1] = {b.data(), ScalarType::kInt32, nullptr};
      std::vector<int32_t> out(a.size());
      args.out = out.data();
      args.out_type = ScalarType::kInt32;
      elementwise(exec, args);
      return out;
    };
    const std::vector<int32_t> a = {7, -7, 7, -7, 6, -6, 0, 5}, b = {2, 2, -2, -2, 3, 3, 3, -1};
    CHECK(run(op("floor_div"), a, b) == std::vector<int32_t>{3, -4, -4, 3, 2, -2, 0, -5});
    CHECK(run(op("mod"), a, b) == std::vector<int32_t>{1, 1, -1, -1, 0, 0, 0, 0});
    CHECK(run(op("left_shift"), {1, -1, 5, 1 << 30}, {1, 3, 2, 2}) == std::vector<int32_t>{2, -8, 20, 0});
    CHECK(run(op("right_shift"), {8, -8, -1, 7}, {1, 1, 3, 2}) == std::vector<int32_t>{4, -4, -1, 1});
    // Ours alone: no trap on division by zero or on the one quotient that int32 cannot hold.
    CHECK(run(op("floor_div"), {5, -5, INT32_MIN, INT32_MIN}, {0, 0, -1, 1}) == std::vector<int32_t>{0, 0, INT32_MIN, INT32_MIN});
    CHECK(run(op("mod"), {5, -5, INT32_MIN, INT32_MAX}, {0, 0, -1, INT32_MIN}) == std::vector<int32_t>{0, 0, 0, -1});
    // Every pair of a spread of values against the definition.
    std::vector<int32_t> x, y, quotient, rest;
    const std::vector<int64_t> spread = {INT32_MIN, INT32_MIN + 1, -65537, -1000, -3, -2, -1, 1, 2, 3, 7, 999, 65536, INT32_MAX - 1, INT32_MAX};
    for (const int64_t p : spread)
      for (const int64_t q : spread) {
        const int64_t floored = p / q - (p % q != 0 && (p % q < 0) != (q < 0));
        x.push_back(static_cast<int32_t>(p));
        y.push_back(static_cast<int32_t>(q));
        quotient.push_back(static_cast<int32_t>(floored));
        rest.push_back(static_cast<int32_t>(p - floored * q));
      }
    CHECK(run(op("floor_div"), x, y) == quotient);
    CHECK(run(op("mod"), x, y) == rest);
  });
}

TEST_CASE("float modulo is fmod for any quotient") {
  on_every_isa([](const Exec& exec) {
    std::vector<float> a, b;
    const float values[] = {1e30F, 3.4e38F, 5.5F, -5.5F, 1e-40F, 0.F, -0.F, INFINITY, -INFINITY, NAN, 16777215.F, 7e8F, 1.1754944e-38F, 3.F, 0.1F};
    for (const float x : values)
      for (const float y : values) {
        a.push_back(x);
        b.push_back(y);
      }
    const auto n = static_cast<int64_t>(a.size());
    ElementwiseArgs args = args_for(op("mod"), &n, 1);
    args.in[0].data = a.data();
    args.in[1].data = b.data();
    std::vector<float> out(a.size());
    args.out = out.data();
    elementwise(exec, args);
    for (size_t i = 0; i < out.size(); ++i) {
      INFO(a[i], " mod ", b[i], " = ", out[i]);
      const float expected = std::fmod(a[i], b[i]);
      CHECK((std::isnan(expected) ? std::isnan(out[i]) : out[i] == expected));
    }
  });
}

TEST_CASE("NaN propagates through maximum, minimum, clip and relu; masks treat it as IEEE does") {
  on_every_isa([](const Exec& exec) {
    const float a[4] = {NAN, 1.F, NAN, 2.F}, b[4] = {1.F, NAN, NAN, 1.F};
    const int64_t n = 4;
    for (const char* name : {"maximum", "minimum", "relu", "relu6"}) {
      ElementwiseArgs args = args_for(op(name), &n, 1);
      args.in[0].data = a;
      args.in[1].data = b;
      float out[4];
      args.out = out;
      elementwise(exec, args);
      INFO(name);
      CHECK(std::isnan(out[0]));
      CHECK(std::isnan(out[2]));
      CHECK(std::isnan(out[1]) == (elementwise_info(op(name)).inputs == 2));
      CHECK_FALSE(std::isnan(out[3]));
    }
    ElementwiseArgs args = args_for(op("not_equal"), &n, 1);
    args.in[0].data = a;
    args.in[1].data = a;
    uint8_t mask[4];
    args.out = mask;
    args.out_type = ScalarType::kBool;
    elementwise(exec, args);
    CHECK(mask[0] == 1);
    CHECK(mask[1] == 0);
  });
}

TEST_CASE("conversion between types: what MegEngine 1.13 answered") {
  on_every_isa([](const Exec& exec) {
    const float in[] = {300.7F, -300.7F, 1e10F, -1e10F, NAN, INFINITY, -1.5F, 1.5F, 2.5F, 0.5F, 70000.F};
    const int64_t n = 11;
    const auto cast = [&]<class T>(ScalarType type, T) {
      ElementwiseArgs args = args_for(op("identity"), &n, 1);
      args.in[0].data = in;
      std::vector<T> out(11);
      args.out = out.data();
      args.out_type = type;
      elementwise(exec, args);
      return out;
    };
    CHECK(cast(ScalarType::kInt32, int32_t{}) == std::vector<int32_t>{300, -300, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, -1, 1, 2, 0, 70000});
    CHECK(cast(ScalarType::kInt8, int8_t{}) == std::vector<int8_t>{44, -44, 0, 0, 0, 0, -1, 1, 2, 0, 112});
    CHECK(cast(ScalarType::kUint8, uint8_t{}) == std::vector<uint8_t>{44, 212, 0, 0, 0, 0, 255, 1, 2, 0, 112});
    CHECK(cast(ScalarType::kInt16, int16_t{}) == std::vector<int16_t>{300, -300, 0, 0, 0, 0, -1, 1, 2, 0, 4464});
    CHECK(cast(ScalarType::kUint16, uint16_t{}) == std::vector<uint16_t>{300, 65236, 0, 0, 0, 0, 65535, 1, 2, 0, 4464});
    CHECK(cast(ScalarType::kBool, uint8_t{}) == std::vector<uint8_t>(11, 1));
  });
}

TEST_CASE("mixed types: integers into a float operation, half in and bfloat16 out, a bool condition") {
  on_every_isa([](const Exec& exec) {
    const int64_t n = 5;
    const int8_t a[5] = {1, -2, 3, 100, 0};
    const int32_t b[5] = {2, 4, 8, 16, 5};
    ElementwiseArgs args = args_for(op("div"), &n, 1);
    args.in[0] = {a, ScalarType::kInt8, nullptr};
    args.in[1] = {b, ScalarType::kInt32, nullptr};
    float out[5];
    args.out = out;
    elementwise(exec, args);
    for (int i = 0; i < 5; ++i) CHECK(out[i] == static_cast<float>(a[i]) / static_cast<float>(b[i]));
    CHECK(elementwise_result_type(op("div"), ScalarType::kInt32) == ScalarType::kFloat32);
    CHECK(elementwise_result_type(op("add"), ScalarType::kInt8) == ScalarType::kInt8);
    CHECK(elementwise_result_type(op("less"), ScalarType::kInt8) == ScalarType::kBool);

    const uint16_t half[5] = {0x3c00, 0x4000, 0xc000, 0x3800, 0x7c00};  // 1 2 -2 0.5 inf
    ElementwiseArgs add = args_for(op("add"), &n, 1);
    add.in[0] = {half, ScalarType::kFloat16, nullptr};
    add.in[1] = {b, ScalarType::kInt32, nullptr};
    uint16_t brain[5];
    add.out = brain;
    add.out_type = ScalarType::kBfloat16;
    elementwise(exec, add);
    const uint16_t expected[5] = {0x4040, 0x40c0, 0x40c0, 0x4184, 0x7f80};  // 3 6 6 16.5 inf
    CHECK(std::memcmp(brain, expected, sizeof(brain)) == 0);

    const uint8_t condition[5] = {1, 0, 2, 0, 1};
    ElementwiseArgs where = args_for(op("where"), &n, 1);
    where.in[0] = {condition, ScalarType::kBool, nullptr};
    where.in[1] = {b, ScalarType::kInt32, nullptr};
    where.in[2] = {a, ScalarType::kInt8, nullptr};
    int32_t chosen[5];
    where.out = chosen;
    where.out_type = ScalarType::kInt32;
    elementwise(exec, where);
    for (int i = 0; i < 5; ++i) CHECK(chosen[i] == (condition[i] != 0 ? b[i] : a[i]));
  });
}

namespace {

// Checks sub (order matters) over `shape` with the given strides, in two types, against a plain N-d loop.
template <class T>
void check_strides(const Exec& exec, ScalarType type, std::vector<int64_t> shape, std::vector<int64_t> sa, std::vector<int64_t> sb,
                   std::vector<int64_t> so) {
  const auto extent = [&](const std::vector<int64_t>& strides) {
    int64_t last = 0;
    for (size_t d = 0; d < shape.size(); ++d) last += (shape[d] - 1) * strides[d];
    return static_cast<size_t>(last + 1);
  };
  std::vector<T> a(extent(sa)), b(extent(sb)), out(extent(so), T{55}), expected(extent(so), T{55});
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<T>(i % 91);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<T>(i % 37);
  int64_t total = 1;
  for (const int64_t extent_d : shape) total *= extent_d;
  for (int64_t i = 0; i < total; ++i) {
    int64_t rest = i, oa = 0, ob = 0, oo = 0;
    for (size_t d = shape.size(); d-- > 0;) {
      const int64_t index = rest % shape[d];
      rest /= shape[d];
      oa += index * sa[d];
      ob += index * sb[d];
      oo += index * so[d];
    }
    expected[static_cast<size_t>(oo)] = static_cast<T>(a[static_cast<size_t>(oa)] - b[static_cast<size_t>(ob)]);
  }
  ElementwiseArgs args = args_for(op("sub"), shape.data(), static_cast<int>(shape.size()));
  args.in[0] = {a.data(), type, sa.data()};
  args.in[1] = {b.data(), type, sb.data()};
  args.out = out.data();
  args.out_type = type;
  args.out_strides = so.data();
  elementwise(exec, args);
  CHECK(out == expected);
}

template <class T>
void check_all_strides(const Exec& exec, ScalarType type) {
  check_strides<T>(exec, type, {4, 5}, {5, 1}, {0, 1}, {5, 1});
  check_strides<T>(exec, type, {4, 5}, {5, 1}, {1, 0}, {5, 1});
  check_strides<T>(exec, type, {4, 5}, {5, 1}, {0, 0}, {5, 1});
  check_strides<T>(exec, type, {4, 5}, {1, 4}, {5, 1}, {5, 1});
  check_strides<T>(exec, type, {4, 5}, {1, 4}, {1, 4}, {1, 4});
  check_strides<T>(exec, type, {3, 700}, {700, 1}, {0, 1}, {700, 1});
  check_strides<T>(exec, type, {3, 700}, {700, 1}, {1, 0}, {710, 1});
  check_strides<T>(exec, type, {2, 3, 49}, {147, 49, 1}, {0, 1, 0}, {147, 49, 1});
  check_strides<T>(exec, type, {2, 3, 400}, {1200, 400, 1}, {0, 1, 0}, {1200, 400, 1});
  check_strides<T>(exec, type, {3, 2, 300}, {600, 300, 1}, {300, 900, 1}, {600, 300, 1});
  check_strides<T>(exec, type, {2, 3, 4, 5}, {60, 20, 5, 1}, {0, 5, 0, 1}, {1, 2, 6, 24});
  check_strides<T>(exec, type, {5000}, {1}, {2}, {1});
  check_strides<T>(exec, type, {5000}, {3}, {0}, {2});
  check_strides<T>(exec, type, {1, 1, 1}, {7, 3, 1}, {0, 0, 0}, {1, 1, 1});
  check_strides<T>(exec, type, {}, {}, {}, {});
  check_strides<T>(exec, type, {2, 1, 2, 1, 2, 1, 2, 3}, {24, 0, 12, 0, 6, 0, 3, 1}, {0, 0, 3, 0, 0, 0, 0, 1}, {24, 24, 12, 12, 6, 6, 3, 1});
}

}  // namespace

TEST_CASE("strides, broadcasting, transposes and scalars") {
  on_every_isa([](const Exec& exec) {
    check_all_strides<float>(exec, ScalarType::kFloat32);
    check_all_strides<int32_t>(exec, ScalarType::kInt32);
    check_all_strides<int8_t>(exec, ScalarType::kInt8);
    check_all_strides<uint16_t>(exec, ScalarType::kUint16);
  });
}

TEST_CASE("nothing is touched when a dimension is 0, and an input may be the output") {
  on_every_isa([](const Exec& exec) {
    const int64_t empty[2] = {3, 0};
    ElementwiseArgs args = args_for(op("neg"), empty, 2);
    elementwise(exec, args);
    float x[40];
    for (int i = 0; i < 40; ++i) x[i] = static_cast<float>(i);
    const int64_t n = 40;
    args = args_for(op("neg"), &n, 1);
    args.in[0].data = x;
    args.out = x;
    elementwise(exec, args);
    for (int i = 0; i < 40; ++i) CHECK(x[i] == -static_cast<float>(i));
  });
}

TEST_CASE("threads do not change a bit") {
  ThreadPool pool(2);
  on_every_isa([&](const Exec& serial) {
    const int64_t shape[2] = {301, 1003};
    std::vector<float> in(static_cast<size_t>(shape[0] * shape[1])), bias(1003), one(in.size()), two(in.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 977) * 0.01F - 4.F;
    for (size_t i = 0; i < bias.size(); ++i) bias[i] = static_cast<float>(i) * 0.001F;
    const int64_t bias_strides[2] = {0, 1};
    ElementwiseArgs args = args_for(op("logaddexp"), shape, 2);
    args.in[0].data = in.data();
    args.in[1] = {bias.data(), ScalarType::kFloat32, bias_strides};
    args.out = one.data();
    elementwise(serial, args);
    args.out = two.data();
    const Exec parallel{serial.isa, pool.parallel()};
    elementwise(parallel, args);
    CHECK(std::memcmp(one.data(), two.data(), one.size() * sizeof(float)) == 0);
  });
}
