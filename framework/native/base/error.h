// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The one exception type of the native core; its kind decides the Python exception that a caller sees.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace keima {

enum class ErrorKind {
  kValue,        // an argument's value does not fit: ValueError
  kShape,        // shapes do not fit each other or the op: keima.ShapeError, a ValueError
  kDtype,        // a dtype is not taken here: keima.DtypeError, a TypeError
  kIndex,        // an index or axis is out of range: IndexError
  kMemory,       // the allocator found no memory: MemoryError
  kTrace,        // a traced function did what a graph cannot hold, or not what was traced: keima.TraceError
  kUnsupported,  // nobody has written this case: keima.UnsupportedError, a RuntimeError
  kRuntime,      // anything else: RuntimeError
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

// Concatenates what `operator<<` can print.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts>
[[noreturn]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, text(parts...));
}

}  // namespace keima
