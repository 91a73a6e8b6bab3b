// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Bodies of the kernels and ops of the registry agree: no body is out of every test's reach.
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "kernels/elementwise/elementwise.h"
#include "ops/registry.h"

using namespace keima;

TEST_CASE("every body is a registered op, with the op's number of operands") {
  const ElementwiseInfos bodies = elementwise_operations();
  for (int i = 0; i < bodies.count; ++i) {
    const ElementwiseInfo& body = bodies.rows[i];
    if (std::string_view(body.name) == "identity") continue;  // the op "cast", which takes a dtype
    const Op* op = Registry::instance().find(body.name);
    INFO(std::string(body.name));
    REQUIRE(op != nullptr);
    CHECK(op->inputs.size() == static_cast<size_t>(body.inputs));
  }
}
