// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "../kernel_test.h"
#include "kernels/indexing/indexing.h"
#include "random_index.h"

using namespace keima;
using namespace keima::test;

TEST_CASE("ravel_index counts negative indices from the end and broadcasts") {
  // x[[[0], [-1]], [1, 0, -2]] of a 3 by 4 array.
  const std::vector<int32_t> rows{0, -1};
  const std::vector<int8_t> columns{1, 0, -2};
  const int64_t shape[] = {2, 3}, row_strides[] = {1, 0}, column_strides[] = {0, 1}, sizes[] = {3, 4};
  const IndexArray index[] = {{ScalarType::kInt32, rows.data(), row_strides}, {ScalarType::kInt8, columns.data(), column_strides}};
  for_each_exec([&](const Exec& exec) {
    std::vector<int32_t> out(6);
    CHECK(ravel_index(exec, {2, shape, 2, index, sizes, out.data()}).array == -1);
    CHECK(out == std::vector<int32_t>{1, 0, 2, 9, 8, 10});
  });
}

TEST_CASE("ravel_index reads every integer type and a scalar") {
  const uint16_t wide = 65535;
  const uint8_t byte = 255;
  const int16_t negative = -1;
  const int64_t sizes[] = {65536, 256, 2};
  const IndexArray index[] = {{ScalarType::kUint16, &wide, nullptr}, {ScalarType::kUint8, &byte, nullptr}, {ScalarType::kInt16, &negative, nullptr}};
  for_each_exec([&](const Exec& exec) {
    int32_t out = 0;
    CHECK(ravel_index(exec, {0, nullptr, 3, index, sizes, &out}).array == -1);
    CHECK(out == 65535 * 512 + 511);
  });
}

TEST_CASE("ravel_index over a large transposed index agrees with the definition") {
  const int64_t shape[] = {300, 211}, transposed[] = {1, 300}, plain[] = {211, 1}, sizes[] = {50, 60};
  const auto first = random_integers(300 * 211, -50, 49, 1);
  const auto second = random_integers(300 * 211, -60, 59, 2);
  const IndexArray index[] = {{ScalarType::kInt32, first.data(), transposed}, {ScalarType::kInt32, second.data(), plain}};
  std::vector<int32_t> expected;
  for (int64_t i = 0; i < 300; ++i)
    for (int64_t j = 0; j < 211; ++j) {
      const int32_t a = first[static_cast<size_t>(j * 300 + i)], b = second[static_cast<size_t>(i * 211 + j)];
      expected.push_back((a < 0 ? a + 50 : a) * 60 + (b < 0 ? b + 60 : b));
    }
  for_each_exec([&](const Exec& exec) {
    std::vector<int32_t> out(expected.size());
    CHECK(ravel_index(exec, {2, shape, 2, index, sizes, out.data()}).array == -1);
    CHECK(out == expected);
  });
}

TEST_CASE("ravel_index names the first bad index, by position and then by array") {
  std::vector<int32_t> a(100000, 1), b(100000, 1);
  a[70000] = 9;
  b[60000] = -4;
  a[60001] = INT32_MIN;
  const int64_t shape[] = {100000}, strides[] = {1}, sizes[] = {3, 3};
  const IndexArray index[] = {{ScalarType::kInt32, a.data(), strides}, {ScalarType::kInt32, b.data(), strides}};
  for_each_exec([&](const Exec& exec) {
    std::vector<int32_t> out(a.size());
    const BadIndex bad = ravel_index(exec, {1, shape, 2, index, sizes, out.data()});
    CHECK(bad.array == 1);
    CHECK(bad.position == 60000);
    CHECK(bad.value == -4);
  });
  a[60000] = 3;
  for_each_exec([&](const Exec& exec) {
    std::vector<int32_t> out(a.size());
    CHECK(ravel_index(exec, {1, shape, 2, index, sizes, out.data()}).array == 0);
  });
}

TEST_CASE("an empty index has no bad one") {
  const int64_t shape[] = {3, 0}, strides[] = {0, 1}, sizes[] = {0};
  const IndexArray index[] = {{ScalarType::kInt32, nullptr, strides}};
  for_each_exec([&](const Exec& exec) { CHECK(ravel_index(exec, {2, shape, 1, index, sizes, nullptr}).array == -1); });
}

TEST_CASE("nonzero and compact list the true elements in order") {
  for (const int64_t rows : {0, 1, 40, 1501}) {
    const int64_t shape[] = {rows, 3, 11}, size = rows * 33;
    auto mask = random_integers<uint8_t>(size, 0, 1, 5);
    if (size > 100) mask[50] = 7;  // any value but 0 is true
    const auto values = random_integers<int16_t>(size, -1000, 1000, 6);
    std::vector<int32_t> positions;
    for (int64_t i = 0; i < size; ++i)
      if (mask[static_cast<size_t>(i)]) positions.push_back(static_cast<int32_t>(i));
    const auto count = static_cast<int64_t>(positions.size());
    for_each_exec([&](const Exec& exec) {
      std::vector<int64_t> scratch(mask_scratch_bytes(size) / sizeof(int64_t));
      REQUIRE(count_nonzero(exec, mask.data(), size, scratch.data()) == count);
      std::vector<int32_t> coordinates(static_cast<size_t>(3 * count));
      nonzero(exec, {mask.data(), 3, shape, count, coordinates.data()}, scratch.data());
      std::vector<int16_t> taken(positions.size());
      std::vector<int32_t> places(positions.size());
      compact(exec, {mask.data(), size, ScalarType::kInt16, values.data(), taken.data(), places.data()}, scratch.data());
      CHECK(places == positions);
      for (size_t i = 0; i < positions.size(); ++i) {
        const size_t n = positions.size();
        CHECK((coordinates[i] * 3 + coordinates[n + i]) * 11 + coordinates[2 * n + i] == positions[i]);
        CHECK(coordinates[2 * n + i] < 11);
        CHECK(coordinates[n + i] < 3);
        CHECK(taken[i] == values[static_cast<size_t>(positions[i])]);
      }
    });
  }
}

TEST_CASE("the one element of a scalar mask has no coordinates") {
  const uint8_t mask = 1;
  int64_t scratch = 0;
  CHECK(mask_scratch_bytes(1) == sizeof(scratch));
  CHECK(count_nonzero({}, &mask, 1, &scratch) == 1);
  nonzero({}, {&mask, 0, nullptr, 1, nullptr}, &scratch);
}
