// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/model.h"

#include <algorithm>
#include <mutex>

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

// Each shares the constants and holds a plan of a few KB.
constexpr size_t kKeptBatches = 8;

}  // namespace

// Programs for other numbers of samples than the file's, the last one used first.
struct Model::OtherBatches {
  std::mutex mutex;
  std::vector<std::shared_ptr<const Program>> programs;
};

Model::Model(Model&&) noexcept = default;
Model::~Model() = default;

Model Model::load(const ByteSource& file, const LoadLimits& limits, const Tuning& tuning) {
  Model model = [&] {
    Graph graph = read_graph(file, limits);
    optimize(graph);
    std::vector<Measured> measured = pick_algorithms(graph, tuning, limits.arena_bytes);
    return Model(std::move(graph), limits, std::move(measured));
  }();
  // The weights as they were read, before packing, are gone.
  Allocator::instance().trim();
  return model;
}

Model Model::load(const std::string& path, const LoadLimits& limits, const Tuning& tuning) {
  return load(ByteSource::open(path, limits.file_bytes), limits, tuning);
}

Model Model::load(std::span<const std::byte> bytes, const LoadLimits& limits, const Tuning& tuning) {
  if (static_cast<int64_t>(bytes.size()) > limits.file_bytes)
    fail_format("the file has ", bytes.size(), " bytes, the limit is ", limits.file_bytes);
  return load(ByteSource::of(bytes), limits, tuning);
}

Model::Model(Graph graph, const LoadLimits& limits, std::vector<Measured> measured)
    : inputs_(ports(graph, graph.inputs, graph.input_names)),
      outputs_(ports(graph, graph.outputs, graph.output_names)),
      measured_(std::move(measured)),
      program_(std::move(graph), limits.arena_bytes),
      memory_limit_(limits.arena_bytes),
      others_(std::make_unique<OtherBatches>()) {}

std::shared_ptr<const Program> Model::program_for(int64_t samples) const {
  const std::lock_guard lock(others_->mutex);
  auto& programs = others_->programs;
  auto found = std::find_if(programs.begin(), programs.end(), [&](const auto& program) { return program->samples() == samples; });
  if (found == programs.end()) {
    programs.push_back(std::make_shared<const Program>(program_.with_samples(samples, memory_limit_)));
    found = programs.end() - 1;
  }
  std::rotate(programs.begin(), found, found + 1);
  if (programs.size() > kKeptBatches) programs.pop_back();
  return programs.front();
}

std::vector<Tensor> Model::run(std::span<const Tensor> inputs) const {
  const int64_t samples = program_.samples_of(inputs);
  std::vector<Tensor> results = samples == program_.samples() ? program_.run(inputs) : program_for(samples)->run(inputs);
  for (Tensor& result : results) result = to_contiguous(to_plain(result));
  return results;
}

}  // namespace keima::compiler
