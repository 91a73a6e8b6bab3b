# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync export`, `import`, `status` and `explain`."""

from __future__ import annotations

import os
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from keima_cli.console import Output
from keima_cli.findings import Finding, Report, Severity, print_findings
from keima_sync.config import read_config
from keima_sync.export import deciding_rules, standing
from keima_sync.export import export as run_export
from keima_sync.leak_watch import LEAK
from keima_sync.outside import import_outside
from keima_sync.patches import import_patches

ConfigFile = Annotated[Path, typer.Option("--config", "-c", dir_okay=False, help="The rules.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No remarks and no progress.")]
DEFAULT = Path("sync.toml")


def export(
    config: ConfigFile = DEFAULT,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but move the public branch.")] = False,
    squash: Annotated[bool, typer.Option("--squash", help="Publish what is new as one commit.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Replay what is new in the origin on to the public branch. The branch only ever moves forward."""
    rules = read_config(config)
    output = Output(quiet=quiet, as_json=as_json)
    with output.track("export", standing(rules).origin_count, unit="commits") as tracker:
        done = run_export(rules, dry_run=dry_run, squash=squash, advance=tracker.advance)
    for problem in (*done.dropped, *done.unused):
        output.say(problem)
    moved = "would move" if dry_run else "moved"
    if done.leaks:
        _report_leaks(done.leaks, as_json=as_json)
    text = f"{len(done.made)} commits made, {len(done.pruned)} pruned; {done.branch} "
    text += f"{moved} to {done.after}" if done.after != done.before else "stays where it is"
    output.result(text, asdict(done))


def _report_leaks(leaks: list[Finding], *, as_json: bool) -> NoReturn:
    """Say where, never what; the exit code is that of findings."""
    report = Report.of("keima-sync", version("keima"), (LEAK,), leaks)
    if as_json:
        Output(as_json=True).result("", report.as_json())
    else:
        print_findings(report, Console(soft_wrap=True, highlight=False), at_least=Severity.NOTE)
    raise typer.Exit(int(report.exit_code()))


def import_commits(
    config: ConfigFile = DEFAULT,
    branch: Annotated[str, typer.Option(help="The origin's branch to make.")] = "keima-import",
    patches: Annotated[
        Path | None, typer.Option(help="Import these instead: a mailbox, or a folder of .patch files.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Bring outside commits of the public branch to a new branch of the origin; merge it, then export again.

    Patches are against the public branch, as git format-patch writes them.
    """
    rules = read_config(config)
    done = import_outside(rules, branch) if patches is None else import_patches(rules, patches, branch)
    text = f"{len(done.made)} commits imported to {done.branch}" if done.made else "nothing to import"
    Output(as_json=as_json).result(text, asdict(done))


def status(config: ConfigFile = DEFAULT, as_json: Json = False) -> None:
    """Where both repositories stand; exit code 1 if public commits wait to be imported."""
    state = standing(read_config(config))
    text = f"origin {state.origin_tip}\npublic {state.tip or 'empty'}\n{state.waiting} commits to export"
    if state.foreign:
        text += f"\n{len(state.foreign)} public commits to import: " + ", ".join(oid[:12] for oid in state.foreign)
    shown = {
        "origin": state.origin_tip,
        "public": state.tip,
        "waiting": state.waiting,
        "to_import": list(state.foreign),
    }
    Output(as_json=as_json).result(text, shown)
    raise typer.Exit(1 if state.foreign else 0)


def explain(
    path: Annotated[Path, typer.Argument(help="A path of the internal repository, from its root.")],
    config: ConfigFile = DEFAULT,
    as_json: Json = False,
) -> None:
    """Say which rule publishes, hides, moves or changes a file."""
    lines = deciding_rules(read_config(config), os.fsencode(path))
    Output(as_json=as_json).result("\n".join(lines), {"path": str(path), "rules": lines})
