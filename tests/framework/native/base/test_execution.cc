// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>

#include "base/execution.h"
#include "base/freestanding/isa.h"
#include "base/freestanding/scalar_type.h"

using namespace keima;

TEST_CASE("KEIMA_ISA caps the machine") {
  CHECK(cap_isa(Isa::kAvx512, "avx2") == Isa::kAvx2);
  CHECK(cap_isa(Isa::kAvx512, "scalar") == Isa::kScalar);
  CHECK(cap_isa(Isa::kAvx2, "avx512") == Isa::kAvx2);
  CHECK(cap_isa(Isa::kNeon, "avx2") == Isa::kNeon);
  CHECK_THROWS_WITH_AS(cap_isa(Isa::kAvx2, "avx"), "KEIMA_ISA must be one of scalar, avx2, avx512, neon, not 'avx'",
                       std::invalid_argument);
}

TEST_CASE("a machine runs its own instruction set and scalar code") {
  const Isa machine = detect_isa();
  CHECK(runs(machine, machine));
  CHECK(runs(machine, Isa::kScalar));
  CHECK_FALSE(runs(Isa::kAvx2, Isa::kAvx512));
  CHECK_FALSE(runs(Isa::kNeon, Isa::kAvx2));
}

TEST_CASE("element sizes") {
  CHECK(size_of(ScalarType::kFloat32) == 4);
  CHECK(size_of(ScalarType::kInt32) == 4);
  CHECK(size_of(ScalarType::kFloat16) == 2);
  CHECK(size_of(ScalarType::kBfloat16) == 2);
  CHECK(size_of(ScalarType::kInt16) == 2);
  CHECK(size_of(ScalarType::kUint16) == 2);
  CHECK(size_of(ScalarType::kInt8) == 1);
  CHECK(size_of(ScalarType::kUint8) == 1);
  CHECK(size_of(ScalarType::kBool) == 1);
}
