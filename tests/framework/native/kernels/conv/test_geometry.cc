// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The closed forms of one axis against what they stand for, counted tap by tap and pixel by pixel.
#include "kernels/conv/geometry.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

using namespace keima;

namespace {

// Residues of x modulo the stride, in the order in which the taps of a window meet them.
std::vector<int64_t> residues_met(const ConvAxis& axis) {
  std::vector<int64_t> met;
  for (int64_t tap = 0; tap < axis.kernel; ++tap) {
    const int64_t residue = tap * axis.dilation % axis.stride;
    if (std::find(met.begin(), met.end(), residue) == met.end()) met.push_back(residue);
  }
  return met;
}

void check_planes(const ConvAxis& axis) {
  const std::vector<int64_t> met = residues_met(axis);
  REQUIRE(axis.planes() == static_cast<int64_t>(met.size()));
  bool same = true;
  for (size_t i = 0; i < met.size(); ++i) same = same && axis.residue(static_cast<int64_t>(i)) == met[i];
  for (int64_t tap = 0; tap < axis.kernel; ++tap) same = same && met[static_cast<size_t>(axis.plane(tap))] == tap * axis.dilation % axis.stride;
  CHECK(same);
}

// Every target lies in one class, which lists each tap by which the target meets a source pixel, in order.
void check_classes(const ConvAxis& axis) {
  std::vector<int> times(static_cast<size_t>(axis.target));
  const ConvTaps taps(axis);
  bool same = true;
  for (int64_t i = 0; i < axis.classes(); ++i) {
    const int64_t of_class = axis.class_of(i);
    std::vector<int64_t> listed, met;
    for (int64_t tap = taps.first(of_class); tap < axis.kernel; tap += taps.step) listed.push_back(tap);
    for (int64_t tap = 0; tap < axis.kernel; ++tap)
      if (tap * axis.dilation % axis.stride == of_class) met.push_back(tap);
    same = same && listed == met;
    for (int64_t q = axis.first(of_class); q < axis.last(of_class); ++q) {
      const int64_t target = axis.target_of(q, of_class);
      REQUIRE(target >= 0);
      REQUIRE(target < axis.target);
      ++times[static_cast<size_t>(target)];
      for (int64_t tap = 0; tap < axis.kernel; ++tap)
        if (axis.source_of(target, tap) >= 0) same = same && std::find(listed.begin(), listed.end(), tap) != listed.end();
    }
  }
  CHECK(same);
  CHECK(std::all_of(times.begin(), times.end(), [](int n) { return n == 1; }));
}

ConvAxis axis_of(int64_t kernel, int64_t stride, int64_t dilation, int64_t pad, int64_t image, bool backward) {
  const int64_t out = conv_output_size(image, kernel, stride, pad, pad, dilation);
  return {kernel, stride, dilation, pad, backward ? out : image, backward ? image : out, backward};
}

}  // namespace

TEST_CASE("conv geometry: divisors and inverses") {
  for (int64_t number = 1; number <= 60; ++number)
    for (int64_t modulus = 1; modulus <= 60; ++modulus) {
      const ConvDivisor found(number, modulus);
      REQUIRE(found.divisor == std::gcd(number, modulus));
      REQUIRE(found.inverse >= 0);
      REQUIRE(found.inverse < modulus / found.divisor);
      REQUIRE((found.inverse * number - found.divisor) % modulus == 0);
    }
}

TEST_CASE("conv geometry: planes of the residues that taps meet") {
  for (int64_t kernel = 1; kernel <= 13; ++kernel)
    for (int64_t stride = 1; stride <= 12; ++stride)
      for (int64_t dilation = 1; dilation <= 13; ++dilation) {
        CAPTURE(kernel); CAPTURE(stride); CAPTURE(dilation);
        check_planes(axis_of(kernel, stride, dilation, 0, 200, false));
        // A copy of all planes is less than twice as long as the image between its borders (ops/conv.cc).
        for (const int64_t room : {0, 1, 5, 40}) {
          const int64_t image = (kernel - 1) * dilation + 1 + room, near = std::min(stride, room + 1);
          const ConvAxis axis = axis_of(kernel, near, dilation, 0, image, false);
          CHECK(axis.planes() * (axis.extent() + axis.reach()) < 2 * image + 1);
        }
      }
}

TEST_CASE("conv geometry: classes of a gradient's pixels and their taps") {
  for (int64_t kernel = 1; kernel <= 7; ++kernel)
    for (int64_t stride = 1; stride <= 9; ++stride)
      for (int64_t dilation = 1; dilation <= 7; ++dilation)
        for (const int64_t pad : {0, 1, 2, 5, 11})
          for (const int64_t image : {1, 2, 5, 8, 30}) {
            if (image + 2 * pad < (kernel - 1) * dilation + 1) continue;
            CAPTURE(kernel); CAPTURE(stride); CAPTURE(dilation); CAPTURE(pad); CAPTURE(image);
            check_classes(axis_of(kernel, stride, dilation, pad, image, true));
          }
}

TEST_CASE("conv geometry: sizes near 2^31 take no time and do not wrap") {
  constexpr int64_t kHuge = int64_t{1} << 30;
  // Of a stride and a dilation without a common divisor: tap k meets residue k * dilation.
  const ConvAxis forward{kHuge, 3 * kHuge - 1, kHuge - 1, 0, kHuge, 1, false};
  CHECK(forward.planes() == kHuge);
  CHECK(forward.plane(kHuge - 1) == kHuge - 1);
  ConvAxis backward = forward;
  backward.backward = true, backward.target = kHuge, backward.source = 1;
  CHECK(backward.classes() == kHuge);
  for (const int64_t tap : {int64_t{0}, int64_t{1}, int64_t{77777}, kHuge - 1}) CHECK(ConvTaps(backward).first(tap * (kHuge - 1) % (3 * kHuge - 1)) == tap);
}
