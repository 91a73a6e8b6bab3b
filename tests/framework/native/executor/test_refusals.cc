// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Plans that no compiler writes: each is refused for its own reason, beside a near miss that is not.
#include <doctest/doctest.h>

#include "executor/json.h"
#include "kernels/conv/conv.h"
#include "kernels/gemm/gemm.h"
#include "plan_file.h"

using namespace keima;
using executor::Plan;

namespace {

// A plan of one step, and tensors beside it; what load() says.
std::string refusal(const std::string& step, std::map<std::string, std::string> tensors = {}, int64_t arena = 1 << 20) {
  tensors["keima.plan"] = R"({"version":1,"arena":)" + std::to_string(arena) + R"(,"input":{"at":0,"count":1},"output":{"at":0,"count":1},"steps":[)" + step + "]}";
  const std::string file = file_with(tensors);
  const Memory memory = aligned_memory(file.size());
  auto plan = std::make_unique<Plan>();
  const executor::Status status = load_copy(file, memory, *plan);
  return status ? status : "";
}

// 3x3, from 6 channels of 6x6 pixels to 17.
ConvShape image() {
  return {.batch = 1, .in_channels = 6, .in_height = 6, .in_width = 6, .out_channels = 17, .out_height = 6, .out_width = 6, .kernel_height = 3, .kernel_width = 3,
          .pad_top = 1, .pad_left = 1};
}

std::string conv_step(const ConvShape& s, int64_t out, const std::string& more = "") {
  return R"({"op":"conv2d","in":0,"out":)" + std::to_string(out) + R"(,"weight":"w","bias":"","relu":false)" + more + R"(,"dims":)" + dims(s) + "}";
}

}  // namespace

TEST_CASE("sizes from which no scratch can be computed are refused before it is") {
  ConvShape s{.batch = 1, .in_channels = 8, .in_height = 1, .in_width = 1, .out_channels = 8, .out_height = 1, .out_width = 1, .kernel_height = 3, .kernel_width = 3,
              .pad_top = 1 << 19, .pad_left = 1 << 19, .dilation_height = 1 << 19, .dilation_width = 1 << 19};
  CHECK(refusal(conv_step(s, 64)) == "a convolution's borders are too wide");  // 70 TB
  // 4 GiB of borders, rounded up to blocks, of two 32-bit columns.
  s.pad_top = s.dilation_height = 1 << 12, s.pad_left = s.dilation_width = 1 << 12;
  CHECK(refusal(conv_step(s, 64), {{"w", std::string(conv_packed_bytes(s), '\0')}}) == "a step needs too much scratch");
  s.pad_top = s.dilation_height = 1, s.pad_left = s.dilation_width = 1;
  CHECK(refusal(conv_step(s, 64), {{"w", std::string(conv_packed_bytes(s), '\0')}}) == "");
}

TEST_CASE("a step that writes over what it reads is refused, a residual in the result's place is not") {
  const ConvShape s = image();
  const std::map<std::string, std::string> weight{{"w", std::string(conv_packed_bytes(s), '\0')}};
  constexpr int64_t in_bytes = 36 * 16 * 4, out_bytes = 36 * 32 * 4;
  CHECK(refusal(conv_step(s, in_bytes), weight) == "");
  CHECK(refusal(conv_step(s, 0), weight) == "a step's result overlaps what it is made of");
  CHECK(refusal(conv_step(s, in_bytes - 64), weight) == "a step's result overlaps what it is made of");
  CHECK(refusal(conv_step(s, in_bytes, ",\"residual\":" + std::to_string(in_bytes)), weight) == "");
  CHECK(refusal(conv_step(s, in_bytes, ",\"residual\":" + std::to_string(in_bytes + out_bytes)), weight) == "");
  CHECK(refusal(conv_step(s, in_bytes, ",\"residual\":" + std::to_string(in_bytes + 64)), weight) == "a step's result overlaps what it is made of");
  CHECK(refusal(conv_step(s, in_bytes, ",\"residual\":" + std::to_string((1 << 20) - 64)), weight) == "a step reaches out of the arena");
  CHECK(refusal(conv_step(s, in_bytes, ",\"residual\":\"x\""), weight).find("residual") != std::string::npos);
  CHECK(refusal(R"({"op":"unpack","in":0,"out":0,"dims":[1,16,4]})") == "a step's result overlaps what it is made of");
}

TEST_CASE("images without pixels are refused, though their borders have room for a window") {
  ConvShape s = image();
  s.in_height = 0, s.pad_top = 2, s.out_height = 2;
  CHECK(refusal(conv_step(s, 64)) == "a convolution's sizes do not fit each other");
  CHECK(refusal(R"({"op":"max_pool2d","in":0,"out":64,"dims":[1,0,4,1,4,2,1,1,1,1,0]})") == "a pooling's sizes do not fit each other");
}

TEST_CASE("plans and headers that would take minutes to go through are refused") {
  const std::string step = R"({"op":"unpack","in":0,"out":65536,"dims":[1,16,4]})";
  CHECK(refusal(step) == "");
  CHECK(refusal(std::string(1 << 20, ' ') + step) == "the plan is longer than 1 MiB");
  std::map<std::string, std::string> many;
  for (int i = 0; i < 20000; ++i) many["w" + std::to_string(i)] = "";
  CHECK(refusal(step, many) == "the file's header is longer than 1 MiB");
}

TEST_CASE("JSON that is cut anywhere is read no further than it goes") {
  const std::string text = R"({"a\"\\":[1, {"b":"x\\"}],"c":true,"c":7})";
  for (size_t size = 0; size <= text.size(); ++size) {
    const auto copy = std::make_unique<char[]>(size);  // a sanitizer sees the first byte behind it
    std::memcpy(copy.get(), text.data(), size);
    const executor::Json json({copy.get(), size});
    CHECK(static_cast<bool>(json) == (size == text.size()));
    bool first = false;
    CHECK(json.member("c").boolean(first) == (size == text.size()));  // of two members of a name the first
  }
}

TEST_CASE("channels that are not there are refused") {
  const auto shuffle = [](const std::string& sources, const std::string& dims) { return refusal(R"({"op":"channel_shuffle","out":65536,"sources":[)" + sources + R"(],"dims":[)" + dims + "]}"); };
  CHECK(shuffle("0,16,4096,8", "1,4,2,0,24") == "");
  CHECK(shuffle("0,16,4096,8", "1,4,5,0,24") == "a channel_shuffle's sizes do not fit each other");
  CHECK(shuffle("0,16,4096,8", "1,4,0,0,24") == "a channel_shuffle's sizes do not fit each other");
  CHECK(shuffle("0,16,4096,8", "1,4,2,1,24") == "a channel_shuffle's sizes do not fit each other");
  CHECK(shuffle("0,16,1048576,8", "1,4,2,0,24") == "a step reaches out of the arena");
  CHECK(shuffle("0,16,65536,8", "1,4,2,0,24") == "a step's result overlaps what it is made of");
  CHECK(shuffle("0,16,4096", "1,4,2,0,16").find("sources") != std::string::npos);
  CHECK(shuffle("0,1,64,1,128,1,192,1,256,1,320,1,384,1,448,1,512,1", "1,1,1,0,9").find("too many") != std::string::npos);
}

TEST_CASE("strides that reach out of the arena are refused") {
  const auto copy = [](const std::string& dims) { return refusal(R"({"op":"copy","in":0,"out":65536,"dims":[)" + dims + "]}"); };
  CHECK(copy("1,1,1,4,8, 0,0,0,1,4, 0,0,0,8,1, 0,0") == "");
  CHECK(copy("1,1,1,4,8, 0,0,0,1,5000, 0,0,0,8,1, 0,0") == "a step's result overlaps what it is made of");
  CHECK(copy("1,1,1,4,8, 0,0,0,1,4, 0,0,0,8,1, 0,245728") == "");  // to the arena's last float
  CHECK(copy("1,1,1,4,8, 0,0,0,1,4, 0,0,0,8,1, 0,245729") == "a step reaches out of the arena");
  CHECK(copy("1,1,1,4,8, 0,0,0,4294967296,4, 0,0,0,8,1, 0,0") == "a step reaches out of the arena");
  CHECK(copy("1,1,1,0,8, 0,0,0,1,4, 0,0,0,8,1, 0,0") == "a copy's sizes are zero or too large");
  CHECK(copy("65536,65536,65536,65536,65536, 0,0,0,0,0, 0,0,0,0,0, 0,0") == "a copy's sizes are zero or too large");
  const auto attention = [](const std::string& sizes, const std::string& keys) {
    return refusal(R"({"op":"attention","in":0,"keys":16384,"values":32768,"out":65536,"scale":1065353216,"dims":[)" + sizes + ",0,8,0,40," + keys + ",0,8,0,40]}");
  };
  CHECK(attention("1,2,5,5,8,8", "0,8,0,40") == "");
  CHECK(attention("1,2,5,0,8,8", "0,8,0,40") == "an attention's sizes are zero or too large");
  CHECK(attention("1,2,5,5,8,8", "0,8,0,8000") == "");
  CHECK(attention("1,2,5,5,8,8", "0,8,0,12300") == "a step's result overlaps what it is made of");
  CHECK(attention("1,2,5,5,8,8", "300000,8,0,40") == "a step reaches out of the arena");
  CHECK(attention("1,2,5,1048576,1048576,8", "0,0,0,0") == "a step reaches out of the arena");
}

TEST_CASE("rows and sums whose sizes do not go together are refused") {
  const std::map<std::string, std::string> four{{"w", std::string(16, '\0')}};
  const auto norm = [&](const std::string& eps, const std::string& dims) {
    return refusal(R"({"op":"layer_norm","in":0,"out":65536,"weight":"w","bias":"","eps":)" + eps + R"(,"dims":)" + dims + "}", four);
  };
  CHECK(norm("925353388", "[3,4]") == "");
  CHECK(norm("4294967296", "[3,4]") == "a layer_norm lacks its dims or eps");
  CHECK(norm("925353388", "[3,0]") == "a layer_norm lacks its dims or eps");
  CHECK(norm("925353388", "[3,5]") == "a layer_norm's weight or bias is missing or of another size");
  CHECK(norm("925353388", "[100000,4]") == "a step reaches out of the arena");
  const auto add = [&](const std::string& more, const std::string& dims, int64_t out = 65536) {
    return refusal(R"({"op":"add","in":0,"out":)" + std::to_string(out) + "," + more + R"(,"dims":)" + dims + "}", four);
  };
  CHECK(add(R"("weight":"w")", "[12,4]") == "");
  CHECK(add(R"("weight":"w")", "[12,4]", 0) == "");  // in place
  CHECK(add(R"("weight":"w")", "[13,4]") == "an add's sizes do not fit each other");
  CHECK(add(R"("weight":"w")", "[12,0]") == "an add's sizes do not fit each other");
  CHECK(add(R"("weight":"w")", "[12,3]") == "an add's weight is missing or of another size");
  CHECK(add(R"("residual":65536)", "[12,12]") == "");
  CHECK(add(R"("residual":65536)", "[24,12]") == "an add reaches out of the arena or overlaps its result");
  CHECK(add(R"("residual":1048576)", "[12,12]") == "an add reaches out of the arena or overlaps its result");
  CHECK(add(R"("weight":"w")", "[1000,4]", 64) == "an add reaches out of the arena or overlaps its result");
  const auto rows = [&](const std::string& dims) { return refusal(R"({"op":"take_rows","in":0,"out":65536,"weight":"w","dims":)" + dims + "}", four); };
  CHECK(rows("[3,2,2]") == "");
  CHECK(rows("[3,2,3]") == "a take_rows' weight is missing or of another size");
  CHECK(rows("[3,0,2]") == "a take_rows' sizes are zero or too large");
  CHECK(rows("[200000,2,2]") == "a step reaches out of the arena");
  const auto product = [&](const std::string& more) {
    return refusal(R"({"op":"linear","in":0,"out":65536,"weight":"w","bias":"","relu":false,"dims":[1,1,1])" + more + "}", {{"w", std::string(gemm_packed_bytes(1, 1), '\0')}});
  };
  CHECK(product("") == "");
  CHECK(product(R"(,"gelu":true)") == "");
  CHECK(product(R"(,"gelu":1)") == "a linear step's gelu is neither true nor false");
  const std::string cut(7, '\0');
  auto plan = std::make_unique<Plan>();
  CHECK(std::string(load_copy(cut, aligned_memory(cut.size()), *plan)) == "the file is shorter than a safetensors header");
}
