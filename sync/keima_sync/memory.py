# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps what a check over history found, so that one further commit costs only itself.

It is kept in the origin's git folder, a file for each sync.toml. Another configuration, another version of the program
or a damaged file make it void, and the whole history is looked at again.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from keima_cli.atomic import write_text
from keima_cli.errors import KeimaCommandError
from keima_sync.config import Config
from keima_sync.references import syntax
from keima_sync.references.check import DANGLING, RETARGETED
from keima_sync.references.model import Kind, Reference
from keima_sync.references.store import FOLDER
from keima_sync.references.timeline import Fault, First, Timeline

_RULES = {rule.id: rule for rule in (DANGLING, RETARGETED, syntax.BROKEN)}
_MAX_BYTES = 256 << 20


class Memory:
    """The timeline of one sync.toml up to one commit, in a file of the origin's common git folder."""

    def __init__(self, config: Config, folder: Path) -> None:
        place = hashlib.sha256(str(config.source.path.resolve()).encode()).hexdigest()[:16]
        self._file = folder / FOLDER / f"history-{place}.json"
        self._key = hashlib.sha256(config.source.path.read_bytes() + _program().encode()).hexdigest()

    def recall(self) -> Timeline | None:
        """What was kept, if it is of the same rules and sound."""
        try:
            if self._file.stat().st_size > _MAX_BYTES:
                return None
            kept = json.loads(self._file.read_bytes())
            return _timeline(kept) if kept["key"] == self._key else None
        except (OSError, ValueError, TypeError, KeyError, IndexError, RecursionError):
            return None

    def keep(self, timeline: Timeline) -> None:
        """Keep it, where that can be written."""
        try:
            self._file.parent.mkdir(exist_ok=True)
            write_text(self._file, json.dumps({"key": self._key, **_plain(timeline)}, separators=(",", ":")))
        except (OSError, KeimaCommandError):
            return  # a read-only repository: the next check looks at all again


def _plain(timeline: Timeline) -> dict[str, Any]:
    now = timeline.faults[timeline.last]
    faults = []
    for fault, firsts in timeline.began.items():
        numbers = range(len(firsts))
        ended = [timeline.ended.get((fault, number)) for number in numbers]
        joined = [timeline.joined.get((fault, number)) for number in numbers]
        rows = [[first.commit, _reference(first.reference)] for first in firsts]
        faults.append(
            [fault.rule.id, fault.path.decode("latin-1"), list(fault.what), rows, ended, joined, now.get(fault)]
        )
    return {"tip": timeline.last, "faults": faults}


def _reference(reference: Reference | None) -> list[Any] | None:
    return None if reference is None else [reference.line, reference.kind.value, reference.target]


def _timeline(kept: dict[str, Any]) -> Timeline:
    tip = str(kept["tip"])
    made = Timeline(Counter(), {tip: {}}, last=tip)
    for rule, path, what, rows, ended, joined, now in kept["faults"]:
        fault = Fault(_RULES[rule], path.encode("latin-1"), tuple(map(str, what)))
        made.began[fault] = [First(str(commit), _read(reference)) for commit, reference in rows]
        made.ended.update(((fault, number), str(oid)) for number, oid in enumerate(ended) if oid is not None)
        made.joined.update(((fault, number), int(other)) for number, other in enumerate(joined) if other is not None)
        if now is not None:
            made.faults[tip][fault] = range(len(rows))[now]
    return made


def _read(kept: list[Any] | None) -> Reference | None:
    if kept is None:
        return None
    line, kind, target = kept
    return Reference(int(line), Kind(kind), str(target))


@cache
def _program() -> str:
    """Changes with this package and the Python that runs it."""
    digest = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
