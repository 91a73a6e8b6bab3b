// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// JSON from files that nobody vouches for: RFC 8259 with limits, each broken rule an error that says where.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/format_error.h"

namespace keima::compiler {

class Json;
using JsonArray = std::vector<Json>;
using JsonObject = std::map<std::string, Json, std::less<>>;

struct JsonLimits {
  int depth = 32;
  int64_t values = 4 << 20;
};

class Json {
 public:
  Json() = default;
  template <class T>
  explicit Json(T value) : value_(std::move(value)) {}

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(value_); }
  // Each throws FormatError that names `what` where the value is of another kind.
  const JsonObject& object(std::string_view what) const;
  const JsonArray& array(std::string_view what) const;
  const std::string& string(std::string_view what) const;
  // Numbers without fraction and exponent that fit.
  int64_t integer(std::string_view what) const;
  // Any number; "inf", "-inf" and "nan", which JSON's numbers lack, as strings.
  double real(std::string_view what) const;
  bool boolean(std::string_view what) const;
  // A member that has to be there.
  const Json& member(std::string_view key, std::string_view what) const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, JsonArray, JsonObject> value_;
};

// Throws FormatError: text that is not JSON or not UTF-8, a key given twice, limits passed.
Json parse_json(std::string_view text, const JsonLimits& limits = {});

// Appends the text in quotes, escaped.
void append_quoted(std::string& out, std::string_view text);
// A real that parse_json gives back bit for bit.
std::string real_text(double value);

}  // namespace keima::compiler
