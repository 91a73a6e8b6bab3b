// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/executor_plan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "ops/layout.h"

namespace keima::compiler {
namespace {

using Step = Program::Step;
using Operand = Program::Operand;
using Kind = Program::Kind;

constexpr int64_t kBlock = 16;
constexpr size_t kWeight = 1;
constexpr size_t kExpand = 3;  // of inverted_residual
// As in executor/executor.h, whose format this is.
constexpr size_t kMaxSources = 8;
constexpr int kMaxSteps = 160;
constexpr int kCopyDims = 5;

int64_t blocks(int64_t channels) { return (channels + kBlock - 1) / kBlock; }

std::string list(const std::vector<int64_t>& numbers) {
  std::string out;
  for (const int64_t number : numbers) out += (out.empty() ? "" : ",") + std::to_string(number);
  return ",\"dims\":[" + out + "]";
}

// Images, channels and pixels.
std::string sizes(const Dims& shape) {
  int64_t pixels = 1;
  for (int i = 2; i < shape.size(); ++i) pixels *= shape[i];
  return list({shape[0], shape[1], pixels});
}

class Lowering {
 public:
  explicit Lowering(const Program& program) : program_(program) {}

  void write(const Sink& sink) {
    const auto &inputs = program_.inputs(), &outputs = program_.outputs();
    if (inputs.size() != 1 || outputs.size() != 1)
      fail(ErrorKind::kUnsupported, "executor plan: expected one input and one output, got ", inputs.size(), " and ", outputs.size());
    place();
    const bool ids = inputs[0].tensor.dtype() == DType(ScalarType::kInt32);
    std::string steps;
    for (const Step& step : program_.steps()) steps += (steps.empty() ? "" : ",") + lowered(step);
    check_count(steps);
    const std::string plan = "{\"version\":1,\"arena\":" + std::to_string(plan_.arena) + ",\"input\":" + end(inputs[0], ids ? ScalarType::kInt32 : ScalarType::kFloat32) + ",\"output\":" + end(outputs[0]) +
                             ",\"steps\":[" + steps + "]}";
    tensors_.insert(tensors_.begin(), {"keima.plan", bytes_of(std::as_bytes(std::span(plan)))});
    write_tensor_file(tensors_, {}, sink);
  }

 private:
  // One step of a program may be several of the plan.
  static void check_count(std::string_view steps) {
    int count = 0;
    for (size_t at = 0; (at = steps.find("{\"op\":", at)) != std::string_view::npos; ++at) ++count;
    if (count > kMaxSteps) fail(ErrorKind::kUnsupported, "executor plan: the net takes ", count, " steps, the executor holds at most ", kMaxSteps);
  }

  [[noreturn]] static void unsupported(const Step& step, std::string_view why) {
    fail(ErrorKind::kUnsupported, "executor plan: ", step.op ? step.op->name : "conversion", ": ", why);
  }

  // Input and output lie in the executor's arena, scratch behind it.
  void place() {
    std::vector<bool> scratch(program_.buffers().size());
    for (const Step& step : program_.steps())
      if (step.scratch >= 0) scratch[static_cast<size_t>(step.scratch)] = true;
    for (size_t i = 0; i < scratch.size(); ++i) {
      const Program::Buffer& buffer = program_.buffers()[i];
      if (buffer.kind == Kind::kConstant || scratch[i]) continue;
      const int last = buffer.kind == Kind::kOutput ? INT32_MAX : buffer.last;
      lives_.push_back({buffer.bytes, buffer.kind == Kind::kInput ? 0 : buffer.first, last});
      position_[static_cast<int>(i)] = lives_.size() - 1;
    }
    for (size_t i = 0; i < program_.steps().size(); ++i) place_between(static_cast<int>(i), program_.steps()[i]);
    plan_ = plan_memory(lives_);
  }

  // What lies between the convolutions of a block, which the executor runs apart.
  void place_between(int number, const Step& step) {
    if (!step.op || step.op->name != "inverted_residual") return;
    for (const Dims& shape : stages_of(step)) {
      between_[&step].push_back(lives_.size());
      lives_.push_back({layout_bytes(shape, ScalarType::kFloat32, Layout::blocked(kBlock)), number, number});
    }
  }

  // Results of the stages of a block but for the last.
  static std::vector<Dims> stages_of(const Step& step) {
    const Dims &in = step.inputs[0].tensor.shape(), &out = step.outputs[0].tensor.shape();
    const int64_t hidden = step.inputs[1].tensor.shape()[0];
    const Dims gathered{in[0], hidden, out[2], out[3]};
    return step.inputs[kExpand].buffer >= 0 ? std::vector<Dims>{{in[0], hidden, in[2], in[3]}, gathered} : std::vector<Dims>{gathered};
  }

  // Of a whole tensor of floats in the arena, or of integers.
  int64_t offset(const Operand& operand, ScalarType type = ScalarType::kFloat32) const {
    const auto found = position_.find(operand.buffer);
    if (found == position_.end()) fail(ErrorKind::kUnsupported, "executor plan: a constant stands where a step's result is expected");
    if (!(operand.tensor.dtype() == DType(type))) fail(ErrorKind::kUnsupported, "executor plan: expected ", DType(type), ", got ", operand.tensor.dtype());
    if (operand.tensor.offset() != 0) fail(ErrorKind::kUnsupported, "executor plan: a part of a tensor stands where a whole one is expected");
    return plan_.offsets[found->second];
  }

  std::string end(const Operand& operand, ScalarType type = ScalarType::kFloat32) const {
    const Tensor& t = operand.tensor;
    if (!t.is_plain() || !t.is_contiguous()) fail(ErrorKind::kUnsupported, "executor plan: the output is not plain");
    return "{\"at\":" + std::to_string(offset(operand, type)) + ",\"count\":" + std::to_string(t.numel()) + "}";
  }

  std::string head(const char* op, const Step& step) const {
    return std::string("{\"op\":\"") + op + "\",\"in\":" + std::to_string(offset(step.inputs[0])) + ",\"out\":" + std::to_string(offset(step.outputs[0]));
  }

  std::string lowered(const Step& step) {
    if (!step.op) return conversion(step);
    const std::string& name = step.op->name;
    if (name == "conv2d_fused") return convolution(step);
    if (name == "inverted_residual") return block(step);
    if (name == "linear_fused") return linear(step);
    if (name == "channel_shuffle") return channel_shuffle(step);
    if (name == "layer_norm") return layer_norm(step);
    if (name == "attention") return attention(step);
    if (name == "concat") return concat(step);
    if (name == "add") return add(step);
    if (name == "take_rows") return take_rows(step);
    if (name == "max_pool2d") return head("max_pool2d", step) + pooling(step) + "}";
    if (name == "avg_pool2d")
      return head("avg_pool2d", step) + ",\"count_padding\":" + (step.attrs.flag(step.op->attr("count_padding")) ? "true" : "false") + pooling(step) + "}";
    unsupported(step, "the executor runs convolutions, products with constant weights, pooling, attention, and what is around them");
  }

  std::string conversion(const Step& step) {
    const Tensor &from = step.inputs[0].tensor, &to = step.outputs[0].tensor;
    const bool pack = from.is_plain() && from.is_contiguous() && to.layout() == Layout::blocked(kBlock);
    if (from.is_plain() && to.is_plain()) return copy(step, step.inputs[0], step.outputs[0], to.strides(), 0);
    if (!pack && !(to.is_plain() && from.layout() == Layout::blocked(kBlock))) unsupported(step, "the executor packs whole tensors only");
    return head(pack ? "pack" : "unpack", step) + sizes(from.shape()) + "}";
  }

  static std::string pooling(const Step& step) {
    const Dims &in = step.inputs[0].tensor.shape(), &out = step.outputs[0].tensor.shape();
    const Dims &kernel = step.attrs.ints(0), &stride = step.attrs.ints(1), &padding = step.attrs.ints(2);
    return list({in[0] * blocks(in[1]), in[2], in[3], out[2], out[3], kernel[0], kernel.back(), stride[0], stride.back(), padding[0], padding.back()});
  }

  const Operand* constant(const Step& step, size_t i) const {
    if (i >= step.inputs.size() || step.inputs[i].buffer < 0) return nullptr;
    if (program_.buffers()[static_cast<size_t>(step.inputs[i].buffer)].kind != Kind::kConstant) unsupported(step, "its weights and bias must be constants");
    return &step.inputs[i];
  }

  // A tensor of the file with these bytes and zeros behind them; its name.
  std::string tensor(std::span<const std::byte> content, int64_t bytes) {
    const Tensor made = filled({bytes / 4}, 0.0, ScalarType::kFloat32);
    std::memcpy(made.raw(), content.data(), content.size());
    tensors_.emplace_back("w" + std::to_string(tensors_.size()), made);
    return tensors_.back().first;
  }

  // Which operands and attribute of a step a layer is.
  struct Layer {
    size_t weight = 1, bias = 2, residual = 3;
    const char* activation = "activation";
  };

  // The values of a constant, one after the other, in a tensor of the file of so many bytes or their own; its name.
  std::string plain(const Operand& operand, int64_t bytes = 0) {
    const Program::Buffer& buffer = program_.buffers()[static_cast<size_t>(operand.buffer)];
    const Tensor values = to_contiguous(to_plain(operand.tensor.on(buffer.storage, buffer.offset)));
    const int64_t own = values.numel() * 4;
    return tensor({values.raw(), static_cast<size_t>(own)}, std::max(bytes, own));
  }
  bool is_constant(const Operand& operand) const { return program_.buffers()[static_cast<size_t>(operand.buffer)].kind == Kind::kConstant; }

  // Packed weights, bias (`bias_floats` of them) and activation.
  std::string weights(const Step& step, const Layer& layer, int64_t bias_floats) {
    const Operand *weight = constant(step, layer.weight), *bias = constant(step, layer.bias);
    if (!weight) unsupported(step, "its weights must be constants");
    const Program::Buffer& packed = program_.buffers()[static_cast<size_t>(weight->buffer)];
    const std::string name = tensor({packed.storage->data() + packed.offset, static_cast<size_t>(packed.bytes)}, packed.bytes);
    const std::string bias_name = bias ? plain(*bias, bias_floats * 4) : "";
    const std::string residual = step.inputs.size() > layer.residual && step.inputs[layer.residual].buffer >= 0
                                     ? ",\"residual\":" + std::to_string(offset(step.inputs[layer.residual])) : std::string();
    return ",\"weight\":\"" + name + "\",\"bias\":\"" + bias_name + "\"" + residual + activation(step, layer.activation);
  }

  static std::string activation(const Step& step, const char* attribute) {
    const std::string& name = step.attrs.string(step.op->attr(attribute));
    if (name.empty()) return ",\"relu\":false";
    if (name == "relu") return ",\"relu\":true";
    if (name == "relu6") return ",\"relu\":true,\"cap\":6";
    if (name == "gelu" && step.op->name == "linear_fused") return ",\"relu\":false,\"gelu\":true";
    unsupported(step, "of the activations the executor has relu and relu6, and gelu after products");
  }

  std::string convolution(const Step& step) {
    const Dims &in = step.inputs[0].tensor.shape(), &weight = step.inputs[kWeight].tensor.shape(), &out = step.outputs[0].tensor.shape();
    const Dims &stride = step.attrs.ints(0), &padding = step.attrs.ints(1), &dilation = step.attrs.ints(2);
    const int kernel = weight.size() - 2;
    const std::string& algorithm = step.attrs.string(step.op->attr("algorithm"));
    const std::string winograd = algorithm == "direct" ? std::string() : algorithm == "winograd2" ? ",\"winograd\":2" : ",\"winograd\":4";
    return head("conv2d", step) + weights(step, {}, blocks(out[1]) * kBlock) + winograd +
           list({in[0], in[1], in[2], in[3], out[1], out[2], out[3], weight[kernel], weight[kernel + 1], stride[0], stride.back(), padding[0], padding.back(),
                 dilation[0], dilation.back(), step.attrs.integer(3)}) + "}";
  }

  // One convolution of a block, between offsets in the arena.
  std::string stage(const Step& step, const Layer& layer, int64_t from, const Dims& in, int64_t to, const Dims& out, int64_t groups) {
    const Dims& weight = step.inputs[layer.weight].tensor.shape();
    const int kernel = weight.size() - 2;
    const Dims one{1, 1}, none{0, 0}, &stride = groups > 1 ? step.attrs.ints(0) : one, &padding = groups > 1 ? step.attrs.ints(1) : none;
    return "{\"op\":\"conv2d\",\"in\":" + std::to_string(from) + ",\"out\":" + std::to_string(to) + weights(step, layer, blocks(out[1]) * kBlock) +
           list({in[0], in[1], in[2], in[3], out[1], out[2], out[3], weight[kernel], weight[kernel + 1], stride[0], stride.back(), padding[0], padding.back(), 1, 1, groups}) +
           "}";
  }

  std::string block(const Step& step) {
    constexpr size_t kNone = SIZE_MAX;
    const std::vector<Dims> between = stages_of(step);
    Dims in = step.inputs[0].tensor.shape();
    int64_t from = offset(step.inputs[0]);
    std::string steps;
    for (size_t i = 0; i < between.size(); ++i) {
      const bool last = i + 1 == between.size();
      const int64_t to = plan_.offsets[between_.at(&step)[i]];
      const Layer layer = last ? Layer{1, 5, kNone, "depthwise_activation"} : Layer{kExpand, 4, kNone, "expand_activation"};
      steps += stage(step, layer, from, in, to, between[i], last ? between[i][1] : 1) + ",";
      in = between[i];
      from = to;
    }
    return steps + stage(step, {2, 6, 7, "activation"}, from, in, offset(step.outputs[0]), step.outputs[0].tensor.shape(), 1);
  }

  std::string linear(const Step& step) {
    const Dims& weight = step.inputs[kWeight].tensor.shape();
    return head("linear", step) + weights(step, {}, weight[0]) + list({step.outputs[0].tensor.numel() / std::max<int64_t>(weight[0], 1), weight[0], weight[1]}) + "}";
  }

  std::string channel_shuffle(const Step& step) const {
    if (step.inputs.size() > kMaxSources) unsupported(step, "it joins more tensors than the executor can");
    const Tensor& out = step.outputs[0].tensor;
    std::string sources;
    for (const Operand& source : step.inputs) sources += (sources.empty() ? "" : ",") + std::to_string(offset(source)) + "," + std::to_string(source.tensor.shape()[1]);
    return "{\"op\":\"channel_shuffle\",\"out\":" + std::to_string(offset(step.outputs[0])) + ",\"sources\":[" + sources + "]" +
           list({out.shape()[0], out.shape()[2] * out.shape()[3], step.attrs.integer(step.op->attr("groups")), step.attrs.integer(step.op->attr("start")), out.shape()[1]}) + "}";
  }

  // A float32 as the integer of its bits.
  static std::string bits(double value) { return std::to_string(std::bit_cast<uint32_t>(static_cast<float>(value))); }

  std::string layer_norm(const Step& step) {
    const Dims& shape = step.inputs[0].tensor.shape();
    int64_t n = 1;
    for (int64_t i = shape.size() - step.attrs.integer(step.op->attr("dims")); i < shape.size(); ++i) n *= shape[static_cast<int>(i)];
    const Operand *weight = constant(step, 1), *bias = constant(step, 2);
    return head("layer_norm", step) + ",\"weight\":\"" + (weight ? plain(*weight) : "") + "\",\"bias\":\"" + (bias ? plain(*bias) : "") + "\",\"eps\":" +
           bits(step.attrs.real(step.op->attr("eps"))) + list({step.inputs[0].tensor.numel() / std::max<int64_t>(n, 1), n}) + "}";
  }

  // The first float of an operand in its buffer, and where the buffer lies.
  static int64_t first(const Operand& operand) { return operand.tensor.offset() / 4; }
  int64_t start(const Operand& operand) const {
    Operand whole = operand;
    whole.tensor = operand.tensor.view(operand.tensor.shape(), operand.tensor.strides(), -operand.tensor.offset());
    return offset(whole);
  }

  std::string attention(const Step& step) const {
    const Tensor& q = step.inputs[0].tensor;
    const bool transposed = step.attrs.flag(step.op->attr("transposed_k"));
    std::vector<int64_t> numbers{q.shape()[0], q.shape()[1], q.shape()[2], step.inputs[1].tensor.shape()[transposed ? 3 : 2], q.shape()[3], step.inputs[2].tensor.shape()[3]};
    for (size_t i = 0; i < 3; ++i) {
      const Tensor& t = step.inputs[i].tensor;
      const int row = i == 1 && transposed ? 3 : 2, column = 5 - row;
      if (t.strides()[column] != 1 && t.shape()[column] != 1) unsupported(step, "its rows do not lie one after the other");
      for (const int64_t number : {first(step.inputs[i]), t.strides()[row], t.strides()[0], t.strides()[1]}) numbers.push_back(number);
    }
    return "{\"op\":\"attention\",\"in\":" + std::to_string(start(step.inputs[0])) + ",\"keys\":" + std::to_string(start(step.inputs[1])) + ",\"values\":" +
           std::to_string(start(step.inputs[2])) + ",\"out\":" + std::to_string(offset(step.outputs[0])) + ",\"scale\":" + bits(step.attrs.real(step.op->attr("scale"))) + list(numbers) + "}";
  }

  // An operand's floats to places `strides` apart, the first of them `to_first` floats into the result.
  std::string copy(const Step& step, const Operand& from, const Operand& to, const Dims& strides, int64_t to_first) {
    const Dims& shape = from.tensor.shape();
    const int missing = kCopyDims - shape.size();
    if (missing < 0) unsupported(step, "it has more dimensions than the executor copies");
    const bool weight = is_constant(from);
    const Dims from_strides = weight ? contiguous_strides(shape) : from.tensor.strides();
    std::vector<int64_t> numbers;
    for (const auto& [dims, filling] : {std::pair<const Dims&, int64_t>(shape, 1), {from_strides, 0}, {strides, 0}}) {
      numbers.insert(numbers.end(), static_cast<size_t>(missing), filling);
      numbers.insert(numbers.end(), dims.begin(), dims.end());
    }
    numbers.insert(numbers.end(), {weight ? 0 : first(from), to_first});
    const std::string source = weight ? "\"weight\":\"" + plain(from) + "\"" : "\"in\":" + std::to_string(start(from));
    return "{\"op\":\"copy\"," + source + ",\"out\":" + std::to_string(offset(to)) + list(numbers) + "}";
  }

  std::string concat(const Step& step) {
    const Operand& out = step.outputs[0];
    const int64_t given = step.attrs.integer(step.op->attr("axis"));
    const int axis = static_cast<int>(given < 0 ? given + out.tensor.ndim() : given);
    std::string steps;
    int64_t start = 0;
    for (const Operand& part : step.inputs) {
      steps += (steps.empty() ? "" : ",") + copy(step, part, out, out.tensor.strides(), start * out.tensor.strides()[axis]);
      start += part.tensor.shape()[axis];
    }
    return steps;
  }

  // Two tensors of one shape, or one whose first dimensions are left out or 1.
  std::string add(const Step& step) {
    const bool swapped = is_constant(step.inputs[0]) || step.inputs[0].tensor.numel() < step.inputs[1].tensor.numel();
    const Operand &a = step.inputs[swapped ? 1 : 0], &b = step.inputs[swapped ? 0 : 1];
    const auto repeats = [&] {
      const Dims &whole = step.outputs[0].tensor.shape(), &part = b.tensor.shape();
      int equal = 0;
      while (equal < part.size() && part[part.size() - 1 - equal] == whole[whole.size() - 1 - equal]) ++equal;
      return std::all_of(part.begin(), part.begin() + (part.size() - equal), [](int64_t size) { return size == 1; });
    };
    const auto straight = [](const Tensor& t) { return t.is_plain() && t.is_contiguous(); };
    if (!(a.tensor.shape() == step.outputs[0].tensor.shape()) || !straight(a.tensor) || !straight(b.tensor) || !repeats())
      unsupported(step, "the executor adds plain tensors, the second of which may repeat along the first dimensions");
    const std::string added = is_constant(b) ? ",\"weight\":\"" + plain(b) + "\"" : ",\"residual\":" + std::to_string(offset(b));
    return "{\"op\":\"add\",\"in\":" + std::to_string(offset(a)) + ",\"out\":" + std::to_string(offset(step.outputs[0])) + added + list({a.tensor.numel(), b.tensor.numel()}) + "}";
  }

  std::string take_rows(const Step& step) {
    const Operand &table = step.inputs[0], &rows = step.inputs[1];
    if (!is_constant(table)) unsupported(step, "its table must be a constant");
    const Dims& shape = table.tensor.shape();
    return "{\"op\":\"take_rows\",\"in\":" + std::to_string(offset(rows, ScalarType::kInt32)) + ",\"out\":" + std::to_string(offset(step.outputs[0])) + ",\"weight\":\"" + plain(table) + "\"" +
           list({rows.tensor.numel(), shape[0], shape[1]}) + "}";
  }

  static Tensor bytes_of(std::span<const std::byte> bytes) {
    const Tensor tensor = Tensor::empty({static_cast<int64_t>(bytes.size())}, ScalarType::kUint8);
    std::memcpy(tensor.raw(), bytes.data(), bytes.size());
    return tensor;
  }

  const Program& program_;
  std::vector<Lifetime> lives_;
  std::map<int, size_t> position_;  // of a program's buffer in `lives_`
  std::map<const Step*, std::vector<size_t>> between_;  // the same for what lies between the convolutions of a step
  MemoryPlan plan_;
  std::vector<std::pair<std::string, Tensor>> tensors_;
};

}  // namespace

void write_executor_plan(const Program& program, const Sink& sink) { Lowering(program).write(sink); }

}  // namespace keima::compiler
