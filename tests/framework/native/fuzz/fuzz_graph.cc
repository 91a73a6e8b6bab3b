// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// fuzz_graph COUNT [SEED [LAST_FILE]]: loads mutated graph files and runs those that load. Under AddressSanitizer a read or
// write out of bounds ends it; LAST_FILE then holds the file that did. A load or a run of more than 30 s of processor time ends it too.
#include <sys/time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "compiler/cost.h"
#include "compiler/model.h"
#include "corpus.h"
#include "mutate.h"

using namespace keima;
using namespace keima::compiler;

namespace {

constexpr itimerval kPatience{{0, 0}, {30, 0}};
// A run that needs more would take long under sanitizers: such files are loaded and not run.
constexpr double kFlops = 2e7;

struct Counts {
  int files = 0, structured = 0, loaded = 0, ran = 0, failed = 0, costly = 0;
};

LoadLimits small_limits() {
  LoadLimits limits;
  limits.value_bytes = 4 << 20;
  limits.arena_bytes = 32 << 20;
  return limits;
}

Tensor random_input(const TensorDesc& desc, Random& random) {
  Tensor tensor = Tensor::empty(desc.shape, desc.dtype);
  const auto bytes = static_cast<size_t>(tensor.numel() * desc.dtype.itemsize());
  auto* data = reinterpret_cast<unsigned char*>(tensor.raw());
  const bool small = chance(random, 70);
  for (size_t i = 0; i < bytes; ++i) data[i] = desc.dtype.is_bool() ? random() & 1 : small ? static_cast<unsigned char>(i % 4 == 0 ? random() % 4 : 0) : static_cast<unsigned char>(random());
  return tensor;
}

double flops_of(const std::string& file) {
  const Graph graph = read_graph(ByteSource::of(std::as_bytes(std::span(file))), small_limits());
  double flops = 0;
  for (const Node& node : graph.nodes) flops += cost_of(graph, node).flops;
  return flops;
}

// Whatever is in the file, an error or a result comes back.
void survive(const std::string& file, Random& random, Counts& counts) {
  setitimer(ITIMER_PROF, &kPatience, nullptr);
  try {
    if (flops_of(file) > kFlops) {
      ++counts.costly;
      return;
    }
    const Model model = Model::load(std::as_bytes(std::span(file)), small_limits());
    ++counts.loaded;
    try {
      std::vector<Tensor> inputs;
      for (const Port& port : model.inputs()) inputs.push_back(random_input(port.desc, random));
      for (int i = 0; i < 2; ++i) model.run(inputs);
      ++counts.ran;
    } catch (const Error&) {
      ++counts.failed;  // a position out of range, say
    }
  } catch (const Error&) {
  }
}

std::string mutation(const std::vector<Graph>& graphs, Random& random, Counts& counts) {
  const Graph& graph = graphs[pick(random, graphs.size())];
  const size_t kind = pick(random, 10);
  counts.structured += kind < 8;
  if (kind < 5) return file_of(mutated_graph(graph, random));
  if (kind < 7) return mutated_header(file_of(graph), random);
  if (kind < 8) return mutated_header(file_of(mutated_graph(graph, random)), random);
  return mutated_bytes(file_of(graph), random);
}

void keep(const char* path, const std::string& file) { std::ofstream(path, std::ios::binary | std::ios::trunc) << file; }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: fuzz_graph COUNT [SEED [LAST_FILE]]\n");
    return 2;
  }
  const int count = std::atoi(argv[1]);
  const std::vector<Graph> graphs = corpus();
  Random random(argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 0);
  Counts counts;
  for (const Graph& graph : graphs) {
    survive(file_of(graph), random, counts);
    ++counts.files;
    // Positions drawn at random may be out of range, so that not all run to the end.
    if (counts.loaded != counts.files) {
      std::fprintf(stderr, "graph %d of the corpus does not load\n", counts.files - 1);
      return 1;
    }
  }
  for (int i = 0; i < count; ++i) {
    const std::string file = mutation(graphs, random, counts);
    if (argc > 3) keep(argv[3], file);
    survive(file, random, counts);
    ++counts.files;
  }
  std::printf("%d files, %d of them aware of the structure; %d loaded, %d ran to the end, %d ended in an error, %d too costly to run\n", counts.files,
              counts.structured, counts.loaded, counts.ran, counts.failed, counts.costly);
  // Mutations that never get through would test the header alone.
  return counts.ran * 20 >= counts.files && counts.structured * 2 >= count ? 0 : 1;
}
