// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// fuzz_graph COUNT [SEED [LAST_FILE]]: loads mutated graph files and runs those that load. Under AddressSanitizer a read or
// write out of bounds ends it; LAST_FILE then holds the file that did, and half of the files are loaded from there. A load
// or a run of more than 30 s of processor time ends it too.
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

struct Limits {
  LoadLimits load;
  // Values may be so large that a run would take all memory: the file is loaded and not run.
  bool only_load = false;
};

// A file, and the path where it lies too; empty: in memory alone.
struct File {
  std::string bytes, path;
};

LoadLimits small_limits() {
  LoadLimits limits;
  limits.value_bytes = 4 << 20;
  limits.arena_bytes = 32 << 20;
  return limits;
}

// One of the limits so low that sound files go beyond it.
LoadLimits tight_limits(Random& random) {
  LoadLimits limits = small_limits();
  switch (pick(random, 7)) {
    case 0: limits.file_bytes = static_cast<int64_t>(pick(random, 20000)); break;
    case 1: limits.header_bytes = static_cast<int64_t>(pick(random, 5000)); break;
    case 2: limits.json.depth = static_cast<int>(pick(random, 5)); break;
    case 3: limits.json.values = static_cast<int64_t>(pick(random, 300)); break;
    case 4: limits.nodes = static_cast<int64_t>(pick(random, 12)); break;
    case 5: limits.value_bytes = static_cast<int64_t>(pick(random, 10000)); break;
    default: limits.arena_bytes = static_cast<int64_t>(pick(random, 200000)); break;
  }
  return limits;
}

// As callers have them who ask for none, one time in ten; one in twenty tight.
Limits limits_of(Random& random) {
  if (chance(random, 10)) return {LoadLimits{}, true};
  return {chance(random, 5) ? tight_limits(random) : small_limits()};
}

Tensor random_input(const TensorDesc& desc, Random& random) {
  Tensor tensor = Tensor::empty(desc.shape, desc.dtype);
  const auto bytes = static_cast<size_t>(tensor.numel() * desc.dtype.itemsize());
  auto* data = reinterpret_cast<unsigned char*>(tensor.raw());
  const bool small = chance(random, 70);
  for (size_t i = 0; i < bytes; ++i) data[i] = desc.dtype.is_bool() ? random() & 1 : small ? static_cast<unsigned char>(i % 4 == 0 ? random() % 4 : 0) : static_cast<unsigned char>(random());
  return tensor;
}

ByteSource source_of(const File& file, const LoadLimits& limits) {
  return file.path.empty() ? ByteSource::of(std::as_bytes(std::span(file.bytes))) : ByteSource::open(file.path, limits.file_bytes);
}

Model load(const File& file, const LoadLimits& limits) {
  return file.path.empty() ? Model::load(std::as_bytes(std::span(file.bytes)), limits) : Model::load(file.path, limits);
}

double flops_of(const File& file, const LoadLimits& limits) {
  const Graph graph = read_graph(source_of(file, limits), limits);
  double flops = 0;
  for (const Node& node : graph.nodes) flops += cost_of(graph, node).flops;
  return flops;
}

// Inputs as the file says or, one time in four, of another number of samples.
std::vector<Tensor> inputs_of(const Model& model, Random& random) {
  const auto samples = chance(random, 25) ? static_cast<int64_t>(1 + pick(random, 3)) : 0;
  std::vector<Tensor> inputs;
  for (const Port& port : model.inputs()) {
    TensorDesc desc = port.desc;
    if (samples > 0 && desc.shape.size() > 0 && desc.shape[0] > 0) desc.shape[0] = samples;
    inputs.push_back(random_input(desc, random));
  }
  return inputs;
}

// Whatever is in the file, an error or a result comes back.
void survive(const File& file, const Limits& limits, Random& random, Counts& counts) {
  setitimer(ITIMER_PROF, &kPatience, nullptr);
  try {
    const double flops = flops_of(file, limits.load);
    const Model model = load(file, limits.load);
    ++counts.loaded;
    if (limits.only_load || flops > kFlops) {
      ++counts.costly;
      return;
    }
    try {
      for (int i = 0; i < 2; ++i) model.run(inputs_of(model, random));
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
    survive({file_of(graph), {}}, {small_limits()}, random, counts);
    ++counts.files;
    // Positions drawn at random may be out of range, so that not all run to the end.
    if (counts.loaded != counts.files) {
      std::fprintf(stderr, "graph %d of the corpus does not load\n", counts.files - 1);
      return 1;
    }
  }
  for (int i = 0; i < count; ++i) {
    File file{mutation(graphs, random, counts), {}};
    if (argc > 3) keep(argv[3], file.bytes);
    if (argc > 3 && chance(random, 50)) file.path = argv[3];
    survive(file, limits_of(random), random, counts);
    ++counts.files;
  }
  std::printf("%d files, %d of them aware of the structure; %d loaded, %d ran to the end, %d ended in an error, %d only loaded\n", counts.files,
              counts.structured, counts.loaded, counts.ran, counts.failed, counts.costly);
  // Mutations that never get through would test the header alone.
  return counts.ran * 20 >= counts.files && counts.structured * 2 >= count ? 0 : 1;
}
