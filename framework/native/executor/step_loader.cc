// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "executor/step_loader.h"

#include <string.h>

#include "executor/step.h"
#include "kernels/gemm/gemm.h"

namespace keima::executor {
namespace {

constexpr int64_t kBlock = 16;

int64_t blocks(int64_t channels) { return (channels + kBlock - 1) / kBlock; }
bool apart(int64_t a, int64_t a_bytes, int64_t b, int64_t b_bytes) { return a + a_bytes <= b || b + b_bytes <= a; }

// An array of as many numbers, each at most `most`.
template <size_t count, size_t room>
bool numbers(const Json& array, int64_t (&out)[room], int64_t most = kMaxDim) {
  static_assert(count <= room);
  if (array.length() != static_cast<int64_t>(count)) return false;
  for (size_t i = 0; i < count; ++i)
    if (!array.element(static_cast<int64_t>(i)).integer(out[i]) || out[i] > most) return false;
  return true;
}

template <size_t count, size_t room>
bool dims(const Json& json, int64_t (&out)[room]) {
  return numbers<count>(json.member("dims"), out);
}

bool real(const Json& json, float& out) {
  int64_t bits = 0;
  if (!json.integer(bits) || bits > UINT32_MAX) return false;
  const auto narrow = static_cast<uint32_t>(bits);
  memcpy(&out, &narrow, sizeof out);
  return true;
}

// Bytes from the start to behind the last float of `count` dimensions whose first float is `first`; -1 where that leaves the
// arena's range or a size is 0.
int64_t extent(int64_t first, const int64_t* sizes, const int64_t* strides, int count) {
  int64_t floats = first + 1;
  for (int i = 0; i < count; ++i) {
    const int64_t reach = product(sizes[i] - 1, strides[i]);
    if (reach < 0) return -1;
    floats += reach;
  }
  return product(floats, 4);
}

// "relu" and "cap".
bool clamp(const Json& json, Step& step) {
  step.number = __builtin_inff();
  if (!json.member("relu").boolean(step.relu)) return false;
  const Json cap = json.member("cap");
  int64_t most = 0;
  if (!cap) return true;
  if (!cap.integer(most) || most > kMaxDim) return false;
  step.number = static_cast<float>(most);
  return true;
}

bool algorithm(const Json& json, Step& step) {
  const Json winograd = json.member("winograd");
  int64_t results = 0;
  if (!winograd) return true;
  if (!winograd.integer(results) || (results != 2 && results != 4)) return false;
  step.algorithm = results == 2 ? ConvAlgorithm::kWinograd2 : ConvAlgorithm::kWinograd4;
  return conv_supports(conv_of(step), step.algorithm);
}

bool residual(const Json& json, Step& step) {
  const Json at = json.member("residual");
  return !at || at.integer(step.residual);
}

bool valid(const ConvShape& s) {
  const bool positive = s.batch > 0 && s.in_channels > 0 && s.in_height > 0 && s.in_width > 0 && s.out_channels > 0 && s.kernel_height > 0 && s.kernel_width > 0 &&
                        s.stride_height > 0 && s.stride_width > 0 && s.dilation_height > 0 && s.dilation_width > 0 && s.groups > 0;
  if (!positive || s.in_channels % s.groups || s.out_channels % s.groups) return false;
  if (s.pad_top >= s.kernel_height * s.dilation_height || s.pad_left >= s.kernel_width * s.dilation_width) return false;
  return s.out_height == conv_output_size(s.in_height, s.kernel_height, s.stride_height, s.pad_top, s.pad_top, s.dilation_height) && s.out_height > 0 &&
         s.out_width == conv_output_size(s.in_width, s.kernel_width, s.stride_width, s.pad_left, s.pad_left, s.dilation_width) && s.out_width > 0;
}

}  // namespace

int64_t product(int64_t a, int64_t b) {
  int64_t result = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &result) || result > kMaxArena) return -1;
  return result;
}

Status StepLoader::load(const Json& json, Step& step) {
  memset(static_cast<void*>(&step), 0, sizeof step);
  step.residual = -1;
  Text op;
  if (!json.member("op").string(op) || !json.member("out").integer(step.out)) return "a step lacks op or out";
  if (equal(op, "channel_shuffle")) return load_shuffle(json, step);
  if (equal(op, "copy")) return load_copy(json, step);
  if (!json.member("in").integer(step.in)) return "a step lacks in";
  if (equal(op, "conv2d")) return load_conv(json, step);
  if (equal(op, "max_pool2d")) return load_pool(json, step);
  if (equal(op, "avg_pool2d")) return load_average(json, step);
  if (equal(op, "unpack")) return load_conversion(json, step, StepKind::kUnpack);
  if (equal(op, "pack")) return load_conversion(json, step, StepKind::kPack);
  if (equal(op, "linear")) return load_linear(json, step);
  if (equal(op, "layer_norm")) return load_layer_norm(json, step);
  if (equal(op, "attention")) return load_attention(json, step);
  if (equal(op, "add")) return load_add(json, step);
  if (equal(op, "take_rows")) return load_take_rows(json, step);
  return "a step's op is none that the runtime has";
}

// Where a step reads and writes, so many bytes each: in the arena, the result apart from what it is made of, but that a residual
// may lie exactly where the result does.
Status StepLoader::place(const Step& step, int64_t in_bytes, int64_t out_bytes) const {
  const bool added = step.residual >= 0;
  if (!arena_.holds(step.in, in_bytes) || !arena_.holds(step.out, out_bytes) || (added && !arena_.holds(step.residual, out_bytes)))
    return "a step reaches out of the arena";
  if (!apart(step.in, in_bytes, step.out, out_bytes) || (added && step.residual != step.out && !apart(step.residual, out_bytes, step.out, out_bytes)))
    return "a step's result overlaps what it is made of";
  return nullptr;
}

// The named tensor, if it has exactly `bytes`; "" is allowed where `optional`.
bool StepLoader::tensor(const Json& json, const char* key, int64_t bytes, bool optional, const float*& out) const {
  Text name;
  if (!json.member(key).string(name)) return false;
  if (name.size == 0) return optional;
  Text content;
  if (!file_.bytes_of(name, content) || static_cast<int64_t>(content.size) != bytes) return false;
  out = reinterpret_cast<const float*>(content.data);
  return reinterpret_cast<uintptr_t>(out) % kAlignment == 0;
}

Status StepLoader::need_scratch(size_t bytes) {
  if (bytes > static_cast<size_t>(kMaxArena)) return "a step needs too much scratch";
  if (static_cast<int64_t>(bytes) > scratch_) scratch_ = static_cast<int64_t>(bytes);
  return nullptr;
}

Status StepLoader::load_conv(const Json& json, Step& step) {
  step.kind = StepKind::kConv2d;
  const int64_t* d = step.dims;
  if (!dims<16>(json, step.dims) || !clamp(json, step) || !residual(json, step)) return "a convolution lacks its dims or relu, or has another residual than an offset";
  if (!valid(conv_of(step))) return "a convolution's sizes do not fit each other";
  // Kernels copy an image between its borders: scratch is computed from that size.
  if (product(product(d[1] + 2 * kBlock, d[2] + 2 * d[11]), d[3] + 2 * d[12]) < 0) return "a convolution's borders are too wide";
  if (!algorithm(json, step)) return "a convolution's algorithm is unknown or not for its shape";
  const ConvShape shape = conv_of(step);
  const int64_t in_channels = conv_input_is_plain(shape) ? d[1] : blocks(d[1]) * kBlock;
  const int64_t in_floats = product(product(product(d[0], in_channels), d[2]), d[3]);
  const int64_t out_floats = product(product(product(d[0], blocks(d[4]) * kBlock), d[5]), d[6]);
  if (const Status status = place(step, product(in_floats, 4), product(out_floats, 4))) return status;
  if (product(product(product(d[4], d[1]), d[7]), d[8]) < 0) return "a convolution's weights are too large";
  if (!tensor(json, "weight", static_cast<int64_t>(conv_packed_bytes(shape)), false, step.weight)) return "a convolution's weight is missing or of another size";
  if (!tensor(json, "bias", blocks(d[4]) * kBlock * 4, true, step.bias)) return "a convolution's bias is missing or of another size";
  return need_scratch(conv_forward_scratch_bytes(exec_, shape));
}

Status StepLoader::load_pool(const Json& json, Step& step) const {
  step.kind = StepKind::kMaxPool2d;
  if (!dims<11>(json, step.dims)) return "a pooling lacks its dims";
  const PoolArgs p = pool_of(step);
  const bool fits = p.in_h > 0 && p.in_w > 0 && p.kernel_h > 0 && p.kernel_w > 0 && p.stride_h > 0 && p.stride_w > 0 &&
                    p.padding_h < p.kernel_h && p.padding_w < p.kernel_w &&
                    p.out_h == conv_output_size(p.in_h, p.kernel_h, p.stride_h, p.padding_h, p.padding_h, 1) && p.out_h > 0 &&
                    p.out_w == conv_output_size(p.in_w, p.kernel_w, p.stride_w, p.padding_w, p.padding_w, 1) && p.out_w > 0;
  if (!fits) return "a pooling's sizes do not fit each other";
  const int64_t plane = product(p.planes, kBlock * 4);
  return place(step, product(product(plane, p.in_h), p.in_w), product(product(plane, p.out_h), p.out_w));
}

Status StepLoader::load_average(const Json& json, Step& step) const {
  if (const Status status = load_pool(json, step)) return status;
  step.kind = StepKind::kAvgPool2d;
  return json.member("count_padding").boolean(step.count_padding) ? nullptr : "an average pooling lacks count_padding";
}

Status StepLoader::load_conversion(const Json& json, Step& step, StepKind kind) const {
  step.kind = kind;
  if (!dims<3>(json, step.dims)) return "a conversion lacks its dims";
  const int64_t* d = step.dims;
  const int64_t plane = product(product(d[0], d[2]), 4), plain = product(plane, d[1]), blocked = product(plane, blocks(d[1]) * kBlock);
  return kind == StepKind::kPack ? place(step, plain, blocked) : place(step, blocked, plain);
}

Status StepLoader::load_linear(const Json& json, Step& step) {
  step.kind = StepKind::kLinear;
  if (!dims<3>(json, step.dims) || !clamp(json, step) || !residual(json, step)) return "a linear step lacks its dims or relu, or has another residual than an offset";
  if (const Json gelu = json.member("gelu"); gelu && !gelu.boolean(step.gelu)) return "a linear step's gelu is neither true nor false";
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

Status StepLoader::load_shuffle(const Json& json, Step& step) const {
  step.kind = StepKind::kChannelShuffle;
  const Json sources = json.member("sources");
  const int64_t count = sources.length() / 2;
  if (!dims<5>(json, step.dims) || sources.length() % 2 || count < 1 || count > kMaxSources) return "a channel_shuffle lacks its dims or sources, or has too many";
  const int64_t images = step.dims[0], groups = step.dims[2], start = step.dims[3], channels = step.dims[4], plane = product(product(images, step.dims[1]), 4 * kBlock);
  const int64_t out_bytes = product(plane, blocks(channels));
  int64_t total = 0;
  step.source_count = static_cast<int>(count);
  for (int64_t i = 0; i < count; ++i) {
    int64_t& own = step.dims[5 + i];
    if (!sources.element(2 * i).integer(step.sources[i]) || !sources.element(2 * i + 1).integer(own) || own > kMaxDim)
      return "a channel_shuffle's sources are not offsets and channels";
    total += own;
    step.in = step.sources[i];
    if (const Status status = place(step, product(plane, blocks(own)), out_bytes)) return status;
  }
  return groups > 0 && total % groups == 0 && start + channels <= total ? nullptr : "a channel_shuffle's sizes do not fit each other";
}

Status StepLoader::load_layer_norm(const Json& json, Step& step) const {
  step.kind = StepKind::kLayerNorm;
  if (!dims<2>(json, step.dims) || !real(json.member("eps"), step.number) || step.dims[1] < 1) return "a layer_norm lacks its dims or eps";
  const int64_t row = step.dims[1] * 4, bytes = product(step.dims[0], row);
  const bool weights = tensor(json, "weight", row, true, step.weight) && tensor(json, "bias", row, true, step.bias);
  if (!weights) return "a layer_norm's weight or bias is missing or of another size";
  if (step.in != step.out) return place(step, bytes, bytes);
  return arena_.holds(step.out, bytes) ? nullptr : "a step reaches out of the arena";
}

Status StepLoader::load_attention(const Json& json, Step& step) {
  step.kind = StepKind::kAttention;
  const int64_t* d = step.dims;
  if (!numbers<18>(json.member("dims"), step.dims, kMaxArena) || !real(json.member("scale"), step.number)) return "an attention lacks its dims or scale";
  if (!json.member("keys").integer(step.sources[0]) || !json.member("values").integer(step.sources[1])) return "an attention lacks keys or values";
  for (int i = 0; i < 6; ++i)
    if (d[i] < 1 || d[i] > kMaxDim) return "an attention's sizes are zero or too large";
  const int64_t at[3] = {step.in, step.sources[0], step.sources[1]}, rows[3] = {d[2], d[3], d[3]}, columns[3] = {d[4], d[4], d[5]};
  const int64_t out_bytes = product(product(product(d[0], d[1]), d[2]), d[5] * 4);
  for (int i = 0; i < 3; ++i) {
    const int64_t *matrix = d + 6 + 4 * i, sizes[4] = {rows[i], d[0], d[1], columns[i]}, strides[4] = {matrix[1], matrix[2], matrix[3], 1};
    step.in = at[i];
    if (const Status status = place(step, extent(matrix[0], sizes, strides, 4), out_bytes)) return status;
  }
  step.in = at[0];
  return need_scratch(attention_scratch_bytes(exec_, attention_of(step)));
}

Status StepLoader::load_copy(const Json& json, Step& step) const {
  step.kind = StepKind::kCopy;
  const int64_t* d = step.dims;
  if (!numbers<17>(json.member("dims"), step.dims, kMaxArena)) return "a copy lacks its dims";
  int64_t count = 1;
  for (int i = 0; i < kCopyDims; ++i) count = product(count, d[i]);
  const int64_t in_bytes = extent(d[15], d, d + kCopyDims, kCopyDims), out_bytes = extent(d[16], d, d + 2 * kCopyDims, kCopyDims);
  if (count < 1) return "a copy's sizes are zero or too large";
  if (json.member("in").integer(step.in)) return place(step, in_bytes, out_bytes);
  if (!tensor(json, "weight", in_bytes, false, step.weight)) return "a copy's weight is missing or of another size";
  return arena_.holds(step.out, out_bytes) ? nullptr : "a step reaches out of the arena";
}

Status StepLoader::load_add(const Json& json, Step& step) const {
  step.kind = StepKind::kAdd;
  if (!numbers<2>(json.member("dims"), step.dims, kMaxArena) || !residual(json, step)) return "an add lacks its dims, or has another residual than an offset";
  const int64_t bytes = product(step.dims[0], 4), added = product(step.dims[1], 4);
  if (added < 4 || step.dims[0] % step.dims[1]) return "an add's sizes do not fit each other";
  if (step.residual < 0 && !tensor(json, "weight", added, false, step.weight)) return "an add's weight is missing or of another size";
  // Each float is read before it is written: the result may lie over either whole operand.
  const bool second = step.residual < 0 || (arena_.holds(step.residual, added) && (apart(step.residual, added, step.out, bytes) || (step.residual == step.out && added == bytes)));
  const bool first = arena_.holds(step.in, bytes) && arena_.holds(step.out, bytes) && (step.in == step.out || apart(step.in, bytes, step.out, bytes));
  return first && second ? nullptr : "an add reaches out of the arena or overlaps its result";
}

Status StepLoader::load_take_rows(const Json& json, Step& step) const {
  step.kind = StepKind::kTakeRows;
  if (!dims<3>(json, step.dims)) return "a take_rows lacks its dims";
  const int64_t row = step.dims[2] * 4, table = product(step.dims[1], row);
  if (table < 1) return "a take_rows' sizes are zero or too large";
  if (!tensor(json, "weight", table, false, step.weight)) return "a take_rows' weight is missing or of another size";
  return place(step, product(step.dims[0], 4), product(step.dims[0], row));
}

}  // namespace keima::executor
