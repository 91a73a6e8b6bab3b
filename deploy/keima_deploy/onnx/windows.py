# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Convolutions and pooling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .export import Node


def pair(numbers: Sequence[int]) -> list[int]:
    """One number for both directions, or one each."""
    return [numbers[0], numbers[-1]]


def pads(node: Node) -> list[int]:
    """Before rows and columns, then behind them."""
    return pair(node.attrs["padding"]) * 2


def weights(node: Node, i: int) -> tuple[str, tuple[int, ...]]:
    """Weights as (O, I/groups, kh, kw), which is the memory of the grouped (G, O/G, I/G, kh, kw) too."""
    shape = node.shape(i)
    if len(shape) == 4:
        return node.input(i), shape
    flat = (shape[0] * shape[1], *shape[2:])
    constant = node.constant(i)
    if constant is not None:
        return node.array(constant.reshape(flat), node.dtype(i)), flat
    return node.emit("Reshape", [node.input(i), node.array(flat)]), flat


def bias(node: Node) -> list[str]:
    """The bias (1, O, 1, 1) as (O,), if there is one."""
    if not node.given(2):
        return []
    constant = node.constant(2)
    if constant is not None:
        return [node.array(constant.reshape(-1), node.dtype(2))]
    return [node.emit("Reshape", [node.input(2), node.array([-1])])]


def convolution(node: Node) -> None:
    weight, shape = weights(node, 1)
    node.emit(
        "Conv",
        [node.input(0), weight, *bias(node)],
        node.results[0],
        kernel_shape=shape[2:],
        strides=pair(node.attrs["stride"]),
        dilations=pair(node.attrs["dilation"]),
        pads=pads(node),
        group=node.attrs["groups"],
    )


def transposed_convolution(node: Node) -> None:
    """The adjoint of a convolution: rows and columns that no window of it reaches are added behind."""
    weight, shape = weights(node, 0)
    stride, padding, dilation = (pair(node.attrs[key]) for key in ("stride", "padding", "dilation"))
    reached = [
        (node.shape(1)[2 + i] - 1) * stride[i] + (shape[2 + i] - 1) * dilation[i] + 1 - 2 * padding[i] for i in (0, 1)
    ]
    node.emit(
        "ConvTranspose",
        [node.input(1), weight],
        node.results[0],
        kernel_shape=shape[2:],
        strides=stride,
        dilations=dilation,
        pads=pads(node),
        output_padding=[node.out_shape()[2 + i] - reached[i] for i in (0, 1)],
        group=node.attrs["groups"],
    )


def max_pool(node: Node) -> None:
    if node.used(1):
        raise node.unsupported("the positions of the maxima count otherwise in ONNX")
    node.emit(
        "MaxPool",
        [node.input(0)],
        node.results[0],
        kernel_shape=pair(node.attrs["kernel_size"]),
        strides=pair(node.attrs["stride"]),
        pads=pads(node),
    )


def average_pool(node: Node) -> None:
    node.emit(
        "AveragePool",
        [node.input(0)],
        node.results[0],
        kernel_shape=pair(node.attrs["kernel_size"]),
        strides=pair(node.attrs["stride"]),
        pads=pads(node),
        count_include_pad=int(node.attrs["count_padding"]),
    )


RULES: dict[str, Callable[[Node], None]] = {
    "conv2d": convolution,
    "conv2d_backward_data": transposed_convolution,
    "max_pool2d": max_pool,
    "avg_pool2d": average_pool,
}
