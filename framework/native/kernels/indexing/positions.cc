// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Turning indices and masks into positions.
#include <string.h>

#include "kernels/indexing/first_bad.h"
#include "kernels/indexing/indexing.h"

namespace keima {
namespace {

// Elements below which threads are not worth waking.
constexpr int64_t kGrain = 1 << 14;

// Where element `position` of a row-major `shape` lies in a strided array.
int64_t offset_of(int ndim, const int64_t* shape, const int64_t* strides, int64_t position) {
  int64_t offset = 0;
  for (int axis = ndim - 1; axis >= 0; --axis) {
    offset += position % shape[axis] * strides[axis];
    position /= shape[axis];
  }
  return offset;
}

int32_t value_at(const IndexArray& array, int64_t offset) {
  switch (array.type) {
    case ScalarType::kInt16: return static_cast<const int16_t*>(array.data)[offset];
    case ScalarType::kInt8: return static_cast<const int8_t*>(array.data)[offset];
    case ScalarType::kUint16: return static_cast<const uint16_t*>(array.data)[offset];
    case ScalarType::kUint8: return static_cast<const uint8_t*>(array.data)[offset];
    default: return static_cast<const int32_t*>(array.data)[offset];
  }
}

// out[i] = out[i] * size + index[i] over one row; returns the first place of a bad index, or `count`.
template <class T>
int64_t ravel_run(const T* index, int64_t stride, int64_t size, int64_t count, int32_t* out) {
  int64_t bad = count;
  for (int64_t i = count - 1; i >= 0; --i) {
    int64_t at = index[i * stride];
    at += at < 0 ? size : 0;
    bad = at < 0 || at >= size ? i : bad;
    out[i] = static_cast<int32_t>(static_cast<uint32_t>(out[i]) * static_cast<uint32_t>(size) + static_cast<uint32_t>(at));
  }
  return bad;
}

int64_t ravel_row(const IndexArray& array, int64_t offset, int64_t stride, int64_t size, int64_t count, int32_t* out) {
  switch (array.type) {
    case ScalarType::kInt16: return ravel_run(static_cast<const int16_t*>(array.data) + offset, stride, size, count, out);
    case ScalarType::kInt8: return ravel_run(static_cast<const int8_t*>(array.data) + offset, stride, size, count, out);
    case ScalarType::kUint16: return ravel_run(static_cast<const uint16_t*>(array.data) + offset, stride, size, count, out);
    case ScalarType::kUint8: return ravel_run(static_cast<const uint8_t*>(array.data) + offset, stride, size, count, out);
    default: return ravel_run(static_cast<const int32_t*>(array.data) + offset, stride, size, count, out);
  }
}

// Positions from `begin` to `end`, a row of the innermost axis at a time.
void ravel_range(const RavelArgs& args, int64_t begin, int64_t end, FirstBad& bad) {
  const int64_t columns = args.ndim > 0 ? args.shape[args.ndim - 1] : 1;
  memset(args.out + begin, 0, static_cast<size_t>(end - begin) * sizeof(int32_t));
  for (int64_t i = begin; i < end;) {
    const int64_t left = columns - i % columns;
    const int64_t count = left < end - i ? left : end - i;
    for (int a = 0; a < args.arrays; ++a) {
      const int64_t* strides = args.index[a].strides;
      const int64_t offset = offset_of(args.ndim, args.shape, strides, i);
      const int64_t stride = args.ndim > 0 ? strides[args.ndim - 1] : 0;
      const int64_t first = ravel_row(args.index[a], offset, stride, args.sizes[a], count, args.out + i);
      if (first < count) bad.report(a, i + first);
    }
    i += count;
  }
}

// --- masks ---------------------------------------------------------------------------------------------------------

constexpr int64_t kMaskBlock = 1 << 14;

int64_t mask_blocks(int64_t size) { return (size + kMaskBlock - 1) / kMaskBlock; }

// Calls visit(position, ordinal) for each true element, in any order of blocks.
template <class Visit>
void for_each_true(const Exec& exec, const void* mask, int64_t size, const void* scratch, const Visit& visit) {
  const auto* flags = static_cast<const uint8_t*>(mask);
  const auto* starts = static_cast<const int64_t*>(scratch);
  parallel_for(exec, mask_blocks(size), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t last = (block + 1) * kMaskBlock < size ? (block + 1) * kMaskBlock : size;
      int64_t ordinal = starts[block];
      for (int64_t i = block * kMaskBlock; i < last; ++i)
        if (flags[i] != 0) visit(i, ordinal++);
    }
  });
}

template <class T>
void compact_typed(const Exec& exec, const CompactArgs& args, const void* scratch) {
  const auto* values = static_cast<const T*>(args.values);
  auto* out = static_cast<T*>(args.out);
  for_each_true(exec, args.mask, args.size, scratch, [&](int64_t position, int64_t ordinal) {
    out[ordinal] = values[position];
    args.positions[ordinal] = static_cast<int32_t>(position);
  });
}

}  // namespace

BadIndex ravel_index(const Exec& exec, const RavelArgs& args) {
  int64_t elements = 1;
  for (int axis = 0; axis < args.ndim; ++axis) elements *= args.shape[axis];
  FirstBad bad;
  parallel_for(exec, elements, kGrain, [&](int64_t begin, int64_t end) { ravel_range(args, begin, end, bad); });
  if (!bad.found()) return {};
  const IndexArray& array = args.index[bad.array()];
  return {bad.array(), bad.position(), value_at(array, offset_of(args.ndim, args.shape, array.strides, bad.position()))};
}

size_t mask_scratch_bytes(int64_t size) { return static_cast<size_t>(mask_blocks(size)) * sizeof(int64_t); }

int64_t count_nonzero(const Exec& exec, const void* mask, int64_t size, void* scratch) {
  const auto* flags = static_cast<const uint8_t*>(mask);
  auto* starts = static_cast<int64_t*>(scratch);
  const int64_t blocks = mask_blocks(size);
  parallel_for(exec, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t last = (block + 1) * kMaskBlock < size ? (block + 1) * kMaskBlock : size;
      int32_t count = 0;
      for (int64_t i = block * kMaskBlock; i < last; ++i) count += flags[i] != 0;
      starts[block] = count;
    }
  });
  int64_t total = 0;
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t count = starts[block];
    starts[block] = total;
    total += count;
  }
  return total;
}

void nonzero(const Exec& exec, const NonzeroArgs& args, const void* scratch) {
  int64_t size = 1;
  for (int axis = 0; axis < args.ndim; ++axis) size *= args.shape[axis];
  for_each_true(exec, args.mask, size, scratch, [&](int64_t position, int64_t ordinal) {
    auto rest = static_cast<uint32_t>(position);  // 32-bit division takes half the time
    for (int axis = args.ndim - 1; axis >= 0; --axis) {
      const auto length = static_cast<uint32_t>(args.shape[axis]);
      args.out[axis * args.count + ordinal] = static_cast<int32_t>(rest % length);
      rest /= length;
    }
  });
}

void compact(const Exec& exec, const CompactArgs& args, const void* scratch) {
  switch (size_of(args.type)) {
    case 4: return compact_typed<uint32_t>(exec, args, scratch);
    case 2: return compact_typed<uint16_t>(exec, args, scratch);
    default: return compact_typed<uint8_t>(exec, args, scratch);
  }
}

}  // namespace keima
