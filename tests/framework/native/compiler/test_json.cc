// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "compiler/json.h"

using namespace keima;
using namespace keima::compiler;

TEST_CASE("JSON of every kind") {
  const Json json = parse_json(R"( {"a": [1, -2.5e3, true, null, "x"], "b": {}, "": -0} )");
  const JsonArray& items = json.member("a", "root").array("a");
  CHECK(items[0].integer("") == 1);
  CHECK(items[1].real("") == -2500);
  CHECK(items[2].boolean(""));
  CHECK(items[3].is_null());
  CHECK(items[4].string("") == "x");
  CHECK(json.member("b", "root").object("b").empty());
  CHECK(std::signbit(json.member("", "root").real("zero")));
  CHECK(parse_json("9223372036854775807").integer("") == INT64_MAX);
  CHECK(std::isinf(parse_json("\"inf\"").real("")));
  CHECK_THROWS_WITH_AS(json.member("c", "root"), "root: there is no 'c'", Error);
  CHECK_THROWS_WITH_AS(items[0].string("item"), "item: expected a string", Error);
  CHECK_THROWS_WITH_AS(items[1].integer("item"), "item: expected an integer", Error);
}

TEST_CASE("strings are unescaped, quoted again and UTF-8") {
  const std::string text = "\"\\u0041\\n\\\"\\\\\\/\\u00e9\\u6842\\ud83d\\udc0e\"";
  const std::string value = parse_json(text).string("");
  CHECK(value == "A\n\"\\/\xC3\xA9\xE6\xA1\x82\xF0\x9F\x90\x8E");
  std::string quoted;
  append_quoted(quoted, value + '\x01');
  CHECK(parse_json(quoted).string("") == value + '\x01');
}

TEST_CASE("reals come back bit for bit") {
  for (const double value : {0.1, -0.0, 1e300, 5e-324, 2.0, -1.0 / 3, double{INFINITY}, -double{INFINITY}}) {
    const double back = parse_json(real_text(value)).real("");
    CHECK(back == value);
    CHECK(std::signbit(back) == std::signbit(value));
  }
  CHECK(std::isnan(parse_json(real_text(NAN)).real("")));
}

TEST_CASE("what is not JSON, or too much of it, is refused") {
  for (const char* text : {"", " ", "{", "[1", "[1,]", "{\"a\" 1}", "{\"a\":1,}", "{a:1}", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
                           "\"\\udc00\"", "\"\n\"", "01", "-", "1.", ".5", "1e", "+1", "nul", "1 2", "9223372036854775808", "1e999", "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
                           "\"\xF4\x90\x80\x80\"", "\"\xE6\x82\"", "\"\x80\"", "{\"a\":1,\"a\":2}", "\"\\", "NaN"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_json(text), Error);
  }
  const std::string deep(40, '['), wide = "[" + std::string(200, ' ') + "1,2,3]";
  CHECK_THROWS_WITH_AS(parse_json(deep), doctest::Contains("nested too deep"), Error);
  CHECK_THROWS_WITH_AS(parse_json(wide, {32, 3}), doctest::Contains("too many values"), Error);
  CHECK_NOTHROW(parse_json(wide, {32, 4}));
  CHECK_THROWS_WITH_AS(parse_json(std::string_view("\"a\0\"", 4)), doctest::Contains("control character"), Error);
}
