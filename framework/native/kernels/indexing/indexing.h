// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Reading and writing elements whose places are data. Arrays are contiguous unless strides are asked for; inputs and
// outputs must not overlap. Results do not depend on the number of threads. Positions are int32, so no indexed array has
// more than 2^31 - 1 elements (rows, where rows are indexed).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/freestanding/exec.h"
#include "base/freestanding/scalar_type.h"

namespace keima {

// --- which places --------------------------------------------------------------------------------------------------

// The first index that names no element; `array` is -1 if all do.
struct BadIndex {
  int array = -1;        // which index array, counted from 0
  int64_t position = 0;  // where in it (in the broadcast shape), row-major
  int32_t value = 0;     // as it was given
};

struct IndexArray {
  ScalarType type;         // kInt32, kInt16, kInt8, kUint16 or kUint8
  const void* data;
  const int64_t* strides;  // in elements; 0 along broadcast axes
};

struct RavelArgs {
  int ndim;              // of the broadcast shape, at most 8
  const int64_t* shape;
  int arrays;            // at least 1, at most 8
  const IndexArray* index;
  const int64_t* sizes;  // one for each index array: valid indices are -size .. size - 1, negative ones count from the end
  int32_t* out;          // contiguous, of `shape`
};

// out = (index[0] * sizes[1] + index[1]) * sizes[2] + ..., the row-major position in an array of `sizes`. Where an index
// is bad, the result names it and `out` must not be used.
BadIndex ravel_index(const Exec& exec, const RavelArgs& args);

// Bytes of scratch for counting in a mask of `size` elements.
size_t mask_scratch_bytes(int64_t size);
// How many elements of a kBool array are true. Leaves in `scratch` (8-byte aligned) what nonzero() and compact() need.
int64_t count_nonzero(const Exec& exec, const void* mask, int64_t size, void* scratch);

struct NonzeroArgs {
  const void* mask;  // kBool, contiguous
  int ndim;          // at most 8
  const int64_t* shape;
  int64_t count;     // what count_nonzero() returned for this mask
  int32_t* out;      // [ndim][count]: the coordinates of true elements in row-major order
};
void nonzero(const Exec& exec, const NonzeroArgs& args, const void* scratch);

struct CompactArgs {
  const void* mask;  // kBool, [size]
  int64_t size;
  ScalarType type;
  const void* values;  // [size]
  void* out;           // [count_nonzero()]: the values where the mask is true, in order
  int32_t* positions;  // [count_nonzero()]: where they were
};
void compact(const Exec& exec, const CompactArgs& args, const void* scratch);

// --- whole rows ----------------------------------------------------------------------------------------------------
// Every index must be in range (ravel_index makes such).

struct RowsArgs {
  ScalarType type;
  int64_t count;         // of indices
  int64_t row;           // elements of a row
  const int32_t* index;  // [count]
  const void* in;        // take_rows: the indexed array, [n][row]; otherwise the values, [count][row]
  void* out;             // take_rows: [count][row]; otherwise the indexed array, [n][row]
  int64_t n;             // rows of the indexed array
};

// out[i, :] = in[index[i], :]
void take_rows(const Exec& exec, const RowsArgs& args);
// out[index[i], :] = in[i, :]; of several that write one row the last stays.
void put_rows(const Exec& exec, const RowsArgs& args);
// out[index[i], :] += in[i, :] in the order of i. Types: kFloat32, kInt32 (wraps), kFloat16 and kBfloat16, whose sums are
// rounded after each addition unless `out` is float32.
void add_rows(const Exec& exec, const RowsArgs& args, ScalarType out_type);

// --- along one axis ------------------------------------------------------------------------------------------------

struct AxisArgs {
  ScalarType type;
  int64_t outer;
  int64_t n;             // the indexed array is [outer][n][inner]
  int64_t inner;
  int64_t count;         // index and values are [outer][count][inner]
  const int32_t* index;  // in range: 0 .. n - 1
  const void* in;        // gather: the indexed array; otherwise the values
  void* out;             // gather: the values; otherwise the indexed array
};

// out[o, c, k] = in[o, index[o, c, k], k]
void gather(const Exec& exec, const AxisArgs& args);
// out[o, index[o, c, k], k] = in[o, c, k]; of several that write one element the last stays.
void scatter(const Exec& exec, const AxisArgs& args);
// out[o, index[o, c, k], k] += in[o, c, k], in the order of c; types and rounding as in add_rows.
void scatter_add(const Exec& exec, const AxisArgs& args, ScalarType out_type);

struct OneHotArgs {
  ScalarType type;  // of `out`
  int64_t count;
  int64_t classes;
  const int32_t* labels;  // [count], valid: 0 .. classes - 1
  void* out;              // [count][classes]: 1 at the label, 0 elsewhere
};
// Where a label is bad, the result names it and its row is all zeros.
BadIndex one_hot(const Exec& exec, const OneHotArgs& args);

}  // namespace keima
