// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// How much scratch a kernel's own preparation takes: what its op declares (Op::scratch).
#pragma once

#include "ops/workspace.h"

namespace keima {

// `prepare(workspace)` with a workspace that only counts.
template <class Prepare>
int64_t counted_scratch(Prepare prepare) {
  Workspace counted;
  prepare(counted);
  return counted.taken();
}

}  // namespace keima
