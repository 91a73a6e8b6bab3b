// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "../kernel_test.h"
#include "kernels/indexing/indexing.h"
#include "random_index.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Shape {
  int64_t n, count, row;
};

// Few and many rows, short and long ones; the last two are large enough for threads.
constexpr Shape kShapes[] = {{1, 1, 1}, {5, 0, 3}, {3, 17, 1}, {7, 40, 5}, {4, 9, 200}, {1000, 40000, 1}, {50, 300, 300}};

template <class T>
constexpr ScalarType type_of = sizeof(T) == 4 ? ScalarType::kInt32 : sizeof(T) == 2 ? ScalarType::kInt16 : ScalarType::kInt8;

template <class T>
void check_take(const Shape& s) {
  const auto in = random_integers<T>(s.n * s.row, -100, 100, 1);
  const auto index = random_integers(s.count, 0, static_cast<int>(s.n) - 1, 2);
  std::vector<T> expected(static_cast<size_t>(s.count * s.row));
  for (int64_t i = 0; i < s.count; ++i)
    for (int64_t k = 0; k < s.row; ++k) expected[i * s.row + k] = in[index[i] * s.row + k];
  for_each_exec([&](const Exec& exec) {
    std::vector<T> out(expected.size());
    take_rows(exec, {type_of<T>, s.count, s.row, index.data(), in.data(), out.data(), s.n});
    CHECK(out == expected);
  });
}

template <class T>
void check_put(const Shape& s) {
  const auto in = random_integers<T>(s.count * s.row, -100, 100, 1);
  const auto index = random_integers(s.count, 0, static_cast<int>(s.n) - 1, 2);
  const auto before = random_integers<T>(s.n * s.row, -100, 100, 3);
  auto expected = before;
  for (int64_t i = 0; i < s.count; ++i)
    for (int64_t k = 0; k < s.row; ++k) expected[index[i] * s.row + k] = in[i * s.row + k];
  for_each_exec([&](const Exec& exec) {
    auto out = before;
    put_rows(exec, {type_of<T>, s.count, s.row, index.data(), in.data(), out.data(), s.n});
    CHECK(out == expected);
  });
}

}  // namespace

TEST_CASE("take_rows gives the rows named") {
  for (const Shape& shape : kShapes) {
    check_take<int32_t>(shape);
    check_take<int16_t>(shape);
    check_take<int8_t>(shape);
  }
}

TEST_CASE("put_rows writes the rows named, the last of several stays") {
  for (const Shape& shape : kShapes) {
    check_put<int32_t>(shape);
    check_put<int16_t>(shape);
    check_put<int8_t>(shape);
  }
}

TEST_CASE("add_rows adds float32 in the order of the indices") {
  for (const Shape& s : kShapes) {
    const auto in = random_floats(static_cast<size_t>(s.count * s.row), 1);
    const auto index = random_integers(s.count, 0, static_cast<int>(s.n) - 1, 2);
    const auto before = random_floats(static_cast<size_t>(s.n * s.row), 3);
    auto expected = before;
    for (int64_t i = 0; i < s.count; ++i)
      for (int64_t k = 0; k < s.row; ++k) expected[index[i] * s.row + k] += in[i * s.row + k];
    for_each_exec([&](const Exec& exec) {
      auto out = before;
      add_rows(exec, {ScalarType::kFloat32, s.count, s.row, index.data(), in.data(), out.data(), s.n}, ScalarType::kFloat32);
      CHECK(out == expected);
    });
  }
}

TEST_CASE("add_rows wraps int32") {
  const std::vector<int32_t> in{INT32_MAX, 1, 5, -7}, index{0, 0, 1, 1};
  for_each_exec([&](const Exec& exec) {
    std::vector<int32_t> out{0, 100};
    add_rows(exec, {ScalarType::kInt32, 4, 1, index.data(), in.data(), out.data(), 2}, ScalarType::kInt32);
    CHECK(out == std::vector<int32_t>{INT32_MIN, 98});
  });
}

TEST_CASE("16-bit floats are added in 16 bits, or in 32 where the output is float32") {
  // 1 + 2^-8 is no bfloat16, 1 + 2^-11 is no float16: each single addition rounds back to 1, the tie going to even.
  struct Case {
    ScalarType type;
    uint16_t one, step;
    float wide;
  };
  for (const Case& c : {Case{ScalarType::kBfloat16, 0x3f80, 0x3b80, 1 + 0x1p-7F}, Case{ScalarType::kFloat16, 0x3c00, 0x1000, 1 + 0x1p-10F}})
    for (const int64_t row : {1, 40}) {
      const std::vector<uint16_t> in(static_cast<size_t>(2 * row), c.step);
      const std::vector<int32_t> index{1, 1};
      for_each_exec([&](const Exec& exec) {
        std::vector<uint16_t> narrow(static_cast<size_t>(2 * row), c.one);
        add_rows(exec, {c.type, 2, row, index.data(), in.data(), narrow.data(), 2}, c.type);
        CHECK(narrow == std::vector<uint16_t>(static_cast<size_t>(2 * row), c.one));
        std::vector<float> wide(static_cast<size_t>(2 * row), 1.F);
        add_rows(exec, {c.type, 2, row, index.data(), in.data(), wide.data(), 2}, ScalarType::kFloat32);
        CHECK(wide.front() == 1.F);
        CHECK(wide.back() == c.wide);
      });
    }
}
