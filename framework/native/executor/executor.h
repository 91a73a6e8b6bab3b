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
// What may be left out: "cap": number, the most that a relu gives; of conv2d "residual": o, added before the relu, which may
// be the result's offset (of linear too), and "winograd": 2 or 4, results of a tile along an axis (direct without it).
// Weights lie packed in the file (kernels/conv, kernels/gemm), so that the runtime holds no packer's output twice.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/freestanding/exec.h"
#include "kernels/conv/conv.h"
#include "kernels/pooling/pooling.h"

namespace keima::executor {

// What went wrong, or null.
using Status = const char*;

enum class StepKind : uint8_t { kConv2d, kMaxPool2d, kAvgPool2d, kUnpack, kPack, kLinear };

struct Step {
  StepKind kind;
  bool relu;
  bool count_padding;
  int64_t in, out, scratch;  // arena offsets, in bytes
  int64_t residual;          // another; -1: none
  float most;                // that a relu gives
  const float* weight;
  const float* bias;
  ConvShape conv;
  PoolArgs pool;
  int64_t dims[3];
};

inline constexpr int kMaxSteps = 64;

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
// `arena`: plan.arena_bytes, 64-byte aligned. `input` and `output` hold plan.input_count and plan.output_count floats.
void run(const Exec& exec, const Plan& plan, void* arena, const float* input, float* output);

}  // namespace keima::executor
