// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "bindings/graph.h"

#include <pybind11/stl.h>

#include <map>
#include <memory>
#include <vector>

#include "bindings/convert.h"
#include "bindings/trace_session.h"
#include "compiler/checkpoint.h"
#include "compiler/cost.h"
#include "compiler/executor_plan.h"
#include "compiler/graph_file.h"
#include "compiler/interpret.h"
#include "compiler/model.h"
#include "compiler/passes.h"
#include "compiler/program.h"

namespace py = pybind11;

namespace keima::python {

using compiler::Graph;
using compiler::LoadLimits;
using compiler::Model;
using compiler::Program;

namespace {

py::object attr_object(const AttrValue& value) {
  struct Visitor {
    py::object operator()(std::monostate) const { return py::none(); }
    py::object operator()(bool flag) const { return py::bool_(flag); }
    py::object operator()(const std::string& string) const { return py::str(string); }
    py::object operator()(int64_t number) const { return py::int_(number); }
    py::object operator()(double number) const { return py::float_(number); }
    py::object operator()(const Dims& dims) const { return shape_tuple(dims); }
    py::object operator()(const DType& dtype) const { return py::str(std::string(dtype.name())); }
  };
  return std::visit(Visitor{}, value);
}

template <class Run>
py::list on_tensors(const py::list& inputs, const Run& run) {
  return translated([&] {
    std::vector<Tensor> tensors;
    for (const auto& input : inputs) tensors.push_back(host_value(tensor_argument(input, "graph")));
    py::list results;
    for (const Tensor& result : run(tensors)) results.append(py::reinterpret_steal<py::object>(wrap({result, nullptr, 0})));
    return results;
  });
}

py::list run_graph(const Graph& graph, const py::list& inputs) {
  return on_tensors(inputs, [&](std::span<const Tensor> tensors) { return compiler::interpret(graph, tensors); });
}
py::list run_program(const Program& program, const py::list& inputs) {
  return on_tensors(inputs, [&](std::span<const Tensor> tensors) { return program.run(tensors); });
}

const char* kind_name(Program::Kind kind) {
  switch (kind) {
    case Program::Kind::kArena: return "arena";
    case Program::Kind::kConstant: return "constant";
    case Program::Kind::kInput: return "input";
    case Program::Kind::kOutput: return "output";
  }
  return "";
}

// (kind, bytes, first step, last step, offset) of each buffer.
py::list program_buffers(const Program& program) {
  py::list buffers;
  for (const Program::Buffer& b : program.buffers()) buffers.append(py::make_tuple(kind_name(b.kind), b.bytes, b.first, b.last, b.offset));
  return buffers;
}

// (op, input buffers, output buffers) of each step.
py::list program_steps(const Program& program) {
  py::list steps;
  for (const Program::Step& step : program.steps()) {
    py::list inputs, outputs;
    for (const auto& operand : step.inputs) inputs.append(operand.buffer);
    for (const auto& operand : step.outputs) outputs.append(operand.buffer);
    steps.append(py::make_tuple(step.op ? step.op->name : "convert", inputs, outputs));
  }
  return steps;
}

// Calls `write` with views of pieces of a file, which are gone when it returns.
compiler::Sink sink_to(const py::function& write) {
  return [&write](std::span<const std::byte> bytes) { write(py::memoryview::from_memory(bytes.data(), static_cast<py::ssize_t>(bytes.size()))); };
}

void save_graph(const Graph& graph, const py::function& write) {
  translated([&] { compiler::write_graph(graph, sink_to(write)); });
}
void lower_program(const Program& program, const py::function& write) {
  translated([&] { compiler::write_executor_plan(program, sink_to(write)); });
}

LoadLimits load_limits(int64_t arena_bytes) {
  LoadLimits limits;
  limits.arena_bytes = arena_bytes;
  return limits;
}

std::span<const std::byte> bytes_of(const py::bytes& content) {
  const auto view = static_cast<std::string_view>(content);
  return std::as_bytes(std::span(view));
}

// Files are given as a path (str) or as their content (bytes).
std::shared_ptr<Graph> read_graph(const py::object& file) {
  return translated([&] {
    if (py::isinstance<py::bytes>(file)) return std::make_shared<Graph>(compiler::read_graph(compiler::ByteSource::of(bytes_of(file))));
    return std::make_shared<Graph>(compiler::read_graph(compiler::ByteSource::open(py::cast<std::string>(file), LoadLimits{}.file_bytes)));
  });
}
using KnownAlgorithms = std::map<std::string, std::string>;

std::unique_ptr<Model> load_model(const py::object& file, int64_t arena_bytes, double tune_seconds, const KnownAlgorithms& known) {
  return translated([&] {
    const LoadLimits limits = load_limits(arena_bytes);
    const compiler::Tuning tuning{tune_seconds, known};
    if (py::isinstance<py::bytes>(file)) return std::make_unique<Model>(Model::load(bytes_of(file), limits, tuning));
    return std::make_unique<Model>(Model::load(py::cast<std::string>(file), limits, tuning));
  });
}

// (key, {algorithm: seconds}, the one picked) of each.
py::list measured_list(const std::vector<compiler::Measured>& measured) {
  py::list result;
  for (const compiler::Measured& one : measured) result.append(py::make_tuple(one.key, one.seconds, one.picked));
  return result;
}

// Of each step, "" where there is no choice.
py::list program_algorithms(const Program& program) {
  py::list algorithms;
  for (const Program::Step& step : program.steps())
    algorithms.append(step.op && step.op->algorithms ? step.attrs.string(step.op->attr("algorithm")) : std::string());
  return algorithms;
}


py::list run_model(const Model& model, const py::list& inputs) {
  return on_tensors(inputs, [&](std::span<const Tensor> tensors) { return model.run(tensors); });
}

// (name, shape, dtype name) of each.
py::list ports(const std::vector<compiler::Port>& ports) {
  py::list result;
  for (const compiler::Port& port : ports) result.append(py::make_tuple(port.name, shape_tuple(port.desc.shape), std::string(port.desc.dtype.name())));
  return result;
}

py::list optimize_graph(Graph& graph) {
  return translated([&] {
    py::list reports;
    for (const auto& report : compiler::optimize(graph)) reports.append(py::make_tuple(report.name, report.changes));
    return reports;
  });
}

py::tuple checkpoint_graph(Graph& graph, int tries, int64_t enough_bytes) {
  return translated([&] {
    const auto report = compiler::checkpoint(graph, {tries, enough_bytes});
    return py::make_tuple(report.bytes_before, report.bytes_after, report.recomputed);
  });
}

py::list graph_nodes(const Graph& graph) {
  py::list nodes;
  for (const compiler::Node& node : graph.nodes) {
    py::list inputs;
    for (const auto id : node.inputs) inputs.append(id == compiler::kNoValue ? py::object(py::none()) : py::object(py::int_(id)));
    py::dict attrs;
    for (size_t i = 0; i < node.attrs.size(); ++i) attrs[py::str(node.op->attrs[i].name)] = attr_object(node.attrs[i]);
    nodes.append(py::make_tuple(node.op->name, inputs, node.outputs, attrs));
  }
  return nodes;
}

// (FLOPs, bytes read, bytes written, bytes of constants) of each node.
py::list graph_costs(const Graph& graph) {
  py::list costs;
  for (const compiler::Node& node : graph.nodes) {
    const compiler::NodeCost cost = compiler::cost_of(graph, node);
    costs.append(py::make_tuple(cost.flops, cost.bytes_in, cost.bytes_out, cost.weights));
  }
  return costs;
}

// (shape, dtype name) of each value.
py::list graph_values(const Graph& graph) {
  py::list values;
  for (const TensorDesc& desc : graph.values) values.append(py::make_tuple(shape_tuple(desc.shape), std::string(desc.dtype.name())));
  return values;
}

py::dict graph_constants(const Graph& graph) {
  py::dict constants;
  for (const auto& [id, tensor] : graph.constants) constants[py::int_(id)] = py::reinterpret_steal<py::object>(wrap({tensor, nullptr, 0}));
  return constants;
}

}  // namespace

void bind_graph(py::module_& module) {
  py::class_<Graph, std::shared_ptr<Graph>>(module, "Graph", "A traced function as a graph of ops.")
      .def("__str__", [](const Graph& graph) { return compiler::to_text(graph); })
      .def("run", &run_graph, "The outputs for a list of inputs.")
      .def("copy", [](const Graph& graph) { return std::make_shared<Graph>(graph); })
      .def("optimize", &optimize_graph, "Runs all passes; [(pass, nodes changed)].")
      .def("apply", [](Graph& graph, const std::string& pass) { return translated([&] { return compiler::pass_named(pass).run(graph); }); },
           "Runs one pass; the number of nodes that it changed.")
      .def("compile", [](const Graph& graph, int64_t limit) { return translated([&] { return std::make_unique<Program>(graph, limit); }); },
           py::arg("arena_limit") = INT64_MAX)
      .def("pick_algorithms",
           [](Graph& graph, double seconds, const KnownAlgorithms& known) { return translated([&] { return measured_list(compiler::pick_algorithms(graph, {seconds, known})); }); },
           py::arg("seconds"), py::arg("known"), "Measures for about so long; [(key, {algorithm: seconds}, picked)].")
      .def("checkpoint", &checkpoint_graph, py::arg("tries") = compiler::Checkpointing{}.tries, py::arg("enough_bytes") = 0,
           "Lets backward compute values of the forward pass again; (bytes live at a time before, and after, ops that run again).")
      .def("verify", [](const Graph& graph) { translated([&] { compiler::verify(graph); }); })
      .def_readonly("inputs", &Graph::inputs)
      .def_readonly("outputs", &Graph::outputs)
      .def_readwrite("names", &Graph::names)
      .def_readwrite("input_names", &Graph::input_names)
      .def_readwrite("output_names", &Graph::output_names)
      .def("save", &save_graph, py::arg("write"), "Calls write with pieces of the graph's file, in order.")
      .def_static("load", &read_graph, py::arg("file"), "The graph in a file, given by its path or its bytes.")
      .def_property_readonly("values", &graph_values)
      .def_property_readonly("nodes", &graph_nodes)
      .def_property_readonly("costs", &graph_costs)
      .def_property_readonly("constants", &graph_constants);
  py::class_<Program>(module, "Program", "A graph with its memory planned.")
      .def("run", &run_program, "The outputs for a list of inputs.")
      .def("with_samples", [](const Program& program, int64_t samples) { return translated([&] { return std::make_unique<Program>(program.with_samples(samples)); }); },
           py::arg("samples"), "The same program for another number of samples along the inputs' first dimension.")
      .def("lower", &lower_program, py::arg("write"), "Calls write with pieces of the executor's plan file, in order.")
      .def_property_readonly("samples", &Program::samples)
      .def_property_readonly("algorithms", &program_algorithms)
      .def_property_readonly("arena_bytes", &Program::arena_bytes)
      .def_property_readonly("arena_bound", &Program::arena_bound)
      .def_property_readonly("constant_bytes", &Program::constant_bytes)
      .def_property_readonly("buffers", &program_buffers)
      .def_property_readonly("steps", &program_steps);
  py::class_<Model>(module, "Model", "A graph file made ready to run.")
      .def_static("load", &load_model, py::arg("file"), py::arg("arena_limit") = LoadLimits{}.arena_bytes, py::arg("tune_seconds") = 0.0,
                  py::arg("known") = KnownAlgorithms{}, "The model in a file, given by its path or its bytes.")
      .def_property_readonly("measured", [](const Model& model) { return measured_list(model.measured()); })
      .def("run", &run_model, "The outputs for a list of inputs.")
      .def_property_readonly("inputs", [](const Model& model) { return ports(model.inputs()); })
      .def_property_readonly("outputs", [](const Model& model) { return ports(model.outputs()); })
      .def_property_readonly("program", &Model::program, py::return_value_policy::reference_internal);
  py::list names;
  for (const auto& pass : compiler::passes()) names.append(py::make_tuple(pass.name, pass.purpose));
  module.attr("graph_passes") = names;
}

}  // namespace keima::python
