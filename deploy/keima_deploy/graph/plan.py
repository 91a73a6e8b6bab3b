# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The memory that a graph takes while it runs: which buffer lies where in the arena, from which step to which."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from keima.jit import Graph, Program
from keima.jit.tuning import known_algorithms, remember

ALIGNMENT = 64


@dataclass(frozen=True)
class Buffer:
    """Bytes [offset, offset + bytes) of the arena, from step `first` to step `last`, both included."""

    bytes: int
    first: int
    last: int
    offset: int
    name: str


@dataclass(frozen=True)
class MemoryPlan:
    """What runs, and the arena over its steps.

    Attributes:
        steps: ops in order, conversions of layouts included.
        live: bytes that are in use at each step; the largest is the least that any plan needs.
        algorithms: of each step, "" where its kernel has one only.
        constants: bytes of weights, packed for this machine.
    """

    steps: list[str]
    algorithms: list[str]
    buffers: list[Buffer]
    live: list[int]
    arena_bytes: int
    arena_bound: int
    constants: int
    outputs: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compiled(graph: Graph, tune_seconds: float = 0.0) -> Program:
    """The graph as it runs here: optimized, packed, laid out; with measured algorithms if there is time for them."""
    optimized = graph.copy()
    optimized.optimize()
    if tune_seconds > 0:
        measured = optimized.pick_algorithms(tune_seconds, known_algorithms())
        remember((layer, algorithm) for layer, _, algorithm in measured)
    return optimized.compile()


def plan(program: Program) -> MemoryPlan:
    """What a program keeps where."""
    steps = program.steps
    made_by: dict[int, str] = {}
    for op, _, outputs in steps:
        for buffer in outputs:
            made_by.setdefault(buffer, op)
    sizes: dict[str, int] = {}
    buffers = []
    read = {number for _, inputs, _ in steps for number in inputs}
    for number, (kind, size, first, last, offset) in enumerate(program.buffers):
        if kind == "arena":
            # What no step makes is the scratch of the step's kernel.
            buffers.append(Buffer(size, first, last, offset, made_by.get(number, f"{steps[first][0]} scratch")))
        elif kind != "constant" or number in read:
            sizes[kind] = sizes.get(kind, 0) + size
    live = [sum(_aligned(b.bytes) for b in buffers if b.first <= step <= b.last) for step in range(len(steps))]
    names = [op for op, _, _ in steps]
    held = (sizes.get("constant", 0), sizes.get("output", 0))
    return MemoryPlan(names, program.algorithms, buffers, live, program.arena_bytes, program.arena_bound, *held)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def bars(memory: MemoryPlan, width: int = 40) -> list[str]:
    """A line for each step: a bar as long as its live bytes are of the arena."""
    whole = max(memory.arena_bytes, 1)
    return [
        f"{step:4} {op:24} {live:12,}  {'#' * round(width * live / whole)}"
        for step, (op, live) in enumerate(zip(memory.steps, memory.live, strict=True))
    ]
