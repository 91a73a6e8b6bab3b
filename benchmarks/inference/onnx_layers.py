# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The layers of nets.py as ONNX nodes (opset 20), for the peers' environment; needs the onnx package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.inference import weights
from benchmarks.inference.nets import Net

OPSET = 20  # the first with Gelu


@dataclass(frozen=True)
class Named:
    name: str
    shape: tuple[int, ...]


class OnnxLayers:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def _node(self, op: str, inputs: list[str], shape: tuple[int, ...], **attributes: object) -> Named:
        out = Named(f"v{len(self.nodes)}", shape)
        self.nodes.append(helper.make_node(op, inputs, [out.name], **attributes))
        return out

    def _constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def _integers(self, values: tuple[int, ...]) -> str:
        return self._constant(f"c{len(self.constants)}", np.array(values, np.int64))

    def conv(
        self, x: Named, name: str, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, norm: float = 1.0
    ) -> Named:
        n, c, h, w = x.shape
        array = weights.kernel(name, (out, c // groups, kernel, kernel))
        inputs = [x.name, self._constant(name, array)]
        if norm == 0:
            inputs.append(self._constant(f"{name}.bias", weights.normal(f"{name}.bias", (out,), 0.1)))
        pad = kernel // 2
        shape = (n, out, (h + 2 * pad - kernel) // stride + 1, (w + 2 * pad - kernel) // stride + 1)
        made = self._node(
            "Conv",
            inputs,
            shape,
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=[pad] * 4,
            group=groups,
        )
        if norm == 0:
            return made
        arrays = weights.norm(name, out, norm)
        names = [self._constant(f"{name}.norm.{part}", arrays[part]) for part in ("weight", "bias", "mean", "var")]
        return self._node("BatchNormalization", [made.name, *names], shape, epsilon=1e-5)

    def patches(self, x: Named, name: str, out: int, size: int) -> Named:
        n, c, h, w = x.shape
        inputs = [x.name, self._constant(name, weights.kernel(name, (out, c, size, size), 1.0))]
        inputs.append(self._constant(f"{name}.bias", weights.normal(f"{name}.bias", (out,), 0.1)))
        return self._node("Conv", inputs, (n, out, h // size, w // size), kernel_shape=[size] * 2, strides=[size] * 2)

    def linear(self, x: Named, name: str, out: int) -> Named:
        width = x.shape[-1]
        array = np.ascontiguousarray(weights.kernel(name, (out, width), 1.0).T)
        shape = (*x.shape[:-1], out)
        product = self._node("MatMul", [x.name, self._constant(name, array)], shape)
        bias = self._constant(f"{name}.bias", weights.normal(f"{name}.bias", (out,), 0.1))
        return self._node("Add", [product.name, bias], shape)

    def layer_norm(self, x: Named, name: str, eps: float) -> Named:
        width = x.shape[-1]
        scale = self._constant(f"{name}.weight", weights.normal(f"{name}.weight", (width,), 0.1, 1.0))
        shift = self._constant(f"{name}.bias", weights.normal(f"{name}.bias", (width,), 0.1))
        return self._node("LayerNormalization", [x.name, scale, shift], x.shape, axis=-1, epsilon=eps)

    def embed(self, ids: Named, name: str, rows: int, width: int) -> Named:
        table = self._constant(name, weights.normal(name, (rows, width), 0.1))
        return self._node("Gather", [table, ids.name], (*ids.shape, width), axis=0)

    def parameter(self, name: str, shape: tuple[int, ...]) -> Named:
        return Named(self._constant(name, weights.normal(name, shape, 0.1)), shape)

    def relu(self, x: Named) -> Named:
        return self._node("Relu", [x.name], x.shape)

    def relu6(self, x: Named) -> Named:
        limits = [self._constant(f"c{len(self.constants)}", np.float32(value)) for value in (0, 6)]
        return self._node("Clip", [x.name, *limits], x.shape)

    def gelu(self, x: Named) -> Named:
        return self._node("Gelu", [x.name], x.shape)

    def add(self, x: Named, y: Named) -> Named:
        return self._node("Add", [x.name, y.name], np.broadcast_shapes(x.shape, y.shape))

    def scale(self, x: Named, factor: float) -> Named:
        number = self._constant(f"c{len(self.constants)}", np.float32(factor))
        return self._node("Mul", [x.name, number], x.shape)

    def max_pool(self, x: Named, kernel: int, stride: int, padding: int) -> Named:
        n, c, h, w = x.shape
        shape = (n, c, (h + 2 * padding - kernel) // stride + 1, (w + 2 * padding - kernel) // stride + 1)
        sizes = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [padding] * 4}
        return self._node("MaxPool", [x.name], shape, **sizes)

    def mean(self, x: Named) -> Named:
        pooled = self._node("GlobalAveragePool", [x.name], (*x.shape[:2], 1, 1))
        return self._node("Flatten", [pooled.name], x.shape[:2], axis=1)

    def softmax(self, x: Named) -> Named:
        return self._node("Softmax", [x.name], x.shape, axis=-1)

    def matmul(self, x: Named, y: Named) -> Named:
        return self._node("MatMul", [x.name, y.name], (*x.shape[:-1], y.shape[-1]))

    def reshape(self, x: Named, shape: tuple[int, ...]) -> Named:
        return self._node("Reshape", [x.name, self._integers(shape)], shape)

    def transpose(self, x: Named, axes: tuple[int, ...]) -> Named:
        return self._node("Transpose", [x.name], tuple(x.shape[axis] for axis in axes), perm=list(axes))

    def part(self, x: Named, axis: int, begin: int, end: int) -> Named:
        shape = (*x.shape[:axis], end - begin, *x.shape[axis + 1 :])
        limits = [self._integers((value,)) for value in (begin, end, axis)]
        return self._node("Slice", [x.name, *limits], shape)

    def concat(self, parts: list[Named], axis: int) -> Named:
        total = sum(part.shape[axis] for part in parts)
        shape = (*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :])
        return self._node("Concat", [part.name for part in parts], shape, axis=axis)


def write_onnx(net: Net, batch: int, path: Path) -> None:
    """The net as an ONNX file with its weights inside."""
    layers = OnnxLayers()
    x = Named("input", (batch, *net.shape))
    out = net.build(layers, x)
    kind = TensorProto.INT32 if net.vocabulary else TensorProto.FLOAT
    graph = helper.make_graph(
        layers.nodes,
        path.stem,
        [helper.make_tensor_value_info(x.name, kind, x.shape)],
        [helper.make_tensor_value_info(out.name, TensorProto.FLOAT, out.shape)],
        layers.constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
