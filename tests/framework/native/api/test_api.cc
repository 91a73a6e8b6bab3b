// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The C and C++ interfaces on a file that the compiler wrote.
#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <keima/keima.hpp>
#include <thread>

#include "compiler/graph_file.h"
#include "compiler/interpret.h"
#include "graphs.h"
#include "ops/layout.h"

using namespace keima;
using namespace keima::compiler;

namespace {

std::string bytes_of(const Graph& graph) {
  std::string file;
  write_graph(graph, [&](std::span<const std::byte> piece) { file.append(reinterpret_cast<const char*>(piece.data()), piece.size()); });
  return file;
}

std::vector<float> floats(const Tensor& tensor) {
  const Tensor plain = to_contiguous(to_plain(tensor));
  return {plain.data<float>(), plain.data<float>() + plain.numel()};
}

struct Loaded {
  Graph graph = block();
  Tensor x = random_tensor({2, 17, 8, 8}, 5);
  keima_model* model = nullptr;
  keima_error error{};

  Loaded() {
    graph.input_names = {"image"};
    graph.output_names = {"scores"};
    const std::string file = bytes_of(graph);
    REQUIRE(keima_load_memory(file.data(), file.size(), nullptr, &model, &error) == KEIMA_OK);
  }
  ~Loaded() { keima_free(model); }
  std::vector<float> expected() const { return floats(interpret(graph, std::span(&x, 1))[0]); }
};

void check_close(const std::vector<float>& got, const std::vector<float>& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) CHECK(got[i] == doctest::Approx(want[i]).epsilon(1e-4));
}

}  // namespace

TEST_CASE("ports say what a model takes and gives") {
  const Loaded loaded;
  REQUIRE(keima_input_count(loaded.model) == 1);
  const keima_port& input = *keima_input(loaded.model, 0);
  CHECK(std::string(input.name) == "image");
  CHECK(input.dtype == KEIMA_FLOAT32);
  CHECK(input.ndim == 4);
  CHECK(input.shape[1] == 17);
  CHECK(input.bytes == 2 * 17 * 8 * 8 * 4);
  CHECK(keima_input(loaded.model, 1) == nullptr);
  CHECK(keima_output_count(loaded.model) == 1);
  CHECK(keima_output_count(nullptr) == 0);
}

TEST_CASE("threads run one model at the same time") {
  const Loaded loaded;
  const std::vector<float> want = loaded.expected();
  std::vector<std::vector<float>> results(4, std::vector<float>(want.size()));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        const keima_values in{"image", loaded.x.raw(), 2 * 17 * 8 * 8 * 4}, out{"scores", result.data(), result.size() * 4};
        keima_run(loaded.model, &in, 1, &out, 1, nullptr);
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) check_close(result, want);
}

TEST_CASE("wrong use is a status with a reason") {
  Loaded loaded;
  std::vector<float> values(2 * 17 * 8 * 8), scores(10);
  const keima_values image{"image", values.data(), values.size() * 4}, out{"scores", scores.data(), scores.size() * 4};
  const auto refused = [&](std::vector<keima_values> inputs, std::vector<keima_values> outputs, const char* reason) {
    CAPTURE(reason);
    CHECK(keima_run(loaded.model, inputs.data(), inputs.size(), outputs.data(), outputs.size(), &loaded.error) == KEIMA_BAD_ARGUMENT);
    CHECK(std::string(loaded.error.text) == reason);
  };
  refused({}, {out}, "input 'image' is missing");
  refused({image, image}, {out}, "input 'image' is given twice");
  refused({{"picture", values.data(), 4}}, {out}, "there is no input 'picture'");
  refused({{"image", values.data(), 4}}, {out}, "input 'image': expected 8704 bytes, got 4");
  refused({{"image", nullptr, 8704}}, {out}, "image is null");
  refused({{nullptr, values.data(), 8704}}, {out}, "a name is null");
  refused({image}, {{"scores", scores.data(), 4}}, "output 'scores': expected 40 bytes, got 4");
  refused({image}, {{"image", scores.data(), 40}}, "there is no output 'image'");
  CHECK(keima_run(loaded.model, &image, 1, nullptr, 0, &loaded.error) == KEIMA_OK);
  CHECK(std::string(loaded.error.text).empty());
  CHECK(keima_run(nullptr, &image, 1, &out, 1, nullptr) == KEIMA_BAD_ARGUMENT);
}

TEST_CASE("files that cannot be loaded are statuses with reasons") {
  keima_model* model = nullptr;
  keima_error error{};
  CHECK(keima_load("/nowhere/model.safetensors", nullptr, &model, &error) == KEIMA_BAD_FILE);
  CHECK(std::string(error.text) == "/nowhere/model.safetensors: No such file or directory");
  CHECK(keima_load(nullptr, nullptr, &model, &error) == KEIMA_BAD_ARGUMENT);
  const std::string file = bytes_of(block());
  CHECK(keima_load_memory(file.data(), file.size() - 1, nullptr, &model, &error) == KEIMA_BAD_FILE);
  const keima_limits small{0, 1000}, short_file{100, 0};
  CHECK(keima_load_memory(file.data(), file.size(), &small, &model, &error) == KEIMA_BAD_FILE);
  CHECK(keima_load_memory(file.data(), file.size(), &short_file, &model, &error) == KEIMA_BAD_FILE);
  const keima_limits values_fit{0, 20000};  // each value does, all at once do not
  CHECK(keima_load_memory(file.data(), file.size(), &values_fit, &model, &error) == KEIMA_OUT_OF_MEMORY);
  CHECK(std::string(error.text).find("the limit of 20000") != std::string::npos);
  CHECK(model == nullptr);
}

TEST_CASE("the C++ interface loads, runs and throws") {
  const Loaded loaded;
  const auto path = std::filesystem::temp_directory_path() / ("keima-test-api-" + std::to_string(::getpid()) + ".safetensors");
  std::ofstream(path, std::ios::binary) << bytes_of(loaded.graph);
  const runtime::Model model(path.string());
  std::filesystem::remove(path);
  CHECK(std::string(model.outputs()[0].name) == "scores");
  check_close(model.run({{"image", floats(loaded.x)}}).at("scores"), loaded.expected());
  CHECK_THROWS_WITH_AS(model.run({}), "input 'image' is missing", runtime::Failure);
  CHECK_THROWS_AS(runtime::Model(path.string()), runtime::Failure);
}
