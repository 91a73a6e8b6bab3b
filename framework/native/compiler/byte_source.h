// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Where a file's bytes come from: an open file, read piece by piece, or memory of the caller's. Files are never mapped:
// touching a page that was cut off meanwhile would kill the process (SIGBUS).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace keima::compiler {

class ByteSource {
 public:
  // Throws FormatError where there is no regular file of at most `limit` bytes that can be read.
  static ByteSource open(const std::string& path, int64_t limit);
  // The memory must outlive the source.
  static ByteSource of(std::span<const std::byte> bytes);
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ~ByteSource();

  // What the file had when it was opened.
  int64_t size() const noexcept { return size_; }
  // Fills `to` from `offset` on; throws FormatError where the file has become too short or cannot be read.
  void read(int64_t offset, std::span<std::byte> to) const;

 private:
  ByteSource(int handle, std::span<const std::byte> memory, int64_t size, std::string name)
      : handle_(handle), memory_(memory), size_(size), name_(std::move(name)) {}
  int handle_;  // -1: in memory
  std::span<const std::byte> memory_;
  int64_t size_;
  std::string name_;
};

}  // namespace keima::compiler
