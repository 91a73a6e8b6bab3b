// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// describe_graph MODEL.safetensors: what a model of float32 takes and gives, and the first result for inputs of zeros.
#include <iostream>
#include <keima/keima.hpp>

namespace {

void print(const char* kind, const keima_port& port) {
  std::cout << kind << ' ' << port.name << ':';
  for (int i = 0; i < port.ndim; ++i) std::cout << ' ' << port.shape[i];
  std::cout << '\n';
}

void describe(const keima::runtime::Model& model) {
  std::map<std::string, std::vector<float>> zeros;
  for (const keima_port& port : model.inputs()) {
    print("input", port);
    zeros[port.name].resize(port.bytes / sizeof(float));
  }
  for (const keima_port& port : model.outputs()) print("output", port);
  for (const auto& [name, values] : model.run(zeros))
    if (!values.empty()) std::cout << name << "[0] = " << values[0] << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: describe_graph MODEL.safetensors\n";
    return 2;
  }
  try {
    describe(keima::runtime::Model(argv[1]));
    return 0;
  } catch (const keima::runtime::Failure& failure) {
    std::cerr << "describe_graph: " << failure.what() << '\n';
    return 3;
  }
}
