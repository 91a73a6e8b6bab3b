// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Runs one op on concrete tensors: shape inference, layout conversion, allocation, kernel. No autodiff.
#pragma once

#include "ops/op.h"

namespace keima {

// `donated`: bit i set when the caller gives input i up, so that its memory may become the output's.
TensorList execute(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, uint32_t donated = 0);

// What the op's kernel takes from its workspace when it makes `out` as output 0 of these operands, in bytes.
int64_t scratch_bytes(const OpCall& call, const Dims& out, const Exec& exec);

// Shapes and dtypes only, after checking the number of inputs.
DescList infer(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs);

}  // namespace keima
