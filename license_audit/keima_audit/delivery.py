# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""How the sub-commands of `keima audit` take their common options and hand over their results."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keima_audit.formats import FORMATS, as_text, print_report
from keima_audit.report import Report
from keima_cli.atomic import write_text
from keima_cli.console import Output as Words
from keima_cli.console import Tracker
from keima_cli.errors import ExitCode

Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
Format = Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")]


def deliver(report: Report, form: str, output: Path | None, *, notes: bool = False) -> None:
    """Hand a report over in one of `FORMATS`; exit with code 1 if something in it fails."""
    if form != "text":
        write(FORMATS[form](report), output)
    elif output is None:
        print_report(report, Console(file=sys.stdout, soft_wrap=True), notes=notes)
    else:
        write(as_text(report, notes=notes), output)
    if report.failing:
        raise typer.Exit(int(ExitCode.FINDINGS))


_PATIENCE = 1.0
"""Seconds of work about which nothing is said."""


@contextmanager
def reading_progress() -> Iterator[Callable[[int, int], None]]:
    """What hears (done, of) while files are read, and shows it on stderr when that takes longer than a moment."""
    begun, told = time.monotonic(), 0
    with ExitStack() as stack:
        tracker: Tracker | None = None

        def hear(done: int, of: int) -> None:
            nonlocal tracker, told
            if tracker is None and time.monotonic() - begun < _PATIENCE:
                return
            if tracker is None or done < told:  # a second tree, as a corpus is, counts from the start
                tracker, told = stack.enter_context(Words().track("reading", of, unit="files")), 0
            tracker.advance(done - told)
            told = done

        yield hear


def write(text: str, output: Path | None) -> None:
    """To the standard output, or to a file that is complete or not there at all."""
    if output is None:
        sys.stdout.write(text)
    else:
        write_text(output, text)
