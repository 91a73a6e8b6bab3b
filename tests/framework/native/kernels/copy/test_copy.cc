// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Moving and converting elements: strides of any sign, every pair of types, fills, channel blocks and back.
#include "kernels/copy/copy.h"

#include <cstring>
#include <numeric>

#include "../kernel_test.h"

using namespace keima;
using namespace keima::test;

namespace {

template <class T>
void check_blocks(const Exec& exec, ScalarType type, int64_t images, int64_t channels, int64_t pixels) {
  const auto block = static_cast<int64_t>(64 / sizeof(T)), blocks = (channels + block - 1) / block;
  std::vector<T> plain(static_cast<size_t>(images * channels * pixels)), back(plain.size());
  for (size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<T>(i * 7 + 1);
  std::vector<T> packed(static_cast<size_t>(images * blocks * pixels * block), static_cast<T>(99));
  pack_channel_blocks(exec, {type, images, channels, pixels, block, plain.data(), packed.data()});
  for (int64_t n = 0; n < images; ++n)
    for (int64_t c = 0; c < blocks * block; ++c)
      for (int64_t p = 0; p < pixels; ++p) {
        const T got = packed[static_cast<size_t>(((n * blocks + c / block) * pixels + p) * block + c % block)];
        CAPTURE(channels); CAPTURE(pixels); CAPTURE(c);
        REQUIRE(got == (c < channels ? plain[static_cast<size_t>((n * channels + c) * pixels + p)] : T{}));
      }
  // What lies in the lanes behind the last channel is nobody's.
  for (int64_t i = 0; i < images * blocks * pixels * block; ++i)
    if (i / (pixels * block) % blocks * block + i % block >= channels) packed[static_cast<size_t>(i)] = static_cast<T>(77);
  unpack_channel_blocks(exec, {type, images, channels, pixels, block, packed.data(), back.data()});
  REQUIRE(back == plain);
}

}  // namespace

TEST_CASE("channel blocks hold the channels, zeros behind the last, and come back") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t channels : {1, 3, 15, 16, 17, 70})
      for (const int64_t pixels : {1, 5, 300}) {
        check_blocks<uint32_t>(exec, ScalarType::kFloat32, 2, channels, pixels);
        check_blocks<uint16_t>(exec, ScalarType::kFloat16, 2, channels, pixels);
        check_blocks<uint8_t>(exec, ScalarType::kUint8, 3, channels, pixels);
      }
  });
}

TEST_CASE("strides may be negative, 0 or in any order") {
  std::vector<int32_t> in(24);
  std::iota(in.begin(), in.end(), 0);
  const int64_t shape[] = {2, 3, 4};
  struct Strides {
    int64_t start;
    std::array<int64_t, 3> in;
  };
  for_each_exec([&](const Exec& exec) {
    for (const Strides& s : {Strides{0, {12, 4, 1}}, Strides{23, {-12, -4, -1}}, Strides{0, {1, 2, 6}}, Strides{5, {0, 4, 0}}, Strides{3, {12, 4, -1}}})
      for (const std::array<int64_t, 3>& to : {std::array<int64_t, 3>{12, 4, 1}, std::array<int64_t, 3>{1, 8, 2}, std::array<int64_t, 3>{12, 1, 3}}) {
        std::vector<int32_t> out(24, -1);
        copy_strided(exec, {3, shape, ScalarType::kInt32, in.data() + s.start, s.in.data(), ScalarType::kInt32, out.data(), to.data()});
        for (int64_t i = 0; i < 2; ++i)
          for (int64_t j = 0; j < 3; ++j)
            for (int64_t k = 0; k < 4; ++k)
              REQUIRE(out[static_cast<size_t>(i * to[0] + j * to[1] + k * to[2])] ==
                      in[static_cast<size_t>(s.start + i * s.in[0] + j * s.in[1] + k * s.in[2])]);
      }
  });
}

TEST_CASE("conversions: towards zero, wrapping, not zero, and to the nearest even float16") {
  const float floats[] = {2.9F, -2.9F, 300.F, 0.F, kNan, 1.00048828125F};  // the last: halfway between two float16
  const int64_t one = 1, stride = 1;
  for_each_exec([&](const Exec& exec) {
    const auto converted = [&]<class From, class To>(From from, ScalarType from_type, To, ScalarType to_type) {
      To out{};
      copy_strided(exec, {1, &one, from_type, &from, &stride, to_type, &out, &stride});
      return out;
    };
    CHECK(converted(floats[0], ScalarType::kFloat32, int32_t{}, ScalarType::kInt32) == 2);
    CHECK(converted(floats[1], ScalarType::kFloat32, int32_t{}, ScalarType::kInt32) == -2);
    CHECK(converted(floats[2], ScalarType::kFloat32, uint8_t{}, ScalarType::kUint8) == 44);
    CHECK(converted(floats[3], ScalarType::kFloat32, uint8_t{}, ScalarType::kBool) == 0);
    CHECK(converted(floats[4], ScalarType::kFloat32, uint8_t{}, ScalarType::kBool) == 1);
    CHECK(converted(floats[5], ScalarType::kFloat32, uint16_t{}, ScalarType::kFloat16) == 0x3c00);
    CHECK(converted(int32_t{-1}, ScalarType::kInt32, uint16_t{}, ScalarType::kUint16) == 65535);
    CHECK(converted(int8_t{-128}, ScalarType::kInt8, int32_t{}, ScalarType::kInt32) == -128);
    CHECK(converted(uint16_t{0x7c00}, ScalarType::kFloat16, float{}, ScalarType::kFloat32) == INFINITY);
    CHECK(converted(uint16_t{0x0001}, ScalarType::kFloat16, float{}, ScalarType::kFloat32) == 0x1p-24F);
  });
}

TEST_CASE("fill sets what it is asked to and nothing behind") {
  for_each_exec([](const Exec& exec) {
    for (const int64_t count : {0, 1, 15, 16, 1000, 100000}) {
      std::vector<float> floats(static_cast<size_t>(count) + 1, 7.F);
      fill(exec, ScalarType::kFloat32, floats.data(), count, 1.5);
      CHECK(std::count(floats.begin(), floats.end(), 1.5F) == count);
      CHECK(floats.back() == 7.F);
      std::vector<int8_t> bytes(static_cast<size_t>(count) + 1, 7);
      fill(exec, ScalarType::kInt8, bytes.data(), count, -3);
      CHECK(std::count(bytes.begin(), bytes.end(), int8_t{-3}) == count);
      CHECK(bytes.back() == 7);
    }
  });
}
