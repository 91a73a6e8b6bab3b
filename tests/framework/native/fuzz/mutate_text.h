// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Damage to texts and bytes, whatever they say, and the random numbers that choose it.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace keima {

using Random = std::mt19937_64;

// A number in [0, count).
inline size_t pick(Random& random, size_t count) { return static_cast<size_t>(random() % (count ? count : 1)); }
inline bool chance(Random& random, unsigned percent) { return random() % 100 < percent; }

// Small, as sizes are, or one time in ten near the ends of what integers hold.
int64_t odd_number(Random& random);

// Changes numbers, values, words and pieces of a JSON text; it may be none afterwards.
std::string mutated_text(std::string text, Random& random);

// The same for the header of a safetensors file, whose length is mended; data stays.
std::string mutated_header(const std::string& file, Random& random);

// Changes, drops, repeats or cuts bytes anywhere.
std::string mutated_bytes(std::string file, Random& random);

}  // namespace keima
