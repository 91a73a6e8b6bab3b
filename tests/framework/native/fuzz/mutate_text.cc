// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "mutate_text.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace keima {
namespace {

constexpr std::array<int64_t, 22> kSizes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17, 24, 31, 64, 100, 1000, -1, -2, -3, 1 << 20};
constexpr std::array<int64_t, 10> kExtremes{INT64_MAX, INT64_MIN, int64_t{1} << 28, int64_t{1} << 30, int64_t{1} << 31, int64_t{1} << 32, int64_t{1} << 58, int64_t{1} << 62, INT32_MIN, -(int64_t{1} << 33)};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [begin, end) of a number in the text at or after `from`; equal if there is none.
std::pair<size_t, size_t> number_after(const std::string& text, size_t from) {
  while (from < text.size() && !is_digit(text[from])) ++from;
  size_t end = from;
  while (end < text.size() && is_digit(text[end])) ++end;
  return {from, end};
}

void change_number(std::string& text, Random& random) {
  const auto [begin, end] = number_after(text, pick(random, text.size()));
  if (begin == end) return;
  const std::string now = text.substr(begin, end - begin);
  std::string next = std::to_string(odd_number(random));
  if (chance(random, 30) && now.size() < 18) next = std::to_string(std::stoll(now) + (chance(random, 50) ? 1 : -1) * (chance(random, 50) ? 1 : 64));
  text.replace(begin, end - begin, next);
}

// Of every kind that JSON has; a string for the header and one for the graph's JSON inside it.
constexpr std::array kValues{"null", "true", "[]", "{}", "1.5", "7", "\"x\"", "\\\"x\\\""};

// [begin, end) of an array or object at or after `from` that holds no other; equal if there is none.
std::pair<size_t, size_t> bracket_after(const std::string& text, size_t from) {
  const size_t end = text.find_first_of("]}", text.find_first_of("[{", from));
  if (end == std::string::npos) return {0, 0};
  const size_t begin = text.find_last_of("[{", end);
  return begin == std::string::npos ? std::pair<size_t, size_t>{0, 0} : std::pair{begin, end + 1};
}

// A number, array or object becomes something of another kind: the text stays JSON.
void change_value(std::string& text, Random& random) {
  const size_t from = pick(random, text.size());
  const auto [begin, end] = chance(random, 60) ? number_after(text, from) : bracket_after(text, from);
  if (begin != end) text.replace(begin, end - begin, kValues[pick(random, kValues.size())]);
}

constexpr std::array kWords{"float32", "float16", "int32", "bool", "conv2d", "relu", "null", "true", "[]", "{}", "\"", "F32", "I8", "U8", "nan"};
constexpr std::array kNumbers{"1e400", "-0", "1.5e3", "2.", "1e", "-", "00", "99999999999999999999"};
// Structure of the wrong kind or in the wrong number.
constexpr std::array kPieces{"[[[[", "{\"a\":1,\"a\":2}", "[1]", "[1,2,3]", ",", ":", "]", "}"};
// Once escaped for the header's JSON, twice for the graph's inside it.
constexpr std::array kEscapes{"\\u00e9", "\\n", "\\ud83d", "\\ud83d\\u0041", "\\ud83d\\ude00", "\\x", "\\u00", "\\u20ac", "\\\\u0000", "\\\\u00e9", "\\\\n",
                              "\\\\ud83d", "\\\\ud83d\\\\ude00", "\\\"inf\\\"", "\\\"-inf\\\"", "\\\"nan\\\""};
// UTF-8 of two, three and four bytes, what only looks like it, control characters.
constexpr std::array kBytes{"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc0\x80", "\xed\xa0\x80", "\xff", "\n", "\x01"};

std::string word(Random& random) {
  switch (pick(random, 6)) {
    case 0: return kNumbers[pick(random, kNumbers.size())];
    case 1: return kPieces[pick(random, kPieces.size())];
    case 2: return kEscapes[pick(random, kEscapes.size())];
    case 3: return kBytes[pick(random, kBytes.size())];
    default: return kWords[pick(random, kWords.size())];
  }
}

void change_word(std::string& text, Random& random) {
  const size_t at = pick(random, text.size()), count = pick(random, std::min<size_t>(text.size() - at, 12));
  text.replace(at, count, word(random));
}

void move_piece(std::string& text, Random& random) {
  const size_t from = pick(random, text.size()), count = pick(random, std::min<size_t>(text.size() - from, 60));
  const std::string piece = text.substr(from, count);
  text.erase(from, chance(random, 50) ? count : 0);
  text.insert(pick(random, text.size() + 1), piece);
}

size_t header_length(const std::string& file) {
  uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof length);
  return static_cast<size_t>(length);
}

std::string with_header(const std::string& file, const std::string& header) {
  const uint64_t length = header.size();
  std::string result(reinterpret_cast<const char*>(&length), sizeof length);
  return result + header + file.substr(8 + header_length(file));
}

}  // namespace

int64_t odd_number(Random& random) { return chance(random, 10) ? kExtremes[pick(random, kExtremes.size())] : kSizes[pick(random, kSizes.size())]; }

std::string mutated_text(std::string text, Random& random) {
  const size_t changes = 1 + pick(random, 3);
  for (size_t i = 0; i < changes && !text.empty(); ++i) {
    const size_t kind = pick(random, 10);
    if (kind < 5) change_number(text, random);
    else if (kind < 7) change_value(text, random);
    else if (kind < 9) change_word(text, random);
    else move_piece(text, random);
  }
  return text;
}

std::string mutated_header(const std::string& file, Random& random) {
  return with_header(file, mutated_text(file.substr(8, header_length(file)), random));
}

std::string mutated_bytes(std::string file, Random& random) {
  const size_t changes = 1 + pick(random, 4);
  for (size_t i = 0; i < changes && !file.empty(); ++i) {
    const size_t at = chance(random, 60) ? pick(random, std::min<size_t>(file.size(), 3000)) : pick(random, file.size());
    switch (pick(random, 4)) {
      case 0: file[at] = static_cast<char>(random()); break;
      case 1: file[at] = static_cast<char>(file[at] ^ 1 << pick(random, 8)); break;
      case 2: file.erase(at, 1 + pick(random, 100)); break;
      default: file.insert(at, file.substr(pick(random, file.size()), 1 + pick(random, 20)));
    }
  }
  return file;
}

}  // namespace keima
