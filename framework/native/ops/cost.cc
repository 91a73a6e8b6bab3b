// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/cost.h"

#include <algorithm>

namespace keima {
namespace {

double count(const Dims& shape) {
  double product = 1;
  for (const int64_t size : shape) product *= static_cast<double>(size);
  return product;
}

double most_elements(std::span<const Sized> tensors) {
  double most = 0;
  for (const Sized& tensor : tensors)
    if (tensor.shape) most = std::max(most, count(*tensor.shape));
  return most;
}

class Counter {
 public:
  Counter(const Op& op, const Attrs& attrs, std::span<const Sized> inputs, std::span<const Sized> outputs)
      : op_(op), attrs_(attrs), inputs_(inputs), outputs_(outputs) {}

  double flops() const {
    const std::string& name = op_.name;
    if (op_.view) return 0;
    if (name.starts_with("conv2d")) return convolution(name);
    if (name == "inverted_residual") return inverted_residual();
    if (name == "matmul" || name == "linear_fused") return product(name == "matmul" && attrs_.flag(0));
    if (name == "attention") return attention();
    if (name == "attention_backward") return 2.5 * attention();  // five products of the size of its two
    if (name.find("pool2d") != std::string::npos) return pooling();
    return std::max(most_elements(inputs_), most_elements(outputs_));
  }

 private:
  const Dims& in(size_t i) const { return *inputs_[i].shape; }
  const Dims& out(size_t i) const { return *outputs_[i].shape; }

  // Every element of the convolution's result (or of its gradient) meets every weight of its output channel.
  double convolution(const std::string& name) const {
    const bool data = name == "conv2d_backward_data", weight = name == "conv2d_backward_weight";
    const Dims& result = data || weight ? in(1) : out(0);
    const Dims& weights = data ? in(0) : weight ? out(0) : in(1);
    const double channels = static_cast<double>(std::max<int64_t>(result[1], 1));
    return 2 * count(result) * count(weights) / channels;
  }

  // The expansion of each input pixel, and for each result's pixel the depthwise taps and the projection.
  double inverted_residual() const {
    const Dims& result = out(0);
    const double expanded = inputs_.size() > 3 && inputs_[3].shape ? count(in(0)) / static_cast<double>(std::max<int64_t>(in(0)[1], 1)) * count(in(3)) : 0;
    return 2 * (expanded + count(result) / static_cast<double>(std::max<int64_t>(result[1], 1)) * (count(in(1)) + count(in(2))));
  }

  double product(bool transposed) const {
    const Dims& a = in(0);
    const int inner = transposed && a.size() > 1 ? a.size() - 2 : a.size() - 1;
    return 2 * count(out(0)) * static_cast<double>(a[inner]);
  }

  // Both products, and a function of each element of the first.
  double attention() const {
    const double rows = count(in(0)) / static_cast<double>(std::max<int64_t>(in(0).back(), 1));
    const double keys = static_cast<double>(in(2)[2]), widths = static_cast<double>(in(0).back() + in(2).back());
    return rows * keys * (2 * widths + 1);
  }

  double pooling() const {
    const Dims& window = attrs_.ints(0);
    const double taps = static_cast<double>(window[0]) * static_cast<double>(window.back());
    return taps * std::max(std::min(most_elements(inputs_), most_elements(outputs_)), 1.0);
  }

  const Op& op_;
  const Attrs& attrs_;
  const std::span<const Sized> inputs_, outputs_;
};

// On a core of some 50 GFLOP/s and 10 GB/s. A host's thread that computes beside it may keep the lock for 5 ms each time
// that it gets it (Python's switch interval), so that shorter kernels would mostly wait.
constexpr double kLongFlops = 2e7;
constexpr int64_t kLongBytes = int64_t{4} << 20;

}  // namespace

SizedList sizes_of(std::span<const Tensor> tensors) {
  SizedList list;
  for (const Tensor& tensor : tensors) list.push_back(tensor ? Sized{&tensor.shape(), tensor.dtype().itemsize()} : Sized{});
  return list;
}

SizedList sizes_of(std::span<const TensorDesc> descs) {
  SizedList list;
  for (const TensorDesc& desc : descs) list.push_back({&desc.shape, desc.dtype.itemsize()});
  return list;
}

bool is_long_running(const Cost& cost) { return cost.flops >= kLongFlops || cost.bytes_in + cost.bytes_out >= kLongBytes; }

Cost cost_of(const Op& op, const Attrs& attrs, std::span<const Sized> inputs, std::span<const Sized> outputs) {
  Cost cost{.flops = Counter(op, attrs, inputs, outputs).flops()};
  for (const Sized& tensor : inputs) cost.bytes_in += tensor.bytes();
  for (const Sized& tensor : outputs) cost.bytes_out += tensor.bytes();
  return cost;
}

}  // namespace keima
