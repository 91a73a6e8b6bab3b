# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes and values of a graph as people read them, and what each node costs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from keima.jit import Graph


@dataclass(frozen=True)
class Layer:
    """One node: names of operands and results, and its cost counted from shapes.

    Attributes:
        flops: multiplications and additions by the direct algorithm, two for each pair.
        bytes_in, bytes_out: operands, each read once, and results.
        weights: of bytes_in, those of constants.
    """

    op: str
    inputs: list[str]
    outputs: list[str]
    shapes: list[str]
    attrs: dict[str, Any]
    flops: float
    bytes_in: int
    bytes_out: int
    weights: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def line(self) -> str:
        """`value_3: float32(2, 16, 28, 28) = conv2d(images, conv1.weight) {stride=(1, 1)}`"""
        made = ", ".join(f"{name}: {shape}" for name, shape in zip(self.outputs, self.shapes, strict=True))
        attrs = ", ".join(f"{key}={value}" for key, value in self.attrs.items())
        return f"{made} = {self.op}({', '.join(self.inputs)})" + (f" {{{attrs}}}" if attrs else "")


def value_names(graph: Graph) -> dict[int, str]:
    """A name for each value: its own, or its number."""
    names = {number: f"%{number}" for number in range(len(graph.values))} | dict(graph.names)
    names |= dict(zip(graph.inputs, graph.input_names, strict=False))
    for number, name in zip(graph.outputs, graph.output_names, strict=False):
        if names[number].startswith("%"):
            names[number] = name
    return names


def typed(graph: Graph, number: int) -> str:
    """`float32(2, 10)`"""
    shape, dtype = graph.values[number]
    return f"{dtype}{shape}"


def layers(graph: Graph) -> list[Layer]:
    """The nodes in order."""
    names, values = value_names(graph), graph.values
    described = []
    for (op, inputs, outputs, attrs), cost in zip(graph.nodes, graph.costs, strict=True):
        given = ["none" if number is None else names[number] for number in inputs]
        made = [names[number] for number in outputs]
        shapes = [f"{values[number][1]}{values[number][0]}" for number in outputs]
        described.append(Layer(op, given, made, shapes, attrs, *cost))
    return described


def ends(graph: Graph) -> list[str]:
    """What goes in and what comes out, a line each."""
    names = value_names(graph)
    lines = [f"input {names[number]}: {typed(graph, number)}" for number in graph.inputs]
    pairs = zip(graph.outputs, graph.output_names, strict=True)
    return lines + [f"output {name}: {typed(graph, number)} = {names[number]}" for number, name in pairs]


def amount(number: float, unit: str = "") -> str:
    """`1.82 G`: three digits and a prefix of the SI."""
    for prefix in ("", "k", "M", "G"):
        if number < 1000:
            return f"{number:.3g} {prefix}{unit}".rstrip()
        number /= 1000
    return f"{number:.3g} T{unit}"
