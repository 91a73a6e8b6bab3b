# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""How two graphs differ: inputs and outputs, nodes by position after alignment, weights by name."""

from __future__ import annotations

import difflib

import numpy as np

from keima.jit import Graph

from .description import Layer, ends, layers


def differences(old: Graph, new: Graph) -> list[str]:
    """Lines that begin with -, + or ~ (a weight of other values); none: the graphs compute the same."""
    lines = _changed(ends(old), ends(new))
    before, after = layers(old), layers(new)
    lines += _changed([_shape_of(layer) for layer in before], [_shape_of(layer) for layer in after])
    return lines + _changed_weights(old, new)


def _shape_of(layer: Layer) -> str:
    """A node without the numbers of its values, which change with every insertion before it."""
    named = ", ".join("_" if name.startswith("%") else name for name in layer.inputs)
    attrs = ", ".join(f"{key}={value}" for key, value in layer.attrs.items())
    return f"{layer.op}({named}) {{{attrs}}} -> {', '.join(layer.shapes)}"


def _changed(old: list[str], new: list[str]) -> list[str]:
    compared = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    lines = []
    for kind, from_old, to_old, from_new, to_new in compared.get_opcodes():
        if kind != "equal":
            lines += [f"- {line}" for line in old[from_old:to_old]]
            lines += [f"+ {line}" for line in new[from_new:to_new]]
    return lines


def _changed_weights(old: Graph, new: Graph) -> list[str]:
    before, after = (_weights(graph) for graph in (old, new))
    lines = [f"- weight {name}" for name in sorted(before.keys() - after.keys())]
    lines += [f"+ weight {name}" for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        x, y = before[name], after[name]
        if x.shape != y.shape or x.dtype != y.dtype:
            lines.append(f"~ weight {name}: {x.dtype}{x.shape} became {y.dtype}{y.shape}")
        elif x.tobytes() != y.tobytes():
            apart = np.abs(x.astype(np.float64) - y.astype(np.float64)).max()
            lines.append(f"~ weight {name}: other values, by up to {apart:.3g}")
    return lines


def _weights(graph: Graph) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    return {graph.names.get(number, f"%{number}"): tensor.numpy() for number, tensor in graph.constants.items()}
