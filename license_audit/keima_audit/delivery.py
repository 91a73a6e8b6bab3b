# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""How the sub-commands of `keima audit` take their common options and hand over their results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keima_audit.formats import FORMATS, as_text, print_report
from keima_audit.report import Report
from keima_cli.atomic import write_text
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


def write(text: str, output: Path | None) -> None:
    """To the standard output, or to a file that is complete or not there at all."""
    if output is None:
        sys.stdout.write(text)
    else:
        write_text(output, text)
