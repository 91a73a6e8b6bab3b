# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""From a graph of registered ops to a model of ONNX nodes.

Which operator an op becomes is its declaration's to say (its `onnx` field). Ops whose operator takes the same operands
and no attributes need nothing more; the others have a function in :mod:`.rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keima import _core
from keima.jit import Graph

from . import protobuf

OPSET = 20
# A message of protocol buffers is shorter than this.
MAX_BYTES = (1 << 31) - 1


class UnsupportedOpError(Exception):
    """An op that ONNX lacks or that the exporter does not write; the text names it and the reason."""


class Node:
    """One node of the graph, as rules see it: operands and results are names of ONNX values."""

    def __init__(
        self, exporter: Exporter, op: str, inputs: list[int | None], outputs: list[int], attrs: dict[str, Any]
    ):
        self.op = op
        self.attrs = attrs
        self.declaration = getattr(_core.ops, op).declaration
        self.results = [exporter.name(number) for number in outputs]
        self._exporter = exporter
        self._inputs = inputs
        self._outputs = outputs

    def __len__(self) -> int:
        return len(self._inputs)

    def given(self, i: int) -> bool:
        """Whether operand i is there."""
        return i < len(self._inputs) and self._inputs[i] is not None

    def input(self, i: int) -> str:
        return self._exporter.name(self._number(i))

    def shape(self, i: int) -> tuple[int, ...]:
        return self._exporter.values[self._number(i)][0]

    def dtype(self, i: int) -> str:
        return self._exporter.values[self._number(i)][1]

    def constant(self, i: int) -> NDArray[Any] | None:
        """The operand's values, where it is a constant."""
        value = self._exporter.constants.get(self._number(i))
        return None if value is None else value.numpy()

    def out_shape(self, i: int = 0) -> tuple[int, ...]:
        return self._exporter.values[self._outputs[i]][0]

    def out_dtype(self, i: int = 0) -> str:
        return self._exporter.values[self._outputs[i]][1]

    def used(self, i: int) -> bool:
        """Whether anything reads result i."""
        return self._outputs[i] in self._exporter.used

    def emit(
        self,
        op_type: str,
        inputs: Sequence[str],
        output: str | Sequence[str] | None = None,
        **attributes: protobuf.Attribute,
    ) -> str:
        """Add an ONNX node; its (first) output's name, by default a new one."""
        names = [self._exporter.fresh()] if output is None else [output] if isinstance(output, str) else list(output)
        self._exporter.add(op_type, inputs, names, attributes)
        return names[0]

    def array(self, values: Any, dtype: str = "int64") -> str:
        """An array that the model holds, by its name."""
        return self._exporter.initializer(np.asarray(values, dtype=dtype))

    def cast(self, name: str, now: str, wanted: str) -> str:
        """The value in another dtype; itself where it has that."""
        return name if now == wanted else self.emit("Cast", [name], to=protobuf.DATA_TYPES[wanted])

    def operand(self, i: int, dtype: str) -> str:
        """Operand i in that dtype."""
        return self.cast(self.input(i), self.dtype(i), dtype)

    def unsupported(self, reason: str) -> UnsupportedOpError:
        return UnsupportedOpError(f"{self.op}: {reason}")

    def _number(self, i: int) -> int:
        number = self._inputs[i]
        assert number is not None, f"{self.op}: operand {i} was left out"
        return number


class Exporter:
    """Collects the parts of one model."""

    def __init__(self, graph: Graph) -> None:
        self.values = graph.values
        self.constants = graph.constants
        self.used = {number for _, inputs, _, _ in graph.nodes for number in inputs} | set(graph.outputs)
        self._graph = graph
        self._nodes: list[protobuf.Message] = []
        self._initializers: list[protobuf.Message] = []
        self._taken: set[str] = set()
        self._names: dict[int, str] = {}
        self._renamed: list[tuple[int, str]] = []

    def export(self) -> protobuf.Message:
        from .rules import write

        inputs = self._name_ends()
        for op, operands, results, attrs in self._graph.nodes:
            write(Node(self, op, operands, results, attrs))
        for number, name in self._renamed:
            self.add("Identity", [self.name(number)], [name], {})
        outputs = [
            protobuf.value_info(name, self.values[number][1], self.values[number][0])
            for number, name in zip(self._graph.outputs, self._graph.output_names, strict=True)
        ]
        return protobuf.model(self._nodes, self._initializers, inputs, outputs, OPSET)

    def _name_ends(self) -> list[protobuf.Message]:
        """Names inputs and outputs; an output that is an input, a constant or another output too gets a copy."""
        self._taken.update(self._graph.output_names)
        described = []
        for number, name in zip(self._graph.inputs, self._graph.input_names, strict=True):
            self._names[number] = self._unique(name)
            described.append(protobuf.value_info(self._names[number], self.values[number][1], self.values[number][0]))
        made = {number for _, _, results, _ in self._graph.nodes for number in results}
        for number, name in zip(self._graph.outputs, self._graph.output_names, strict=True):
            if number in made and number not in self._names:
                self._names[number] = name
            else:
                self._renamed.append((number, name))
        return described

    def _tensor(self, array: NDArray[Any], name: str, dtype: str) -> protobuf.Message:
        if dtype == "bfloat16":  # NumPy has it as float32: the upper half of the bits
            array = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
            return protobuf.tensor(array, name, dtype)
        return protobuf.tensor(array, name)

    def _unique(self, wanted: str) -> str:
        name = wanted
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def name(self, number: int) -> str:
        """The name of a value; a constant is written when it is first asked for."""
        if number in self._names:
            return self._names[number]
        constant = self.constants.get(number)
        if constant is None:
            return self._names.setdefault(number, self._unique(f"value_{number}"))
        name = self._names[number] = self._unique(self._graph.names.get(number) or f"constant_{number}")
        self._initializers.append(self._tensor(constant.numpy(), name, self.values[number][1]))
        return name

    def fresh(self) -> str:
        return self._unique(f"part_{len(self._nodes)}")

    def initializer(self, array: NDArray[Any]) -> str:
        name = self._unique(f"array_{len(self._initializers)}")
        self._initializers.append(protobuf.tensor(array, name))
        return name

    def add(
        self, op_type: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, protobuf.Attribute]
    ) -> None:
        self._nodes.append(protobuf.node(op_type, inputs, outputs, f"{op_type}_{len(self._nodes)}", attributes))


def export_onnx(graph: Graph) -> protobuf.Message:
    """The graph as a serialised ModelProto, in pieces; shapes are fixed, as in the graph.

    Raises:
        UnsupportedOpError: an op has no ONNX form, or the model is too large for one message.
    """
    message = Exporter(graph).export()
    if protobuf.size(message) > MAX_BYTES:
        raise UnsupportedOpError(f"the model takes {protobuf.size(message)} bytes, an ONNX file at most {MAX_BYTES}")
    return message
