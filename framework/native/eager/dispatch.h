// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Applies an op to values now: executes it and, while a session records, notes it on the tape.
#pragma once

#include <vector>

#include "eager/tape.h"
#include "ops/execute.h"
#include "ops/gradient.h"

namespace keima {

// `donated`: bit i set when the caller gives input i up; its tensor may be moved from.
ValueList apply(const Op& op, std::span<Value> inputs, Attrs attrs, uint32_t donated = 0);
inline Value apply1(const Op& op, std::initializer_list<Value> inputs, Attrs attrs = {}) {
  std::vector<Value> values(inputs);
  return std::move(apply(op, values, std::move(attrs))[0]);
}

class EagerApplier : public Applier {
 public:
  ValueList apply(const Op& op, std::span<const Value> inputs, Attrs attrs) override;
  bool differentiable() const override { return Tape::instance().recording(); }
};

// While on, every op's float results are searched for NaN; the first op to make one from NaN-free inputs is an error.
void set_anomaly_mode(bool on) noexcept;
bool anomaly_mode() noexcept;

}  // namespace keima
