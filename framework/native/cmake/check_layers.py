# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Checks that each layer includes only what its DEPENDS allow: check_layers.py framework/native."""

from __future__ import annotations

import re
import sys
from pathlib import Path

LAYER = re.compile(r"keima_layer\((\w+)(.*?)\)", re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def declared_layers(root: Path) -> dict[str, set[str]]:
    """Each layer with itself and all it depends on, directly or through others."""
    direct: dict[str, set[str]] = {}
    for path in sorted(root.rglob("CMakeLists.txt")):
        for name, rest in LAYER.findall(path.read_text()):
            depends = rest.split("DEPENDS", 1)[1].split() if "DEPENDS" in rest else []
            direct[name] = {word for word in depends if word.isidentifier()}
    closed = {name: {name} | depends for name, depends in direct.items()}
    for _ in closed:
        closed = {name: set().union(*(closed[d] for d in reached)) for name, reached in closed.items()}
    # The Python module is no library: it stands above all of them.
    return closed | {"bindings": {"bindings", *closed}}


def layer_of(path: Path, layers: dict[str, set[str]]) -> str | None:
    """The layer of a file (relative to the root): that of its innermost folder which is one."""
    return next((folder for folder in reversed(path.parent.parts) if folder in layers), None)


def violations(root: Path) -> list[str]:
    layers = declared_layers(root)
    found = []
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".h", ".cc", ".inc"):
            continue
        own = layer_of(path.relative_to(root), layers)
        for target in INCLUDE.findall(path.read_text()):
            other = layer_of(Path(target), layers)
            if own is None or other is None:
                found.append(f"{path}: {target!r} is not of the form layer/file.h of a declared layer")
            elif other not in layers[own]:
                found.append(f"{path}: layer {own} may not include {target} of layer {other}")
    return found


if __name__ == "__main__":
    wrong = violations(Path(sys.argv[1]))
    sys.stderr.write("".join(line + "\n" for line in wrong))
    sys.exit(1 if wrong else 0)
