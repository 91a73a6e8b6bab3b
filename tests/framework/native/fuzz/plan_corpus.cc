// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "plan_corpus.h"

#include <algorithm>
#include <span>

#include "compiler/executor_plan.h"
#include "compiler/passes.h"
#include "compiler/tensor_file.h"
#include "kernels/conv/conv.h"
#include "kernels/gemm/gemm.h"
#include "plan_file.h"
#include "plan_graphs.h"

namespace keima {
namespace {

PlanParts parts_of(compiler::Graph graph) {
  compiler::optimize(graph);
  std::string file;
  compiler::write_executor_plan(compiler::Program(graph), [&](std::span<const std::byte> piece) { file.append(reinterpret_cast<const char*>(piece.data()), piece.size()); });
  const compiler::TensorFile read = compiler::read_tensor_file(compiler::ByteSource::of(std::as_bytes(std::span(file))), 1 << 20, {});
  PlanParts parts;
  for (const auto& [name, entry] : read.tensors) {
    const std::string bytes = file.substr(static_cast<size_t>(read.data_begin + entry.begin), static_cast<size_t>(entry.end - entry.begin));
    if (name == "keima.plan") parts.plan = bytes;
    else parts.tensors[name] = bytes;
  }
  return parts;
}

// More than this no tensor of a random plan has; steps that want more find none of their size.
constexpr double kMostBytes = 1 << 20;

class Builder {
 public:
  explicit Builder(Random& random) : random_(random), wide_(chance(random, 25)) {}

  PlanParts build() {
    std::string steps;
    const size_t count = 1 + pick(random_, chance(random_, 3) ? 70 : 4);
    for (size_t i = 0; i < count; ++i) steps += (steps.empty() ? "" : ",") + step();
    const std::string ends = "\"input\":" + end() + ",\"output\":" + end();
    const int64_t arena = chance(random_, 90) ? arena_ : chance(random_, 50) ? odd_number(random_) : arena_ - static_cast<int64_t>(pick(random_, 200));
    parts_.plan = "{\"version\":1,\"arena\":" + std::to_string(arena) + "," + ends + ",\"steps\":[" + steps + "]}";
    return std::move(parts_);
  }

 private:
  int64_t from(int64_t least, size_t count) {
    if (wide_ && chance(random_, 15)) return int64_t{1} << pick(random_, 21);
    return chance(random_, 50) && chance(random_, 1) ? 0 : least + static_cast<int64_t>(pick(random_, count));
  }

  // An offset in the arena of so many bytes: of its own or one time in 25 another's.
  int64_t place(double bytes) {
    if (!places_.empty() && chance(random_, 4)) return places_[pick(random_, places_.size())];
    const int64_t at = chance(random_, 2) ? arena_ + 4 : arena_;
    if (bytes > 0 && bytes < 64 * kMostBytes) arena_ = (arena_ + static_cast<int64_t>(bytes) + 63) / 64 * 64;
    places_.push_back(at);
    return at;
  }

  std::string end() {
    const int64_t at = places_[pick(random_, places_.size())], room = std::max<int64_t>(arena_ - at, 4) / 4;
    return "{\"at\":" + std::to_string(at) + ",\"count\":" + std::to_string(std::min(from(1, 40), chance(random_, 95) ? room : INT64_MAX)) + "}";
  }

  std::string tensor(double bytes) {
    if (bytes > kMostBytes || bytes < 0) bytes = 64;
    const auto size = static_cast<size_t>(bytes) + (chance(random_, 2) ? pick(random_, 65) : 0);
    const std::string name = "w" + std::to_string(parts_.tensors.size());
    parts_.tensors[name] = std::string(size, '<');  // floats of about 0.01
    return name;
  }

  std::string head(const char* op, double in_bytes, double out_bytes) {
    const int64_t in = place(in_bytes);
    out_ = place(out_bytes);
    return std::string("{\"op\":\"") + op + "\",\"in\":" + std::to_string(in) + ",\"out\":" + std::to_string(out_);
  }

  static std::string dims(const std::vector<int64_t>& numbers) {
    std::string out;
    for (const int64_t number : numbers) out += (out.empty() ? "" : ",") + std::to_string(number);
    return ",\"dims\":[" + out + "]}";
  }

  // Weights, bias, residual and activation.
  std::string layer(double weight_bytes, double bias_bytes, double out_bytes) {
    std::string text = ",\"weight\":\"" + tensor(weight_bytes) + "\",\"bias\":\"" + (chance(random_, 50) ? tensor(bias_bytes) : "") + "\"";
    if (chance(random_, 30)) text += ",\"residual\":" + std::to_string(chance(random_, 50) ? out_ : place(out_bytes));
    text += chance(random_, 50) ? ",\"relu\":true" : chance(random_, 40) ? ",\"relu\":false,\"gelu\":true" : ",\"relu\":false";
    return chance(random_, 20) ? text + ",\"cap\":" + std::to_string(odd_number(random_)) : text;
  }

  std::string step() {
    switch (pick(random_, 12)) {
      case 0:
      case 1:
      case 2: return conv();
      case 3: return pool();
      case 4: return conversion();
      case 5: return shuffle();
      case 6: return layer_norm();
      case 7: return attention();
      case 8: return copy();
      case 9: return add();
      case 10: return take_rows();
      default: return linear();
    }
  }

  // A border that is narrower than the window, most of the time.
  int64_t border(int64_t kernel, int64_t dilation) { return from(0, static_cast<size_t>(std::clamp<int64_t>(kernel * dilation, 1, 5))); }

  // The output's size along an axis, whose input is made long enough for the window most of the time.
  int64_t along(int64_t& in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
    if (kernel < 1 || stride < 1 || dilation < 1 || chance(random_, 1)) return odd_number(random_);
    if (!chance(random_, 2)) in = std::max(in, (kernel - 1) * dilation + 1 - 2 * pad);
    return conv_output_size(in, kernel, stride, pad, pad, dilation);
  }

  ConvShape conv_shape() {
    ConvShape s;
    s.groups = chance(random_, 30) ? from(1, 6) : 1;
    const bool depthwise = chance(random_, 20);
    s.in_channels = depthwise ? s.groups : s.groups * from(1, 24);
    s.out_channels = depthwise ? s.groups : s.groups * from(1, 24);
    s.batch = from(1, chance(random_, 20) ? 12 : 2);
    s.in_height = from(1, 16), s.in_width = from(1, 16);
    if (chance(random_, 30)) {
      s.kernel_height = s.kernel_width = 3;
    } else {
      s.kernel_height = from(1, 5), s.kernel_width = chance(random_, 60) ? s.kernel_height : from(1, 5);
      s.dilation_height = from(1, 2), s.dilation_width = from(1, 2);
      s.stride_height = from(1, 3), s.stride_width = from(1, 3);
    }
    s.pad_top = border(s.kernel_height, s.dilation_height), s.pad_left = border(s.kernel_width, s.dilation_width);
    s.out_height = along(s.in_height, s.kernel_height, s.stride_height, s.pad_top, s.dilation_height);
    s.out_width = along(s.in_width, s.kernel_width, s.stride_width, s.pad_left, s.dilation_width);
    return s;
  }

  static double times(std::initializer_list<int64_t> numbers) {
    double product = 1;
    for (const int64_t number : numbers) product *= static_cast<double>(number);
    return product;
  }
  static int64_t whole_blocks(int64_t channels) { return (channels + 15) / 16 * 16; }

  std::string conv() {
    ConvShape s = conv_shape();
    std::string winograd;
    if (conv_supports(s, ConvAlgorithm::kWinograd2) ? chance(random_, 40) : chance(random_, 5)) {
      const bool fine = chance(random_, 50);
      s.algorithm = fine ? ConvAlgorithm::kWinograd2 : ConvAlgorithm::kWinograd4;
      winograd = std::string(",\"winograd\":") + (fine ? "2" : "4");
    }
    const bool countable = s.groups > 0 && times({s.in_channels + 32, s.out_channels + 32, s.kernel_height, s.kernel_width}) < 1e9;
    const int64_t channels = countable && conv_input_is_plain(s) ? s.in_channels : whole_blocks(s.in_channels);
    const double out = times({4, s.batch, whole_blocks(s.out_channels), s.out_height, s.out_width});
    return head("conv2d", times({4, s.batch, channels, s.in_height, s.in_width}), out) +
           layer(countable ? static_cast<double>(conv_packed_bytes(s)) : -1, static_cast<double>(whole_blocks(s.out_channels)) * 4, out) + winograd +
           dims({s.batch, s.in_channels, s.in_height, s.in_width, s.out_channels, s.out_height, s.out_width, s.kernel_height, s.kernel_width, s.stride_height,
                 s.stride_width, s.pad_top, s.pad_left, s.dilation_height, s.dilation_width, s.groups});
  }

  std::string pool() {
    const int64_t planes = from(1, 3), kernel_h = from(1, 4), kernel_w = from(1, 4), stride_h = from(1, 3), stride_w = from(1, 3);
    const int64_t pad_h = border(kernel_h, 1), pad_w = border(kernel_w, 1);
    int64_t h = from(1, 12), w = from(1, 12);
    const int64_t out_h = along(h, kernel_h, stride_h, pad_h, 1), out_w = along(w, kernel_w, stride_w, pad_w, 1);
    const bool average = chance(random_, 50);
    return head(average ? "avg_pool2d" : "max_pool2d", times({64, planes, h, w}), times({64, planes, out_h, out_w})) +
           (average ? std::string(",\"count_padding\":") + (chance(random_, 50) ? "true" : "false") : "") +
           dims({planes, h, w, out_h, out_w, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w});
  }

  std::string conversion() {
    const int64_t images = from(1, 3), channels = from(1, 40), pixels = from(1, 50);
    const double plain = times({4, images, channels, pixels}), blocked = times({4, images, whole_blocks(channels), pixels});
    const bool pack = chance(random_, 50);
    return head(pack ? "pack" : "unpack", pack ? plain : blocked, pack ? blocked : plain) + dims({images, channels, pixels});
  }

  std::string shuffle() {
    const int64_t images = from(1, 3), pixels = from(1, 30), groups = from(1, 4);
    std::string sources;
    int64_t total = 0;
    const size_t count = 1 + pick(random_, chance(random_, 5) ? 10 : 3);
    for (size_t i = 0; i < count; ++i) {
      const int64_t channels = groups * from(1, 12);
      total += channels;
      sources += (i ? "," : "") + std::to_string(place(times({4, images, pixels, whole_blocks(channels)}))) + "," + std::to_string(channels);
    }
    const int64_t start = chance(random_, 50) ? 0 : from(0, static_cast<size_t>(std::max<int64_t>(total, 1))), channels = std::max<int64_t>(total - start - from(0, 5), 0);
    return "{\"op\":\"channel_shuffle\",\"out\":" + std::to_string(place(times({4, images, pixels, whole_blocks(channels)}))) + ",\"sources\":[" + sources + "]" +
           dims({images, pixels, groups, start, channels});
  }

  // A float32 as the integer of its bits.
  std::string bits() { return std::to_string(chance(random_, 80) ? 0x3a83126f : chance(random_, 50) ? odd_number(random_) : static_cast<int64_t>(random_() >> 32)); }
  std::string maybe_tensor(double bytes) { return "\"" + (chance(random_, 70) ? tensor(bytes) : "") + "\""; }

  std::string layer_norm() {
    const int64_t rows = from(1, 10), n = from(1, 50);
    const double row = static_cast<double>(n) * 4;
    std::string text = head("layer_norm", times({4, rows, n}), times({4, rows, n}));
    text += ",\"weight\":" + maybe_tensor(row) + ",\"bias\":" + maybe_tensor(row);
    return text + ",\"eps\":" + bits() + dims({rows, n});
  }

  // Strides of sizes, of which any may vary fastest, some wider than they have to be; the bytes that they reach over.
  std::vector<int64_t> strides_of(const std::vector<int64_t>& sizes, size_t fastest, double& bytes) {
    std::vector<int64_t> strides(sizes.size());
    int64_t stride = 1;
    bytes = 4;
    for (size_t i = sizes.size(); i-- > 0;) {
      const size_t at = (i + 1 + fastest) % sizes.size();
      strides[at] = chance(random_, 5) ? odd_number(random_) : stride;
      stride *= std::clamp<int64_t>(sizes[at], 1, 1 << 8) + (chance(random_, 10) ? from(0, 3) % 100 : 0);
      bytes += 4 * static_cast<double>(sizes[at] - 1) * static_cast<double>(std::max<int64_t>(strides[at], 0));
    }
    return strides;
  }

  std::string attention() {
    const int64_t outer = from(1, 2), inner = from(1, 3), queries = from(1, 40), keys = from(1, 40), width = from(1, 20), value_width = from(1, 20);
    std::vector<int64_t> numbers{outer, inner, queries, keys, width, value_width};
    std::vector<int64_t> at;
    for (int i = 0; i < 3; ++i) {
      double bytes = 0;
      const std::vector<int64_t> sizes{outer, i > 0 ? keys : queries, inner, i > 1 ? value_width : width}, strides = strides_of(sizes, 3, bytes);
      const int64_t first = chance(random_, 20) ? from(0, 9) : 0;
      numbers.insert(numbers.end(), {first, strides[1], strides[0], strides[2]});
      at.push_back(place(bytes + 4 * static_cast<double>(first)));
    }
    return "{\"op\":\"attention\",\"in\":" + std::to_string(at[0]) + ",\"keys\":" + std::to_string(at[1]) + ",\"values\":" + std::to_string(at[2]) +
           ",\"out\":" + std::to_string(place(times({4, outer, inner, queries, value_width}))) + ",\"scale\":" + bits() + dims(numbers);
  }

  std::string copy() {
    std::vector<int64_t> sizes;
    for (int i = 0; i < 5; ++i) sizes.push_back(chance(random_, 40) ? 1 : from(1, 6));
    double in_bytes = 0, out_bytes = 0;
    const std::vector<int64_t> in = strides_of(sizes, pick(random_, 5), in_bytes), out = strides_of(sizes, 4, out_bytes);
    const int64_t in_first = chance(random_, 30) ? from(0, 9) : 0, out_first = chance(random_, 30) ? from(0, 9) : 0;
    in_bytes += 4 * static_cast<double>(in_first), out_bytes += 4 * static_cast<double>(out_first);
    std::vector<int64_t> numbers = sizes;
    numbers.insert(numbers.end(), in.begin(), in.end());
    numbers.insert(numbers.end(), out.begin(), out.end());
    numbers.insert(numbers.end(), {in_first, out_first});
    const std::string source = chance(random_, 30) ? "\"weight\":\"" + tensor(in_bytes) + "\"" : "\"in\":" + std::to_string(place(in_bytes));
    return "{\"op\":\"copy\"," + source + ",\"out\":" + std::to_string(place(out_bytes)) + dims(numbers);
  }

  std::string add() {
    const int64_t part = from(1, 40), repeats = from(1, 6);
    const double bytes = times({4, part, repeats}), added = static_cast<double>(part) * 4;
    const std::string text = head("add", bytes, bytes);
    const std::string other = chance(random_, 50) ? ",\"weight\":\"" + tensor(added) + "\"" : ",\"residual\":" + std::to_string(chance(random_, 20) ? out_ : place(added));
    return text + other + dims({part * repeats, part});
  }

  std::string take_rows() {
    const int64_t count = from(1, 20), rows = from(1, 20), width = from(1, 40);
    const std::string text = head("take_rows", times({4, count}), times({4, count, width}));
    return text + ",\"weight\":\"" + tensor(times({4, rows, width})) + "\"" + dims({count, rows, width});
  }

  std::string linear() {
    const int64_t m = from(1, 40), n = from(1, 40), k = from(1, 60);
    const double out = times({4, m, n});
    return head("linear", times({4, m, k}), out) +
           layer(times({n, k}) < 1e9 ? static_cast<double>(gemm_packed_bytes(n, k)) : -1, static_cast<double>(n) * 4, out) + dims({m, n, k});
  }

  Random& random_;
  bool wide_;
  PlanParts parts_;
  int64_t arena_ = 0, out_ = 0;
  std::vector<int64_t> places_;
};

}  // namespace

std::string file_of(const PlanParts& parts) {
  std::map<std::string, std::string> tensors = parts.tensors;
  tensors["keima.plan"] = parts.plan;
  return file_with(tensors);
}

std::vector<PlanParts> lowered_plans() {
  std::vector<PlanParts> plans;
  for (const auto& net : {compiler::lenet, compiler::residual, compiler::packing, compiler::inverted_residual, compiler::shuffled, compiler::transformer, compiler::sums, compiler::embedded}) plans.push_back(parts_of(net(1)));
  return plans;
}

PlanParts random_plan(Random& random) { return Builder(random).build(); }

}  // namespace keima
