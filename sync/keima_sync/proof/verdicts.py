# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps verdicts with their logs, by public tree, proof rules and room."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keima_cli.atomic import write_bytes, write_text

_FORMAT = 1
_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True)
class Step:
    """How one step of a proof ended; `stopped` names the limit that ended it."""

    command: str
    status: int
    stopped: str
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """What a proof of a tree came to."""

    tree: str
    steps: tuple[Step, ...]
    log: Path
    cached: bool = False

    @property
    def passed(self) -> bool:
        """Whether all steps succeeded."""
        return all(step.status == 0 and not step.stopped for step in self.steps)

    @property
    def lasting(self) -> bool:
        """Whether it would come out so again: a time-out or a lack of memory may not."""
        return not any(step.stopped for step in self.steps)


class Verdicts:
    """Verdicts of one set of rules in one room, in a folder for all."""

    def __init__(self, cache: Path, rules: str, room: str) -> None:
        self._folder = cache / "proofs"
        self._for = f"{_FORMAT}\0{rules}\0{room}"

    def place(self, tree: str) -> Path:
        """The folder of a tree's verdict."""
        key = hashlib.sha256(f"{self._for}\0{tree}".encode()).hexdigest()
        return self._folder / key[:2] / key[2:34]

    def find(self, tree: str) -> Verdict | None:
        """The verdict that is kept; None where there is none, or it cannot be read."""
        place = self.place(tree)
        try:
            with (place / "verdict.json").open("rb") as file:
                said = json.loads(file.read(_LIMIT_BYTES))
            steps = tuple(_step(entry) for entry in said["steps"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Verdict(tree, steps, place / "log.txt", cached=True) if steps and said.get("tree") == tree else None

    def keep(self, tree: str, steps: tuple[Step, ...], log: bytes) -> Verdict:
        """Write the log, and the verdict if it lasts; what is told is this verdict."""
        place = self.place(tree)
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        (place / "verdict.json").unlink(missing_ok=True)  # the log and the verdict beside it belong together
        write_bytes(place / "log.txt", log)
        made = Verdict(tree, steps, place / "log.txt")
        if made.lasting:
            told = {"tree": tree, "steps": [asdict(step) for step in steps]}
            write_text(place / "verdict.json", json.dumps(told, indent=2) + "\n")
        return made


def _step(entry: dict[str, Any]) -> Step:
    return Step(str(entry["command"]), int(entry["status"]), str(entry["stopped"]), float(entry["seconds"]))
