// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/tensor_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ops/layout.h"

namespace keima::compiler {
namespace {

constexpr int64_t kAlignment = 64;
constexpr std::array<std::byte, kAlignment> kFiller{};

constexpr std::array<std::pair<std::string_view, ScalarType>, 9> kDtypes{{{"F32", ScalarType::kFloat32},
                                                                         {"F16", ScalarType::kFloat16},
                                                                         {"BF16", ScalarType::kBfloat16},
                                                                         {"I32", ScalarType::kInt32},
                                                                         {"I16", ScalarType::kInt16},
                                                                         {"I8", ScalarType::kInt8},
                                                                         {"U8", ScalarType::kUint8},
                                                                         {"U16", ScalarType::kUint16},
                                                                         {"BOOL", ScalarType::kBool}}};

ScalarType dtype_from(std::string_view name, std::string_view tensor) {
  for (const auto& [known, type] : kDtypes)
    if (known == name) return type;
  fail_format("tensor '", tensor, "': there is no dtype '", name, "' here; expected F32, F16, BF16, I32, I16, I8, U8, U16 or BOOL");
}

std::string_view name_of(ScalarType type) {
  for (const auto& [known, scalar] : kDtypes)
    if (scalar == type) return known;
  return {};
}

TensorEntry entry_from(const std::string& name, const Json& json) {
  const std::string what = "tensor '" + name + "'";
  TensorEntry entry{dtype_from(json.member("dtype", what).string(what + ", dtype"), name), {}, 0, 0};
  for (const Json& size : json.member("shape", what).array(what + ", shape")) entry.shape.push_back(size.integer(what + ", shape"));
  const JsonArray& offsets = json.member("data_offsets", what).array(what + ", data_offsets");
  if (offsets.size() != 2) fail_format(what, ": expected two data_offsets, got ", offsets.size());
  entry.begin = offsets[0].integer(what + ", data_offsets");
  entry.end = offsets[1].integer(what + ", data_offsets");
  const int64_t bytes = checked_numel(entry.shape) * entry.dtype.itemsize();
  if (entry.begin < 0 || entry.end < entry.begin || entry.end - entry.begin != bytes)
    fail_format(what, ": shape ", entry.shape, " of ", entry.dtype, " takes ", bytes, " bytes, its data_offsets are ", entry.begin, " and ",
         entry.end);
  return entry;
}

void check_cover(const TensorFile& file) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const auto& [name, entry] : file.tensors) ranges.emplace_back(entry.begin, entry.end);
  std::sort(ranges.begin(), ranges.end());
  int64_t at = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin != at) fail_format("tensors overlap or leave a gap at byte ", std::min(begin, at), " of the data");
    at = end;
  }
  if (at != file.data_bytes)
    fail_format("the tensors take ", at, " bytes, the file has ", file.data_bytes, " bytes of data: it is cut short or too long");
}

int64_t filler_after(int64_t bytes) { return (kAlignment - bytes % kAlignment) % kAlignment; }

void append_entry(std::string& out, std::string_view name, std::string_view dtype, const Dims& shape, int64_t begin, int64_t end) {
  out += out.size() > 1 ? "," : "";
  append_quoted(out, name);
  out += ":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":[";
  for (int i = 0; i < shape.size(); ++i) out += (i ? "," : "") + std::to_string(shape[i]);
  out += "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace

TensorFile read_tensor_file(const ByteSource& file, int64_t header_limit, const JsonLimits& limits) {
  uint64_t length = 0;
  if (file.size() < static_cast<int64_t>(sizeof length)) fail_format("the file has ", file.size(), " bytes, fewer than a safetensors header");
  file.read(0, std::as_writable_bytes(std::span(&length, 1)));
  if (length > static_cast<uint64_t>(file.size()) - sizeof length) fail_format("the header's length, ", length, ", reaches past the end of the file");
  if (length > static_cast<uint64_t>(header_limit)) fail_format("the header takes ", length, " bytes, the limit is ", header_limit);
  TensorFile result;
  result.data_begin = static_cast<int64_t>(sizeof length + length);
  result.data_bytes = file.size() - result.data_begin;
  std::string text(length, '\0');
  file.read(sizeof length, std::as_writable_bytes(std::span(text)));
  const Json header = parse_json(text, limits);
  for (const auto& [name, json] : header.object("the header")) {
    if (name != "__metadata__") {
      result.tensors.emplace(name, entry_from(name, json));
      continue;
    }
    for (const auto& [key, value] : json.object("the metadata")) result.metadata.emplace(key, value.string("the metadata"));
  }
  check_cover(result);
  return result;
}

void write_tensor_file(const std::vector<std::pair<std::string, Tensor>>& tensors, const std::map<std::string, std::string>& metadata, const Sink& sink) {
  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      header += header.back() == '{' ? "" : ",";
      append_quoted(header, key);
      header += ':';
      append_quoted(header, value);
    }
    header += '}';
  }
  int64_t at = 0;
  int fillers = 0;
  for (const auto& [name, tensor] : tensors) {
    const int64_t bytes = tensor.numel() * tensor.dtype().itemsize(), filler = filler_after(bytes);
    append_entry(header, name, name_of(tensor.dtype().scalar()), tensor.shape(), at, at + bytes);
    at += bytes;
    if (filler) append_entry(header, "keima.align." + std::to_string(fillers++), "U8", {filler}, at, at + filler);
    at += filler;
  }
  header += '}';
  uint64_t length = header.size();
  header.append(static_cast<size_t>(filler_after(static_cast<int64_t>(sizeof length + length))), ' ');
  length = header.size();
  sink(std::as_bytes(std::span(&length, 1)));
  sink(std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : tensors) {
    const int64_t bytes = tensor.numel() * tensor.dtype().itemsize();
    sink({tensor.raw(), static_cast<size_t>(bytes)});
    sink(std::span(kFiller).first(static_cast<size_t>(filler_after(bytes))));
  }
}

}  // namespace keima::compiler
