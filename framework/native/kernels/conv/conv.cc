// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// From a shape to its groups' problems, and the copies that groups need which do not fill channel blocks.
#include <string.h>

#include "kernels/conv/conv_body.h"
#include "kernels/conv/winograd.h"

namespace keima {
namespace {

// Per group.
struct Channels {
  explicit Channels(const ConvShape& s) : in(s.in_channels / s.groups), out(s.out_channels / s.groups) {}
  int64_t in;
  int64_t out;
};

int64_t taps_of(const ConvShape& s) { return s.kernel_height * s.kernel_width; }
// How the unfolded plain input looks to the packing: all taps are channels.
int64_t packed_in(const ConvShape& s) { return conv_input_is_plain(s) ? s.in_channels * taps_of(s) : Channels(s).in; }

// Results of a Winograd tile along an axis; 0: direct.
int64_t winograd_of(const ConvShape& s) {
  return s.algorithm == ConvAlgorithm::kWinograd4 ? 4 : s.algorithm == ConvAlgorithm::kWinograd2 ? 2 : 0;
}
int64_t winograd_points(const ConvShape& s) { return (winograd_of(s) + 2) * (winograd_of(s) + 2); }

// Blocks of 16 x 32 weights for one block of inputs and group of outputs.
int64_t packed_taps(const ConvShape& s) {
  if (winograd_of(s) > 0) return winograd_points(s);
  return conv_input_is_plain(s) ? 1 : taps_of(s);
}
int64_t backward_packed_taps(const ConvShape& s) { return winograd_of(s) > 0 ? winograd_points(s) : taps_of(s); }

int64_t forward_group_floats(const ConvShape& s) {
  return conv_groups_of_columns(Channels(s).out) * conv_blocks(packed_in(s)) * packed_taps(s) * kTapFloats;
}
int64_t backward_group_floats(const ConvShape& s) {
  return conv_groups_of_columns(Channels(s).in) * conv_blocks(Channels(s).out) * backward_packed_taps(s) * kTapFloats;
}
int64_t depthwise_floats(const ConvShape& s) { return conv_blocks(s.in_channels) * taps_of(s) * kBlock; }

size_t bytes(int64_t floats) { return static_cast<size_t>(floats) * sizeof(float); }

// A whole activation as blocks.
struct Activation {
  int64_t channels;
  int64_t pixels;
  int64_t image() const { return conv_blocks(channels) * pixels * kBlock; }
  int64_t block() const { return pixels * kBlock; }
};

Activation input_of(const ConvShape& s) { return {s.in_channels, s.in_height * s.in_width}; }
Activation output_of(const ConvShape& s) { return {s.out_channels, s.out_height * s.out_width}; }

// A group's channels as blocks of their own: a part of the whole where groups are whole blocks, else a copy.
bool fills_blocks(const ConvShape& s, int64_t channels) { return s.groups == 1 || channels % kBlock == 0; }

ConvView group_view(const float* data, const Activation& whole, int64_t group, int64_t channels) {
  // The views of sources are only read.
  float* start = const_cast<float*>(data) + group * (channels / kBlock) * whole.block();
  return {start, channels, whole.image(), whole.block()};
}

ConvView copy_view(float* data, const Activation& whole, int64_t channels) {
  const Activation own{channels, whole.pixels};
  return {data, channels, own.image(), own.block()};
}

int64_t copy_floats(const ConvShape& s, const Activation& whole, int64_t channels) {
  return fills_blocks(s, channels) ? 0 : s.batch * Activation{channels, whole.pixels}.image();
}

// A group's channels, one at a time, between the whole activation and the copy.
template <class Move>
void each_element(const Exec& exec, const ConvShape& s, const Activation& whole, int64_t group, const ConvView& copy,
                  const Move& move) {
  parallel_for(exec, s.batch * copy.channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / copy.channels, own = i % copy.channels, channel = group * copy.channels + own;
      const int64_t in_whole = n * whole.image() + channel / kBlock * whole.block() + channel % kBlock;
      const int64_t in_copy = n * copy.image + own / kBlock * copy.block + own % kBlock;
      for (int64_t pixel = 0; pixel < whole.pixels; ++pixel)
        move(in_whole + pixel * kBlock, in_copy + pixel * kBlock, own);
    }
  });
}

float clamped(float value, const ConvEpilogue& epilogue) {
  if (!epilogue.clamp || value != value) return value;
  return value < epilogue.lowest ? epilogue.lowest : value > epilogue.highest ? epilogue.highest : value;
}

// From the copy of a group's results to the whole, with the epilogue that the group could not apply.
void scatter(const Exec& exec, const ConvShape& s, const Activation& whole, int64_t group, const ConvView& copy,
             const ConvEpilogue& epilogue, float* to) {
  const float* bias = epilogue.bias != nullptr ? epilogue.bias + group * copy.channels : nullptr;
  each_element(exec, s, whole, group, copy, [&](int64_t in_whole, int64_t in_copy, int64_t own) {
    float value = copy.data[in_copy] + (bias != nullptr ? bias[own] : 0.0F);
    if (epilogue.residual != nullptr) value += epilogue.residual[in_whole];
    to[in_whole] = clamped(value, epilogue);
  });
}

ConvProblem problem_of(const ConvShape& s, bool backward) {
  ConvProblem p;
  p.batch = s.batch;
  p.y = {s.kernel_height, s.stride_height, s.dilation_height, s.pad_top, s.in_height, s.out_height, backward};
  p.x = {s.kernel_width, s.stride_width, s.dilation_width, s.pad_left, s.in_width, s.out_width, backward};
  if (backward) {
    p.y.source = s.out_height, p.y.target = s.in_height;
    p.x.source = s.out_width, p.x.target = s.in_width;
  }
  return p;
}

// One group's sizes, without data: what scratch is computed from.
ConvProblem group_problem(const ConvShape& s, bool backward) {
  ConvProblem p = problem_of(s, backward);
  const Channels channels(s);
  p.source.channels = backward ? channels.out : channels.in;
  p.target.channels = backward ? channels.in : channels.out;
  p.winograd = winograd_of(s);
  if (!backward && conv_input_is_plain(s)) p.plain_channels = s.in_channels;
  return p;
}

int64_t gather_scratch(const Exec& exec, const ConvShape& s, bool backward) {
  const ConvProblem p = group_problem(s, backward);
  const Activation source = backward ? output_of(s) : input_of(s), target = backward ? input_of(s) : output_of(s);
  return copy_floats(s, source, p.source.channels) + copy_floats(s, target, p.target.channels) +
         KEIMA_PICK(exec.isa, conv_gather_scratch)(exec, p);
}

// The convolution (or its adjoint) of every group in turn.
void gather_groups(const Exec& exec, const ConvShape& s, bool backward, const float* from, const float* packed,
                   const ConvEpilogue& epilogue, float* to, float* scratch) {
  const Activation source = backward ? output_of(s) : input_of(s), target = backward ? input_of(s) : output_of(s);
  const int64_t packed_floats = backward ? backward_group_floats(s) : forward_group_floats(s);
  for (int64_t group = 0; group < s.groups; ++group) {
    ConvProblem p = group_problem(s, backward);
    float* rest = scratch;
    p.packed = packed + group * packed_floats;
    p.plain_source = from;
    p.source = group_view(from, source, group, p.source.channels);
    if (!fills_blocks(s, p.source.channels)) {
      p.source = copy_view(rest, source, p.source.channels);
      rest += copy_floats(s, source, p.source.channels);
      each_element(exec, s, source, group, p.source,
                   [&](int64_t in_whole, int64_t in_copy, int64_t) { p.source.data[in_copy] = from[in_whole]; });
    }
    const bool whole_blocks = fills_blocks(s, p.target.channels);
    if (whole_blocks) {
      p.target = group_view(to, target, group, p.target.channels);
      p.epilogue = epilogue;
      if (epilogue.bias != nullptr) p.epilogue.bias += group * p.target.channels;
      if (epilogue.residual != nullptr) p.epilogue.residual += p.target.data - to;
    } else {
      p.target = copy_view(rest, target, p.target.channels);
      rest += copy_floats(s, target, p.target.channels);
    }
    KEIMA_PICK(exec.isa, conv_gather)(exec, p, rest);
    if (!whole_blocks) scatter(exec, s, target, group, p.target, epilogue, to);
  }
}

void to_plain(const Exec& exec, const ConvShape& s, const float* blocked, float* plain) {
  const Activation input = input_of(s);
  parallel_for(exec, s.batch * s.in_channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / s.in_channels, channel = i % s.in_channels;
      const float* from = blocked + n * input.image() + channel / kBlock * input.block() + channel % kBlock;
      for (int64_t pixel = 0; pixel < input.pixels; ++pixel) plain[i * input.pixels + pixel] = from[pixel * kBlock];
    }
  });
}

// The weights of all groups by Winograd.
void pack_winograd(const Exec& exec, const ConvShape& s, const float* weights, bool backward, float* packed) {
  const Channels channels(s);
  const int64_t floats = backward ? backward_group_floats(s) : forward_group_floats(s);
  for (int64_t group = 0; group < s.groups; ++group)
    KEIMA_PICK(exec.isa, conv_winograd_pack)
    (exec, winograd_of(s), weights + group * channels.out * channels.in * taps_of(s), channels.out, channels.in, backward,
     packed + group * floats);
}

bool is_empty(const ConvShape& s) { return s.batch <= 0 || s.out_height <= 0 || s.out_width <= 0; }

}  // namespace

const float* conv_pad_bias(const ConvEpilogue& epilogue, int64_t channels, float* to) {
  if (epilogue.bias == nullptr) return nullptr;
  memset(to, 0, bytes(conv_bias_floats(channels)));
  memcpy(to, epilogue.bias, bytes(channels));
  return to;
}

bool conv_input_is_plain(const ConvShape& shape) {
  return shape.groups == 1 && shape.in_channels <= 4 && taps_of(shape) > 1;
}

bool conv_supports(const ConvShape& s, ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::kDirect) return true;
  return s.kernel_height == 3 && s.kernel_width == 3 && s.stride_height == 1 && s.stride_width == 1 &&
         s.dilation_height == 1 && s.dilation_width == 1 && s.pad_top <= 2 && s.pad_left <= 2 && !conv_is_depthwise(s) &&
         !conv_input_is_plain(s);
}

// Transforms cost about (m+2)^2 additions a channel; below 32 channels on either side the products that they save do not
// pay for them. Few tiles leave the micro-kernel's rows empty while it streams 4 (1.8) times the weights.
ConvAlgorithm conv_choose(const ConvShape& s, ConvPass pass) {
  constexpr int64_t kLeastChannels = 32, kLeastTiles = 48;
  const Channels channels(s);
  if (!conv_supports(s, ConvAlgorithm::kWinograd4) || conv_least(channels.in, channels.out) < kLeastChannels)
    return ConvAlgorithm::kDirect;
  const bool of_input = pass == ConvPass::kBackwardData;
  const int64_t height = of_input ? s.in_height : s.out_height, width = of_input ? s.in_width : s.out_width;
  const int64_t tiles = s.batch * ((height + 3) / 4) * ((width + 3) / 4);
  // 36 products a tile against 9 a pixel: on images of 2x2 and less Winograd computes more.
  if (tiles < kLeastTiles || 36 * tiles * 2 > 9 * s.batch * height * width) return ConvAlgorithm::kDirect;
  return ConvAlgorithm::kWinograd4;
}

// F(4x4) streams 4 times the direct kernel's weights, F(2x2) 1.8 times: with few tiles to use them on, that outweighs the
// products saved. Measured hot at batch 1 (ms, direct / F2 / F4): 56x56x64 1.34/.77/.51, 28x28x128 1.31/.69/.45, 14x14x256
// 1.33/.68/.56 but 2.2 times F2's weights from the third cache, 7x7x512 1.50/.87/1.30.
ConvAlgorithm conv_choose_packed(const ConvShape& s) {
  constexpr int64_t kLeastChannels = 32, kLeastTiles = 48;
  const Channels channels(s);
  if (!conv_supports(s, ConvAlgorithm::kWinograd4) || conv_least(channels.in, channels.out) < kLeastChannels)
    return ConvAlgorithm::kDirect;
  const auto tiles = [&](int64_t m) { return s.batch * ((s.out_height + m - 1) / m) * ((s.out_width + m - 1) / m); };
  const auto saves = [&](int64_t m) { return (m + 2) * (m + 2) * tiles(m) * 3 < 2 * 9 * s.batch * s.out_height * s.out_width; };
  if (tiles(4) >= kLeastTiles && saves(4)) return ConvAlgorithm::kWinograd4;
  return tiles(2) >= kLeastTiles / 4 && saves(2) ? ConvAlgorithm::kWinograd2 : ConvAlgorithm::kDirect;
}

size_t conv_packed_bytes(const ConvShape& s) {
  return bytes(conv_is_depthwise(s) ? depthwise_floats(s) : s.groups * forward_group_floats(s));
}

size_t conv_backward_packed_bytes(const ConvShape& s) {
  return bytes(conv_is_depthwise(s) ? depthwise_floats(s) : s.groups * backward_group_floats(s));
}

void conv_pack(const Exec& exec, const ConvShape& s, const float* weights, float* packed) {
  if (winograd_of(s) > 0) return pack_winograd(exec, s, weights, false, packed);
  if (conv_is_depthwise(s)) return conv_backward_pack(exec, s, weights, packed);
  const int64_t in = packed_in(s), out = Channels(s).out, taps = packed_taps(s);
  for (int64_t group = 0; group < s.groups; ++group)
    KEIMA_PICK(exec.isa, conv_pack_forward)
    (exec, weights + group * out * in * taps, out, in, taps, packed + group * forward_group_floats(s));
}

void conv_backward_pack(const Exec& exec, const ConvShape& s, const float* weights, float* packed) {
  if (winograd_of(s) > 0) return pack_winograd(exec, s, weights, true, packed);
  const Channels channels(s);
  const int64_t taps = taps_of(s);
  if (conv_is_depthwise(s)) {
    for (int64_t i = 0; i < depthwise_floats(s); ++i) {
      const int64_t channel = i / (taps * kBlock) * kBlock + i % kBlock, tap = i / kBlock % taps;
      packed[i] = channel < s.in_channels ? weights[channel * taps + tap] : 0.0F;
    }
    return;
  }
  for (int64_t group = 0; group < s.groups; ++group)
    KEIMA_PICK(exec.isa, conv_pack_backward)
    (exec, weights + group * channels.out * channels.in * taps, channels.out, channels.in, taps,
     packed + group * backward_group_floats(s));
}

size_t conv_forward_scratch_bytes(const Exec& exec, const ConvShape& s) {
  return conv_is_depthwise(s) ? 0 : bytes(gather_scratch(exec, s, false));
}

void conv_forward(const Exec& exec, const ConvShape& s, const float* input, const float* packed,
                  const ConvEpilogue& epilogue, float* output, void* scratch) {
  if (is_empty(s)) return;
  if (conv_is_depthwise(s))
    return KEIMA_PICK(exec.isa, conv_depthwise_forward)(exec, s, input, packed, epilogue, output);
  gather_groups(exec, s, false, input, packed, epilogue, output, static_cast<float*>(scratch));
}

size_t conv_backward_data_scratch_bytes(const Exec& exec, const ConvShape& s) {
  if (conv_is_depthwise(s)) return 0;
  const int64_t blocked = conv_input_is_plain(s) ? s.batch * input_of(s).image() : 0;
  return bytes(blocked + gather_scratch(exec, s, true));
}

void conv_backward_data(const Exec& exec, const ConvShape& s, const float* grad_output, const float* packed,
                        const ConvEpilogue& epilogue, float* grad_input, void* scratch) {
  if (s.batch <= 0) return;
  if (conv_is_depthwise(s))
    return KEIMA_PICK(exec.isa, conv_depthwise_backward_data)(exec, s, grad_output, packed, epilogue, grad_input);
  float* floats = static_cast<float*>(scratch);
  if (!conv_input_is_plain(s)) return gather_groups(exec, s, true, grad_output, packed, epilogue, grad_input, floats);
  gather_groups(exec, s, true, grad_output, packed, ConvEpilogue{}, floats, floats + s.batch * input_of(s).image());
  to_plain(exec, s, floats, grad_input);
}

size_t conv_backward_weights_scratch_bytes(const Exec& exec, const ConvShape& s) {
  if (conv_is_depthwise(s)) return 0;
  const Channels channels(s);
  return bytes(copy_floats(s, input_of(s), channels.in) + copy_floats(s, output_of(s), channels.out) +
               KEIMA_PICK(exec.isa, conv_weights_scratch)(exec, group_problem(s, false)));
}

void conv_backward_weights(const Exec& exec, const ConvShape& s, const float* input, const float* grad_output,
                           float* grad_weights, void* scratch) {
  const Channels channels(s);
  const int64_t group_weights = channels.out * channels.in * taps_of(s);
  if (is_empty(s)) {
    memset(grad_weights, 0, bytes(s.groups * group_weights));
    return;
  }
  if (conv_is_depthwise(s))
    return KEIMA_PICK(exec.isa, conv_depthwise_backward_weights)(exec, s, input, grad_output, grad_weights);
  for (int64_t group = 0; group < s.groups; ++group) {
    ConvProblem p = group_problem(s, false);
    float* rest = static_cast<float*>(scratch);
    p.plain_source = input;
    const auto view = [&](const float* data, const Activation& whole, int64_t of_group) {
      if (fills_blocks(s, of_group)) return group_view(data, whole, group, of_group);
      const ConvView copy = copy_view(rest, whole, of_group);
      rest += copy_floats(s, whole, of_group);
      each_element(exec, s, whole, group, copy,
                   [&](int64_t in_whole, int64_t in_copy, int64_t) { copy.data[in_copy] = data[in_whole]; });
      return copy;
    };
    p.source = view(input, input_of(s), channels.in);
    p.target = view(grad_output, output_of(s), channels.out);
    KEIMA_PICK(exec.isa, conv_weights)(exec, p, grad_weights + group * group_weights, rest);
  }
}

void conv_backward_bias(const Exec& exec, const ConvShape& s, const float* grad_output, float* grad_bias) {
  const Activation output = output_of(s);
  parallel_for(exec, conv_blocks(s.out_channels), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      double sums[kBlock] = {};
      for (int64_t n = 0; n < s.batch; ++n) {
        const float* from = grad_output + n * output.image() + block * output.block();
        for (int64_t pixel = 0; pixel < output.pixels; ++pixel, from += kBlock)
          for (int64_t lane = 0; lane < kBlock; ++lane) sums[lane] += static_cast<double>(from[lane]);
      }
      for (int64_t lane = 0; lane < conv_least(kBlock, s.out_channels - block * kBlock); ++lane)
        grad_bias[block * kBlock + lane] = static_cast<float>(sums[lane]);
    }
  });
}

}  // namespace keima
