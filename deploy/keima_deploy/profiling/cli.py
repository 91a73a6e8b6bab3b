# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima profile`."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from keima.profiler import measure_roofline, rows, trace_document
from keima_cli import atomic
from keima_cli.console import Output
from keima_deploy.graph.description import amount
from keima_deploy.profiling.measuring import document, profiled
from keima_deploy.profiling.subjects import subject
from keima_deploy.profiling.table import rows_table

profile_app = typer.Typer(add_completion=False)


class By(str, Enum):
    """What one row of the table is."""

    op = "op"
    shape = "shape"
    step = "step"


@profile_app.command()
def profile(
    file: Annotated[
        Path, typer.Argument(help="A graph file, which is run, or a recipe (YAML), of which a training step is.")
    ],
    runs: Annotated[int, typer.Option(min=1, max=10000, help="Runs, after one that is not counted.")] = 5,
    by: Annotated[By, typer.Option(help="A row for each op, for each shape too, or for each step of a graph.")] = By.op,
    trace: Annotated[
        Path | None, typer.Option("--trace", help="Write a timeline for ui.perfetto.dev to this file.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="Change a recipe's key: --set batch_size=8.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say where the time of a graph or of a training step goes."""
    run = subject(file, overrides or [])
    recorded = profiled(run, runs)
    roofline = measure_roofline()
    found = rows(recorded, by.value)
    if trace is not None:
        atomic.write_text(trace, json.dumps(trace_document(recorded)))
    covered = sum(row.seconds for row in found) / recorded.seconds
    title = f"{file.name}: {recorded.seconds / runs * 1e3:.3g} ms a run, {covered:.0%} of it in ops"
    title += f"; {amount(sum(row.flops for row in found) / recorded.seconds, 'FLOP/s')}"
    Output(as_json=as_json).result(rows_table(title, found, runs, roofline), document(recorded, runs, found, roofline))
