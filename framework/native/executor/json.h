// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A JSON reader that allocates nothing: it walks a text that stays where it is.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace keima::executor {

struct Text {
  const char* data = nullptr;
  size_t size = 0;
};

bool equal(Text text, const char* literal);

// One value in the text. Texts that are not JSON, or nested deeper than 32, give values that are not there.
class Json {
 public:
  Json() = default;
  // The value that `text` starts with.
  explicit Json(Text text);

  explicit operator bool() const { return text_.data != nullptr; }
  // The whole value as it stands in the text.
  Text text() const { return text_; }

  // A member of an object (the first of that name), an element of an array; not there if there is none.
  Json member(const char* key) const;
  Json member(Text key) const;
  Json element(int64_t index) const;
  int64_t length() const;

  // A string without escapes (ours have none); false if it is anything else.
  bool string(Text& out) const;
  // An integer in [0, 2^53); false if it is anything else.
  bool integer(int64_t& out) const;
  bool boolean(bool& out) const;

 private:
  Text text_;
};

}  // namespace keima::executor
