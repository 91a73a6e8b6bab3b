// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "compiler/format_error.h"

namespace keima::compiler {
namespace {

// Closes the file unless it was handed on.
struct Handle {
  int value;
  ~Handle() {
    if (value >= 0) ::close(value);
  }
};

}  // namespace

ByteSource ByteSource::open(const std::string& path, int64_t limit) {
  // Not blocking: a FIFO would wait for its writer.
  Handle handle{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status {};
  if (handle.value < 0 || fstat(handle.value, &status) != 0) fail_format(path, ": ", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail_format(path, ": expected a file");
  if (status.st_size == 0) fail_format(path, ": the file is empty");
  if (status.st_size > limit) fail_format(path, ": the file has ", status.st_size, " bytes, the limit is ", limit);
  return ByteSource(std::exchange(handle.value, -1), {}, status.st_size, path);
}

ByteSource ByteSource::of(std::span<const std::byte> bytes) { return ByteSource(-1, bytes, static_cast<int64_t>(bytes.size()), "the file"); }

ByteSource::~ByteSource() {
  if (handle_ >= 0) ::close(handle_);
}

void ByteSource::read(int64_t offset, std::span<std::byte> to) const {
  if (offset < 0 || offset > size_ || static_cast<int64_t>(to.size()) > size_ - offset)
    fail_format(name_, ": ", to.size(), " bytes from ", offset, " on reach past its end at ", size_);
  if (handle_ < 0) {
    std::copy_n(memory_.begin() + offset, to.size(), to.begin());
    return;
  }
  while (!to.empty()) {
    const ssize_t count = pread(handle_, to.data(), to.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_format(name_, ": ", std::strerror(errno));
    if (count == 0) fail_format(name_, ": it was cut short at byte ", offset, " while it was read");
    to = to.subspan(static_cast<size_t>(count));
    offset += count;
  }
}

}  // namespace keima::compiler
