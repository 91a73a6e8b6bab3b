// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "compiler/executor_plan.h"

#include <algorithm>
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

int64_t blocks(int64_t channels) { return (channels + kBlock - 1) / kBlock; }

std::string list(std::initializer_list<int64_t> numbers) {
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
    std::string steps;
    for (const Step& step : program_.steps()) steps += (steps.empty() ? "" : ",") + lowered(step);
    const std::string plan = "{\"version\":1,\"arena\":" + std::to_string(plan_.arena) + ",\"input\":" + end(inputs[0]) + ",\"output\":" + end(outputs[0]) +
                             ",\"steps\":[" + steps + "]}";
    tensors_.insert(tensors_.begin(), {"keima.plan", bytes_of(std::as_bytes(std::span(plan)))});
    write_tensor_file(tensors_, {}, sink);
  }

 private:
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

  // Of a whole tensor of floats in the arena.
  int64_t offset(const Operand& operand) const {
    const auto found = position_.find(operand.buffer);
    if (found == position_.end()) fail(ErrorKind::kUnsupported, "executor plan: a constant stands where a step's result is expected");
    if (!(operand.tensor.dtype() == DType(ScalarType::kFloat32))) fail(ErrorKind::kUnsupported, "executor plan: expected float32, got ", operand.tensor.dtype());
    if (operand.tensor.offset() != 0) fail(ErrorKind::kUnsupported, "executor plan: a part of a tensor stands where a whole one is expected");
    return plan_.offsets[found->second];
  }

  std::string end(const Operand& operand) const {
    const Tensor& t = operand.tensor;
    if (!t.is_plain() || !t.is_contiguous()) fail(ErrorKind::kUnsupported, "executor plan: the output is not plain");
    return "{\"at\":" + std::to_string(offset(operand)) + ",\"count\":" + std::to_string(t.numel()) + "}";
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
    if (name == "max_pool2d") return head("max_pool2d", step) + pooling(step) + "}";
    if (name == "avg_pool2d")
      return head("avg_pool2d", step) + ",\"count_padding\":" + (step.attrs.flag(step.op->attr("count_padding")) ? "true" : "false") + pooling(step) + "}";
    unsupported(step, "the executor runs convolutions, products with constant weights, and pooling");
  }

  std::string conversion(const Step& step) const {
    const Tensor &from = step.inputs[0].tensor, &to = step.outputs[0].tensor;
    const bool pack = from.is_plain() && from.is_contiguous() && to.layout() == Layout::blocked(kBlock);
    if (!pack && !(to.is_plain() && from.layout() == Layout::blocked(kBlock))) unsupported(step, "the executor does not transpose");
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

  // Packed weights, bias (`bias_floats` of them) and activation.
  std::string weights(const Step& step, const Layer& layer, int64_t bias_floats) {
    const Operand *weight = constant(step, layer.weight), *bias = constant(step, layer.bias);
    if (!weight) unsupported(step, "its weights must be constants");
    const Program::Buffer& packed = program_.buffers()[static_cast<size_t>(weight->buffer)];
    const std::string name = tensor({packed.storage->data() + packed.offset, static_cast<size_t>(packed.bytes)}, packed.bytes);
    std::string bias_name;
    if (bias) {
      const Tensor values = to_contiguous(bias->tensor.on(program_.buffers()[static_cast<size_t>(bias->buffer)].storage, 0));
      bias_name = tensor({values.raw(), static_cast<size_t>(values.numel()) * 4}, bias_floats * 4);
    }
    const std::string residual = step.inputs.size() > layer.residual && step.inputs[layer.residual].buffer >= 0
                                     ? ",\"residual\":" + std::to_string(offset(step.inputs[layer.residual])) : std::string();
    return ",\"weight\":\"" + name + "\",\"bias\":\"" + bias_name + "\"" + residual + activation(step, layer.activation);
  }

  static std::string activation(const Step& step, const char* attribute) {
    const std::string& name = step.attrs.string(step.op->attr(attribute));
    if (name.empty()) return ",\"relu\":false";
    if (name == "relu") return ",\"relu\":true";
    if (name == "relu6") return ",\"relu\":true,\"cap\":6";
    unsupported(step, "of the activations the executor has relu and relu6");
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
