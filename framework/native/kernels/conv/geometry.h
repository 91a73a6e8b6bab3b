// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A convolution and its adjoint as one problem: each pixel of a target gathers, by its taps, pixels of a source.
#pragma once

#include "kernels/conv/conv.h"
#include "kernels/gemm/tile.h"

namespace keima {

constexpr int64_t conv_round(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
constexpr int64_t conv_least(int64_t a, int64_t b) { return a < b ? a : b; }
constexpr int64_t conv_most(int64_t a, int64_t b) { return a > b ? a : b; }

constexpr int64_t conv_blocks(int64_t channels) { return (channels + kBlock - 1) / kBlock; }
constexpr int64_t conv_groups_of_columns(int64_t channels) { return (channels + kGroup - 1) / kGroup; }

// The bias with zeros up to whole column groups, in as many floats of `to`; null where there is none.
constexpr int64_t conv_bias_floats(int64_t channels) { return conv_groups_of_columns(channels) * kGroup; }
const float* conv_pad_bias(const ConvEpilogue& epilogue, int64_t channels, float* to);

// The greatest common divisor of two positive numbers, and the x in [0, modulus / divisor) for which number * x is that
// divisor modulo `modulus` (extended Euclid).
struct ConvDivisor {
  constexpr ConvDivisor(int64_t number, int64_t modulus) : divisor(modulus), inverse(0) {
    int64_t next = 1;
    for (int64_t rest = number % modulus; rest != 0;) {
      const int64_t quotient = divisor / rest, after = divisor % rest, factor = inverse - quotient * next;
      divisor = rest, rest = after;
      inverse = next, next = factor;
    }
    if (inverse < 0) inverse += modulus / divisor;
  }
  int64_t divisor;
  int64_t inverse;
};

// One axis of the gathering. Targets are counted by q, in which neighbours read neighbouring source pixels:
// forwards q is the target; backwards the targets fall into `stride` classes, t = q*stride + class - pad, each of which
// meets its own taps. The source is laid out for that with its border of zeros: forwards in one plane for each residue
// of x modulo the stride that a tap meets, backwards in one plane. Target q then reads plane index q + shift(tap).
struct ConvAxis {
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t pad;
  int64_t source;
  int64_t target;
  bool backward;

  constexpr int64_t extent() const { return backward ? (target - 1 + pad) / stride + 1 : target; }
  constexpr int64_t reach() const { return (kernel - 1) * dilation / stride; }
  // Classes that hold targets: those of the first so many.
  constexpr int64_t classes() const { return backward ? conv_least(stride, target) : 1; }
  constexpr int64_t class_of(int64_t t) const { return backward && stride > 1 ? (t + pad) % stride : 0; }
  constexpr int64_t shift(int64_t tap, int64_t of_class) const {
    return backward ? reach() - (tap * dilation - of_class) / stride : tap * dilation / stride;
  }
  // Source pixel of a plane's index i: i * source_step() + source_start(plane).
  constexpr int64_t source_step() const { return backward ? 1 : stride; }
  constexpr int64_t source_start(int64_t plane) const { return backward ? -reach() : residue(plane) - pad; }

  constexpr int64_t target_of(int64_t q, int64_t of_class) const { return backward ? q * stride + of_class - pad : q; }
  constexpr int64_t target_step() const { return backward ? stride : 1; }
  // The q's of a class lie in [first, last).
  constexpr int64_t first(int64_t of_class) const {
    return backward && pad > of_class ? (pad - of_class + stride - 1) / stride : 0;
  }
  constexpr int64_t last(int64_t of_class) const {
    if (!backward) return target;
    const int64_t room = target - 1 + pad - of_class;
    return room < 0 ? 0 : room / stride + 1;
  }

  // Taps this far apart meet the same residue, nearer ones never do: planes are numbered in the order of their first taps.
  constexpr int64_t period() const { return stride / ConvDivisor(dilation, stride).divisor; }
  constexpr int64_t plane(int64_t tap) const { return backward ? 0 : tap % period(); }
  constexpr int64_t planes() const { return backward ? 1 : conv_least(kernel, period()); }
  constexpr int64_t residue(int64_t plane_number) const { return plane_number * dilation % stride; }

  // Source pixel that a target meets by a tap, or -1.
  constexpr int64_t source_of(int64_t t, int64_t tap) const {
    if (!backward) {
      const int64_t s = t * stride + tap * dilation - pad;
      return s >= 0 && s < source ? s : -1;
    }
    const int64_t scaled = t + pad - tap * dilation;
    if (scaled < 0 || scaled % stride != 0 || scaled / stride >= source) return -1;
    return scaled / stride;
  }
};

// The taps that a class of targets meets: all forwards; backwards every step-th from the first.
class ConvTaps {
 public:
  constexpr explicit ConvTaps(const ConvAxis& axis)
      : step(axis.backward ? axis.period() : 1), kernel_(axis.kernel), several_(axis.backward && axis.stride > 1), shared_(axis.dilation, axis.stride) {}

  // The window's size if there is none.
  constexpr int64_t first(int64_t of_class) const {
    if (!several_) return 0;
    if (of_class % shared_.divisor != 0) return kernel_;
    // Unsigned: below 3 * 2^30 each (ops/window.h), their product fits.
    const auto quotient = static_cast<uint64_t>(of_class / shared_.divisor), inverse = static_cast<uint64_t>(shared_.inverse);
    return conv_least(kernel_, static_cast<int64_t>(quotient * inverse % static_cast<uint64_t>(step)));
  }
  const int64_t step;

 private:
  int64_t kernel_;
  bool several_;
  ConvDivisor shared_;
};

// A blocked activation, or the blocks of one group in it. Strides in floats.
struct ConvView {
  float* data = nullptr;
  int64_t channels = 0;
  int64_t image = 0;
  int64_t block = 0;
};

// One group's convolution or adjoint.
struct ConvProblem {
  int64_t batch = 0;
  ConvAxis y{};
  ConvAxis x{};
  ConvView source;
  const float* plain_source = nullptr;  // instead of `source`, as [batch][channels][height][width]
  int64_t plain_channels = 0;
  ConvView target;
  const float* packed = nullptr;  // [target columns/32][source block][tap][16][32]; Winograd: [point][columns/32]...
  int64_t winograd = 0;           // 2 or 4: results a tile and axis (winograd.h); 0: direct
  ConvEpilogue epilogue;

  constexpr bool plain() const { return plain_channels > 0; }
  constexpr int64_t kernel() const { return y.kernel * x.kernel; }
  // A plain source is unfolded: every (channel, tap) becomes a channel of its own, met by one tap.
  constexpr int64_t source_blocks() const {
    return conv_blocks(plain() ? plain_channels * kernel() : source.channels);
  }
  constexpr int64_t taps() const { return plain() ? 1 : kernel(); }
  constexpr int64_t groups() const { return conv_groups_of_columns(target.channels); }
  constexpr int64_t source_pixels() const { return y.source * x.source; }
  constexpr int64_t target_pixels() const { return y.target * x.target; }
  // Packed weights of one group of 32 columns.
  constexpr int64_t group_floats() const { return source_blocks() * taps() * kTapFloats; }
};

// Row of a packed block [tap][16 in] that holds plain place j = in * taps + tap.
constexpr int64_t conv_packed_row(int64_t j, int64_t taps) { return (j % taps) * kBlock + j / taps; }

// Depthwise: one channel a group on both sides.
constexpr bool conv_is_depthwise(const ConvShape& s) {
  return s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

}  // namespace keima
