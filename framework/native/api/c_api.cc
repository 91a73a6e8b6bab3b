// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The C interface (include/keima/keima.h): exceptions end here, as statuses with text.
#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

#include "compiler/model.h"
#include <keima/keima.h>

using keima::Error;
using keima::ErrorKind;
using keima::Tensor;
using keima::compiler::FormatError;
using keima::compiler::LoadLimits;
using keima::compiler::Model;

struct keima_model {
  Model model;
  std::vector<keima_port> inputs, outputs;
};

namespace {

keima_status status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kMemory: return KEIMA_OUT_OF_MEMORY;
    case ErrorKind::kValue:
    case ErrorKind::kShape:
    case ErrorKind::kDtype:
    case ErrorKind::kIndex: return KEIMA_BAD_ARGUMENT;
    default: return KEIMA_FAILED;
  }
}

keima_status report(keima_error* error, keima_status status, std::string_view text) noexcept {
  if (!error) return status;
  const size_t length = std::min(text.size(), sizeof error->text - 1);
  std::memcpy(error->text, text.data(), length);
  error->text[length] = '\0';
  return status;
}

template <class Body>
keima_status guarded(keima_error* error, const Body& body) noexcept {
  try {
    body();
    return report(error, KEIMA_OK, "");
  } catch (const FormatError& thrown) {
    return report(error, KEIMA_BAD_FILE, thrown.what());
  } catch (const Error& thrown) {
    return report(error, status_of(thrown.kind()), thrown.what());
  } catch (const std::bad_alloc&) {
    return report(error, KEIMA_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& thrown) {
    return report(error, KEIMA_FAILED, thrown.what());
  } catch (...) {
    return report(error, KEIMA_FAILED, "unknown error");
  }
}

int64_t bytes_of(const keima::compiler::Port& port) { return port.desc.shape.numel() * port.desc.dtype.itemsize(); }

// keima_dtype numbers the types as ScalarType does.
static_assert(static_cast<int>(keima::ScalarType::kBool) == KEIMA_BOOL && static_cast<int>(keima::ScalarType::kInt32) == KEIMA_INT32);

std::vector<keima_port> described(const std::vector<keima::compiler::Port>& ports) {
  std::vector<keima_port> result;
  for (const auto& port : ports) {
    keima_port made{port.name.c_str(), static_cast<keima_dtype>(port.desc.dtype.scalar()), port.desc.shape.size(), {}, static_cast<size_t>(bytes_of(port))};
    std::copy(port.desc.shape.begin(), port.desc.shape.end(), made.shape);
    result.push_back(made);
  }
  return result;
}

LoadLimits limits_from(const keima_limits* given) {
  LoadLimits limits;
  if (given && given->file_bytes > 0) limits.file_bytes = given->file_bytes;
  if (given && given->memory_bytes > 0) limits.arena_bytes = limits.value_bytes = given->memory_bytes;
  return limits;
}

keima_model* describe(Model loaded) {
  auto* model = new keima_model{std::move(loaded), {}, {}};
  // Names point into the model, where it stays.
  model->inputs = described(model->model.inputs());
  model->outputs = described(model->model.outputs());
  return model;
}

void require(const void* pointer, const char* what) {
  if (!pointer) keima::fail(ErrorKind::kValue, what, " is null");
}

// The position of the values' port; throws Error(kValue) where there is none of that name and size.
size_t port_of(const std::vector<keima_port>& ports, const keima_values& values, const char* kind) {
  require(values.name, "a name");
  const std::string_view name = values.name;
  const auto found = std::find_if(ports.begin(), ports.end(), [&](const keima_port& port) { return port.name == name; });
  if (found == ports.end()) keima::fail(ErrorKind::kValue, "there is no ", kind, " '", name, "'");
  if (values.bytes != found->bytes) keima::fail(ErrorKind::kValue, kind, " '", name, "': expected ", found->bytes, " bytes, got ", values.bytes);
  if (values.bytes) require(values.data, values.name);
  return static_cast<size_t>(found - ports.begin());
}

std::vector<Tensor> tensors(const keima_model& model, std::span<const keima_values> inputs) {
  std::vector<Tensor> result(model.inputs.size());
  for (const keima_values& values : inputs) {
    const size_t at = port_of(model.inputs, values, "input");
    if (result[at]) keima::fail(ErrorKind::kValue, "input '", values.name, "' is given twice");
    const keima::TensorDesc& desc = model.model.inputs()[at].desc;
    result[at] = Tensor::empty(desc.shape, desc.dtype);
    if (values.bytes) std::memcpy(result[at].raw(), values.data, values.bytes);
  }
  for (size_t i = 0; i < result.size(); ++i)
    if (!result[i]) keima::fail(ErrorKind::kValue, "input '", model.inputs[i].name, "' is missing");
  return result;
}

const keima_port* port_at(const std::vector<keima_port>& ports, size_t index) { return index < ports.size() ? &ports[index] : nullptr; }

}  // namespace

extern "C" {

keima_status keima_load(const char* path, const keima_limits* limits, keima_model** model, keima_error* error) {
  return guarded(error, [&] {
    require(path, "the path");
    require(model, "the place for the model");
    *model = nullptr;
    *model = describe(Model::load(std::string(path), limits_from(limits)));
  });
}

keima_status keima_load_memory(const void* data, size_t bytes, const keima_limits* limits, keima_model** model, keima_error* error) {
  return guarded(error, [&] {
    require(data, "the data");
    require(model, "the place for the model");
    *model = nullptr;
    *model = describe(Model::load(std::span(static_cast<const std::byte*>(data), bytes), limits_from(limits)));
  });
}

void keima_free(keima_model* model) { delete model; }

size_t keima_input_count(const keima_model* model) { return model ? model->inputs.size() : 0; }
size_t keima_output_count(const keima_model* model) { return model ? model->outputs.size() : 0; }
const keima_port* keima_input(const keima_model* model, size_t index) { return model ? port_at(model->inputs, index) : nullptr; }
const keima_port* keima_output(const keima_model* model, size_t index) { return model ? port_at(model->outputs, index) : nullptr; }

keima_status keima_run(const keima_model* model, const keima_values* inputs, size_t input_count, const keima_values* outputs, size_t output_count,
                       keima_error* error) {
  return guarded(error, [&] {
    require(model, "the model");
    if (input_count) require(inputs, "the list of inputs");
    if (output_count) require(outputs, "the list of outputs");
    const std::span wanted(outputs, output_count);
    for (const keima_values& values : wanted) port_of(model->outputs, values, "output");
    const std::vector<Tensor> results = model->model.run(tensors(*model, {inputs, input_count}));
    for (const keima_values& values : wanted)
      if (values.bytes) std::memcpy(values.data, results[port_of(model->outputs, values, "output")].raw(), values.bytes);
  });
}

}  // extern "C"
