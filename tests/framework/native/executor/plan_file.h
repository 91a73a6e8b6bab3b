// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Files for the executor that no compiler wrote.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace keima {

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

}  // namespace keima
