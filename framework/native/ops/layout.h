// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Conversions between layouts, strides and dtypes: the copies that the executor of ops inserts.
#pragma once

#include "base/freestanding/exec.h"
#include "base/tensor.h"
#include "ops/op.h"

namespace keima {

// Contiguous, plain: the input itself if it already is.
Tensor to_contiguous(const Tensor& tensor);
// Plain with any strides.
Tensor to_plain(const Tensor& tensor);
Tensor to_layout(const Tensor& tensor, Layout layout);
// Elementwise conversion of the values, plain; the input itself if the dtype is the same.
Tensor to_dtype(const Tensor& tensor, DType dtype);

// The same, in memory of the workspace where a copy is needed (a copy without memory where that only counts).
Tensor to_contiguous(const Exec& exec, const Tensor& tensor, Workspace& workspace);
Tensor to_dtype(const Exec& exec, const Tensor& tensor, const DType& dtype, Workspace& workspace);

// Element by element from `from` to `to` of the same shape, both plain with any strides, converting the dtype.
void strided_copy(const Exec& exec, const Tensor& from, const Tensor& to);
// For kernels that write a part of a result: input 0's elements first, unless the result lies over them. Addresses are
// compared, not storages: all buffers of a compiled program are in one.
void start_from_input(const KernelCall& call);
// Sets every element of a contiguous tensor.
void fill(const Exec& exec, const Tensor& to, double value);

// A shape as [outer][n][inner] around one axis, which is how kernels along an axis see it.
struct AxisSplit {
  int64_t outer = 1, n = 1, inner = 1;
};
AxisSplit split_at(const Dims& shape, int axis);

// Channels a block: 64 bytes' worth.
inline uint8_t channel_block(const DType& dtype) { return static_cast<uint8_t>(64 / dtype.itemsize()); }

// A 0-d tensor.
Tensor scalar_tensor(double value, DType dtype);
Tensor filled(const Dims& shape, double value, DType dtype);

}  // namespace keima
