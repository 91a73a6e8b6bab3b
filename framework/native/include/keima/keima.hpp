// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// keima.h for C++17: models that free themselves, statuses as exceptions.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "keima/keima.h"

namespace keima::runtime {

class Failure : public std::runtime_error {
 public:
  Failure(keima_status status, const char* text) : std::runtime_error(text), status_(status) {}
  keima_status status() const noexcept { return status_; }

 private:
  keima_status status_;
};

using Limits = keima_limits;

// Floats in, floats out; other dtypes go through values().
class Model {
 public:
  explicit Model(const std::string& path, Limits limits = {}) {
    keima_model* model = nullptr;
    check([&](keima_error* error) { return keima_load(path.c_str(), &limits, &model, error); });
    model_.reset(model);
  }

  std::vector<keima_port> inputs() const { return ports(keima_input_count(model_.get()), keima_input); }
  std::vector<keima_port> outputs() const { return ports(keima_output_count(model_.get()), keima_output); }

  // All outputs by name. Throws Failure where an input is missing, unknown, of another size or not float32.
  std::map<std::string, std::vector<float>> run(const std::map<std::string, std::vector<float>>& inputs) const {
    std::vector<keima_values> given, wanted;
    for (const auto& [name, values] : inputs) given.push_back({name.c_str(), const_cast<float*>(values.data()), values.size() * sizeof(float)});
    std::map<std::string, std::vector<float>> results;
    for (const keima_port& port : outputs()) {
      if (port.dtype != KEIMA_FLOAT32) throw Failure(KEIMA_BAD_ARGUMENT, "an output is not float32: use values()");
      std::vector<float>& result = results[port.name];
      result.resize(port.bytes / sizeof(float));
      wanted.push_back({port.name, result.data(), port.bytes});
    }
    values(given, wanted);
    return results;
  }

  // As keima_run.
  void values(const std::vector<keima_values>& inputs, const std::vector<keima_values>& outputs) const {
    check([&](keima_error* error) { return keima_run(model_.get(), inputs.data(), inputs.size(), outputs.data(), outputs.size(), error); });
  }

 private:
  template <class Call>
  static void check(const Call& call) {
    keima_error error{};
    if (const keima_status status = call(&error); status != KEIMA_OK) throw Failure(status, error.text);
  }
  template <class Get>
  std::vector<keima_port> ports(size_t count, const Get& get) const {
    std::vector<keima_port> result;
    for (size_t i = 0; i < count; ++i) result.push_back(*get(model_.get(), i));
    return result;
  }

  struct Free {
    void operator()(keima_model* model) const noexcept { keima_free(model); }
  };
  std::unique_ptr<keima_model, Free> model_;
};

}  // namespace keima::runtime
