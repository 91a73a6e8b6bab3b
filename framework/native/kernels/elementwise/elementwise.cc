// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise/elementwise.h"

#include <string.h>

#include "kernels/copy/convert_body.h"
#include "kernels/elementwise/elementwise_body.h"

namespace keima {
namespace {

constexpr int kMaxAxes = 9;
constexpr int kOperands = kElementwiseMaxArity + 1;  // the result is the last
constexpr int kOut = kElementwiseMaxArity;
// Elements below which threads are not worth waking.
constexpr int64_t kGrain = 1 << 14;

enum class Kind : uint8_t { Numeric, Float, Integer, Compare, Logical, Parameter, Select };

struct Entry {
  const char* name;
  int arity;
  Kind kind;
};

constexpr Entry kEntries[] = {
#define KEIMA_ELEMENTWISE(name, body, arity, kind) {#name, arity, Kind::kind},
#include "kernels/elementwise/ops.inc"
#undef KEIMA_ELEMENTWISE
};

const Entry& entry_of(ElementwiseOp op) { return kEntries[static_cast<int>(op)]; }

struct Axis {
  int64_t size;
  int64_t stride[kOperands];
};

// The iteration space, outermost first, neighbouring axes merged where every operand allows it.
struct Space {
  Axis axes[kMaxAxes];
  int count = 0;
};

Space make_space(const ElementwiseArgs& args, int arity) {
  Space space;
  for (int d = 0; d < args.ndim; ++d) {
    if (args.shape[d] == 1) continue;
    Axis axis{args.shape[d], {}};
    for (int k = 0; k < arity; ++k) axis.stride[k] = args.in_strides[k][d];
    axis.stride[kOut] = args.out_strides[d];
    bool merges = space.count > 0;
    for (int k = 0; k < kOperands && merges; ++k) merges = space.axes[space.count - 1].stride[k] == axis.stride[k] * axis.size;
    if (merges) {
      axis.size *= space.axes[space.count - 1].size;
      --space.count;
    }
    space.axes[space.count++] = axis;
  }
  if (space.count == 0) space.axes[space.count++] = {1, {1, 1, 1, 1}};
  return space;
}

// Runs an op along the innermost axis, with conversions through small buffers where memory is not what loops take.
struct Runner {
  ElementwiseLoop loop;
  void (*convert)(ScalarType, const void*, ScalarType, void*, int64_t);
  int arity;
  ScalarType memory[kOperands];   // types as they lie
  ScalarType compute[kOperands];  // types that the loop takes
  int64_t size[kOperands];        // bytes of an element in memory
  float params[2];

  using Pointers = char* [kOperands];

  bool direct(int k, int64_t stride) const { return memory[k] == compute[k] && (stride == 1 || (stride == 0 && k != kOut)); }

  void run(char* const* at, const Axis& axis) const {
    bool all_direct = direct(kOut, axis.stride[kOut]) || axis.size == 1;
    for (int k = 0; k < arity; ++k) all_direct = all_direct && (direct(k, axis.stride[k]) || (axis.size == 1 && memory[k] == compute[k]));
    if (!all_direct || memory[kOut] != compute[kOut]) return run_buffered(at, axis);
    ElementwiseRun call{{at[0], at[1], at[2]}, {}, at[kOut], axis.size, {params[0], params[1]}};
    for (int k = 0; k < arity; ++k) call.scalar[k] = axis.stride[k] == 0 && axis.size > 1;
    call_loop(call);
  }

  // Where every operand is one number the loops, which know no such case, see runs of one.
  void call_loop(ElementwiseRun& call) const {
    bool all = true;
    for (int k = 0; k < arity; ++k) all = all && call.scalar[k];
    if (!all) return loop(call);
    const int64_t n = call.n;
    for (bool& scalar : call.scalar) scalar = false;
    call.n = 1;
    loop(call);
    const auto bytes = static_cast<size_t>(size_of(compute[kOut]));
    for (int64_t i = 1; i < n; ++i) memcpy(static_cast<char*>(call.out) + static_cast<size_t>(i) * bytes, call.out, bytes);
  }

  void run_buffered(char* const* at, const Axis& axis) const {
    constexpr int64_t kRun = 256;
    alignas(64) char buffers[kOperands][kRun * 4], gathered[kRun * 4];
    for (int64_t start = 0; start < axis.size; start += kRun) {
      const int64_t n = axis.size - start < kRun ? axis.size - start : kRun;
      ElementwiseRun call{{}, {}, buffers[kOut], n, {params[0], params[1]}};
      for (int k = 0; k < arity; ++k) call.in[k] = fetch(k, at[k] + start * axis.stride[k] * size[k], axis.stride[k], n, gathered, buffers[k]);
      loop(call);
      put(buffers[kOut], at[kOut] + start * axis.stride[kOut] * size[kOut], axis.stride[kOut], n, gathered);
    }
  }

  const void* fetch(int k, const char* from, int64_t stride, int64_t n, char* gathered, char* converted) const {
    if (direct(k, stride) && stride == 1) return from;
    for (int64_t i = 0; i < n; ++i) memcpy(gathered + i * size[k], from + i * stride * size[k], static_cast<size_t>(size[k]));
    convert(memory[k], gathered, compute[k], converted, n);
    return converted;
  }

  void put(const char* computed, char* to, int64_t stride, int64_t n, char* converted) const {
    convert(compute[kOut], computed, memory[kOut], converted, n);
    for (int64_t i = 0; i < n; ++i) memcpy(to + i * stride * size[kOut], converted + i * size[kOut], static_cast<size_t>(size[kOut]));
  }

  // Axes from `depth` on; the first of them only from `begin` to `end`.
  void walk(const Space& space, int depth, char* const* at, int64_t begin, int64_t end) const {
    const Axis& axis = space.axes[depth];
    char* here[kOperands];
    for (int k = 0; k < kOperands; ++k) here[k] = at[k] ? at[k] + begin * axis.stride[k] * size[k] : nullptr;
    if (depth == space.count - 1) {
      Axis part = axis;
      part.size = end - begin;
      return run(here, part);
    }
    for (int64_t i = begin; i < end; ++i) {
      walk(space, depth + 1, here, 0, space.axes[depth + 1].size);
      for (int k = 0; k < kOperands; ++k)
        if (here[k]) here[k] += axis.stride[k] * size[k];
    }
  }
};

bool is_float(ScalarType type) {
  return type == ScalarType::kFloat32 || type == ScalarType::kFloat16 || type == ScalarType::kBfloat16;
}

Runner make_runner(const Exec& exec, const ElementwiseArgs& args) {
  const Entry& entry = entry_of(args.op);
  const bool floats = is_float(args.type);
  const ScalarType lanes = floats ? ScalarType::kFloat32 : ScalarType::kInt32;
  Runner runner{};
  runner.loop = KEIMA_PICK(exec.isa, elementwise_loop)(args.op, !floats);
  runner.convert = KEIMA_PICK(exec.isa, convert_run);
  runner.arity = entry.arity;
  for (int k = 0; k < kOperands; ++k) {
    runner.memory[k] = args.type;
    runner.compute[k] = lanes;
  }
  if (entry.kind == Kind::Compare) runner.memory[kOut] = runner.compute[kOut] = ScalarType::kBool;
  if (entry.kind == Kind::Select) runner.memory[0] = runner.compute[0] = ScalarType::kBool;
  for (int k = 0; k < kOperands; ++k) runner.size[k] = static_cast<int64_t>(size_of(runner.memory[k]));
  runner.params[0] = args.params[0];
  runner.params[1] = args.params[1];
  return runner;
}

}  // namespace

ElementwiseOp elementwise_op_from_name(const char* name) {
  int i = 0;
  for (const Entry& entry : kEntries) {
    if (strcmp(entry.name, name) == 0) return static_cast<ElementwiseOp>(i);
    ++i;
  }
  return ElementwiseOp::kNone;
}

int elementwise_arity(ElementwiseOp op) { return entry_of(op).arity; }

bool elementwise_gives_bool(ElementwiseOp op) { return entry_of(op).kind == Kind::Compare; }

void elementwise(const Exec& exec, const ElementwiseArgs& args) {
  const Runner runner = make_runner(exec, args);
  const Space space = make_space(args, runner.arity);
  int64_t inner = 1;
  for (int d = 0; d < space.count; ++d) inner *= space.axes[d].size;
  if (inner == 0 || runner.loop == nullptr) return;
  char* at[kOperands] = {};
  for (int k = 0; k < runner.arity; ++k) at[k] = static_cast<char*>(const_cast<void*>(args.in[k]));
  at[kOut] = static_cast<char*>(args.out);
  const int64_t outer = space.axes[0].size;
  parallel_for(exec, outer, kGrain / (inner / outer) + 1, [&](int64_t begin, int64_t end) { runner.walk(space, 0, at, begin, end); });
}

}  // namespace keima
