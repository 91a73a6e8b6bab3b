# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graph files: what `trace.dump` writes and `load_graph` runs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from .._core import Graph, Model, Program, Tensor, TraceError, is_recording, is_tracked
from ..module import Module
from ..serialization import File, opened_whole, read_whole
from .tracing import Recording, trace
from .tuning import known_algorithms, remember

# Of memory that a loaded graph may ask for; `load_graph` takes another.
ARENA_LIMIT = 16 << 30


class DumpResult(NamedTuple):
    """What a graph file holds."""

    nr_opr: int
    tot_bytes: int
    tensor_value_bytes: int
    inputs: list[str]
    outputs: list[str]
    params: list[str]


def dump_recording(
    traced: trace,
    file: File,
    arg_names: Sequence[str] | None,
    output_names: Sequence[str] | str | None,
    optimize: bool,
) -> DumpResult:
    """Write the only recording of a traced function; see :meth:`trace.dump`."""
    graph = portable_graph(traced, optimize)
    graph.input_names = _names(arg_names, "arg_", len(graph.inputs), "arg_names")
    if isinstance(output_names, str):
        output_names = [output_names]
    graph.output_names = _names(output_names, "out_", len(graph.outputs), "output_names")
    written = 0
    with opened_whole(file) as out:

        def write(piece: memoryview) -> None:
            nonlocal written
            out.write(piece)
            written += len(piece)

        graph.save(write)
    constants = graph.constants
    sizes = sum(value.numpy().nbytes for value in constants.values())
    names = [name for number, name in sorted(graph.names.items()) if number in constants]
    return DumpResult(len(graph.nodes), written, sizes, graph.input_names, graph.output_names, names)


def portable_graph(traced: trace, optimize: bool) -> Graph:
    """A copy of the only recording's graph, of the ops that a program applies: the fused ones are made when it runs."""
    recording = _sole_recording(traced)
    graph = recording.graph.copy()
    graph.names = _constant_names(traced.__wrapped__, recording)
    for name in PORTABLE if optimize else ["dead_code"]:
        graph.apply(name)
    return graph


PORTABLE = ["identities", "fold_constants", "merge_equal", "fold_affine", "dead_code"]


def _sole_recording(traced: trace) -> Recording:
    if not traced.capture_as_const:
        raise TraceError("dump: trace with capture_as_const=True, so that the file holds the weights")
    if len(traced.recordings) != 1:
        raise TraceError(
            f"dump: expected a function that was called with arguments of one shape, got {len(traced.recordings)}"
            " recordings; call a new trace once"
        )
    recording = traced.recordings[0]
    if recording.obstacle:
        raise TraceError(f"dump: {recording.obstacle}")
    if recording.before or recording.captured:
        raise TraceError("dump: the function draws random numbers or reads tensors anew at each call (dropout: eval())")
    return recording


def _constant_names(function: Any, recording: Recording) -> dict[int, str]:
    """Value numbers to the names of parameters and buffers, where a module was traced, or of the tensors themselves."""
    known = {id(tensor): name for name, tensor in function.named_tensors()} if isinstance(function, Module) else {}
    names = ((number, known.get(id(tensor)) or tensor.name) for number, tensor in recording.constants)
    return {number: name for number, name in names if name}


def _names(given: Sequence[str] | None, prefix: str, count: int, what: str) -> list[str]:
    if given is None:
        return [f"{prefix}{i}" for i in range(count)]
    names = list(given)
    if len(names) != count or len(set(names)) != count or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"dump: {what}: expected {count} different names, got {names}")
    return names


class GraphModel:
    """A graph file that was loaded: it runs without the Python that it was traced from.

    Attributes:
        inputs: name to (shape, dtype) of what it takes, in order.
        outputs: the same of what it gives.

    No gradient goes back through it: an input that a gradient manager follows raises TraceError.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.inputs = {name: (shape, dtype) for name, shape, dtype in model.inputs}
        self.outputs = {name: (shape, dtype) for name, shape, dtype in model.outputs}

    @property
    def program(self) -> Program:
        """Its steps and memory plan."""
        return self._model.program

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor | tuple[Tensor, ...]:
        """Run on the inputs in order or by name; one result, or a tuple."""
        results = tuple(self._model.run(self._ordered(args, kwargs)))
        return results[0] if len(results) == 1 else results

    def run(self, *args: Any, inp_dict: dict[str, Any] | None = None) -> dict[str, Tensor]:
        """Run on the inputs in order, or by name in `inp_dict`; results by name."""
        results = self._model.run(self._ordered(args, inp_dict or {}))
        return dict(zip(self.outputs, results, strict=True))

    def _ordered(self, args: tuple[Any, ...], named: dict[str, Any]) -> list[Tensor]:
        given = {**dict(zip(self.inputs, args, strict=False)), **named}
        if len(args) > len(self.inputs) or len(given) != len(args) + len(named) or given.keys() != self.inputs.keys():
            raise ValueError(
                f"expected each of the inputs {list(self.inputs)} once, got {len(args)} and {sorted(named)}"
            )
        tensors = [
            value if isinstance(value := given[name], Tensor) else Tensor(value, dtype=dtype)
            for name, (_, dtype) in self.inputs.items()
        ]
        if is_recording() and any(is_tracked(tensor) for tensor in tensors):
            raise TraceError(
                "a gradient manager follows an input, but no gradient goes back through a loaded graph:"
                " give it detach() of the input if none is wanted"
            )
        return tensors


def load_graph(file: File, arena_limit: int = ARENA_LIMIT, tune_seconds: float = 0.0) -> GraphModel:
    """Load a graph file that :meth:`trace.dump` wrote and make it ready to run.

    All of the file is checked before it is used; nothing in it is executed. The model runs with another number of
    samples along the inputs' first dimension too, unless the graph mixes samples: then UnsupportedError says where.

    Args:
        file: a path, or a file opened for reading bytes.
        arena_limit: bytes that it may take: weights as read and as packed, values that live at a time with the kernels'
            scratch, outputs; a file that asks for more is refused before they are taken.
        tune_seconds: more than 0: where a convolution can be computed by several algorithms, the one that is fastest on
            this machine is taken, by measuring for about so long, or from an earlier measurement (`keima.jit.tuning`).
            Results then differ between machines within the algorithms' tolerance. 0: the fixed choice by shape.

    Raises:
        FileFormatError: the file is damaged, cut short or holds no graph.
        MemoryError: it asks for more memory than `arena_limit`.
    """
    known = known_algorithms() if tune_seconds > 0 else {}
    content = os.fspath(file) if isinstance(file, str | os.PathLike) else read_whole(file)
    model = Model.load(content, arena_limit, tune_seconds, known)
    if model.measured:
        remember((layer, algorithm) for layer, _, algorithm in model.measured)
    return GraphModel(model)
