// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/copy/copy.h"

#include <string.h>

#include "kernels/copy/convert_body.h"

namespace keima {
namespace {

constexpr int kMaxDims = 8;
// Elements below which threads are not worth waking.
constexpr int64_t kGrain = 1 << 15;
// Side of the square tiles in which a transposing copy moves: two tiles of 4-byte elements are 8 KB, a quarter of L1.
constexpr int64_t kTile = 32;

struct Axis {
  int64_t size, in, out;
};

// The iteration space, outermost axis first, without axes of size 1 and with neighbours merged that lie as one.
struct Space {
  Axis axes[kMaxDims];
  int count = 0;

  int64_t elements() const {
    int64_t n = 1;
    for (int i = 0; i < count; ++i) n *= axes[i].size;
    return n;
  }
};

// Larger output strides outside, so that writes run forward.
void sort_axes(Space& space) {
  for (int i = 1; i < space.count; ++i)
    for (int j = i; j > 0 && space.axes[j - 1].out < space.axes[j].out; --j) {
      const Axis axis = space.axes[j];
      space.axes[j] = space.axes[j - 1];
      space.axes[j - 1] = axis;
    }
}

Space make_space(const CopyArgs& args) {
  Space space;
  for (int i = 0; i < args.ndim; ++i)
    if (args.shape[i] != 1) space.axes[space.count++] = {args.shape[i], args.in_strides[i], args.out_strides[i]};
  sort_axes(space);
  int merged = 0;
  for (int i = 1; i < space.count; ++i) {
    Axis& outer = space.axes[merged];
    const Axis& inner = space.axes[i];
    if (outer.in == inner.in * inner.size && outer.out == inner.out * inner.size) {
      outer = {outer.size * inner.size, inner.in, inner.out};
    } else {
      space.axes[++merged] = inner;
    }
  }
  if (space.count > 0) space.count = merged + 1;
  return space;
}

// Copies one plane: `rows` times `columns`, columns being the axis of the smaller output stride.
template <class T>
void copy_plane(const T* in, T* out, Axis rows, Axis columns) {
  if (columns.in == 1 && columns.out == 1) {
    for (int64_t r = 0; r < rows.size; ++r) memcpy(out + r * rows.out, in + r * rows.in, static_cast<size_t>(columns.size) * sizeof(T));
    return;
  }
  if (columns.in == 0 && columns.out == 1) {
    for (int64_t r = 0; r < rows.size; ++r) {
      const T value = in[r * rows.in];
      for (int64_t c = 0; c < columns.size; ++c) out[r * rows.out + c] = value;
    }
    return;
  }
  // Square tiles keep both the rows read and the rows written in cache when the copy transposes.
  for (int64_t r0 = 0; r0 < rows.size; r0 += kTile) {
    const int64_t r1 = r0 + kTile < rows.size ? r0 + kTile : rows.size;
    for (int64_t c0 = 0; c0 < columns.size; c0 += kTile) {
      const int64_t c1 = c0 + kTile < columns.size ? c0 + kTile : columns.size;
      for (int64_t r = r0; r < r1; ++r)
        for (int64_t c = c0; c < c1; ++c) out[r * rows.out + c * columns.out] = in[r * rows.in + c * columns.in];
    }
  }
}

// Converts one plane row by row through small contiguous buffers where rows are strided.
struct Converter {
  ScalarType from, to;
  void (*run)(ScalarType, const void*, ScalarType, void*, int64_t);
};

void gather_run(const char* in, int64_t stride, size_t size, char* buffer, int64_t count) {
  for (int64_t i = 0; i < count; ++i) memcpy(buffer + static_cast<size_t>(i) * size, in + i * stride * static_cast<int64_t>(size), size);
}

void scatter_run(const char* buffer, size_t size, char* out, int64_t stride, int64_t count) {
  for (int64_t i = 0; i < count; ++i) memcpy(out + i * stride * static_cast<int64_t>(size), buffer + static_cast<size_t>(i) * size, size);
}

void convert_row(const Converter& converter, const char* in, char* out, Axis columns) {
  if (columns.in == 1 && columns.out == 1) return converter.run(converter.from, in, converter.to, out, columns.size);
  constexpr int64_t kRun = 256;
  alignas(64) char gathered[kRun * 4], converted[kRun * 4];
  const size_t in_size = size_of(converter.from), out_size = size_of(converter.to);
  for (int64_t start = 0; start < columns.size; start += kRun) {
    const int64_t count = start + kRun < columns.size ? kRun : columns.size - start;
    gather_run(in + start * columns.in * static_cast<int64_t>(in_size), columns.in, in_size, gathered, count);
    converter.run(converter.from, gathered, converter.to, converted, count);
    scatter_run(converted, out_size, out + start * columns.out * static_cast<int64_t>(out_size), columns.out, count);
  }
}

struct Job {
  Space space;  // outer axes; the last two are the plane
  const CopyArgs* args;
  Converter converter;
  int64_t in_size, out_size;

  void plane(const char* in, char* out, Axis rows, Axis columns) const {
    if (converter.from == converter.to) {
      switch (in_size) {
        case 4: return copy_plane(reinterpret_cast<const uint32_t*>(in), reinterpret_cast<uint32_t*>(out), rows, columns);
        case 2: return copy_plane(reinterpret_cast<const uint16_t*>(in), reinterpret_cast<uint16_t*>(out), rows, columns);
        default: return copy_plane(reinterpret_cast<const uint8_t*>(in), reinterpret_cast<uint8_t*>(out), rows, columns);
      }
    }
    for (int64_t r = 0; r < rows.size; ++r)
      convert_row(converter, in + r * rows.in * in_size, out + r * rows.out * out_size, columns);
  }

  // Axes from `depth` on; the first of them only from `begin` to `end`.
  void walk(int depth, const char* in, char* out, int64_t begin, int64_t end) const {
    const Axis& axis = space.axes[depth];
    in += begin * axis.in * in_size;
    out += begin * axis.out * out_size;
    const Axis part{end - begin, axis.in, axis.out};
    if (depth == space.count - 1) return plane(in, out, {1, 0, 0}, part);
    if (depth == space.count - 2) return plane(in, out, part, space.axes[depth + 1]);
    for (int64_t i = 0; i < part.size; ++i)
      walk(depth + 1, in + i * axis.in * in_size, out + i * axis.out * out_size, 0, space.axes[depth + 1].size);
  }
};

}  // namespace

void copy_strided(const Exec& exec, const CopyArgs& args) {
  Job job{make_space(args), &args, {args.in_type, args.out_type, KEIMA_PICK(exec.isa, convert_run)},
          static_cast<int64_t>(size_of(args.in_type)), static_cast<int64_t>(size_of(args.out_type))};
  const int64_t elements = job.space.elements();
  if (elements == 0) return;
  const auto* in = static_cast<const char*>(args.in);
  auto* out = static_cast<char*>(args.out);
  if (job.space.count == 0) return job.plane(in, out, {1, 0, 0}, {1, 1, 1});
  const int64_t outer = job.space.axes[0].size, per_step = elements / outer;
  parallel_for(exec, outer, kGrain / per_step + 1, [&](int64_t begin, int64_t end) { job.walk(0, in, out, begin, end); });
}

void fill(const Exec& exec, ScalarType type, void* out, int64_t count, double value) {
  if (count == 0) return;
  char element[4];
  const bool integral = type == ScalarType::kInt32 || type == ScalarType::kInt16 || type == ScalarType::kInt8 || type == ScalarType::kUint8 ||
                        type == ScalarType::kUint16;
  // A float cannot hold every int32.
  const float real = static_cast<float>(value);
  const int32_t integer = integral ? static_cast<int32_t>(value) : 0;
  const auto convert = KEIMA_PICK(exec.isa, convert_run);
  if (integral) convert(ScalarType::kInt32, &integer, type, element, 1);
  else convert(ScalarType::kFloat32, &real, type, element, 1);
  const int64_t zero = 0, one = 1;
  copy_strided(exec, {1, &count, type, element, &zero, type, out, &one});
}

}  // namespace keima
