// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "../kernel_test.h"
#include "kernels/indexing/indexing.h"
#include "random_index.h"

using namespace keima;
using namespace keima::test;

namespace {

struct Shape {
  int64_t outer, n, inner, count;
};

// The last three are large enough for threads.
constexpr Shape kShapes[] = {{1, 3, 1, 7}, {2, 3, 4, 5}, {3, 1, 70, 2}, {2, 4, 0, 3}, {40, 5, 3, 300}, {1, 9, 500, 80}, {1, 300, 1, 50000}};

// visit(place in the values, place in the indexed array) in the order of the definition.
template <class Visit>
void for_each_pair(const Shape& s, const std::vector<int32_t>& index, const Visit& visit) {
  for (int64_t o = 0; o < s.outer; ++o)
    for (int64_t c = 0; c < s.count; ++c)
      for (int64_t k = 0; k < s.inner; ++k) {
        const int64_t value = (o * s.count + c) * s.inner + k;
        visit(static_cast<size_t>(value), static_cast<size_t>((o * s.n + index[static_cast<size_t>(value)]) * s.inner + k));
      }
}

template <class T>
void check_gather_scatter(const Shape& s, ScalarType type) {
  const int64_t values = s.outer * s.count * s.inner;
  const auto index = random_integers(values, 0, static_cast<int>(s.n) - 1, 1);
  const auto array = random_integers<T>(s.outer * s.n * s.inner, -100, 100, 2);
  const auto source = random_integers<T>(values, -100, 100, 3);
  std::vector<T> gathered(static_cast<size_t>(values));
  auto scattered = array;
  for_each_pair(s, index, [&](size_t value, size_t place) {
    gathered[value] = array[place];
    scattered[place] = source[value];
  });
  for_each_exec([&](const Exec& exec) {
    std::vector<T> out(gathered.size());
    gather(exec, {type, s.outer, s.n, s.inner, s.count, index.data(), array.data(), out.data()});
    CHECK(out == gathered);
    auto written = array;
    scatter(exec, {type, s.outer, s.n, s.inner, s.count, index.data(), source.data(), written.data()});
    CHECK(written == scattered);
  });
}

}  // namespace

TEST_CASE("gather and scatter follow their definitions") {
  for (const Shape& shape : kShapes) {
    check_gather_scatter<int32_t>(shape, ScalarType::kInt32);
    check_gather_scatter<int16_t>(shape, ScalarType::kFloat16);
    check_gather_scatter<int8_t>(shape, ScalarType::kBool);
  }
}

TEST_CASE("the example of MegEngine's documentation of scatter") {
  const std::vector<float> source{0.9935F, 0.9465F, 0.2256F, 0.8926F, 0.4396F, 0.7723F, 0.0718F, 0.5939F, 0.357F, 0.4576F};
  const std::vector<int32_t> index{0, 2, 0, 2, 1, 2, 0, 1, 1, 2};
  for_each_exec([&](const Exec& exec) {
    std::vector<float> out(15);
    scatter(exec, {ScalarType::kFloat32, 1, 3, 5, 2, index.data(), source.data(), out.data()});
    CHECK(out == std::vector<float>{0.9935F, 0.0718F, 0.2256F, 0, 0, 0, 0, 0.5939F, 0.357F, 0.4396F, 0.7723F, 0.9465F, 0, 0.8926F, 0.4576F});
  });
}

TEST_CASE("scatter_add sums in the order of the values") {
  for (const Shape& s : kShapes) {
    const int64_t values = s.outer * s.count * s.inner;
    const auto index = random_integers(values, 0, static_cast<int>(s.n) - 1, 1);
    const auto before = random_floats(static_cast<size_t>(s.outer * s.n * s.inner), 2);
    const auto source = random_floats(static_cast<size_t>(values), 3);
    auto expected = before;
    for_each_pair(s, index, [&](size_t value, size_t place) { expected[place] += source[value]; });
    for_each_exec([&](const Exec& exec) {
      auto out = before;
      scatter_add(exec, {ScalarType::kFloat32, s.outer, s.n, s.inner, s.count, index.data(), source.data(), out.data()}, ScalarType::kFloat32);
      CHECK(out == expected);
    });
  }
}

TEST_CASE("scatter_add of bfloat16 into float32 loses nothing") {
  const std::vector<uint16_t> source(6, 0x3b80);  // 2^-8
  const std::vector<int32_t> index(6, 1);
  for_each_exec([&](const Exec& exec) {
    std::vector<float> out(4, 1.F);
    scatter_add(exec, {ScalarType::kBfloat16, 1, 2, 2, 3, index.data(), source.data(), out.data()}, ScalarType::kFloat32);
    CHECK(out == std::vector<float>{1, 1, 1 + 3 * 0x1p-8F, 1 + 3 * 0x1p-8F});
  });
}

TEST_CASE("one_hot") {
  const std::vector<int32_t> labels{1, 0, 3};
  for_each_exec([&](const Exec& exec) {
    std::vector<float> floats(12, kNan);
    CHECK(one_hot(exec, {ScalarType::kFloat32, 3, 4, labels.data(), floats.data()}).array == -1);
    CHECK(floats == std::vector<float>{0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1});
    std::vector<uint16_t> halves(12, 0xffff);
    one_hot(exec, {ScalarType::kFloat16, 3, 4, labels.data(), halves.data()});
    CHECK(halves == std::vector<uint16_t>{0, 0x3c00, 0, 0, 0x3c00, 0, 0, 0, 0, 0, 0, 0x3c00});
    std::vector<int8_t> bytes(12, 9);
    one_hot(exec, {ScalarType::kInt8, 3, 4, labels.data(), bytes.data()});
    CHECK(bytes == std::vector<int8_t>{0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1});
  });
}

TEST_CASE("one_hot names the first bad label, whichever thread finds it") {
  std::vector<int32_t> labels(50000, 2);
  labels[49000] = -1;
  labels[20001] = 4;
  labels[20002] = -5;
  for_each_exec([&](const Exec& exec) {
    std::vector<int32_t> out(labels.size() * 4, 7);
    const BadIndex bad = one_hot(exec, {ScalarType::kInt32, 50000, 4, labels.data(), out.data()});
    CHECK(bad.array == 0);
    CHECK(bad.position == 20001);
    CHECK(bad.value == 4);
  });
}
