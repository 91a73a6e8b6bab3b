// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"

namespace keima::compiler {

// A file is damaged, cut short, or not what it should be: keima.FileFormatError, a ValueError.
class FormatError : public Error {
 public:
  explicit FormatError(const std::string& message) : Error(ErrorKind::kValue, message) {}
};

template <class... Parts>
[[noreturn]] void fail_format(const Parts&... parts) {
  throw FormatError(text(parts...));
}

}  // namespace keima::compiler
