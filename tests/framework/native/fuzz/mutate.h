// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What a hostile or damaged graph file may look like.
#pragma once

#include <random>
#include <string>
#include <string_view>

#include "compiler/ir.h"

namespace keima::compiler {

using Random = std::mt19937_64;

// A number in [0, count).
inline size_t pick(Random& random, size_t count) { return static_cast<size_t>(random() % (count ? count : 1)); }
inline bool chance(Random& random, unsigned percent) { return random() % 100 < percent; }

std::string file_of(const Graph& graph);

// Changes ops, attributes, operands, shapes, dtypes or nodes of the graph; most of the time what follows is mended by
// inferring shapes again, so that reading goes deep.
Graph mutated_graph(const Graph& graph, Random& random);

// Changes numbers and words of the header or of the graph's JSON, with the header's length mended; data stays.
std::string mutated_header(const std::string& file, Random& random);

// Changes, drops, repeats or cuts bytes anywhere.
std::string mutated_bytes(std::string file, Random& random);

}  // namespace keima::compiler
