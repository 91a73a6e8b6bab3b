// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "executor/executor.h"
#include "executor/json.h"
#include "kernels/gemm/gemm.h"

namespace keima::executor {
namespace {

// Sizes beyond these are refused before anything is computed from them.
constexpr int64_t kMaxDim = 1 << 20;
constexpr int64_t kMaxArena = int64_t{1} << 32;
constexpr int64_t kBlock = 16;
constexpr int64_t kAlignment = 64;
// Plan and header are gone through once for each thing that is looked up in them: this long, that still takes no time.
constexpr size_t kMaxText = 1 << 20;
static_assert(sizeof(size_t) >= 8, "arenas may take 8 GiB");

int64_t blocks(int64_t channels) { return (channels + kBlock - 1) / kBlock; }
int64_t aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// a * b, or -1 where that leaves the arena's range; -1 stays -1.
int64_t product(int64_t a, int64_t b) {
  int64_t result = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &result) || result > kMaxArena) return -1;
  return result;
}

class Loader {
 public:
  Loader(const Exec& exec, const void* file, size_t size, Plan& plan)
      : exec_(exec), file_(static_cast<const char*>(file)), size_(size), plan_(plan) {}

  Status load() {
    if (const Status status = find_header()) return status;
    Text text;
    if (!bytes_of({"keima.plan", 10}, text)) return "the file holds no plan: there is no tensor keima.plan";
    if (text.size > kMaxText) return "the plan is longer than 1 MiB";
    plan_json_ = Json(text);
    int64_t version = 0, arena = 0;
    if (!plan_json_.member("version").integer(version) || version != 1) return "the plan's version is not 1";
    if (!plan_json_.member("arena").integer(arena) || arena > kMaxArena) return "the plan's arena size is missing or too large";
    arena_ = arena;
    scratch_ = 0;
    if (const Status status = load_ends()) return status;
    if (const Status status = load_steps()) return status;
    plan_.arena_bytes = static_cast<size_t>(aligned(arena_) + scratch_);
    return nullptr;
  }

 private:
  Status find_header() {
    uint64_t length = 0;
    if (size_ < sizeof length) return "the file is shorter than a safetensors header";
    memcpy(&length, file_, sizeof length);
    if (length > size_ - sizeof length) return "the file's header reaches past its end";
    if (length > kMaxText) return "the file's header is longer than 1 MiB";
    header_ = Json({file_ + sizeof length, static_cast<size_t>(length)});
    data_ = file_ + sizeof length + length;
    data_size_ = size_ - sizeof length - static_cast<size_t>(length);
    return header_ ? nullptr : "the file's header is not JSON";
  }

  bool range(const Json& json, int64_t& at, int64_t& count) const {
    return json.member("at").integer(at) && json.member("count").integer(count) && count > 0 && inside(at, product(count, 4));
  }
  bool inside(int64_t at, int64_t bytes) const { return at >= 0 && bytes >= 0 && at % kAlignment == 0 && at <= arena_ && bytes <= arena_ - at; }

  Status load_ends() {
    if (!range(plan_json_.member("input"), plan_.input_at, plan_.input_count)) return "the plan's input does not lie in its arena";
    if (!range(plan_json_.member("output"), plan_.output_at, plan_.output_count)) return "the plan's output does not lie in its arena";
    return nullptr;
  }

  Status load_steps() {
    const Json steps = plan_json_.member("steps");
    const int64_t count = steps.length();
    if (count < 1 || count > kMaxSteps) return "the plan has no steps, or more than the runtime holds";
    plan_.step_count = static_cast<int>(count);
    for (int64_t i = 0; i < count; ++i)
      if (const Status status = load_step(steps.element(i), plan_.steps[i])) return status;
    // Scratch lies behind the arena proper and is shared by all steps.
    for (int64_t i = 0; i < count; ++i) plan_.steps[i].scratch = aligned(arena_);
    return nullptr;
  }

  Status load_step(const Json& json, Step& step) {
    memset(static_cast<void*>(&step), 0, sizeof step);
    step.residual = -1;
    Text op;
    if (!json.member("op").string(op) || !json.member("in").integer(step.in) || !json.member("out").integer(step.out)) return "a step lacks op, in or out";
    if (equal(op, "conv2d")) return load_conv(json, step);
    if (equal(op, "max_pool2d")) return load_pool(json, step);
    if (equal(op, "avg_pool2d")) return load_average(json, step);
    if (equal(op, "unpack")) return load_conversion(json, step, StepKind::kUnpack);
    if (equal(op, "pack")) return load_conversion(json, step, StepKind::kPack);
    if (equal(op, "linear")) return load_linear(json, step);
    return "a step's op is none of conv2d, max_pool2d, avg_pool2d, unpack, pack, linear";
  }

  // "relu" and "cap".
  static bool clamp(const Json& json, Step& step) {
    step.most = __builtin_inff();
    if (!json.member("relu").boolean(step.relu)) return false;
    const Json cap = json.member("cap");
    int64_t most = 0;
    if (!cap) return true;
    if (!cap.integer(most) || most > kMaxDim) return false;
    step.most = static_cast<float>(most);
    return true;
  }

  static bool algorithm(const Json& json, ConvShape& shape) {
    const Json winograd = json.member("winograd");
    int64_t results = 0;
    if (!winograd) return true;
    if (!winograd.integer(results) || (results != 2 && results != 4)) return false;
    shape.algorithm = results == 2 ? ConvAlgorithm::kWinograd2 : ConvAlgorithm::kWinograd4;
    return conv_supports(shape, shape.algorithm);
  }

  static bool residual(const Json& json, Step& step) {
    const Json at = json.member("residual");
    return !at || at.integer(step.residual);
  }

  // Where a step reads and writes, so many bytes each: in the arena, the result apart from what it is made of, but that a residual
  // may lie exactly where the result does.
  Status place(Step& step, int64_t in_bytes, int64_t out_bytes) const {
    const bool added = step.residual >= 0;
    if (!inside(step.in, in_bytes) || !inside(step.out, out_bytes) || (added && !inside(step.residual, out_bytes))) return "a step reaches out of the arena";
    if (!apart(step.in, in_bytes, step.out, out_bytes) || (added && step.residual != step.out && !apart(step.residual, out_bytes, step.out, out_bytes)))
      return "a step's result overlaps what it is made of";
    return nullptr;
  }
  static bool apart(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes) { return a + a_bytes <= b || b + b_bytes <= a; }

  // Numbers of a step, each at most kMaxDim.
  template <size_t count>
  bool numbers(const Json& json, int64_t (&out)[count]) const {
    const Json dims = json.member("dims");
    if (dims.length() != static_cast<int64_t>(count)) return false;
    for (size_t i = 0; i < count; ++i)
      if (!dims.element(static_cast<int64_t>(i)).integer(out[i]) || out[i] > kMaxDim) return false;
    return true;
  }

  // The named tensor, if it has exactly `bytes`; "" is allowed where `optional`.
  bool tensor(const Json& json, const char* key, int64_t bytes, bool optional, const float*& out) const {
    Text name;
    if (!json.member(key).string(name)) return false;
    if (name.size == 0) return optional;
    Text content;
    if (!bytes_of(name, content) || static_cast<int64_t>(content.size) != bytes) return false;
    out = reinterpret_cast<const float*>(content.data);
    return reinterpret_cast<uintptr_t>(out) % kAlignment == 0;
  }

  // The bytes of a tensor of the file.
  bool bytes_of(Text name, Text& out) const {
    const Json offsets = header_.member(name).member("data_offsets");
    int64_t begin = 0, end = 0;
    if (offsets.length() != 2 || !offsets.element(0).integer(begin) || !offsets.element(1).integer(end)) return false;
    if (begin > end || end > static_cast<int64_t>(data_size_)) return false;
    out = {data_ + begin, static_cast<size_t>(end - begin)};
    return true;
  }

  Status need_scratch(size_t bytes) {
    if (bytes > static_cast<size_t>(kMaxArena)) return "a step needs too much scratch";
    if (static_cast<int64_t>(bytes) > scratch_) scratch_ = static_cast<int64_t>(bytes);
    return nullptr;
  }

  static bool valid(const ConvShape& s) {
    const bool positive = s.batch > 0 && s.in_channels > 0 && s.in_height > 0 && s.in_width > 0 && s.out_channels > 0 && s.kernel_height > 0 && s.kernel_width > 0 &&
                          s.stride_height > 0 && s.stride_width > 0 && s.dilation_height > 0 && s.dilation_width > 0 && s.groups > 0;
    if (!positive || s.in_channels % s.groups || s.out_channels % s.groups) return false;
    if (s.pad_top >= s.kernel_height * s.dilation_height || s.pad_left >= s.kernel_width * s.dilation_width) return false;
    return s.out_height == conv_output_size(s.in_height, s.kernel_height, s.stride_height, s.pad_top, s.pad_top, s.dilation_height) && s.out_height > 0 &&
           s.out_width == conv_output_size(s.in_width, s.kernel_width, s.stride_width, s.pad_left, s.pad_left, s.dilation_width) && s.out_width > 0;
  }

  Status load_conv(const Json& json, Step& step) {
    step.kind = StepKind::kConv2d;
    int64_t d[16];
    if (!numbers(json, d) || !clamp(json, step) || !residual(json, step)) return "a convolution lacks its dims or relu, or has another residual than an offset";
    step.conv = {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15], ConvAlgorithm::kDirect};
    if (!valid(step.conv)) return "a convolution's sizes do not fit each other";
    // Kernels copy an image between its borders: scratch is computed from that size.
    if (product(product(d[1] + 2 * kBlock, d[2] + 2 * d[11]), d[3] + 2 * d[12]) < 0) return "a convolution's borders are too wide";
    if (!algorithm(json, step.conv)) return "a convolution's algorithm is unknown or not for its shape";
    const int64_t in_channels = conv_input_is_plain(step.conv) ? d[1] : blocks(d[1]) * kBlock;
    const int64_t in_floats = product(product(product(d[0], in_channels), d[2]), d[3]);
    const int64_t out_floats = product(product(product(d[0], blocks(d[4]) * kBlock), d[5]), d[6]);
    if (const Status status = place(step, product(in_floats, 4), product(out_floats, 4))) return status;
    if (product(product(product(d[4], d[1]), d[7]), d[8]) < 0) return "a convolution's weights are too large";
    if (!tensor(json, "weight", static_cast<int64_t>(conv_packed_bytes(step.conv)), false, step.weight)) return "a convolution's weight is missing or of another size";
    if (!tensor(json, "bias", blocks(d[4]) * kBlock * 4, true, step.bias)) return "a convolution's bias is missing or of another size";
    return need_scratch(conv_forward_scratch_bytes(exec_, step.conv));
  }

  Status load_pool(const Json& json, Step& step) {
    step.kind = StepKind::kMaxPool2d;
    int64_t d[11];
    if (!numbers(json, d)) return "a pooling lacks its dims";
    step.pool = {d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10]};
    const PoolArgs& p = step.pool;
    const bool fits = p.in_h > 0 && p.in_w > 0 && p.kernel_h > 0 && p.kernel_w > 0 && p.stride_h > 0 && p.stride_w > 0 &&
                      p.padding_h < p.kernel_h && p.padding_w < p.kernel_w &&
                      p.out_h == conv_output_size(p.in_h, p.kernel_h, p.stride_h, p.padding_h, p.padding_h, 1) && p.out_h > 0 &&
                      p.out_w == conv_output_size(p.in_w, p.kernel_w, p.stride_w, p.padding_w, p.padding_w, 1) && p.out_w > 0;
    if (!fits) return "a pooling's sizes do not fit each other";
    const int64_t plane = product(p.planes, kBlock * 4);
    return place(step, product(product(plane, p.in_h), p.in_w), product(product(plane, p.out_h), p.out_w));
  }

  Status load_average(const Json& json, Step& step) {
    if (const Status status = load_pool(json, step)) return status;
    step.kind = StepKind::kAvgPool2d;
    return json.member("count_padding").boolean(step.count_padding) ? nullptr : "an average pooling lacks count_padding";
  }

  Status load_conversion(const Json& json, Step& step, StepKind kind) const {
    step.kind = kind;
    if (!numbers(json, step.dims)) return "a conversion lacks its dims";
    const int64_t* d = step.dims;
    const int64_t plane = product(product(d[0], d[2]), 4), plain = product(plane, d[1]), blocked = product(plane, blocks(d[1]) * kBlock);
    return kind == StepKind::kPack ? place(step, plain, blocked) : place(step, blocked, plain);
  }

  Status load_linear(const Json& json, Step& step) {
    step.kind = StepKind::kLinear;
    if (!numbers(json, step.dims) || !clamp(json, step) || !residual(json, step)) return "a linear step lacks its dims or relu, or has another residual than an offset";
    const int64_t m = step.dims[0], n = step.dims[1], k = step.dims[2];
    if (const Status status = place(step, product(product(m, k), 4), product(product(m, n), 4))) return status;
    if (m < 1 || n < 1 || k < 1 || product(product(n, k), 4) < 0) return "a linear step's sizes are zero or too large";
    if (!tensor(json, "weight", static_cast<int64_t>(gemm_packed_bytes(n, k)), false, step.weight)) return "a linear step's weight is missing or of another size";
    if (!tensor(json, "bias", product(n, 4), true, step.bias)) return "a linear step's bias is missing or of another size";
    PackedGemmArgs args;
    args.m = m;
    args.n = n;
    args.k = k;
    return need_scratch(gemm_packed_scratch_bytes(exec_, args));
  }

  const Exec& exec_;
  const char* file_;
  size_t size_;
  Plan& plan_;
  Json header_, plan_json_;
  const char* data_ = nullptr;
  size_t data_size_ = 0;
  int64_t arena_ = 0, scratch_ = 0;
};

}  // namespace

Status load(const Exec& exec, const void* file, size_t size, Plan& plan) { return Loader(exec, file, size, plan).load(); }

}  // namespace keima::executor
