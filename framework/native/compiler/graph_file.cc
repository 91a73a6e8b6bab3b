// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/graph_file.h"

#include <algorithm>
#include <set>

#include "ops/layout.h"

namespace keima::compiler {
namespace {

constexpr const char* kKey = "keima.graph";

// --- writing -----------------------------------------------------------------------------------------------------

class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph), numbers_(graph.values.size(), kNoValue) {}

  void write(const Sink& sink) {
    for (const ValueId id : graph_.inputs) add_value(id);
    for (const auto& [id, tensor] : graph_.constants) add_constant(id, tensor);
    for (const Node& node : graph_.nodes) add_node(node);
    json_ = "{\"version\":" + std::to_string(kGraphVersion) + ",\"values\":[" + values_ + "],\"inputs\":[" +
            ends(graph_.inputs, graph_.input_names, "arg_") + "],\"outputs\":[" + ends(graph_.outputs, graph_.output_names, "out_") +
            "],\"constants\":[" + constants_ + "],\"nodes\":[" + nodes_ + "]}";
    write_tensor_file(tensors_, {{kKey, json_}}, sink);
  }

 private:
  static void comma(std::string& out) { out += out.empty() ? "" : ","; }
  std::string number(ValueId id) const { return id == kNoValue ? "null" : std::to_string(numbers_[id]); }

  void add_value(ValueId id) {
    const TensorDesc& desc = graph_.values[id];
    if (desc.dtype.is_quantized()) fail(ErrorKind::kUnsupported, "dump: value %", id, " is quantized, which graph files do not hold yet");
    numbers_[id] = count_++;
    comma(values_);
    append_quoted(values_ += '[', desc.dtype.name());
    append_dims(values_ += ',', desc.shape);
    values_ += ']';
  }

  static void append_dims(std::string& out, const Dims& dims) {
    out += '[';
    for (int i = 0; i < dims.size(); ++i) out += (i ? "," : "") + std::to_string(dims[i]);
    out += ']';
  }

  void add_constant(ValueId id, const Tensor& tensor) {
    add_value(id);
    const auto named = graph_.names.find(id);
    std::string name = named == graph_.names.end() || named->second.empty() ? "constant." + std::to_string(numbers_[id]) : named->second;
    while (name == "__metadata__" || name.starts_with("keima.") || !taken_.insert(name).second) name += "'";
    comma(constants_);
    append_quoted(constants_ += "[" + number(id) + ",", name);
    constants_ += ']';
    tensors_.emplace_back(std::move(name), to_contiguous(to_plain(tensor)));
  }

  void append_attr(const AttrValue& value) {
    struct Visitor {
      std::string operator()(std::monostate) const { return "null"; }
      std::string operator()(bool flag) const { return flag ? "true" : "false"; }
      std::string operator()(int64_t number) const { return std::to_string(number); }
      std::string operator()(double number) const { return real_text(number); }
      std::string operator()(const std::string& string) const { return quoted(string); }
      std::string operator()(const Dims& dims) const {
        std::string out;
        append_dims(out, dims);
        return out;
      }
      std::string operator()(const DType& dtype) const { return quoted(dtype.name()); }
      static std::string quoted(std::string_view text) {
        std::string out;
        append_quoted(out, text);
        return out;
      }
    };
    nodes_ += std::visit(Visitor{}, value);
  }

  void append_ids(const char* before, const std::vector<ValueId>& ids) {
    nodes_ += before;
    for (size_t i = 0; i < ids.size(); ++i) nodes_ += (i ? "," : "") + number(ids[i]);
  }

  void add_node(const Node& node) {
    for (const ValueId id : node.outputs) add_value(id);
    comma(nodes_);
    append_quoted(nodes_ += "{\"op\":", node.op->name);
    append_ids(",\"in\":[", node.inputs);
    append_ids("],\"out\":[", node.outputs);
    nodes_ += "],\"attrs\":{";
    for (size_t i = 0; i < node.attrs.size(); ++i) {
      append_quoted(nodes_ += i ? "," : "", node.op->attrs[i].name);
      nodes_ += ':';
      append_attr(node.attrs[i]);
    }
    nodes_ += "}}";
  }

  std::string ends(const std::vector<ValueId>& ids, const std::vector<std::string>& names, const char* prefix) const {
    std::string out;
    for (size_t i = 0; i < ids.size(); ++i) {
      append_quoted(out += (i ? ",[" : "[") + number(ids[i]) + ",", i < names.size() ? names[i] : prefix + std::to_string(i));
      out += ']';
    }
    return out;
  }

  const Graph& graph_;
  std::vector<uint32_t> numbers_;  // of the file, by the graph's: values that nothing makes are left out
  uint32_t count_ = 0;
  std::set<std::string> taken_;
  std::vector<std::pair<std::string, Tensor>> tensors_;
  std::string values_, constants_, nodes_, json_;
};

// --- reading -----------------------------------------------------------------------------------------------------

// The file may be sound, but is not wanted.
struct OverLimit : Error {
  using Error::Error;
};

class Reader {
 public:
  Reader(const ByteSource& source, const LoadLimits& limits)
      : source_(source), limits_(limits), file_(read_tensor_file(source, limits.header_bytes, limits.json)) {}

  Graph read() {
    const auto text = file_.metadata.find(kKey);
    if (text == file_.metadata.end()) fail_format("the file holds no graph: its metadata has no '", kKey, "'; weights alone are read by keima.load");
    const Json json = parse_json(text->second, limits_.json);
    const int64_t version = json.member("version", "the graph").integer("the graph's version");
    if (version != kGraphVersion) fail_format("the graph is of version ", version, ", this build reads version ", kGraphVersion);
    for (const Json& value : json.member("values", "the graph").array("values")) read_value(value);
    for (const Json& end : json.member("inputs", "the graph").array("inputs")) read_end(end, "inputs", graph_.inputs, graph_.input_names);
    for (const Json& constant : json.member("constants", "the graph").array("constants")) read_constant(constant);
    const JsonArray& nodes = json.member("nodes", "the graph").array("nodes");
    if (static_cast<int64_t>(nodes.size()) > limits_.nodes) fail_format("the graph has ", nodes.size(), " nodes, the limit is ", limits_.nodes);
    for (const Json& node : nodes) read_node(node);
    for (const Json& end : json.member("outputs", "the graph").array("outputs")) read_end(end, "outputs", graph_.outputs, graph_.output_names);
    check_names(graph_.input_names, "inputs");
    check_names(graph_.output_names, "outputs");
    verify(graph_);
    return std::move(graph_);
  }

 private:
  ValueId id_from(const Json& json, const std::string& what) const {
    const int64_t id = json.integer(what);
    if (id < 0 || id >= static_cast<int64_t>(graph_.values.size()))
      fail_format(what, ": there is no value ", id, "; there are ", graph_.values.size());
    return static_cast<ValueId>(id);
  }

  static Dims dims_from(const Json& json, const std::string& what) {
    Dims dims;
    for (const Json& size : json.array(what)) dims.push_back(size.integer(what));
    return dims;
  }

  static DType dtype_from(const Json& json, const std::string& what) {
    const std::string& name = json.string(what);
    const std::optional<DType> dtype = dtype_from_name(name);
    if (!dtype) fail_format(what, ": there is no dtype '", name, "'; expected one of ", dtype_names());
    return *dtype;
  }

  static const JsonArray& pair_from(const Json& json, const std::string& what) {
    const JsonArray& pair = json.array(what);
    if (pair.size() != 2) fail_format(what, ": expected two items, got ", pair.size());
    return pair;
  }

  void read_value(const Json& json) {
    const std::string what = "value " + std::to_string(graph_.values.size());
    const JsonArray& pair = pair_from(json, what);
    const TensorDesc desc{dims_from(pair[1], what), dtype_from(pair[0], what)};
    if (checked_numel(desc.shape) > limits_.value_bytes / desc.dtype.itemsize())
      fail_format(what, ": shape ", desc.shape, " of ", desc.dtype, " takes more than the limit of ", limits_.value_bytes, " bytes");
    graph_.add_value(desc);
  }

  void read_end(const Json& json, const std::string& what, std::vector<ValueId>& ids, std::vector<std::string>& names) const {
    const JsonArray& pair = pair_from(json, what);
    ids.push_back(id_from(pair[0], what));
    names.push_back(pair[1].string(what + ", a name"));
  }

  static void check_names(const std::vector<std::string>& names, const char* what) {
    std::set<std::string_view> seen;
    for (const std::string& name : names)
      if (name.empty() || !seen.insert(name).second) fail_format(what, ": the name '", name, "' is empty or given twice");
  }

  void read_constant(const Json& json) {
    const JsonArray& pair = pair_from(json, "constants");
    const ValueId id = id_from(pair[0], "constants");
    const std::string& name = pair[1].string("constants, a tensor's name");
    const auto found = file_.tensors.find(name);
    if (found == file_.tensors.end()) fail_format("constants: the file has no tensor '", name, "'");
    if (graph_.is_constant(id)) fail_format("constants: value ", id, " is given twice");
    graph_.constants.emplace(id, read_tensor(name, found->second));
    graph_.names.emplace(id, name);
  }

  // A tensor may serve several values; each has its own copy, and all count.
  Tensor read_tensor(const std::string& name, const TensorEntry& entry) {
    const int64_t bytes = entry.end - entry.begin;
    if (bytes > limits_.arena_bytes - constant_bytes_)
      throw OverLimit(ErrorKind::kMemory, text("graph: its constants take more than the limit of ", limits_.arena_bytes, " bytes"));
    constant_bytes_ += bytes;
    Tensor tensor = Tensor::empty(entry.shape, entry.dtype);
    const std::span<std::byte> data(tensor.raw(), static_cast<size_t>(bytes));
    source_.read(file_.data_begin + entry.begin, data);
    if (entry.dtype.is_bool() && std::any_of(data.begin(), data.end(), [](std::byte b) { return b > std::byte{1}; }))
      fail_format("tensor '", name, "': a bool is neither 0 nor 1");
    return tensor;
  }

  static AttrValue attr_from(const AttrDecl& decl, const Json& json, const std::string& what) {
    if (json.is_null()) {
      if (decl.fallback && std::holds_alternative<std::monostate>(*decl.fallback)) return std::monostate{};
      fail_format(what, ": may not be null");
    }
    switch (decl.type) {
      case AttrType::kBool: return json.boolean(what);
      case AttrType::kInt: return json.integer(what);
      case AttrType::kFloat: return json.real(what);
      case AttrType::kString: return json.string(what);
      case AttrType::kInts: return dims_from(json, what);
      case AttrType::kDtype: return dtype_from(json, what);
    }
    return std::monostate{};
  }

  static Attrs attrs_from(const Op& op, const Json& json, const std::string& what) {
    const JsonObject& given = json.object(what);
    std::vector<AttrValue> values;
    size_t known = 0;
    for (const AttrDecl& decl : op.attrs) {
      const auto found = given.find(decl.name);
      known += found != given.end();
      if (found != given.end()) values.push_back(attr_from(decl, found->second, what + ", " + decl.name));
      else if (decl.fallback) values.push_back(*decl.fallback);
      else fail_format(what, ": ", op.name, " needs '", decl.name, "'");
    }
    if (known != given.size()) fail_format(what, ": ", op.name, " has no such attributes: ", given.size() - known, " of them are unknown");
    return Attrs(std::move(values));
  }

  void read_node(const Json& json) {
    const std::string what = "node " + std::to_string(graph_.nodes.size());
    const std::string& name = json.member("op", what).string(what + ", op");
    const Op* op = Registry::instance().find(name);
    if (!op) fail_format(what, ": there is no op '", name, "' in this build");
    if (op->dynamic_shape) fail_format(what, ": ", name, " gives a shape that depends on values, which graphs do not hold");
    Node node{op, attrs_from(*op, json.member("attrs", what), what), {}, {}};
    for (const Json& id : json.member("in", what).array(what + ", in")) node.inputs.push_back(id.is_null() ? kNoValue : id_from(id, what + ", in"));
    for (const Json& id : json.member("out", what).array(what + ", out")) node.outputs.push_back(id_from(id, what + ", out"));
    graph_.nodes.push_back(std::move(node));
  }

  const ByteSource& source_;
  const LoadLimits& limits_;
  TensorFile file_;
  int64_t constant_bytes_ = 0;
  Graph graph_;
};

}  // namespace

void write_graph(const Graph& graph, const Sink& sink) { Writer(graph).write(sink); }

Graph read_graph(const ByteSource& file, const LoadLimits& limits) {
  try {
    return Reader(file, limits).read();
  } catch (const OverLimit&) {
    throw;
  } catch (const Error& error) {
    // Shape inference speaks of shapes and dtypes; here it is the file that is wrong.
    throw FormatError(error.what());
  }
}

}  // namespace keima::compiler
