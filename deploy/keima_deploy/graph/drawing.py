# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graphs and memory plans as SVG, without a drawing library."""

from __future__ import annotations

from xml.sax.saxutils import escape

from keima.jit import Graph

from .description import Layer, amount, layers
from .plan import MemoryPlan

# Shades that are told apart by the colour-blind too (Okabe and Ito's palette).
COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999"]
FONT = "font-family='sans-serif' font-size='11'"


def _colours(names: list[str]) -> dict[str, str]:
    return {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(sorted(set(names)))}


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {FONT} {more}>{escape(text)}</text>"


def _rectangle(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    box = f"x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height:.1f}'"
    return f"<rect {box} fill='{colour}' stroke='#333' stroke-width='0.5'><title>{escape(title)}</title></rect>"


def _page(width: float, height: float, parts: list[str]) -> str:
    size = f"width='{width:.0f}' height='{height:.0f}' viewBox='0 0 {width:.0f} {height:.0f}'"
    return "\n".join([f"<svg xmlns='http://www.w3.org/2000/svg' {size}>", *parts, "</svg>"]) + "\n"


def _columns(nodes: list[Layer]) -> list[int]:
    """A column for each node: its first operand's, or the next to the right while another node took that as its own."""
    made_in: dict[str, int] = {}
    taken: set[str] = set()
    columns = []
    for layer in nodes:
        sources = [name for name in layer.inputs if name in made_in]
        column = min((made_in[name] + (name in taken) for name in sources), default=0)
        taken.update(sources[:1])
        made_in.update(dict.fromkeys(layer.outputs, column))
        columns.append(column)
    return columns


def graph_svg(graph: Graph) -> str:
    """The nodes from top to bottom with an edge from each result to what reads it."""
    nodes = layers(graph)
    columns = _columns(nodes)
    colours = _colours([layer.op for layer in nodes])
    row, column, width = 34, 250, 220
    places: dict[str, tuple[float, float]] = {}
    edges, boxes = [], []
    for i, (layer, at) in enumerate(zip(nodes, columns, strict=True)):
        x, y = 20 + at * column, 20 + i * row
        for name in layer.inputs:
            if name in places:
                from_x, from_y = places[name]
                middle = (from_y + y) / 2
                path = f"M{from_x:.0f} {from_y:.0f} C{from_x:.0f} {middle:.0f} {x + width / 2:.0f} {middle:.0f}"
                edges.append(f"<path d='{path} {x + width / 2:.0f} {y:.0f}' fill='none' stroke='#777'/>")
        places.update(dict.fromkeys(layer.outputs, (x + width / 2, y + 20)))
        boxes.append(_rectangle(x, y, width, 20, colours[layer.op], layer.line()))
        boxes.append(_text(x + 6, y + 14, f"{layer.op}  {layer.shapes[0] if layer.shapes else ''}"))
    return _page(40 + (max(columns, default=0) + 1) * column, 40 + len(nodes) * row, edges + boxes)


def plan_svg(memory: MemoryPlan) -> str:
    """Steps to the right, bytes of the arena upwards: a rectangle for each buffer, as long as it lives."""
    left, top, height = 90.0, 30.0, 420.0
    step_width = max(4.0, min(40.0, 1200 / max(len(memory.steps), 1)))
    scale = height / max(memory.arena_bytes, 1)
    colours = _colours([buffer.name for buffer in memory.buffers])
    parts = [
        _text(left, 18, f"arena {amount(memory.arena_bytes, 'B')}, least possible {amount(memory.arena_bound, 'B')}")
    ]
    for buffer in memory.buffers:
        x, y = left + buffer.first * step_width, top + height - (buffer.offset + buffer.bytes) * scale
        size = ((buffer.last - buffer.first + 1) * step_width, buffer.bytes * scale)
        title = f"{buffer.name}: {buffer.bytes:,} B at {buffer.offset:,}, steps {buffer.first} to {buffer.last}"
        parts.append(_rectangle(x, y, *size, colours[buffer.name], title))
    width = left + len(memory.steps) * step_width
    parts.append(f"<path d='M{left} {top} V{top + height} H{width:.0f}' fill='none' stroke='#000'/>")
    for share in (0, 0.5, 1):
        parts.append(
            _text(left - 6, top + height * (1 - share), amount(memory.arena_bytes * share, "B"), "text-anchor='end'")
        )
    for i, name in enumerate(sorted(colours)):
        parts.append(_rectangle(left + i * 150, top + height + 22, 10, 10, colours[name], name))
        parts.append(_text(left + i * 150 + 15, top + height + 31, name))
    parts.append(_text(left, top + height + 14, f"steps 0 to {len(memory.steps) - 1}"))
    return _page(max(width, left + len(colours) * 150) + 20, top + height + 50, parts)
