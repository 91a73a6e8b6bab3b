// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Files that change while they are read end in an error, never in a signal.
#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "compiler/byte_source.h"
#include "compiler/format_error.h"

using namespace keima::compiler;

namespace {

// A file of `bytes` bytes 0, 1, 2 ... that is removed at the end.
struct TemporaryFile {
  explicit TemporaryFile(size_t bytes) {
    std::ofstream file(path, std::ios::binary);
    for (size_t i = 0; i < bytes; ++i) file.put(static_cast<char>(i));
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  const std::filesystem::path path = std::filesystem::temp_directory_path() / ("keima_byte_source_" + std::to_string(getpid()));
};

}  // namespace

TEST_CASE("a file that is cut short after it was opened is an error") {
  const TemporaryFile file(100'000);
  const ByteSource source = ByteSource::open(file.path, 100'000);
  CHECK(source.size() == 100'000);
  std::array<std::byte, 5000> piece{};
  source.read(95'000, piece);
  CHECK(piece[3] == static_cast<std::byte>(95'003 & 255));
  std::filesystem::resize_file(file.path, 96'000);
  CHECK_THROWS_WITH_AS(source.read(95'000, piece), doctest::Contains("cut short at byte 96000"), FormatError);
  std::filesystem::resize_file(file.path, 0);
  CHECK_THROWS_WITH_AS(source.read(0, piece), doctest::Contains("cut short at byte 0"), FormatError);
}

TEST_CASE("nothing is read beyond the end, and only files of the size that is allowed") {
  const TemporaryFile file(100);
  CHECK_THROWS_WITH_AS(ByteSource::open(file.path, 99), doctest::Contains("the limit is 99"), FormatError);
  CHECK_THROWS_AS(ByteSource::open(file.path.parent_path(), 99), FormatError);
  CHECK_THROWS_AS(ByteSource::open(file.path.string() + ".absent", 99), FormatError);
  const ByteSource source = ByteSource::open(file.path, 100);
  std::array<std::byte, 10> piece{};
  for (const int64_t offset : {int64_t{91}, int64_t{-1}, INT64_MAX}) CHECK_THROWS_AS(source.read(offset, piece), FormatError);
  const ByteSource memory = ByteSource::of(piece);
  CHECK_THROWS_AS(memory.read(1, piece), FormatError);
}
