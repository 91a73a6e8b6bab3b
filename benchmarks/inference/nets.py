# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmarked nets in timm's topologies, each stated once over a set of layers.

A net is a function of layers and its input. `layers` makes the values: of Keima's modules, or of ONNX nodes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

CLASSES = 1000


class Value(Protocol):
    @property
    def shape(self) -> tuple[int, ...]: ...


class Layers(Protocol):
    """What nets are made of. Names are the weights'; a convolution pads by half its kernel."""

    def conv(
        self, x: Value, name: str, out: int, kernel: int = 1, stride: int = 1, groups: int = 1, norm: float = 1.0
    ) -> Value:
        """A convolution; `norm` is the mean scale of the batch normalisation behind it, or 0 for a bias instead."""

    def patches(self, x: Value, name: str, out: int, size: int) -> Value:
        """A convolution whose stride is its kernel, without padding, with a bias."""

    def relu(self, x: Value) -> Value: ...
    def relu6(self, x: Value) -> Value: ...
    def gelu(self, x: Value) -> Value: ...
    def add(self, x: Value, y: Value) -> Value: ...
    def scale(self, x: Value, factor: float) -> Value: ...
    def max_pool(self, x: Value, kernel: int, stride: int, padding: int) -> Value: ...
    def mean(self, x: Value) -> Value:
        """(N, C, H, W) to (N, C)."""

    def linear(self, x: Value, name: str, out: int) -> Value: ...
    def layer_norm(self, x: Value, name: str, eps: float) -> Value: ...
    def softmax(self, x: Value) -> Value:
        """Over the last axis."""

    def matmul(self, x: Value, y: Value) -> Value: ...
    def reshape(self, x: Value, shape: tuple[int, ...]) -> Value: ...
    def transpose(self, x: Value, axes: tuple[int, ...]) -> Value: ...
    def part(self, x: Value, axis: int, begin: int, end: int) -> Value: ...
    def concat(self, parts: list[Value], axis: int) -> Value: ...
    def parameter(self, name: str, shape: tuple[int, ...]) -> Value: ...
    def embed(self, ids: Value, name: str, rows: int, width: int) -> Value: ...


# --- residual nets -------------------------------------------------------------------------------------------------

# Scales of the last normalisation of a branch below 1 keep the sums of a deep random net small.
BRANCH = 0.3


def _basic_block(layers: Layers, x: Value, name: str, width: int, stride: int) -> Value:
    out = layers.relu(layers.conv(x, f"{name}.conv1", width, 3, stride))
    out = layers.conv(out, f"{name}.conv2", width, 3, norm=BRANCH)
    if stride != 1 or x.shape[1] != width:
        x = layers.conv(x, f"{name}.downsample", width, 1, stride)
    return layers.relu(layers.add(out, x))


def _bottleneck(layers: Layers, x: Value, name: str, width: int, stride: int) -> Value:
    out = layers.relu(layers.conv(x, f"{name}.conv1", width))
    out = layers.relu(layers.conv(out, f"{name}.conv2", width, 3, stride))  # v1.5: the stride is here
    out = layers.conv(out, f"{name}.conv3", 4 * width, norm=BRANCH)
    if stride != 1 or x.shape[1] != 4 * width:
        x = layers.conv(x, f"{name}.downsample", 4 * width, 1, stride)
    return layers.relu(layers.add(out, x))


def _resnet(layers: Layers, x: Value, block: Callable[..., Value], depths: tuple[int, ...]) -> Value:
    x = layers.max_pool(layers.relu(layers.conv(x, "conv1", 64, 7, 2)), 3, 2, 1)
    for stage, depth in enumerate(depths):
        for i in range(depth):
            x = block(layers, x, f"layer{stage + 1}.{i}", 64 << stage, 2 if stage > 0 and i == 0 else 1)
    return layers.linear(layers.mean(x), "fc", CLASSES)


def resnet18(layers: Layers, x: Value) -> Value:
    return _resnet(layers, x, _basic_block, (2, 2, 2, 2))


def resnet50(layers: Layers, x: Value) -> Value:
    return _resnet(layers, x, _bottleneck, (3, 4, 6, 3))


def vgg16(layers: Layers, x: Value) -> Value:
    for stage, (width, depth) in enumerate([(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]):
        for i in range(depth):
            x = layers.relu(layers.conv(x, f"features.{stage}.{i}", width, 3, norm=0))
        x = layers.max_pool(x, 2, 2, 0)
    x = layers.reshape(x, (x.shape[0], 25088))
    for name in ("fc1", "fc2"):
        x = layers.relu(layers.linear(x, name, 4096))
    return layers.linear(x, "head", CLASSES)


# --- depthwise nets ------------------------------------------------------------------------------------------------


def _inverted_residual(
    layers: Layers, x: Value, name: str, expansion: int, width: int, kernel: int, stride: int
) -> Value:
    inner = x.shape[1] * expansion
    out = x if expansion == 1 else layers.relu6(layers.conv(x, f"{name}.expand", inner))
    out = layers.relu6(layers.conv(out, f"{name}.depthwise", inner, kernel, stride, groups=inner))
    same = stride == 1 and x.shape[1] == width
    out = layers.conv(out, f"{name}.project", width, norm=BRANCH if same else 1.0)
    return layers.add(out, x) if same else out


# Expansion, width, blocks, kernel, stride of the first block.
Stage = tuple[int, int, int, int, int]
MOBILENET_V2: list[Stage] = [
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 32, 3, 3, 2),
    (6, 64, 4, 3, 2),
    (6, 96, 3, 3, 1),
    (6, 160, 3, 3, 2),
    (6, 320, 1, 3, 1),
]
EFFICIENTNET_LITE0: list[Stage] = [
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
]


def _inverted_net(layers: Layers, x: Value, stages: list[Stage]) -> Value:
    x = layers.relu6(layers.conv(x, "stem", 32, 3, 2))
    for stage, (expansion, width, depth, kernel, stride) in enumerate(stages):
        for i in range(depth):
            name = f"blocks.{stage}.{i}"
            x = _inverted_residual(layers, x, name, expansion, width, kernel, stride if i == 0 else 1)
    x = layers.relu6(layers.conv(x, "head", 1280))
    return layers.linear(layers.mean(x), "classifier", CLASSES)


def mobilenet_v2(layers: Layers, x: Value) -> Value:
    return _inverted_net(layers, x, MOBILENET_V2)


def efficientnet_lite0(layers: Layers, x: Value) -> Value:
    return _inverted_net(layers, x, EFFICIENTNET_LITE0)


def _shuffle(layers: Layers, x: Value) -> Value:
    n, c, h, w = x.shape
    halves = layers.transpose(layers.reshape(x, (n, 2, c // 2, h, w)), (0, 2, 1, 3, 4))
    return layers.reshape(halves, (n, c, h, w))


def _shuffle_branch(layers: Layers, x: Value, name: str, width: int, stride: int) -> Value:
    x = layers.relu(layers.conv(x, f"{name}.conv1", width))
    x = layers.conv(x, f"{name}.depthwise", width, 3, stride, groups=width)
    return layers.relu(layers.conv(x, f"{name}.conv2", width))


def _shuffle_unit(layers: Layers, x: Value, name: str, width: int, stride: int) -> Value:
    half = width // 2
    if stride == 1:
        kept = layers.part(x, 1, 0, half)
        made = _shuffle_branch(layers, layers.part(x, 1, half, width), name, half, 1)
    else:
        kept = layers.conv(x, f"{name}.proj_depthwise", x.shape[1], 3, 2, groups=x.shape[1])
        kept = layers.relu(layers.conv(kept, f"{name}.proj", half))
        made = _shuffle_branch(layers, x, name, half, 2)
    return _shuffle(layers, layers.concat([kept, made], 1))


def shufflenet_v2(layers: Layers, x: Value) -> Value:
    x = layers.max_pool(layers.relu(layers.conv(x, "conv1", 24, 3, 2)), 3, 2, 1)
    for stage, (width, depth) in enumerate([(116, 4), (232, 8), (464, 4)]):
        for i in range(depth):
            x = _shuffle_unit(layers, x, f"stage{stage + 2}.{i}", width, 2 if i == 0 else 1)
    x = layers.relu(layers.conv(x, "conv5", 1024))
    return layers.linear(layers.mean(x), "fc", CLASSES)


# --- transformers --------------------------------------------------------------------------------------------------


def _attention(layers: Layers, x: Value, name: str, heads: int) -> Value:
    n, length, width = x.shape
    size = width // heads

    def head_rows(which: str, axes: tuple[int, ...]) -> Value:
        projected = layers.linear(x, f"{name}.{which}", width)
        return layers.transpose(layers.reshape(projected, (n, length, heads, size)), axes)

    query = layers.scale(head_rows("query", (0, 2, 1, 3)), size**-0.5)
    weights = layers.softmax(layers.matmul(query, head_rows("key", (0, 2, 3, 1))))
    mixed = layers.transpose(layers.matmul(weights, head_rows("value", (0, 2, 1, 3))), (0, 2, 1, 3))
    return layers.linear(layers.reshape(mixed, (n, length, width)), f"{name}.output", width)


def _perceptron(layers: Layers, x: Value, name: str, inner: int) -> Value:
    return layers.linear(layers.gelu(layers.linear(x, f"{name}.fc1", inner)), f"{name}.fc2", x.shape[-1])


def vit_s16(layers: Layers, x: Value) -> Value:
    n, width, patch = x.shape[0], 384, 16
    count = (x.shape[2] // patch) * (x.shape[3] // patch)
    x = layers.reshape(layers.patches(x, "patch_embed", width, patch), (n, width, count))
    token = layers.parameter("cls_token", (n, 1, width))
    x = layers.concat([token, layers.transpose(x, (0, 2, 1))], 1)
    x = layers.add(x, layers.parameter("pos_embed", (1, count + 1, width)))
    for i in range(12):
        x = layers.add(x, _attention(layers, layers.layer_norm(x, f"blocks.{i}.norm1", 1e-6), f"blocks.{i}.attn", 6))
        x = layers.add(x, _perceptron(layers, layers.layer_norm(x, f"blocks.{i}.norm2", 1e-6), f"blocks.{i}.mlp", 1536))
    x = layers.layer_norm(x, "norm", 1e-6)
    return layers.linear(layers.reshape(layers.part(x, 1, 0, 1), (n, width)), "head", CLASSES)


def bert6(layers: Layers, ids: Value) -> Value:
    length, width = ids.shape[1], 768
    x = layers.add(layers.embed(ids, "word", 30522, width), layers.parameter("position", (1, length, width)))
    x = layers.layer_norm(layers.add(x, layers.parameter("token_type", (1, 1, width))), "embeddings.norm", 1e-12)
    for i in range(6):
        x = layers.layer_norm(layers.add(x, _attention(layers, x, f"{i}.attention", 12)), f"{i}.norm1", 1e-12)
        x = layers.layer_norm(layers.add(x, _perceptron(layers, x, f"{i}.mlp", 3072)), f"{i}.norm2", 1e-12)
    return x


@dataclass(frozen=True)
class Net:
    build: Callable[[Any, Any], Any]
    shape: tuple[int, ...] = (3, 224, 224)  # of one sample
    vocabulary: int = 0  # more than 0: the input is ids below it

    @property
    def dtype(self) -> str:
        return "int32" if self.vocabulary else "float32"


NETS = {
    "resnet18": Net(resnet18),
    "resnet50": Net(resnet50),
    "mobilenet_v2": Net(mobilenet_v2),
    "vit_s16": Net(vit_s16),
    "shufflenet_v2": Net(shufflenet_v2),
    "efficientnet_lite0": Net(efficientnet_lite0),
    "vgg16": Net(vgg16),
    "bert6": Net(bert6, (128,), 30522),
}
