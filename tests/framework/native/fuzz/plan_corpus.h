// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Plans of the executor that mutations start from: nets that the compiler lowers, and steps of sizes drawn at random.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "mutate_text.h"

namespace keima {

struct PlanParts {
  std::string plan;                            // JSON
  std::map<std::string, std::string> tensors;  // that its steps name
};

std::string file_of(const PlanParts& parts);

std::vector<PlanParts> lowered_plans();

// Each step's sizes, offsets and tensors go together most of the time, small ones and such whose products do not fit.
PlanParts random_plan(Random& random);

}  // namespace keima
