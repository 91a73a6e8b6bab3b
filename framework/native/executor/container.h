// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A safetensors file in memory: tensors by their names.
#pragma once

#include "executor/executor.h"
#include "executor/json.h"

namespace keima::executor {

// Texts are gone through once for each thing that is looked up in them: this long, that still takes no time.
inline constexpr size_t kMaxText = 1 << 20;

class Container {
 public:
  Status open(const void* file, size_t size);
  // The bytes of a tensor, wherever they lie; false if there is none of that name, or it reaches past the end.
  bool bytes_of(Text name, Text& out) const;

 private:
  Json header_;
  const char* data_ = nullptr;
  size_t data_size_ = 0;
};

}  // namespace keima::executor
