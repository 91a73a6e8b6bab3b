// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/model.h"

#include "base/allocator.h"
#include "compiler/passes.h"
#include "ops/layout.h"

namespace keima::compiler {
namespace {

std::vector<Port> ports(const Graph& graph, const std::vector<ValueId>& ids, const std::vector<std::string>& names) {
  std::vector<Port> result;
  for (size_t i = 0; i < ids.size(); ++i) result.push_back({names[i], graph.values[ids[i]]});
  return result;
}

Graph optimized(Graph graph) {
  optimize(graph);
  return graph;
}

}  // namespace

Model Model::load(const ByteSource& file, const LoadLimits& limits) {
  Model model(optimized(read_graph(file, limits)), limits);
  // The weights as they were read, before packing, are gone.
  Allocator::instance().trim();
  return model;
}

Model Model::load(const std::string& path, const LoadLimits& limits) { return load(ByteSource::open(path, limits.file_bytes), limits); }

Model Model::load(std::span<const std::byte> bytes, const LoadLimits& limits) {
  if (static_cast<int64_t>(bytes.size()) > limits.file_bytes)
    fail_format("the file has ", bytes.size(), " bytes, the limit is ", limits.file_bytes);
  return load(ByteSource::of(bytes), limits);
}

Model::Model(Graph graph, const LoadLimits& limits)
    : inputs_(ports(graph, graph.inputs, graph.input_names)), outputs_(ports(graph, graph.outputs, graph.output_names)), program_(graph, limits.arena_bytes) {}

std::vector<Tensor> Model::run(std::span<const Tensor> inputs) const {
  std::vector<Tensor> results = program_.run(inputs);
  for (Tensor& result : results) result = to_contiguous(to_plain(result));
  return results;
}

}  // namespace keima::compiler
