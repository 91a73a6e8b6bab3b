# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima audit`: licence compliance of source, dependencies, binaries and weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keima_audit.policy import DETECTORS
from keima_audit.session import Options, run
from keima_audit.terminal import print_report
from keima_cli.errors import ExitCode

app = typer.Typer(
    help="Audit licences of source, dependencies, binaries and weights.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Root = Annotated[Path, typer.Option("--root", "-C", help="The tree to audit.")]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="The policy; ROOT/audit.toml if not given.")
]
Cache = Annotated[Path | None, typer.Option("--cache", help="The folder of the cache.")]
Detector = Annotated[
    str | None, typer.Option("--detector", help=f"{' or '.join(DETECTORS)}; overrides audit.toml.")
]


@app.callback()
def check(
    ctx: typer.Context,
    root: Root = Path(),
    policy: PolicyFile = None,
    cache: Cache = None,
    detector: Detector = None,
    rehash: Annotated[bool, typer.Option(help="Read every file again; release gates always do.")] = False,
    prefilter: Annotated[bool, typer.Option(help="Scan only texts that can hold a licence.")] = True,
    since: Annotated[
        str | None, typer.Option("--changed-since", help="Only what differs from a revision.")
    ] = None,
    dependencies: Annotated[bool, typer.Option(help="Audit dependencies too.")] = True,
    notes: Annotated[bool, typer.Option(help="Show notes too.")] = False,
) -> None:
    """Audit a source tree. Exit code 1 if anything is found that `fail-on` names."""
    if ctx.invoked_subcommand is not None:
        return
    options = Options(root, policy, cache, detector, prefilter, rehash, since, dependencies)
    report = run(options)
    print_report(report, Console(file=sys.stdout, soft_wrap=True), notes=notes)
    if report.failing:
        raise typer.Exit(int(ExitCode.FINDINGS))
