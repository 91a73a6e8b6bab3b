// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The N-d walk: tiles of contiguous lanes. An operand that already is contiguous lanes is used where it lies; others are
// converted or gathered into a tile that stays in the first-level cache. So each operation needs one loop only, whatever
// the strides and types.
#include "kernels/elementwise/elementwise.h"

#include <string.h>

#include "kernels/elementwise/variants.h"

namespace keima {
namespace {

constexpr int64_t kTile = 1024;             // lanes; five tiles are 20 KiB
constexpr int64_t kShortRow = 256;          // below this, a tile spans rows
constexpr int64_t kParallelGrain = 16 * kTile;
constexpr int kMaxOperands = kElementwiseMaxInputs + 1;

enum class Access : uint8_t {
  kDirect,  // contiguous lanes over the whole array
  kScalar,  // one value for the whole array
  kRow,     // lanes that are contiguous within a row
  kWalk,    // anything else
};

struct Operand {
  char* data;
  int64_t strides[kElementwiseMaxDims];
  int64_t element_size;
  Access access;
  ElementwiseLoad load;    // inputs
  ElementwiseStore store;  // the result
};

struct Walk {
  int ndim;  // after merging; at least 1
  int64_t shape[kElementwiseMaxDims];
  int64_t total;
  int operands;  // inputs, then the result
  Operand operand[kMaxOperands];
  bool by_rows;  // tiles do not cross rows
  ElementwiseLoop loop;
  const double* params;
};

bool is_float(ScalarType type) {
  return type == ScalarType::kFloat32 || type == ScalarType::kFloat16 || type == ScalarType::kBfloat16;
}

bool computes_in_float(const ElementwiseArgs& args, const ElementwiseInfo& info) {
  if (info.lanes == ElementwiseLanes::Float || info.lanes == ElementwiseLanes::Int) return info.lanes == ElementwiseLanes::Float;
  for (int k = info.lanes == ElementwiseLanes::Choice ? 1 : 0; k < info.inputs; ++k)
    if (is_float(args.in[k].type)) return true;
  return false;
}

// Whether dimension d continues dimension `last` of the walk in every operand.
bool merges(const Walk& walk, int last, int64_t extent, const int64_t* strides) {
  for (int k = 0; k < walk.operands; ++k)
    if (walk.operand[k].strides[last] != strides[k] * extent) return false;
  return true;
}

// Copies shape and strides, dropping dimensions of extent 1 and merging neighbours that are one dimension in memory.
void set_dimensions(Walk& walk, const ElementwiseArgs& args, const int64_t* const* strides) {
  walk.ndim = 0;
  int64_t contiguous[kElementwiseMaxDims];
  int64_t run = 1;
  for (int d = args.ndim - 1; d >= 0; --d) {
    contiguous[d] = run;
    run *= args.shape[d];
  }
  walk.total = run;
  for (int d = 0; d < args.ndim; ++d) {
    const int64_t extent = args.shape[d];
    if (extent == 1) continue;
    int64_t stride[kMaxOperands];
    for (int k = 0; k < walk.operands; ++k) stride[k] = strides[k] == nullptr ? contiguous[d] : strides[k][d];
    const bool merged = walk.ndim > 0 && merges(walk, walk.ndim - 1, extent, stride);
    const int at = merged ? walk.ndim - 1 : walk.ndim++;
    walk.shape[at] = merged ? walk.shape[at] * extent : extent;
    for (int k = 0; k < walk.operands; ++k) walk.operand[k].strides[at] = stride[k];
  }
  if (walk.ndim > 0) return;
  walk.ndim = 1;
  walk.shape[0] = walk.total;
  for (int k = 0; k < walk.operands; ++k) walk.operand[k].strides[0] = 1;
}

Access access_of(const Walk& walk, const Operand& operand, bool lanes_in_memory) {
  bool scalar = true;
  bool contiguous = lanes_in_memory;
  int64_t run = 1;
  for (int d = walk.ndim - 1; d >= 0; --d) {
    scalar = scalar && operand.strides[d] == 0;
    contiguous = contiguous && operand.strides[d] == run;
    run *= walk.shape[d];
  }
  if (scalar) return Access::kScalar;
  if (contiguous) return Access::kDirect;
  if (lanes_in_memory && operand.strides[walk.ndim - 1] == 1 && walk.shape[walk.ndim - 1] >= kShortRow) return Access::kRow;
  return Access::kWalk;
}

void set_operands(Walk& walk, const ElementwiseArgs& args, const ElementwiseInfo& info, Isa isa, bool in_float) {
  const int result = walk.operands - 1;
  const ScalarType lanes = in_float ? ScalarType::kFloat32 : ScalarType::kInt32;
  const bool mask = info.result == ElementwiseResult::Mask;
  for (int k = 0; k < walk.operands; ++k) {
    Operand& operand = walk.operand[k];
    const ScalarType type = k == result ? args.out_type : args.in[k].type;
    operand.data = static_cast<char*>(k == result ? args.out : const_cast<void*>(args.in[k].data));
    operand.element_size = static_cast<int64_t>(size_of(type));
    const bool as_float = k == result ? in_float && !mask : in_float;
    operand.access = access_of(walk, operand, type == (as_float ? ScalarType::kFloat32 : ScalarType::kInt32));
    if (operand.access == Access::kDirect) continue;
    if (k == result) {
      operand.store = as_float ? KEIMA_PICK(isa, elementwise_store_float)(type) : KEIMA_PICK(isa, elementwise_store_int)(type);
      if (operand.access == Access::kScalar) operand.access = Access::kWalk;
    } else {
      operand.load = lanes == ScalarType::kFloat32 ? KEIMA_PICK(isa, elementwise_load_float)(type)
                                                   : KEIMA_PICK(isa, elementwise_load_int)(type);
    }
  }
}

// The position of linear index i: its coordinates but the last, and the offset of its row in one operand.
struct Position {
  int64_t index[kElementwiseMaxDims];

  Position(const Walk& walk, int64_t i) {
    for (int d = walk.ndim - 1; d > 0; --d) {
      index[d] = i % walk.shape[d];
      i /= walk.shape[d];
    }
    index[0] = i;
  }
  int64_t offset(const Walk& walk, const Operand& operand) const {
    int64_t sum = 0;
    for (int d = 0; d < walk.ndim; ++d) sum += index[d] * operand.strides[d];
    return sum;
  }
  void next_row(const Walk& walk) {
    index[walk.ndim - 1] = 0;
    for (int d = walk.ndim - 2; d >= 0; --d) {
      if (++index[d] < walk.shape[d] || d == 0) return;
      index[d] = 0;
    }
  }
};

// Calls move(memory, lanes_offset, count) for the pieces of rows that linear indices [begin, begin + n) cover.
template <class Move>
void for_row_pieces(const Walk& walk, const Operand& operand, int64_t begin, int64_t n, const Move& move) {
  Position position(walk, begin);
  const int inner = walk.ndim - 1;
  for (int64_t done = 0; done < n;) {
    const int64_t left = walk.shape[inner] - position.index[inner];
    const int64_t count = left < n - done ? left : n - done;
    move(operand.data + position.offset(walk, operand) * operand.element_size, done, count);
    done += count;
    position.next_row(walk);
  }
}

void run_range(const Walk& walk, int64_t begin, int64_t end) {
  alignas(64) int32_t tiles[kMaxOperands][kTile];
  const int result = walk.operands - 1;
  const int64_t row = walk.shape[walk.ndim - 1];
  const void* in[kElementwiseMaxInputs] = {};
  for (int k = 0; k < result; ++k) {
    const Operand& operand = walk.operand[k];
    in[k] = tiles[k];
    if (operand.access == Access::kScalar) operand.load(operand.data, 0, tiles[k], end - begin < kTile ? end - begin : kTile);
  }
  for (int64_t at = begin; at < end;) {
    int64_t n = end - at < kTile ? end - at : kTile;
    if (walk.by_rows && n > row - at % row) n = row - at % row;
    for (int k = 0; k < result; ++k) {
      const Operand& operand = walk.operand[k];
      if (operand.access == Access::kDirect) {
        in[k] = operand.data + at * 4;
      } else if (operand.access == Access::kRow) {
        in[k] = operand.data + Position(walk, at).offset(walk, operand) * 4;
      } else if (operand.access == Access::kWalk) {
        for_row_pieces(walk, operand, at, n, [&](const char* memory, int64_t done, int64_t count) {
          operand.load(memory, operand.strides[walk.ndim - 1], tiles[k] + done, count);
        });
      }
    }
    const Operand& out = walk.operand[result];
    if (out.access == Access::kDirect) {
      walk.loop(in, out.data + at * 4, n, walk.params);
    } else if (out.access == Access::kRow) {
      walk.loop(in, out.data + Position(walk, at).offset(walk, out) * 4, n, walk.params);
    } else {
      walk.loop(in, tiles[result], n, walk.params);
      for_row_pieces(walk, out, at, n, [&](char* memory, int64_t done, int64_t count) {
        out.store(tiles[result] + done, memory, out.strides[walk.ndim - 1], count);
      });
    }
    at += n;
  }
}

}  // namespace

// The same whatever the instruction set: the one that every machine has is asked.
ElementwiseInfos elementwise_operations() { return KEIMA_PICK(kBuiltIsas[0], elementwise_infos)(); }

const ElementwiseInfo& elementwise_info(ElementwiseOp op) { return elementwise_operations().rows[op.index]; }

ElementwiseOp elementwise_op_from_name(const char* name) {
  const ElementwiseInfos all = elementwise_operations();
  for (int i = 0; i < all.count; ++i)
    if (strcmp(all.rows[i].name, name) == 0) return {i};
  return {};
}

ScalarType elementwise_result_type(ElementwiseOp op, ScalarType promoted) {
  const ElementwiseInfo& info = elementwise_info(op);
  if (info.result == ElementwiseResult::Mask) return ScalarType::kBool;
  return info.lanes == ElementwiseLanes::Float && !is_float(promoted) ? ScalarType::kFloat32 : promoted;
}

void elementwise(const Exec& exec, const ElementwiseArgs& args) {
  const ElementwiseInfo& info = elementwise_info(args.op);
  Walk walk;
  walk.operands = info.inputs + 1;
  const int64_t* strides[kMaxOperands];
  for (int k = 0; k < info.inputs; ++k) strides[k] = args.in[k].strides;
  strides[info.inputs] = args.out_strides;
  set_dimensions(walk, args, strides);
  if (walk.total == 0) return;
  const bool in_float = computes_in_float(args, info);
  walk.loop = in_float ? KEIMA_PICK(exec.isa, elementwise_loop_float)(args.op) : KEIMA_PICK(exec.isa, elementwise_loop_int)(args.op);
  walk.params = args.params;
  set_operands(walk, args, info, exec.isa, in_float);
  walk.by_rows = false;
  for (int k = 0; k < walk.operands; ++k) walk.by_rows = walk.by_rows || walk.operand[k].access == Access::kRow;
  if (walk.total <= 2 * kParallelGrain) return run_range(walk, 0, walk.total);
  parallel_for(exec, walk.total, kParallelGrain, [&walk](int64_t begin, int64_t end) { run_range(walk, begin, end); });
}

}  // namespace keima
