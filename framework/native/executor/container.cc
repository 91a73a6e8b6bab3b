// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "executor/container.h"

#include <string.h>

namespace keima::executor {

Status Container::open(const void* file, size_t size) {
  uint64_t length = 0;
  if (size < sizeof length) return "the file is shorter than a safetensors header";
  memcpy(&length, file, sizeof length);
  if (length > size - sizeof length) return "the file's header reaches past its end";
  if (length > kMaxText) return "the file's header is longer than 1 MiB";
  const char* header = static_cast<const char*>(file) + sizeof length;
  header_ = Json({header, static_cast<size_t>(length)});
  data_ = header + length;
  data_size_ = size - sizeof length - static_cast<size_t>(length);
  return header_ ? nullptr : "the file's header is not JSON";
}

bool Container::bytes_of(Text name, Text& out) const {
  const Json offsets = header_.member(name).member("data_offsets");
  int64_t begin = 0, end = 0;
  if (offsets.length() != 2 || !offsets.element(0).integer(begin) || !offsets.element(1).integer(end)) return false;
  if (begin > end || end > static_cast<int64_t>(data_size_)) return false;
  out = {data_ + begin, static_cast<size_t>(end - begin)};
  return true;
}

}  // namespace keima::executor
