// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/json.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace keima::compiler {
namespace {

// Bytes of the UTF-8 sequence that `text` starts with; 0: it starts with none (overlong forms and surrogates are none).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  unsigned code = lead & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool sound = lead >= 0xC2 && lead <= 0xF4 && code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return sound ? length : 0;
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(lead[more] | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
}

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Json whole() {
    Json value = any(0);
    skip_space();
    if (at_ != text_.size()) broken("something follows the value");
    return value;
  }

 private:
  [[noreturn]] void broken(const char* why) const { fail_format("JSON, byte ", at_, ": ", why); }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void need(char wanted, const char* why) {
    if (!take(wanted)) broken(why);
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  Json any(int depth) {
    if (depth > limits_.depth) broken("nested too deep");
    if (++count_ > limits_.values) broken("too many values");
    skip_space();
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return Json(string());
      default: return word_or_number();
    }
  }

  Json object(int depth) {
    ++at_;
    JsonObject members;
    if (take('}')) return Json(std::move(members));
    do {
      skip_space();
      if (peek() != '"') broken("expected a key in quotes");
      std::string key = string();
      need(':', "expected ':' after a key");
      if (!members.emplace(std::move(key), any(depth + 1)).second) broken("a key is given twice");
    } while (take(','));
    need('}', "expected ',' or '}'");
    return Json(std::move(members));
  }

  Json array(int depth) {
    ++at_;
    JsonArray items;
    if (take(']')) return Json(std::move(items));
    do items.push_back(any(depth + 1));
    while (take(','));
    need(']', "expected ',' or ']'");
    return Json(std::move(items));
  }

  std::string string() {
    ++at_;
    std::string out;
    while (true) {
      if (at_ >= text_.size()) broken("a string does not end");
      const char c = text_[at_];
      if (c == '"') break;
      if (c == '\\') {
        ++at_;
        escape(out);
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) broken("a control character in a string");
      const size_t length = utf8_length(text_.substr(at_));
      if (length == 0) broken("a string that is not UTF-8");
      out += text_.substr(at_, length);
      at_ += length;
    }
    ++at_;
    return out;
  }

  void escape(std::string& out) {
    const char c = peek();
    ++at_;
    if (c == 'u') return append_utf8(out, code_point());
    constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const size_t at = c == '\0' ? std::string_view::npos : names.find(c);
    if (at == std::string_view::npos) broken("an unknown escape");
    out += meanings[at];
  }

  unsigned four_digits() {
    unsigned code = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || digits.size() != 4 || end != digits.data() + 4) broken("expected four digits after \\u");
    at_ += 4;
    return code;
  }
  unsigned code_point() {
    const unsigned high = four_digits();
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || !take_word("\\u")) broken("half of a surrogate pair");
    const unsigned low = four_digits();
    if (low < 0xDC00 || low > 0xDFFF) broken("half of a surrogate pair");
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
  }

  Json word_or_number() {
    if (take_word("null")) return Json();
    if (take_word("true")) return Json(true);
    if (take_word("false")) return Json(false);
    return number();
  }

  size_t digits() {
    const size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - start;
  }

  Json number() {
    const size_t start = at_;
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    const size_t whole = digits();
    if (whole == 0 || (zero && whole > 1)) broken("expected a value");
    bool exact = true;
    if (peek() == '.') {
      ++at_;
      exact = false;
      if (digits() == 0) broken("expected digits after '.'");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      exact = false;
      if (peek() == '+' || peek() == '-') ++at_;
      if (digits() == 0) broken("expected digits in an exponent");
    }
    const std::string_view token = text_.substr(start, at_ - start);
    return exact && token != "-0" ? parsed<int64_t>(token) : parsed<double>(token);  // no integer is -0
  }

  template <class Number>
  Json parsed(std::string_view token) {
    Number value{};
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error != std::errc() || end != token.data() + token.size()) broken("a number out of range");
    return Json(value);
  }

  std::string_view text_;
  JsonLimits limits_;
  size_t at_ = 0;
  int64_t count_ = 0;
};

template <class T, class Variant>
const T& expect(const Variant& value, std::string_view what, const char* kind) {
  if (const T* found = std::get_if<T>(&value)) return *found;
  fail_format(what, ": expected ", kind);
}

}  // namespace

const JsonObject& Json::object(std::string_view what) const { return expect<JsonObject>(value_, what, "an object"); }
const JsonArray& Json::array(std::string_view what) const { return expect<JsonArray>(value_, what, "an array"); }
const std::string& Json::string(std::string_view what) const { return expect<std::string>(value_, what, "a string"); }
int64_t Json::integer(std::string_view what) const { return expect<int64_t>(value_, what, "an integer"); }
bool Json::boolean(std::string_view what) const { return expect<bool>(value_, what, "true or false"); }

double Json::real(std::string_view what) const {
  if (const auto* whole = std::get_if<int64_t>(&value_)) return static_cast<double>(*whole);
  if (const auto* name = std::get_if<std::string>(&value_)) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    if (*name == "inf") return infinity;
    if (*name == "-inf") return -infinity;
    if (*name == "nan") return std::numeric_limits<double>::quiet_NaN();
  }
  return expect<double>(value_, what, "a number");
}

const Json& Json::member(std::string_view key, std::string_view what) const {
  const JsonObject& members = object(what);
  const auto found = members.find(key);
  if (found == members.end()) fail_format(what, ": there is no '", key, "'");
  return found->second;
}

Json parse_json(std::string_view text, const JsonLimits& limits) { return Parser(text, limits).whole(); }

void append_quoted(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') (out += '\\') += c;
    else if (code < 0x20) ((out += "\\u00") += digits[code >> 4]) += digits[code & 15];
    else out += c;
  }
  out += '"';
}

std::string real_text(double value) {
  if (std::isnan(value)) return "\"nan\"";
  if (std::isinf(value)) return value > 0 ? "\"inf\"" : "\"-inf\"";
  char buffer[32];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, result.ptr};
}

}  // namespace keima::compiler
