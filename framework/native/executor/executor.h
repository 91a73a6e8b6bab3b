// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The deployment runtime: loads a plan from a safetensors image in memory and runs it in memory that the caller gives.
//
// The plan is JSON, the bytes of the tensor "keima.plan" (as a metadata string its quotes would be escaped, and reading it
// would need memory):
//   {"version": 1, "arena": bytes, "input": {"at": bytes, "count": floats}, "output": {...}, "steps": [...]}
// Every step reads and writes arena offsets (multiples of 64) and names its weights by their tensors in the file:
//   {"op": "conv2d", "in": o, "out": o, "weight": name, "bias": name or "", "relu": bool, "dims": [16 numbers of ConvShape]}
//   {"op": "max_pool2d", "in": o, "out": o, "dims": [11 numbers of PoolArgs]}
//   {"op": "avg_pool2d", "in": o, "out": o, "count_padding": bool, "dims": [the same]}
//   {"op": "unpack", "in": o, "out": o, "dims": [images, channels, pixels]}       channel blocks to plain
//   {"op": "pack", "in": o, "out": o, "dims": [images, channels, pixels]}         plain to channel blocks
//   {"op": "linear", "in": o, "out": o, "weight": name, "bias": name or "", "relu": bool, "dims": [m, n, k]}
//   {"op": "channel_shuffle", "out": o, "sources": [o, channels, o, channels ...], "dims": [images, pixels, groups, start, channels]}
//   {"op": "layer_norm", "in": o, "out": o, "weight": name or "", "bias": name or "", "eps": bits, "dims": [rows, n]}
//   {"op": "attention", "in": o, "keys": o, "values": o, "out": o, "scale": bits, "dims": [outer heads, inner heads, queries, keys,
//    width, values' width, and of queries, keys and values each the first float, then the floats between rows, outer and inner heads]}
//   {"op": "copy", "in": o, "out": o, "dims": [5 sizes, 5 strides of "in", 5 of "out", first float of "in", first of "out"]}
//   {"op": "add", "in": o, "out": o, "dims": [floats, floats of what is added, which is read again and again]}
//   {"op": "take_rows", "in": o, "out": o, "weight": name, "dims": [count, rows, floats a row]}
// The numbers of rows that a take_rows reads are int32, from the end where they are negative; one that there is no row for gives
// NaNs. "bits" is a float32 as the integer that has its bits. What may be left out: "cap": number, the most that a relu gives; of
// conv2d "residual": o, added before the relu, which may be the result's offset (of linear too), and "winograd": 2 or 4,
// results of a tile along an axis (direct without it); of linear "gelu": true. What an "add" adds is its "residual" or its
// "weight", what a "copy" reads may be a "weight" instead of "in".
// Weights lie packed in the file (kernels/conv, kernels/gemm), so that the runtime holds no packer's output twice.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/freestanding/exec.h"
#include "kernels/conv/conv.h"

namespace keima::executor {

// What went wrong, or null.
using Status = const char*;

enum class StepKind : uint8_t { kConv2d, kMaxPool2d, kAvgPool2d, kUnpack, kPack, kLinear, kChannelShuffle, kLayerNorm, kAttention, kCopy, kAdd, kTakeRows };

inline constexpr int kMaxSources = 8;  // of a channel_shuffle
inline constexpr int kCopyDims = 5;

struct Step {
  StepKind kind;
  bool relu;
  bool gelu;
  bool count_padding;
  ConvAlgorithm algorithm;
  int64_t in, out, scratch;  // arena offsets, in bytes
  int64_t residual;          // another; -1: none
  float number;              // the most that a relu gives; eps; scale
  const float* weight;
  const float* bias;
  int64_t dims[18];  // as in the plan; of a channel_shuffle then its sources' channels
  int source_count;
  int64_t sources[kMaxSources];  // offsets: of a channel_shuffle; of an attention the keys and the values
};

inline constexpr int kMaxSteps = 160;

struct Plan {
  Step steps[kMaxSteps];
  int step_count;
  size_t arena_bytes;  // what run() must be given, scratch included
  int64_t input_at, input_count;
  int64_t output_at, output_count;
};

// `file` is a whole safetensors file, 64-byte aligned, which must outlive the plan: weights are used where they lie.
// Everything is checked before it is used: a hostile file gives a status, never a read or write out of bounds, nor an arena
// beyond 8 GiB. How long a run takes is not limited.
Status load(const Exec& exec, const void* file, size_t size, Plan& plan);

// With the Exec that load() was given. What no step has written, and an output may be, is what the arena held before.
// `arena`: plan.arena_bytes, 64-byte aligned. `output` holds plan.output_count floats, `input` plan.input_count floats or, where a
// take_rows reads them, int32.
void run(const Exec& exec, const Plan& plan, void* arena, const void* input, float* output);

}  // namespace keima::executor
