// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What shape inference asks of operands whose kernel reads them as float32, whatever the family.
#pragma once

#include <algorithm>

#include "ops/op.h"

namespace keima {

inline void require_float32(const OpCall& call, size_t i) {
  if (!call.has(i) || call.in(i).dtype() == DType(ScalarType::kFloat32)) return;
  // The last name of a variadic op stands for all further operands.
  const std::string& name = call.op.inputs[std::min(i, call.op.inputs.size() - 1)];
  fail(ErrorKind::kDtype, call.op.name, ": ", name, ": expected float32, got ", call.in(i).dtype(), "; convert with astype('float32')");
}

// Each has to be: what two dtypes promote to says nothing about either.
inline void require_all_float32(const OpCall& call) {
  for (size_t i = 0; i < call.inputs.size(); ++i) require_float32(call, i);
}

}  // namespace keima
