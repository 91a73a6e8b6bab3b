// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The safetensors container: eight bytes of length, a JSON header that names tensors and strings, then the tensors' bytes
// one after the other without gaps.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "compiler/byte_source.h"
#include "compiler/json.h"

namespace keima::compiler {

struct TensorEntry {
  DType dtype;
  Dims shape;
  int64_t begin = 0, end = 0;  // bytes from the start of the data
};

struct TensorFile {
  std::map<std::string, TensorEntry, std::less<>> tensors;
  std::map<std::string, std::string, std::less<>> metadata;
  int64_t data_begin = 0, data_bytes = 0;  // where in the file the tensors' bytes are
};

// Reads the header; nothing of the data is touched. Throws FormatError unless every tensor's length is that of its
// shape and dtype and the tensors cover the data without gaps or overlaps. `header_limit`: bytes.
TensorFile read_tensor_file(const ByteSource& file, int64_t header_limit, const JsonLimits& limits);

using Sink = std::function<void(std::span<const std::byte>)>;

// Writes plain contiguous tensors, each at a multiple of 64 bytes from the start of the file (what lies between them is
// tensors of bytes named "keima.align.N", since the format has no gaps), in order.
void write_tensor_file(const std::vector<std::pair<std::string, Tensor>>& tensors, const std::map<std::string, std::string>& metadata, const Sink& sink);

}  // namespace keima::compiler
