// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "corpus.h"

#include "graphs.h"

namespace keima::compiler {
namespace {

ValueId integers(Maker& m, const Dims& shape) { return m.add("cast", {m.input(shape)}, Attrs{DType(ScalarType::kInt32)}); }

// A plain image, a view between a pool and a product: LeNet's shape of net, small.
Graph small_net() {
  Maker m;
  const ValueId image = m.input({2, 1, 12, 12});
  const ValueId conv = m.add("conv2d", {image, m.constant({17, 1, 5, 5}, 1), m.constant({1, 17, 1, 1}, 2)}, Attrs{Dims{1, 1}, Dims{2, 2}, Dims{1, 1}, int64_t{1}});
  const ValueId pooled = m.add("max_pool2d", {m.add("relu", {conv})}, Attrs{Dims{2, 2}, Dims{2, 2}, Dims{0, 0}});
  const ValueId flat = m.add("reshape", {pooled}, Attrs{Dims{2, 17 * 36}});
  const ValueId hidden = m.add("add", {m.add("matmul", {flat, m.constant({8, 17 * 36}, 3)}, Attrs{false, true}), m.constant({8}, 4)});
  m.graph.outputs = {m.add("softmax", {hidden}, Attrs{int64_t{1}})};
  return m.graph;
}

// Grouped, dilated, strided and depthwise convolutions, averages, and what is not blocked between them.
Graph odd_convolutions() {
  Maker m;
  const ValueId image = m.input({1, 6, 11, 9});
  const ValueId grouped = m.add("conv2d", {image, m.constant({2, 12, 3, 3, 3}, 1)}, Attrs{Dims{2, 1}, Dims{3, 2}, Dims{2, 1}, int64_t{2}});
  const ValueId depthwise = m.add("conv2d", {m.add("silu", {grouped}), m.constant({24, 1, 1, 3, 3}, 2)}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{24}});
  const ValueId turned = m.add("transpose", {depthwise}, Attrs{Dims{0, 1, 3, 2}});
  const ValueId average = m.add("avg_pool2d", {turned}, Attrs{Dims{3, 2}, Dims{2, 2}, Dims{1, 0}, true});
  m.graph.outputs = {m.add("max", {average}, Attrs{Dims{2, 3}, true}), m.add("conv2d", {average, m.constant({5, 24, 1, 1}, 3)}, Attrs{Dims{1, 1}, Dims{0, 0}, Dims{1, 1}, int64_t{1}})};
  return m.graph;
}

// A training step's ops: statistics and gradients.
Graph gradients() {
  Maker m;
  const ValueId x = m.input({2, 3, 6, 6}), dy = m.input({2, 5, 6, 6});
  const Attrs plain{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}};
  const ValueId weight = m.constant({5, 3, 3, 3}, 1), scale = m.constant({1, 5, 1, 1}, 2);
  const ValueId y = m.add("conv2d", {x, weight}, plain);
  const ValueId normal = m.add("batch_norm_train", {y, scale, m.constant({1, 5, 1, 1}, 3)}, Attrs{1e-5});
  const ValueId mean = m.graph.nodes.back().outputs[1], variance = m.graph.nodes.back().outputs[2];
  const ValueId back = m.add("batch_norm_backward", {y, scale, dy, mean, variance}, Attrs{1e-5});
  m.graph.outputs = {normal, m.add("conv2d_backward_data", {weight, back}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, Dims{2, 3, 6, 6}}),
                     m.add("conv2d_backward_weight", {x, back}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, Dims{5, 3, 3, 3}}),
                     m.add("relu_grad", {y, back}), m.add("sum_to", {back}, Attrs{Dims{1, 5, 1, 1}})};
  return m.graph;
}

Graph pooling_gradients() {
  Maker m;
  const ValueId x = m.input({1, 17, 6, 6});
  const Attrs window{Dims{3, 3}, Dims{2, 2}, Dims{1, 1}};
  const ValueId best = m.add("max_pool2d", {x}, window), positions = m.graph.nodes.back().outputs[1];
  const ValueId spread = m.add("max_pool2d_scatter", {best, positions}, Attrs{Dims{3, 3}, Dims{2, 2}, Dims{1, 1}, Dims{1, 17, 6, 6}});
  const ValueId average = m.add("avg_pool2d_backward", {best}, Attrs{Dims{3, 3}, Dims{2, 2}, Dims{1, 1}, false, Dims{1, 17, 6, 6}});
  m.graph.outputs = {spread, average, m.add("max_pool2d_gather", {x, positions}, window)};
  return m.graph;
}

Graph positions() {
  Maker m;
  const ValueId x = m.input({4, 6}), index = integers(m, {3}), full = integers(m, {4, 6});
  const ValueId rows = m.add("take_rows", {x, index});
  m.graph.outputs = {m.add("put_rows", {x, index, rows}), m.add("add_rows", {x, index, rows}), m.add("gather", {x, full}, Attrs{int64_t{1}}),
                     m.add("scatter", {x, full, x}, Attrs{int64_t{0}}), m.add("scatter_add", {x, full, x}, Attrs{int64_t{1}}),
                     m.add("one_hot", {index}, Attrs{int64_t{5}, DType(ScalarType::kInt32)}), m.add("ravel_index", {index, index}, Attrs{Dims{4, 6}}),
                     m.add("argmax", {x}, Attrs{Dims{1}, false})};
  m.add("sort", {x}, Attrs{true, int64_t{3}});
  m.graph.outputs.push_back(m.graph.nodes.back().outputs[1]);
  return m.graph;
}

Graph moves() {
  Maker m;
  const ValueId x = m.input({2, 3, 4}), y = m.input({2, 1, 4});
  const ValueId box = m.add("slice", {x}, Attrs{Dims{0, 2, 3}, Dims{2, 2, 2}, Dims{1, -1, -2}});
  const ValueId joined = m.add("concat", {x, y, m.add("transpose", {x}, Attrs{Dims{0, 1, 2}})}, Attrs{int64_t{1}});
  const ValueId wide = m.add("broadcast_to", {y}, Attrs{Dims{3, 2, 3, 4}});
  const ValueId mask = m.add("greater", {x, y});
  const ValueId half = m.add("cast", {m.add("where", {mask, x, y})}, Attrs{DType(ScalarType::kFloat16)});
  m.graph.outputs = {m.add("slice_set", {x, box}, Attrs{Dims{0, 0, 0}, Dims{2, 2, 2}, Dims{1, 2, 3}}), joined, m.add("cumsum", {wide}, Attrs{int64_t{2}, false}),
                     m.add("exp", {half}), m.add("matmul", {x, y}, Attrs{false, true}), m.add("log_softmax", {wide}, Attrs{int64_t{-1}}),
                     m.add("logsumexp", {x}, Attrs{int64_t{0}, false}), m.add("full", {}, Attrs{Dims{3, 2}, 1.5, DType(ScalarType::kInt8)}),
                     m.add("arange", {}, Attrs{0.0, 0.5, int64_t{7}}), m.add("prod", {x}, Attrs{std::monostate{}, true}), m.add("mean", {mask}, Attrs{Dims{0, 2}, false})};
  return m.graph;
}

// Parts of what is made on the way and read again: results start from a copy of it.
Graph partial_writes() {
  Maker m;
  const ValueId x = m.input({4, 6});
  const ValueId part = m.add("slice", {x}, Attrs{Dims{3, 0}, Dims{2, 3}, Dims{-2, 2}});
  const ValueId made = m.add("exp", {x}), turned = m.add("transpose", {m.add("tanh", {made})}, Attrs{Dims{1, 0}});
  const Attrs place{Dims{0, 1}, Dims{2, 3}, Dims{3, 2}}, product{false, false};
  const ValueId set = m.add("slice_set", {made, part}, place), added = m.add("slice_add", {made, part}, place);
  m.graph.outputs = {m.add("matmul", {set, turned}, product), m.add("matmul", {turned, added}, product),
                     m.add("slice_add", {m.add("transpose", {turned}, Attrs{Dims{1, 0}}), part}, place)};
  return m.graph;
}

// Two convolutions with the same operands but nearly the same attributes, chained in place.
Graph chain() {
  Maker m;
  ValueId x = m.input({1, 24, 7, 7});
  for (unsigned i = 0; i < 3; ++i) {
    const ValueId y = m.add("conv2d", {x, m.constant({24, 24, 3, 3}, i)}, kPlainConv);
    x = m.add("relu6", {m.add("add", {m.add("mul", {y, m.constant({24, 1, 1}, i + 9)}), x})});
  }
  m.graph.outputs = {m.add("tanh", {m.add("sub", {x, m.add("leaky_relu", {x}, Attrs{0.1})})}), x};
  return m.graph;
}

// A class token before the samples' own; attention spelt out, with a factor on either side; norms of the last dimension.
Graph attention() {
  Maker m;
  const ValueId x = m.add("concat", {m.constant({1, 1, 24}, 8), m.input({1, 5, 24})}, Attrs{int64_t{1}});
  const ValueId normal = m.add("layer_norm", {x, m.constant({24}, 1), m.constant({24}, 2)}, Attrs{int64_t{1}, 1e-6});
  const auto heads = [&](unsigned seed) {
    const ValueId product = m.add("reshape", {m.add("matmul", {normal, m.constant({24, 24}, seed)}, Attrs{false, false})}, Attrs{Dims{1, 6, 3, 8}});
    return m.add("transpose", {product}, Attrs{Dims{0, 2, 1, 3}});
  };
  const ValueId query = m.add("mul", {heads(3), m.constant({1}, 4)}), keys = heads(5), values = heads(6);
  const ValueId scores = m.add("mul", {m.add("matmul", {query, keys}, Attrs{false, true}), m.constant({1}, 7)});
  const ValueId mixed = m.add("matmul", {m.add("softmax", {scores}, Attrs{int64_t{-1}}), values}, Attrs{false, false});
  m.graph.outputs = {m.add("reshape", {m.add("transpose", {mixed}, Attrs{Dims{0, 2, 1, 3}})}, Attrs{Dims{1, 6, 24}})};
  return m.graph;
}

// ShuffleNet's unit: channels joined, shuffled in two groups, cut.
Graph shuffle() {
  Maker m;
  const ValueId x = m.input({2, 12, 5, 4});
  const ValueId left = m.add("conv2d", {x, m.constant({20, 12, 3, 3}, 1)}, kPlainConv), right = m.add("conv2d", {x, m.constant({16, 12, 3, 3}, 2)}, kPlainConv);
  const ValueId apart = m.add("reshape", {m.add("concat", {left, right}, Attrs{int64_t{1}})}, Attrs{Dims{2, 2, 18, 5, 4}});
  const ValueId mixed = m.add("reshape", {m.add("transpose", {apart}, Attrs{Dims{0, 2, 1, 3, 4}})}, Attrs{Dims{2, 36, 5, 4}});
  const ValueId first = m.add("slice", {mixed}, Attrs{Dims{0, 0, 0, 0}, Dims{2, 18, 5, 4}, Dims{1, 1, 1, 1}});
  const ValueId second = m.add("slice", {mixed}, Attrs{Dims{0, 18, 0, 0}, Dims{2, 18, 5, 4}, Dims{1, 1, 1, 1}});
  m.graph.outputs = {m.add("conv2d", {first, m.constant({7, 18, 3, 3}, 3)}, kPlainConv), m.add("relu", {second})};
  return m.graph;
}

Attrs conv_attrs(int64_t stride, int64_t padding, int64_t groups) { return Attrs{Dims{stride, stride}, Dims{padding, padding}, Dims{1, 1}, groups}; }

// MobileNetV2's blocks, of channels that do not fill blocks of 16: of stride 2, on an image so large that one thread fuses them too; of
// stride 1 with a residual; without an expansion. The last two project by the same weights.
Graph inverted_residuals() {
  Maker m;
  const auto expand = [&](ValueId x, int64_t in, int64_t hidden, unsigned seed) {
    return m.add("relu6", {m.add("conv2d", {x, m.constant({hidden, in, 1, 1}, seed), m.constant({1, hidden, 1, 1}, seed + 1)}, conv_attrs(1, 0, 1))});
  };
  const auto depthwise = [&](ValueId x, int64_t hidden, int64_t kernel, int64_t stride, unsigned seed) {
    return m.add("relu6", {m.add("conv2d", {x, m.constant({hidden, 1, 1, kernel, kernel}, seed)}, conv_attrs(stride, kernel / 2, hidden))});
  };
  const ValueId x = m.input({1, 7, 64, 48}), shared = m.constant({17, 34, 1, 1}, 1);
  const ValueId strided = m.add("conv2d", {depthwise(expand(x, 7, 48, 2), 48, 3, 2, 4), m.constant({17, 48, 1, 1}, 5)}, conv_attrs(1, 0, 1));
  const ValueId wide = expand(strided, 17, 34, 6);
  const ValueId kept = m.add("add", {m.add("conv2d", {depthwise(wide, 34, 5, 1, 8), shared}, conv_attrs(1, 0, 1)), strided});
  const ValueId unexpanded = m.add("conv2d", {depthwise(m.add("concat", {kept, kept}, Attrs{int64_t{1}}), 34, 3, 1, 9), shared}, conv_attrs(1, 0, 1));
  m.graph.outputs = {kept, m.add("relu6", {unexpanded})};
  return m.graph;
}

// What the passes make, in a file: shapes of stages that no value of the graph has. Of constants, and of what is not known before the run.
Graph fused() {
  Maker m;
  const ValueId x = m.input({2, 5, 9, 7}), given = m.input({20, 1, 1, 3, 3});
  const Attrs attrs{Dims{2, 1}, Dims{1, 1}, std::string("relu6"), std::string("relu6"), std::string()};
  const ValueId expand = m.constant({20, 5, 1, 1}, 1), project = m.constant({5, 20, 1, 1}, 2);
  const ValueId packed = m.add("inverted_residual", {x, m.constant({20, 1, 1, 3, 3}, 3), project, expand, m.constant({20}, 4), kNoValue, m.constant({5}, 5)}, attrs);
  const ValueId loose = m.add("inverted_residual", {x, given, project, expand, kNoValue, kNoValue, kNoValue, packed}, attrs);
  const ValueId short_block = m.add("inverted_residual", {loose, m.constant({5, 1, 1, 1, 1}, 6), m.constant({3, 5, 1, 1}, 7)}, Attrs{Dims{1, 1}, Dims{0, 0}, std::string(), std::string(), std::string("relu")});
  const ValueId conv = m.add("conv2d_fused", {loose, m.constant({5, 5, 3, 3}, 8), kNoValue, packed}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string("relu"), std::string("winograd2")});
  const ValueId linear = m.add("linear_fused", {conv, m.constant({3, 7}, 9), m.constant({3}, 10)}, Attrs{std::string("gelu")});
  // Operands that are left out at the end, before what would take their places.
  const Attrs plain{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}, std::string(), std::string()}, one{Dims{1, 1}, Dims{0, 0}, Dims{1, 1}, int64_t{1}, std::string(), std::string()};
  const ValueId bare = m.add("add", {m.add("conv2d_fused", {x, m.constant({5, 5, 3, 3}, 11)}, plain), m.input({2, 5, 9, 7})});
  const ValueId spread = m.add("conv2d_fused", {bare, m.constant({5, 1, 1, 3, 3}, 12)}, Attrs{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{5}, std::string("relu6"), std::string()});
  const ValueId joined = m.add("conv2d_fused", {spread, m.constant({7, 5, 1, 1}, 13)}, one);
  const ValueId product = m.add("linear_fused", {joined, m.constant({4, 7}, 14)}, Attrs{std::string()});
  m.graph.outputs = {short_block, linear, m.add("add", {m.add("add", {product, m.constant({4}, 15)}), m.constant({2, 7, 9, 4}, 16)})};
  return m.graph;
}

}  // namespace

std::vector<Graph> corpus() {
  return {block(), small_net(), odd_convolutions(), gradients(), pooling_gradients(), positions(), moves(), partial_writes(), chain(), attention(), shuffle(), inverted_residuals(), fused()};
}

}  // namespace keima::compiler
