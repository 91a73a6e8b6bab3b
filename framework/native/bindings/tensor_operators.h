// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What `a + b`, `a += b`, `-a`, `a == b` and the like do on tensors.
#pragma once

#include <span>

#include "bindings/python.h"

namespace keima::python {

// A function as an entry of a type's table.
template <class Function>
void* slot(Function* function) {
  return reinterpret_cast<void*>(function);
}

std::span<const PyType_Slot> operator_slots();

}  // namespace keima::python
