# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What commands print: results to stdout; remarks and progress to stderr, as bars or as plain lines.

Every command makes one `Output` from its `--quiet` and `--json` flags and prints through it alone.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

_LINE_SECONDS = 10.0  # between two plain progress lines of a log file


@dataclass
class Meter:
    """Counts work done and tells rate and remaining time; `clock` gives seconds."""

    total: int
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    _started: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self.clock()

    @property
    def rate(self) -> float:
        """Units a second since the start; 0 at the start."""
        elapsed = self.clock() - self._started
        return self.done / elapsed if elapsed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the time to the end, or None while nothing is known."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


class Tracker:
    """A running piece of work: tells `show` about each step."""

    def __init__(self, label: str, unit: str, meter: Meter, show: Callable[[str, int], None]) -> None:
        self._label = label
        self._unit = unit
        self._meter = meter
        self._show = show

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Count `amount` more units; `note` is a short state such as `loss 0.421`."""
        self._meter.done += amount
        self._show(self._line(note), self._meter.done)

    def _line(self, note: str) -> str:
        left = self._meter.seconds_left
        parts = [self._label, note, f"{self._meter.rate:,.0f} {self._unit}/s"]
        if left is not None:
            parts.append(f"{_duration(left)} left")
        return "  ".join(part for part in parts if part)


class Output:
    """Where a command's words go.

    `quiet` drops remarks and progress. `as_json` does so too and prints the result as one JSON document, for programs.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        as_json: bool = False,
        stdout: Console | None = None,
        stderr: Console | None = None,
    ) -> None:
        self.as_json = as_json
        self.silent = quiet or as_json
        self._stdout = stdout or Console(file=sys.stdout, soft_wrap=True, highlight=False)
        self._stderr = stderr or Console(stderr=True, soft_wrap=True, highlight=False)

    def say(self, text: str) -> None:
        """A remark for people, on stderr."""
        if not self.silent:
            self._stderr.print(text, markup=False)

    def result(self, for_people: RenderableType, for_programs: Mapping[str, Any]) -> None:
        """The command's result, on stdout: readable, or with `--json` as one sorted JSON object."""
        if self.as_json:
            self._stdout.file.write(_document(for_programs))
            return
        self._stdout.print(escape(for_people) if isinstance(for_people, str) else for_people)

    @contextmanager
    def track(self, label: str, total: int, *, unit: str = "items") -> Iterator[Tracker]:
        """Show how far work of `total` units has come: a bar on a terminal, else a line every ten seconds."""
        if self.silent:
            yield Tracker(label, unit, Meter(total), _nothing)
        elif self._stderr.is_terminal:
            with _bar(self._stderr) as progress:
                task = progress.add_task(escape(label), total=total)
                yield Tracker(
                    label,
                    unit,
                    Meter(total),
                    lambda line, done: progress.update(task, completed=done, description=escape(line)),
                )
        else:
            yield Tracker(label, unit, Meter(total), _PlainLines(self._stderr, total))


def _document(value: Mapping[str, Any]) -> str:
    """A JSON object, a line for each key and for each element of a list: json's own indenting is not in C, and slow."""
    keys = []
    for key in sorted(value):
        item = value[key]
        elements = item if isinstance(item, (list, tuple)) else ()
        inner = ",".join(f"\n    {json.dumps(element, sort_keys=True)}" for element in elements)
        keys.append(f"\n  {json.dumps(key)}: " + (f"[{inner}\n  ]" if inner else json.dumps(item, sort_keys=True)))
    return "{" + ",".join(keys) + "\n}\n"


class _PlainLines:
    """Prints now and then, and at the end."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._last = time.monotonic()

    def __call__(self, line: str, done: int) -> None:
        now = time.monotonic()
        if done < self._total and now - self._last < _LINE_SECONDS:
            return
        self._last = now
        self._console.print(f"{line}  ({done:,} of {self._total:,})", markup=False)


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.description}"),
        console=console,
    )


def _nothing(line: str, done: int) -> None:
    """Progress that nobody looks at."""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
