// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// A LeNet as a flat plan: run against plain loops, and against thousands of damaged files.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/execution.h"
#include "executor/executor.h"
#include "kernels/gemm/gemm.h"
#include "plan_file.h"

using namespace keima;
using executor::Plan;

namespace {

using Floats = std::vector<float>;

Floats random_floats(size_t count, unsigned seed, float scale) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  Floats values(count);
  for (float& value : values) value = uniform(generator);
  return values;
}

// A LeNet for 12x12 images: conv 5x5 to 6, pool, conv 3x3 to 17, pool, linear to 10.
constexpr int kIn = 12, kMiddle = 6, kOut = 17, kClasses = 10, kSmall = 3;

ConvShape conv1() {
  return {.batch = 1, .in_channels = 1, .in_height = kIn, .in_width = kIn, .out_channels = kMiddle, .out_height = kIn, .out_width = kIn,
          .kernel_height = 5, .kernel_width = 5, .pad_top = 2, .pad_left = 2};
}
ConvShape conv2() {
  return {.batch = 1, .in_channels = kMiddle, .in_height = 6, .in_width = 6, .out_channels = kOut, .out_height = 6, .out_width = 6,
          .kernel_height = 3, .kernel_width = 3, .pad_top = 1, .pad_left = 1};
}

struct Weights {
  Floats conv1 = random_floats(kMiddle * 25, 1, 0.4F), bias1 = random_floats(kMiddle, 2, 0.5F);
  Floats conv2 = random_floats(kOut * kMiddle * 9, 3, 0.3F), bias2 = random_floats(kOut, 4, 0.5F);
  Floats fc = random_floats(kClasses * kOut * kSmall * kSmall, 5, 0.2F), bias3 = random_floats(kClasses, 6, 0.5F);
};

std::string plan_text() {
  // Arena: two halves that steps write in turn.
  constexpr int kHalf = 32768;
  const std::string a = "0", b = std::to_string(kHalf);
  auto conv = [&](const std::string& in, const std::string& out, const char* n, const ConvShape& shape) {
    return R"({"op":"conv2d","in":)" + in + R"(,"out":)" + out + R"(,"weight":"conv)" + n + R"(","bias":"bias)" + n + R"(","relu":true,"dims":)" + dims(shape) + "}";
  };
  auto pool = [&](const std::string& in, const std::string& out, int planes, int size) {
    const std::string n = std::to_string(size), half = std::to_string(size / 2);
    return R"({"op":"max_pool2d","in":)" + in + R"(,"out":)" + out + R"(,"dims":[)" + std::to_string(planes) + "," + n + "," + n + "," + half + "," + half + ",2,2,2,2,0,0]}";
  };
  const int features = kOut * kSmall * kSmall;
  return R"({"version":1,"arena":)" + std::to_string(2 * kHalf) + R"(,"input":{"at":0,"count":)" + std::to_string(kIn * kIn) + R"(},"output":{"at":)" + a +
         R"(,"count":)" + std::to_string(kClasses) + R"(},"steps":[)" + conv(a, b, "1", conv1()) + "," + pool(b, a, 1, kIn) + "," + conv(a, b, "2", conv2()) +
         "," + pool(b, a, 2, 6) + R"(,{"op":"unpack","in":)" + a + R"(,"out":)" + b + R"(,"dims":[1,)" + std::to_string(kOut) + ",9]}" +
         R"(,{"op":"linear","in":)" + b + R"(,"out":)" + a + R"(,"weight":"fc","bias":"bias3","relu":false,"dims":[1,)" + std::to_string(kClasses) + "," +
         std::to_string(features) + "]}]}";
}

std::string bytes_of(const Floats& values, size_t count = 0) {
  Floats padded = values;
  if (count > padded.size()) padded.resize(count);
  return {reinterpret_cast<const char*>(padded.data()), padded.size() * sizeof(float)};
}

std::string packed(const ConvShape& shape, const Floats& weights) {
  const size_t bytes = conv_packed_bytes(shape);
  const Memory memory = aligned_memory(bytes);
  conv_pack(default_exec(), shape, weights.data(), reinterpret_cast<float*>(memory.get()));
  return {reinterpret_cast<const char*>(memory.get()), bytes};
}

std::string packed_linear(const Floats& weights) {
  const int64_t k = static_cast<int64_t>(weights.size()) / kClasses;
  const size_t bytes = gemm_packed_bytes(kClasses, k);
  const Memory memory = aligned_memory(bytes);
  gemm_pack(default_exec(), kClasses, k, weights.data(), k, true, reinterpret_cast<float*>(memory.get()));
  return {reinterpret_cast<const char*>(memory.get()), bytes};
}

std::string lenet_file(const Weights& w) {
  return file_with({{"keima.plan", plan_text()},
                    {"conv1", packed(conv1(), w.conv1)},
                    {"bias1", bytes_of(w.bias1, 16)},
                    {"conv2", packed(conv2(), w.conv2)},
                    {"bias2", bytes_of(w.bias2, 32)},
                    {"fc", packed_linear(w.fc)},
                    {"bias3", bytes_of(w.bias3)}});
}

// --- plain loops, in double ----------------------------------------------------------------------------------------

using Doubles = std::vector<double>;

Doubles conv_relu(const Doubles& in, int channels, int size, const Floats& weight, const Floats& bias, int out_channels, int kernel) {
  Doubles out(static_cast<size_t>(out_channels * size * size));
  const int reach = kernel / 2;
  for (int o = 0; o < out_channels; ++o)
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x) {
        double sum = bias[static_cast<size_t>(o)];
        for (int c = 0; c < channels; ++c)
          for (int i = 0; i < kernel; ++i)
            for (int j = 0; j < kernel; ++j) {
              const int sy = y + i - reach, sx = x + j - reach;
              if (sy < 0 || sx < 0 || sy >= size || sx >= size) continue;
              sum += in[static_cast<size_t>((c * size + sy) * size + sx)] * static_cast<double>(weight[static_cast<size_t>(((o * channels + c) * kernel + i) * kernel + j)]);
            }
        out[static_cast<size_t>((o * size + y) * size + x)] = std::max(sum, 0.0);
      }
  return out;
}

Doubles pool(const Doubles& in, int channels, int size) {
  const int half = size / 2;
  Doubles out(static_cast<size_t>(channels * half * half));
  for (int c = 0; c < channels; ++c)
    for (int y = 0; y < half; ++y)
      for (int x = 0; x < half; ++x) {
        auto at = [&](int i, int j) { return in[static_cast<size_t>((c * size + 2 * y + i) * size + 2 * x + j)]; };
        out[static_cast<size_t>((c * half + y) * half + x)] = std::max(std::max(at(0, 0), at(0, 1)), std::max(at(1, 0), at(1, 1)));
      }
  return out;
}

Doubles reference(const Weights& w, const Floats& image) {
  Doubles x(image.begin(), image.end());
  x = pool(conv_relu(x, 1, kIn, w.conv1, w.bias1, kMiddle, 5), kMiddle, kIn);
  x = pool(conv_relu(x, kMiddle, 6, w.conv2, w.bias2, kOut, 3), kOut, 6);
  Doubles logits(kClasses);
  for (size_t k = 0; k < kClasses; ++k) {
    logits[k] = w.bias3[k];
    for (size_t i = 0; i < x.size(); ++i) logits[k] += x[i] * static_cast<double>(w.fc[k * x.size() + i]);
  }
  return logits;
}

// A folder of its own that goes with the test.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "keima-run-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
};

void write_file(const std::filesystem::path& path, const std::string& content) { std::ofstream(path, std::ios::binary) << content; }

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The exit code of keima-run in `folder`, which reads input.f32 and writes output.f32 and errors.txt there.
int run_program(const std::filesystem::path& folder, const std::string& arguments) {
  const std::string command = "cd '" + folder.string() + "' && " KEIMA_RUN " " + arguments + " < input.f32 > output.f32 2> errors.txt";
  return WEXITSTATUS(std::system(command.c_str()));
}

}  // namespace

TEST_CASE("keima-run gives what the library gives, and names what is wrong") {
  const std::string file = lenet_file(Weights{});
  const Memory memory = aligned_memory(file.size());
  auto plan = std::make_unique<Plan>();
  REQUIRE(load_copy(file, memory, *plan) == nullptr);
  const Memory arena = aligned_memory(plan->arena_bytes);
  const Floats image = random_floats(kIn * kIn, 10, 1.0F);
  Floats logits(kClasses);
  executor::run(default_exec(), *plan, arena.get(), image.data(), logits.data());

  const TemporaryFolder folder;
  write_file(folder.path / "lenet.safetensors", file);
  write_file(folder.path / "cut.safetensors", file.substr(0, file.size() / 2));
  write_file(folder.path / "input.f32", bytes_of(image));
  CHECK(run_program(folder.path, "lenet.safetensors") == 0);
  const std::string output = read_file(folder.path / "output.f32");
  REQUIRE(output.size() == kClasses * sizeof(float));
  for (size_t k = 0; k < kClasses; ++k) {
    float value = 0;
    std::memcpy(&value, output.data() + k * sizeof value, sizeof value);
    CHECK(value == doctest::Approx(logits[k]).epsilon(1e-5));
  }

  CHECK(run_program(folder.path, "cut.safetensors") == 3);
  CHECK(read_file(folder.path / "errors.txt").find("cut.safetensors: ") != std::string::npos);
  CHECK(run_program(folder.path, "absent.safetensors") == 3);
  CHECK(read_file(folder.path / "errors.txt").find("cannot be read") != std::string::npos);
  CHECK(run_program(folder.path, "") == 2);
  write_file(folder.path / "input.f32", "short");
  CHECK(run_program(folder.path, "lenet.safetensors") == 3);
  CHECK(read_file(folder.path / "errors.txt").find("too short") != std::string::npos);
}

TEST_CASE("a LeNet runs through its flat plan") {
  const Weights weights;
  const std::string file = lenet_file(weights);
  const Memory memory = aligned_memory(file.size());
  auto plan = std::make_unique<Plan>();
  const executor::Status status = load_copy(file, memory, *plan);
  REQUIRE_MESSAGE(status == nullptr, (status ? status : ""));
  CHECK(plan->step_count == 6);
  const Memory arena = aligned_memory(plan->arena_bytes);
  for (unsigned seed = 10; seed < 14; ++seed) {
    const Floats image = random_floats(kIn * kIn, seed, 1.0F);
    Floats logits(kClasses);
    executor::run(default_exec(), *plan, arena.get(), image.data(), logits.data());
    const Doubles expected = reference(weights, image);
    for (size_t k = 0; k < kClasses; ++k) CHECK(static_cast<double>(logits[k]) == doctest::Approx(expected[k]).epsilon(1e-4));
  }
}

TEST_CASE("damaged files give a status, or a plan that stays inside its memory") {
  const std::string good = lenet_file(Weights{});
  const Memory memory = aligned_memory(good.size() + 64);
  auto plan = std::make_unique<Plan>();
  std::mt19937 generator(7);
  const Floats image(1 << 16);
  int refused = 0;
  const size_t plan_at = good.find("{\"version\"");
  for (int round = 0; round < 4000; ++round) {
    std::string file = good;
    if (round % 4 == 0) {
      file.resize(generator() % file.size());
    } else {
      // Digits of the header and the plan: structure stays, sizes, offsets and shapes change.
      for (int k = 0; k < 2; ++k) {
        size_t at = round % 2 ? generator() % 700 + 8 : plan_at + generator() % 900;
        while (at < file.size() && (file[at] < '0' || file[at] > '9')) ++at;
        if (at < file.size()) file[at] = static_cast<char>(round % 3 ? '0' + static_cast<char>(generator() % 10) : static_cast<char>(generator() % 256));
      }
    }
    if (load_copy(file, memory, *plan) != nullptr) {
      ++refused;
      continue;
    }
    if (plan->arena_bytes > (size_t{1} << 26) || plan->input_count > 1 << 16 || plan->output_count > 1 << 16) continue;
    const Memory arena = aligned_memory(plan->arena_bytes);
    std::memset(static_cast<void*>(arena.get()), 0, plan->arena_bytes);
    Floats output(static_cast<size_t>(plan->output_count));
    executor::run(default_exec(), *plan, arena.get(), image.data(), output.data());
  }
  CHECK(refused > 2000);
}
