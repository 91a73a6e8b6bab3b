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

// ShuffleNet's units: channels cut in halves, convolved, joined and shuffled, and joined after a stride.
inline Graph shuffled(int64_t batch) {
  Maker m;
  const auto conv = [](int64_t stride, int64_t padding, int64_t groups) { return Attrs{Dims{stride, stride}, Dims{padding, padding}, Dims{1, 1}, groups}; };
  const auto half = [&](ValueId x, int64_t start) { return m.add("slice", {x}, Attrs{Dims{0, start, 0, 0}, Dims{batch, 18, 6, 6}, Dims{1, 1, 1, 1}}); };
  const auto mixed = [&](ValueId left, ValueId right) {
    const ValueId apart = m.add("reshape", {m.add("concat", {left, right}, Attrs{int64_t{1}})}, Attrs{Dims{batch, 2, 18, 6, 6}});
    return m.add("reshape", {m.add("transpose", {apart}, Attrs{Dims{0, 2, 1, 3, 4}})}, Attrs{Dims{batch, 36, 6, 6}});
  };
  ValueId x = m.add("relu", {m.add("conv2d", {m.input({batch, 3, 12, 12}), m.constant({20, 3, 3, 3}, 1)}, kPlainConv)});
  const ValueId left = m.add("conv2d", {x, m.constant({18, 20, 3, 3}, 2)}, conv(2, 1, 1)), right = m.add("conv2d", {x, m.constant({18, 20, 3, 3}, 3)}, conv(2, 1, 1));
  x = mixed(left, right);
  x = mixed(half(x, 0), m.add("relu", {m.add("conv2d", {half(x, 18), m.constant({18, 18, 3, 3}, 4)}, conv(1, 1, 1))}));
  x = m.add("conv2d", {m.add("concat", {x, left, right, left}, Attrs{int64_t{1}}), m.constant({20, 90, 1, 1}, 5)}, conv(1, 0, 1));
  m.graph.outputs = {m.add("mean", {m.add("relu", {x})}, Attrs{Dims{2, 3}, false})};
  return m.graph;
}

// A vision transformer in small: patches, a class token, positions, attention, gelu.
inline Graph transformer(int64_t batch) {
  Maker m;
  constexpr int64_t kWidth = 24, kTokens = 10;
  ValueId x = m.add("conv2d", {m.input({batch, 3, 12, 12}), m.constant({kWidth, 3, 4, 4}, 1), m.constant({1, kWidth, 1, 1}, 2)}, Attrs{Dims{4, 4}, Dims{0, 0}, Dims{1, 1}, int64_t{1}});
  x = m.add("transpose", {m.add("reshape", {x}, Attrs{Dims{batch, kWidth, 9}})}, Attrs{Dims{0, 2, 1}});
  x = m.add("concat", {m.add("broadcast_to", {m.constant({1, 1, kWidth}, 3)}, Attrs{Dims{batch, 1, kWidth}}), x}, Attrs{int64_t{1}});
  x = m.add("add", {x, m.constant({1, kTokens, kWidth}, 4)});
  const auto linear = [&](ValueId from, int64_t out, unsigned seed) {
    const int64_t in = m.graph.values[from].shape[2];
    return m.add("add", {m.add("matmul", {from, m.constant({out, in}, seed)}, Attrs{false, true}), m.constant({out}, seed + 1)});
  };
  const auto normal = [&](ValueId from, unsigned seed) { return m.add("layer_norm", {from, m.constant({kWidth}, seed), m.constant({kWidth}, seed + 1)}, Attrs{int64_t{1}, 1e-6}); };
  const ValueId before = normal(x, 5);
  const auto heads = [&](unsigned seed) { return m.add("transpose", {m.add("reshape", {linear(before, kWidth, seed)}, Attrs{Dims{batch, kTokens, 3, 8}})}, Attrs{Dims{0, 2, 1, 3}}); };
  const ValueId scores = m.add("mul", {m.add("matmul", {heads(10), heads(20)}, Attrs{false, true}), m.constant({1}, 7)});
  const ValueId mixed = m.add("transpose", {m.add("matmul", {m.add("softmax", {scores}, Attrs{int64_t{-1}}), heads(30)}, Attrs{false, false})}, Attrs{Dims{0, 2, 1, 3}});
  x = m.add("add", {linear(m.add("reshape", {mixed}, Attrs{Dims{batch, kTokens, kWidth}}), kWidth, 40), x});
  x = m.add("add", {linear(m.add("gelu", {linear(normal(x, 50), 40, 52)}), kWidth, 54), x});
  const ValueId token = m.add("slice", {normal(x, 60)}, Attrs{Dims{0, 0, 0}, Dims{batch, 1, kWidth}, Dims{1, 1, 1}});
  m.graph.outputs = {m.add("reshape", {linear(token, 7, 70)}, Attrs{Dims{batch, 7}})};
  return m.graph;
}

// Sums that no product takes in: of what is read again, of a constant that repeats, of a scalar.
inline Graph sums(int64_t batch) {
  Maker m;
  const ValueId x = m.input({batch, 4, 6});
  const ValueId normal = m.add("layer_norm", {x}, Attrs{int64_t{2}, 1e-3});
  const ValueId twice = m.add("add", {normal, x}), shifted = m.add("add", {m.constant({6}, 1), twice}), moved = m.add("add", {shifted, m.constant({1}, 2)});
  m.graph.outputs = {m.add("add", {moved, m.add("layer_norm", {twice, m.constant({6}, 3)}, Attrs{int64_t{1}, 1e-3})})};
  return m.graph;
}

// Words by their numbers, at their places.
inline Graph embedded(int64_t batch) {
  Maker m;
  const ValueId ids = m.input({batch, 6});
  m.graph.values[ids].dtype = ScalarType::kInt32;
  const ValueId words = m.add("take_rows", {m.constant({5, 24}, 1), m.add("reshape", {ids}, Attrs{Dims{batch * 6}})});
  const ValueId placed = m.add("add", {m.add("reshape", {words}, Attrs{Dims{batch, 6, 24}}), m.constant({1, 6, 24}, 2)});
  m.graph.outputs = {m.add("layer_norm", {placed, m.constant({24}, 3)}, Attrs{int64_t{1}, 1e-12})};
  return m.graph;
}

}  // namespace keima::compiler
