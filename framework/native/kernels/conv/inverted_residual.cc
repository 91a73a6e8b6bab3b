// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv/inverted_residual.h"

#include "kernels/conv/inverted_residual_body.h"

namespace keima {
namespace {

constexpr int64_t kBandFloats = 192 * 1024;  // of a thread: three eighths of a 2 MB second cache

int64_t bias_floats(const InvertedResidualShape& s) {
  return (s.expands ? conv_bias_floats(s.expand.out_channels) : 0) + conv_bias_floats(s.project.out_channels);
}

}  // namespace

ResidualBands::ResidualBands(const InvertedResidualShape& s) {
  const ConvShape& d = s.depthwise;
  const int64_t hidden = conv_blocks(d.in_channels);
  const int64_t packed_row = s.expands ? conv_blocks(s.expand.in_channels) * d.in_width * kBlock : 0;
  const int64_t expanded_row = s.expands ? hidden * d.in_width * kBlock : 0;
  const int64_t gathered_row = hidden * d.out_width * kBlock;
  const int64_t halo = (d.kernel_height - 1) * d.dilation_height + 1 - d.stride_height;
  const int64_t room = kBandFloats - halo * expanded_row;
  const int64_t row = conv_most(1, (packed_row + expanded_row) * d.stride_height + gathered_row);
  rows = conv_most(1, conv_least(d.out_height, room / row));
  source_rows = conv_least(d.in_height, conv_most(1, rows * d.stride_height + halo));
  packed = packed_row * source_rows;
  expanded = expanded_row * source_rows;
  gathered = gathered_row * rows;
}

bool inverted_residual_pays(const Exec& exec, const InvertedResidualShape& s) {
  constexpr int64_t kCachedFloats = 144 * 1024, kMostWeights = 320 * 1024;
  const ConvShape& d = s.depthwise;
  const int64_t threads = exec.parallel.run == nullptr ? 1 : conv_most(1, exec.parallel.threads);
  const int64_t image = d.in_channels * d.in_height * d.in_width;
  if (threads == 1) return image >= kCachedFloats;
  const int64_t weights = d.in_channels * ((s.expands ? s.expand.in_channels : 0) + s.project.out_channels);
  const int64_t rows = d.batch * d.out_height, slice = (rows + threads - 1) / threads;
  // Expanded rows that a thread reads and those that would be its share.
  const int64_t halo = s.expands && slice < d.out_height ? conv_most(0, d.kernel_height - d.stride_height) : 0;
  const bool shares = 5 * (slice * d.stride_height + halo) * threads <= 8 * rows * d.stride_height;
  return weights <= kMostWeights && shares;
}

size_t inverted_residual_scratch_bytes(const Exec& exec, const InvertedResidualShape& s) {
  const int64_t slices = slice_count(exec, s.project.batch * s.project.out_height);
  return static_cast<size_t>(bias_floats(s) + slices * ResidualBands(s).floats()) * sizeof(float);
}

void inverted_residual(const Exec& exec, const InvertedResidualShape& s, const float* input, const ConvStage& expand,
                       const ConvStage& depthwise, const ConvStage& project, float* output, void* scratch) {
  const int64_t height = s.project.out_height;
  if (s.project.batch <= 0 || height <= 0 || s.project.out_width <= 0) return;
  float* floats = static_cast<float*>(scratch);
  const float* project_bias = conv_pad_bias(project.epilogue, s.project.out_channels, floats);
  float* after = floats + conv_bias_floats(s.project.out_channels);
  const float* expand_bias = s.expands ? conv_pad_bias(expand.epilogue, s.expand.out_channels, after) : nullptr;
  float* rest = floats + bias_floats(s);
  const ResidualBands bands(s);
  const ResidualCall call{s, expand, depthwise, project, expand_bias, project_bias, input, output};
  parallel_slices(exec, s.project.batch * height, [&](int64_t slice, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {
      const int64_t image = i / height, first = i % height, last = conv_least(height, first + end - i);
      KEIMA_PICK(exec.isa, inverted_residual_rows)(call, bands, image, first, last, rest + slice * bands.floats());
      i += last - first;
    }
  });
}

}  // namespace keima
