# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Algorithms that measuring showed to be fastest on this machine, kept on disk between processes.

A choice holds for one CPU, instruction set, number of threads and version of Keima. The file is small, written whole or
not at all, and only a hint: one that cannot be read is ignored with a warning and written anew.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable
from pathlib import Path

from .. import _core
from ..serialization import opened_whole

VERSION = 1
MAX_BYTES = 1 << 20
MAX_CHOICES = 4096

# What it depends on beyond the layer, and the layer (op, shapes, attributes); the algorithm.
Choices = dict[tuple[str, str], str]


def cache_path() -> Path:
    """`algorithms.json` in $KEIMA_CACHE_DIR, else in $XDG_CACHE_HOME/keima, else in ~/.cache/keima."""
    if folder := os.environ.get("KEIMA_CACHE_DIR"):
        return Path(folder) / "algorithms.json"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keima" / "algorithms.json"


def this_machine() -> str:
    """CPU, instruction set, threads and version: `Intel(R) Xeon(R) ...|avx512|2|0.1.0`"""
    from .. import __version__  # reads package metadata, which takes 30 ms

    return "|".join([_cpu_name(), _core.isa(), str(_core.num_threads()), __version__])


def _cpu_name() -> str:
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def known_algorithms(path: Path | None = None) -> dict[str, str]:
    """What was picked on this machine before: algorithm by layer."""
    here = this_machine()
    return {layer: algorithm for (machine, layer), algorithm in _read(path or cache_path()).items() if machine == here}


def remember(picked: Iterable[tuple[str, str]], path: Path | None = None) -> None:
    """Add (layer, algorithm) of this machine; the oldest go where there are too many.

    A folder that cannot be written gives a warning: the choices hold for this process.
    """
    path, here = path or cache_path(), this_machine()
    choices = _read(path)
    for layer, algorithm in picked:
        choices.pop((here, layer), None)  # what is used again becomes the newest
        choices[here, layer] = algorithm
    kept = list(choices.items())[-MAX_CHOICES:]
    document = {"version": VERSION, "choices": [[machine, layer, algorithm] for (machine, layer), algorithm in kept]}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with opened_whole(path) as file:
            file.write(json.dumps(document, indent=0).encode())
    except OSError as error:
        warnings.warn(f"{path}: the measured algorithms are not kept: {error}", stacklevel=3)


def _read(path: Path) -> Choices:
    try:
        with path.open("rb") as file:
            return _parse(file.read(MAX_BYTES + 1))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        warnings.warn(f"{path}: ignored, it is no cache of algorithms: {error}", stacklevel=4)
        return {}


def _parse(content: bytes) -> Choices:
    """Raises ValueError that says what is wrong."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    document = json.loads(content)
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ValueError(f"expected version {VERSION}")
    choices: Choices = {}
    for entry in document.get("choices", []):
        if not (isinstance(entry, list) and len(entry) == 3 and all(isinstance(text, str) for text in entry)):
            raise ValueError(f"expected [machine, layer, algorithm], got {entry!r}")
        choices[entry[0], entry[1]] = entry[2]
    return choices
