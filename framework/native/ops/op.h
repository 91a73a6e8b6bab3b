// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// What an op is: one declaration from which eager execution, autodiff, tracing, passes, the serialised format and the
// Python stubs read everything they need.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/freestanding/exec.h"
#include "base/inline_vector.h"
#include "base/tensor.h"
#include "ops/workspace.h"

namespace keima {

enum class AttrType : uint8_t { kBool, kInt, kFloat, kString, kInts, kDtype };

// monostate stands for Python's None where an attribute may be left out.
using AttrValue = std::variant<std::monostate, bool, int64_t, double, std::string, Dims, DType>;

struct AttrDecl {
  std::string name;
  AttrType type;
  std::optional<AttrValue> fallback;  // none: the attribute is required
};

// Attribute values in the order of the op's declaration.
class Attrs {
 public:
  Attrs() = default;
  Attrs(std::initializer_list<AttrValue> values) : values_(values) {}
  explicit Attrs(std::vector<AttrValue> values) : values_(std::move(values)) {}

  size_t size() const noexcept { return values_.size(); }
  const AttrValue& operator[](size_t i) const noexcept { return values_[i]; }
  // These, but for one.
  Attrs with(size_t i, AttrValue value) const {
    Attrs changed = *this;
    changed.values_[i] = std::move(value);
    return changed;
  }
  bool is_none(size_t i) const noexcept { return std::holds_alternative<std::monostate>(values_[i]); }
  bool flag(size_t i) const { return std::get<bool>(values_[i]); }
  int64_t integer(size_t i) const { return std::get<int64_t>(values_[i]); }
  double real(size_t i) const { return std::get<double>(values_[i]); }
  const std::string& string(size_t i) const { return std::get<std::string>(values_[i]); }
  const Dims& ints(size_t i) const { return std::get<Dims>(values_[i]); }
  const DType& dtype(size_t i) const { return std::get<DType>(values_[i]); }

 private:
  std::vector<AttrValue> values_;
};

struct TensorDesc {
  Dims shape;
  DType dtype;
};

struct Op;
using TensorList = InlineVector<Tensor, 3>;
using DescList = InlineVector<TensorDesc, 1>;

// One application of an op. Inputs that the caller left out are null tensors. In shape inference inputs may be abstract.
struct OpCall {
  const Op& op;
  std::span<const Tensor> inputs;
  const Attrs& attrs;

  const Tensor& in(size_t i) const { return inputs[i]; }
  bool has(size_t i) const { return i < inputs.size() && inputs[i]; }
};

// Which layout an op wants of each input and gives each output. The executor of the op (eager or compiled) converts.
struct LayoutChoice {
  struct Input {
    Layout layout;
    bool any_strides = false;  // a strided input need not be contiguous
  };
  InlineVector<Input, 3> inputs;
  InlineVector<Layout, 1> outputs;
};

struct KernelCall : OpCall {
  const Exec& exec;
  std::span<const Tensor> outputs;  // allocated
  Workspace& workspace;             // as many bytes as the op's `scratch` declares

  const Tensor& out(size_t i = 0) const { return outputs[i]; }
};

class GradCall;

// Bit i (the last bit for all further inputs of a variadic op): input (output) i is read by the gradient and kept until backward. Shapes and dtypes are always kept.
struct Saved {
  uint32_t inputs = 0;
  uint32_t outputs = 0;
};

struct Op {
  std::string name;
  std::vector<std::string> inputs = {};  // names, for messages and keywords
  int optional_inputs = 0;          // how many of the last may be left out
  bool variadic = false;            // the last name stands for any number of tensors
  std::vector<AttrDecl> attrs = {};
  int outputs = 1;

  // Shapes and dtypes of the outputs; throws Error naming op, argument, what was expected and what came.
  void (*infer)(const OpCall&, DescList&) = nullptr;
  // Layouts; null: every input and output plain and contiguous.
  void (*layouts)(const OpCall&, LayoutChoice&) = nullptr;
  // Computes the outputs into allocated tensors. Null for view ops.
  void (*kernel)(const KernelCall&) = nullptr;
  // For ops that only reinterpret input 0's memory; a null result asks for a contiguous copy of the input first.
  Tensor (*view)(const OpCall&, const TensorDesc&) = nullptr;
  // Bytes that the kernel takes from its workspace, from shapes, layouts and strides alone; null: none. Asked and run on
  // the same Exec, with the same operands; not asked where output 0 is empty.
  int64_t (*scratch)(const OpCall&, const Exec&) = nullptr;
  // For the compiler: an input that never changes, in a form of the kernel's own (a layout of kPacked that `layouts` then
  // keeps). How many bytes it takes, from shapes alone (0: it stays as it is), and writing it.
  int64_t (*packed_bytes)(const OpCall&, size_t input) = nullptr;
  void (*pack)(const OpCall&, size_t input, std::byte* to) = nullptr;
  // For the compiler: the algorithms that the kernel has for these shapes, as values of the attribute "algorithm"; first
  // the fixed choice, which "" stands for.
  std::vector<std::string> (*algorithms)(const OpCall&) = nullptr;
  // Composes registered ops into the gradients of the inputs. Null: see `no_gradient`.
  void (*gradient)(GradCall&) = nullptr;
  // Why there is no gradient: "" means that the output does not vary with the input (comparisons, argmax), so the
  // gradient is zero; a reason makes differentiation an error.
  std::string no_gradient = {};
  Saved saved = {};

  // Output 0 may be written over this input when shape, dtype and layout agree and nobody else sees it; -1: no.
  int in_place = -1;
  // Elementwise ops may be fused into chains; the value indexes the kernels' body table, -1: not elementwise.
  int elementwise = -1;
  uint32_t droppable = 0;  // bit i: a compiled graph leaves output i out (a null tensor) where nothing reads it
  bool dynamic_shape = false;  // the output's shape depends on values: such an op is not traced
  bool random = false;  // reads the random state: never folded, never merged with an equal call
  // ONNX operator, or "" with the reason in `onnx_note`.
  std::string onnx = {};
  std::string onnx_note = {};

  // Index of the attribute `name`; throws if there is none (a mistake in a declaration).
  size_t attr(std::string_view name) const;
};

}  // namespace keima
