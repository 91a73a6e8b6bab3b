// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Nets in small of which the executor runs every op.
#pragma once

#include "graphs.h"

namespace keima::compiler {

// The zoo's LeNet in small: plain image, blocks between convolutions and pools, a view before the products.
inline Graph lenet(int64_t batch) {
  Maker m;
  const Attrs wide{Dims{1, 1}, Dims{2, 2}, Dims{1, 1}, int64_t{1}}, halves{Dims{2, 2}, Dims{2, 2}, Dims{0, 0}};
  ValueId x = m.input({batch, 1, 12, 12});
  x = m.add("max_pool2d", {m.add("relu", {m.add("conv2d", {x, m.constant({16, 1, 5, 5}, 1), m.constant({1, 16, 1, 1}, 2)}, wide)})}, halves);
  x = m.add("max_pool2d", {m.add("relu", {m.add("conv2d", {x, m.constant({24, 16, 5, 5}, 3)}, wide)})}, halves);
  x = m.add("reshape", {x}, Attrs{Dims{batch, 24 * 9}});
  x = m.add("relu", {m.add("add", {m.add("matmul", {x, m.constant({20, 24 * 9}, 4)}, Attrs{false, true}), m.constant({20}, 5)})});
  x = m.add("add", {m.add("matmul", {x, m.constant({10, 20}, 6)}, Attrs{false, true}), m.constant({10}, 7)});
  m.graph.outputs = {x};
  return m.graph;
}

// Residual nets and inverted residuals in small: strides, shortcuts, depthwise, relu6, means, Winograd.
inline Graph residual(int64_t batch) {
  Maker m;
  const auto conv = [](int64_t stride, int64_t padding, int64_t groups) { return Attrs{Dims{stride, stride}, Dims{padding, padding}, Dims{1, 1}, groups}; };
  ValueId x = m.input({batch, 3, 40, 40});
  x = m.add("relu", {m.add("conv2d", {x, m.constant({40, 3, 7, 7}, 1), m.constant({1, 40, 1, 1}, 2)}, conv(2, 3, 1))});
  x = m.add("max_pool2d", {x}, Attrs{Dims{3, 3}, Dims{2, 2}, Dims{1, 1}});
  for (unsigned i = 0; i < 2; ++i) {
    const ValueId inner = m.add("relu", {m.add("conv2d", {x, m.constant({40, 40, 3, 3}, 10 + i)}, conv(1, 1, 1))});
    x = m.add("relu", {m.add("add", {m.add("conv2d", {inner, m.constant({40, 40, 3, 3}, 20 + i)}, conv(1, 1, 1)), x})});
  }
  x = m.add("relu6", {m.add("conv2d", {x, m.constant({40, 1, 1, 3, 3}, 30)}, conv(2, 1, 40))});
  x = m.add("conv2d", {x, m.constant({24, 40, 1, 1}, 31)}, conv(1, 0, 1));
  x = m.add("mean", {x}, Attrs{Dims{2, 3}, false});
  m.graph.outputs = {m.add("add", {m.add("matmul", {x, m.constant({10, 24}, 32)}, Attrs{false, true}), m.constant({10}, 33)})};
  return m.graph;
}

// A block that is one op of the program and three steps of the executor, on images that are worth it on any number of threads.
inline Graph inverted_residual(int64_t batch) {
  Maker m;
  const auto conv = [](int64_t padding, int64_t groups) { return Attrs{Dims{1, 1}, Dims{padding, padding}, Dims{1, 1}, groups}; };
  const ValueId x = m.input({batch, 8, 512, 8});
  ValueId h = m.add("relu6", {m.add("conv2d", {x, m.constant({48, 8, 1, 1}, 1)}, conv(0, 1))});
  h = m.add("relu", {m.add("conv2d", {h, m.constant({48, 1, 1, 3, 3}, 2), m.constant({1, 48, 1, 1}, 3)}, conv(1, 48))});
  h = m.add("add", {m.add("conv2d", {h, m.constant({8, 48, 1, 1}, 4), m.constant({1, 8, 1, 1}, 5)}, conv(0, 1)), x});
  m.graph.outputs = {m.add("mean", {h}, Attrs{Dims{2, 3}, false})};
  return m.graph;
}

// A convolution of few channels whose input is plain, then of a plain input that has to be packed.
inline Graph packing(int64_t batch) {
  Maker m;
  m.graph.outputs = {m.add("mean", {m.add("conv2d", {m.input({batch, 17, 6, 6}), m.constant({8, 17, 3, 3}, 1)}, kPlainConv)}, Attrs{Dims{2, 3}, false})};
  return m.graph;
}

}  // namespace keima::compiler
