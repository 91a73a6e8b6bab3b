// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Joining, shuffling and cutting channels in one op, for the compiler: what ShuffleNet does between convolutions.
#include "kernels/channel_shuffle/channel_shuffle.h"

#include <vector>

#include "ops/activation.h"
#include "ops/families.h"
#include "ops/operands.h"

namespace keima {
namespace {

constexpr size_t kGroups = 0, kStart = 1, kCount = 2;
constexpr uint8_t kBlock = 16;

void infer(const OpCall& call, DescList& out) {
  if (call.inputs.empty()) fail(ErrorKind::kValue, "channel_shuffle: expected at least one tensor");
  require_all_float32(call);
  int64_t total = 0;
  for (const Tensor& input : call.inputs) {
    const Dims &shape = input.shape(), &first = call.in(0).shape();
    if (shape.size() != 4 || shape[0] != first[0] || shape[2] != first[2] || shape[3] != first[3])
      fail(ErrorKind::kShape, "channel_shuffle: expected tensors (N, C, H, W) that differ in C only, got ", first, " and ", shape);
    total += shape[1];
  }
  const int64_t groups = call.attrs.integer(kGroups), start = call.attrs.integer(kStart), count = call.attrs.integer(kCount);
  if (groups < 1 || total % groups != 0)
    fail(ErrorKind::kValue, "channel_shuffle: expected a number of groups that divides the ", total, " channels, got ", groups);
  if (start < 0 || count < 0 || start > total || count > total - start)
    fail(ErrorKind::kValue, "channel_shuffle: expected channels within [0, ", total, "), got ", count, " from ", start, " on");
  Dims shape = call.in(0).shape();
  shape[1] = count;
  out.push_back({shape, call.in(0).dtype()});
}

void layouts(const OpCall& call, LayoutChoice& choice) {
  for (size_t i = 0; i < call.inputs.size(); ++i) choice.inputs.push_back({Layout::blocked(kBlock)});
  choice.outputs.push_back(Layout::blocked(kBlock));
}

void kernel(const KernelCall& call) {
  std::vector<ChannelSource> sources;
  for (const Tensor& input : call.inputs) sources.push_back({input.data<float>(), input.shape()[1]});
  const Dims& shape = call.out().shape();
  channel_shuffle(call.exec, {shape[0], shape[2] * shape[3], sources.data(), static_cast<int64_t>(sources.size()), call.attrs.integer(kGroups),
                              call.attrs.integer(kStart), shape[1], call.out().data<float>()});
}

}  // namespace

void declare_channel_shuffle(Registry& registry) {
  const auto integer = [](const char* name, int64_t fallback) { return AttrDecl{name, AttrType::kInt, fallback}; };
  registry.add({.name = "channel_shuffle", .inputs = {"inps"}, .variadic = true,
                .attrs = {integer("groups", 1), integer("start", 0), {"count", AttrType::kInt, std::nullopt}}, .infer = infer,
                .layouts = layouts, .kernel = kernel, .no_gradient = kNoFusedGradient, .onnx_note = kNoFusedOnnx});
}

}  // namespace keima
