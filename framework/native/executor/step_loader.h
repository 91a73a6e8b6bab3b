// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Steps of a plan, each held against the arena, the file and what its kernel expects.
#pragma once

#include "executor/container.h"

namespace keima::executor {

// Sizes beyond these are refused before anything is computed from them.
inline constexpr int64_t kMaxDim = 1 << 20;
inline constexpr int64_t kMaxArena = int64_t{1} << 32;
inline constexpr int64_t kAlignment = 64;
static_assert(sizeof(size_t) >= 8, "arena and scratch may take 8 GiB");

// a * b, or -1 where that leaves the arena's range; -1 stays -1.
int64_t product(int64_t a, int64_t b);

struct Arena {
  int64_t bytes = 0;
  bool holds(int64_t at, int64_t count) const { return at >= 0 && count >= 0 && at % kAlignment == 0 && at <= bytes && count <= bytes - at; }
};

class StepLoader {
 public:
  StepLoader(const Exec& exec, const Container& file, const Arena& arena) : exec_(exec), file_(file), arena_(arena) {}

  Status load(const Json& json, Step& step);
  // That any of the steps so far needs.
  int64_t scratch_bytes() const { return scratch_; }

 private:
  Status load_conv(const Json& json, Step& step);
  Status load_pool(const Json& json, Step& step) const;
  Status load_average(const Json& json, Step& step) const;
  Status load_conversion(const Json& json, Step& step, StepKind kind) const;
  Status load_linear(const Json& json, Step& step);
  Status load_shuffle(const Json& json, Step& step) const;
  Status load_layer_norm(const Json& json, Step& step) const;
  Status load_attention(const Json& json, Step& step);
  Status load_copy(const Json& json, Step& step) const;
  Status load_add(const Json& json, Step& step) const;
  Status load_take_rows(const Json& json, Step& step) const;

  Status place(const Step& step, int64_t in_bytes, int64_t out_bytes) const;
  bool tensor(const Json& json, const char* key, int64_t bytes, bool optional, const float*& out) const;
  Status need_scratch(size_t bytes);

  const Exec& exec_;
  const Container& file_;
  const Arena& arena_;
  int64_t scratch_ = 0;
};

}  // namespace keima::executor
