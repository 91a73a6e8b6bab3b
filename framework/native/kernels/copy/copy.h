// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Moving and converting elements: strided copies, fills, and plain NCHW to channel blocks and back.
#pragma once

#include <stdint.h>

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

// Strides are in elements and may be 0 (in) or negative. `in` and `out` must not overlap.
struct CopyArgs {
  int ndim;  // at most 8
  const int64_t* shape;
  ScalarType in_type;
  const void* in;
  const int64_t* in_strides;
  ScalarType out_type;
  void* out;
  const int64_t* out_strides;
};

// out = in, converted: floats to integers truncate towards zero (and must fit int32), integers to narrower ones wrap,
// anything to bool is "not zero" (a NaN is true), 32-bit to 16-bit floats round to nearest even.
void copy_strided(const Exec& exec, const CopyArgs& args);

// Sets `count` contiguous elements to `value`, converted as above.
void fill(const Exec& exec, ScalarType type, void* out, int64_t count, double value);

// [images][channels][pixels] as [images][ceil(channels/block)][pixels][block].
struct ChannelBlockArgs {
  ScalarType type;
  int64_t images;
  int64_t channels;
  int64_t pixels;
  int64_t block;
  const void* in;
  void* out;
};

// Lanes of the last block past `channels` are set to zero.
void pack_channel_blocks(const Exec& exec, const ChannelBlockArgs& args);
void unpack_channel_blocks(const Exec& exec, const ChannelBlockArgs& args);

}  // namespace keima
