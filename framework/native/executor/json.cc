// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "executor/json.h"

#include <string.h>

namespace keima::executor {
namespace {

constexpr int kMaxDepth = 32;

struct Cursor {
  const char* at;
  const char* end;

  char peek() const { return at < end ? *at : '\0'; }
  bool take(char wanted) {
    skip_space();
    if (peek() != wanted) return false;
    ++at;
    return true;
  }
  void skip_space() {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) ++at;
  }
};

bool skip_value(Cursor& cursor, int depth);

bool skip_string(Cursor& cursor) {
  if (!cursor.take('"')) return false;
  for (; cursor.at < cursor.end; ++cursor.at) {
    if (*cursor.at == '"') return ++cursor.at, true;
    if (*cursor.at == '\\' && ++cursor.at == cursor.end) return false;
  }
  return false;
}

bool skip_scalar(Cursor& cursor) {
  const char* start = cursor.at;
  while (cursor.at < cursor.end && strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *cursor.at) && *cursor.at) ++cursor.at;
  return cursor.at > start;
}

// Objects and arrays alike: items between brackets, separated by commas.
bool skip_items(Cursor& cursor, char close, bool keyed, int depth) {
  ++cursor.at;
  if (cursor.take(close)) return true;
  do {
    if (keyed && (!skip_string(cursor) || !cursor.take(':'))) return false;
    if (!skip_value(cursor, depth + 1)) return false;
  } while (cursor.take(','));
  return cursor.take(close);
}

bool skip_value(Cursor& cursor, int depth) {
  if (depth > kMaxDepth) return false;
  cursor.skip_space();
  switch (cursor.peek()) {
    case '{': return skip_items(cursor, '}', true, depth);
    case '[': return skip_items(cursor, ']', false, depth);
    case '"': return skip_string(cursor);
    default: return skip_scalar(cursor);
  }
}

}  // namespace

bool equal(Text text, const char* literal) { return strlen(literal) == text.size && memcmp(text.data, literal, text.size) == 0; }

Json::Json(Text text) {
  Cursor cursor{text.data, text.data + text.size};
  cursor.skip_space();
  const char* start = cursor.at;
  if (text.data && skip_value(cursor, 0)) text_ = {start, static_cast<size_t>(cursor.at - start)};
}

Json Json::member(const char* key) const { return member(Text{key, strlen(key)}); }

Json Json::member(Text key) const {
  if (!text_.data || *text_.data != '{') return {};
  Cursor cursor{text_.data + 1, text_.data + text_.size};
  if (cursor.take('}')) return {};
  do {
    cursor.skip_space();
    const char* name = cursor.at + 1;
    if (!skip_string(cursor)) return {};
    const auto size = static_cast<size_t>(cursor.at - 1 - name);
    if (!cursor.take(':')) return {};
    if (size == key.size && memcmp(name, key.data, size) == 0) return Json({cursor.at, static_cast<size_t>(cursor.end - cursor.at)});
    if (!skip_value(cursor, 1)) return {};
  } while (cursor.take(','));
  return {};
}

Json Json::element(int64_t index) const {
  if (!text_.data || *text_.data != '[') return {};
  Cursor cursor{text_.data + 1, text_.data + text_.size};
  if (cursor.take(']')) return {};
  do {
    if (index-- == 0) return Json({cursor.at, static_cast<size_t>(cursor.end - cursor.at)});
    if (!skip_value(cursor, 1)) return {};
  } while (cursor.take(','));
  return {};
}

int64_t Json::length() const {
  if (!text_.data || *text_.data != '[') return 0;
  Cursor cursor{text_.data + 1, text_.data + text_.size};
  if (cursor.take(']')) return 0;
  int64_t count = 0;
  do {
    if (!skip_value(cursor, 1)) return 0;
    ++count;
  } while (cursor.take(','));
  return count;
}

bool Json::string(Text& out) const {
  if (text_.size < 2 || *text_.data != '"') return false;
  out = {text_.data + 1, text_.size - 2};
  return memchr(out.data, '\\', out.size) == nullptr;
}

bool Json::integer(int64_t& out) const {
  if (!text_.data || text_.size == 0 || text_.size > 16) return false;
  int64_t value = 0;
  for (size_t i = 0; i < text_.size; ++i) {
    const char digit = text_.data[i];
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + (digit - '0');
  }
  if (value >= int64_t{1} << 53) return false;
  out = value;
  return true;
}

bool Json::boolean(bool& out) const {
  out = equal(text_, "true");
  return out || equal(text_, "false");
}

}  // namespace keima::executor
