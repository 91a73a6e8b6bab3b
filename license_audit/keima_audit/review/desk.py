# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What the review prints and asks: every question lists its answers, and the usual one is there to be taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from keima_audit.excerpts import Excerpt, printable
from keima_audit.expressions import Node, parse
from keima_audit.licenses import unify
from keima_audit.rules import Finding, rules

_SIDE_BY_SIDE = 100
"""Columns from which two texts stand beside each other; below, one follows the other."""
_STYLE = {"error": "bold red", "warning": "yellow", "note": "dim"}


class Desk:
    """A console, and the questions put on it. Whoever leaves raises `typer.Abort`, with Ctrl-C or Ctrl-D too."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        self.console.print(Text(printable(text), style=style), soft_wrap=True)

    def show_finding(self, finding: Finding, left: int) -> None:
        """What was found, where, and on what it rests."""
        self.console.rule(Text(f"{left} open", style="dim"), align="left")
        place = f"{finding.path}:{finding.line}" if finding.line else finding.path or "(the project)"
        self.say(place, "bold")
        line = Text(f"{finding.severity} {finding.rule}", style=_STYLE[finding.severity])
        line.append(f": {rules()[finding.rule].title}. ", style="default")
        line.append(printable(finding.message), style="default")
        self.console.print(line, soft_wrap=True)
        for sentence in finding.evidence:
            self.say(f"  {sentence}", "dim")

    def show_texts(self, excerpts: Sequence[Excerpt]) -> None:
        """The file's lines and the licence's, side by side where there is room."""
        panels = [
            Panel(_body(excerpt), title=Text(printable(excerpt.title)), title_align="left") for excerpt in excerpts
        ]
        if len(panels) == 2 and self.console.width >= _SIDE_BY_SIDE:
            pair = Table.grid(expand=True)
            pair.add_column(ratio=1)
            pair.add_column(ratio=1)
            pair.add_row(*panels)
            self.console.print(pair)
        elif panels:
            self.console.print(Group(*panels))

    def choose(self, question: str, answers: Sequence[tuple[str, str]], default: str) -> str:
        """The key of one of the answers, which are (key, sentence); typed as its number or its key."""
        self.say(question)
        for number, (key, sentence) in enumerate(answers, start=1):
            self.say(f"  {number}  {key:<20} {sentence}")
        keys = [key for key, _ in answers]
        while True:
            given = self._prompt(f"1 to {len(keys)}", str(keys.index(default) + 1)).strip()
            if given.isdecimal() and 1 <= int(given) <= len(keys):
                return keys[int(given) - 1]
            named = [key for key in keys if key.lower() == given.lower()]
            if named:
                return named[0]
            self.say(f"expected a number from 1 to {len(keys)}, or one of {', '.join(keys)}; came {given!r}")

    def text(self, question: str, default: str = "") -> str:
        """A line of text; asked again while it is empty."""
        while True:
            given = " ".join(self._prompt(question, default).split())
            if given:
                return given
            self.say("a few words are needed: somebody will want to know in a year")

    def optional(self, question: str) -> str:
        """A line of text, or nothing."""
        return " ".join(self._prompt(f"{question} (may stay empty)", "").split())

    def day(self, question: str, default: date, today: date) -> date:
        """A day that has not passed."""
        while True:
            given = self._prompt(question, default.isoformat()).strip()
            try:
                day = date.fromisoformat(given)
            except ValueError:
                self.say(f"expected a day such as {default.isoformat()}, came {given!r}")
                continue
            if day >= today:
                return day
            self.say(f"{day} has passed; today is {today} (UTC)")

    def expression(self, question: str) -> Node | None:
        """A licence expression without mistakes; None when nothing is typed. Slips get the nearest names."""
        while True:
            given = self._prompt(f"{question} (an SPDX id such as MIT; empty: back)", "").strip()
            if not given:
                return None
            parsed = parse(given)
            if parsed.node is not None and not parsed.problems:
                return unify(parsed.node)
            for problem in parsed.problems:
                self.say(f"{problem.message}" + (f"; perhaps {problem.suggestion}" if problem.suggestion else ""))

    def agree(self, question: str, *, default: bool) -> bool:
        """Yes or no."""
        return typer.confirm(question, default=default)

    def _prompt(self, question: str, default: str) -> str:
        return str(typer.prompt(question, default=default, show_default=bool(default)))


def _body(excerpt: Excerpt) -> Text:
    body = Text()
    first, last = excerpt.marked
    for number, line in excerpt.lines:
        inside = first <= number <= last
        body.append(f"{number:>5} {'>' if inside else ' '} ", style="dim")
        body.append(f"{line}\n", style="bold" if inside else "")
    return body
