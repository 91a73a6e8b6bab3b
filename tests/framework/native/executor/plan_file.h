// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Files for the executor that no compiler wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "base/execution.h"
#include "executor/executor.h"

namespace keima {

struct Free {
  void operator()(void* pointer) const { std::free(pointer); }
};
using Memory = std::unique_ptr<std::byte, Free>;

inline Memory aligned_memory(size_t bytes) { return Memory(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64 + 64))); }

inline std::string dims(const ConvShape& s) {
  std::string text;
  for (int64_t d : {s.batch, s.in_channels, s.in_height, s.in_width, s.out_channels, s.out_height, s.out_width, s.kernel_height, s.kernel_width,
                    s.stride_height, s.stride_width, s.pad_top, s.pad_left, s.dilation_height, s.dilation_width, s.groups})
    text += (text.empty() ? "" : ",") + std::to_string(d);
  return "[" + text + "]";
}

// A safetensors file whose tensors lie at multiples of 64 bytes from its start.
inline std::string file_with(const std::map<std::string, std::string>& tensors) {
  std::string data, header = "{";
  for (const auto& [name, bytes] : tensors) {
    data.resize((data.size() + 63) / 64 * 64);
    header += (header.size() > 1 ? "," : "") + ("\"" + name + R"(":{"dtype":"U8","shape":[)") + std::to_string(bytes.size()) + R"(],"data_offsets":[)" +
              std::to_string(data.size()) + "," + std::to_string(data.size() + bytes.size()) + "]}";
    data += bytes;
  }
  header += "}";
  while ((header.size() + 8) % 64 != 0) header += ' ';
  const uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

// Loads a copy that lies exactly as long as the file, so that a sanitizer sees a byte read too many.
inline executor::Status load_copy(const std::string& file, const Memory& memory, executor::Plan& plan) {
  std::memcpy(memory.get(), file.data(), file.size());
  return executor::load(default_exec(), memory.get(), file.size(), plan);
}

}  // namespace keima
