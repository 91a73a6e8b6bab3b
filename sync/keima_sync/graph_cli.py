# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync graph`: draws where both repositories stand, and what broke on the way."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Any

import typer

from keima_cli.atomic import write_text
from keima_cli.console import Output
from keima_cli.errors import WrongUseError
from keima_cli.findings import Finding
from keima_sync.breakage import breakage, count_commits
from keima_sync.config import Config, read_config
from keima_sync.export import open_side
from keima_sync.export_cli import DEFAULT, ConfigFile, Json
from keima_sync.graph.migration import Migration, migration
from keima_sync.graph.page import page
from keima_sync.graph.rows import Row, rows, summary
from keima_sync.graph.svg import drawing
from keima_sync.references.tree import find_commit

Day = Annotated[str | None, typer.Option(help="Draw commits from this day on (2026-11-26).")]


def graph(
    config: ConfigFile = DEFAULT,
    out: Annotated[Path, typer.Option(dir_okay=False, help="An .html page, or an .svg drawing.")] = Path("sync.html"),
    since: Day = None,
    limit: Annotated[int, typer.Option(min=1, help="Draw so many lines, the newest.")] = 1000,
    findings: Annotated[bool, typer.Option(help="Mark commits that broke the public tree, or mended it.")] = True,
    as_json: Json = False,
) -> None:
    """Draw the migration as one file that needs no network: what became of each commit, and what broke where.

    Runs of ordinary commits are drawn as one line.
    """
    if out.suffix not in (".html", ".svg"):
        raise WrongUseError(f"expected a file that ends in .html or .svg, got {out}", hint="--out sync.html")
    begin = _seconds(since)
    rules = read_config(config)
    drawn = migration(rules, _broken(rules, quiet=as_json) if findings else ())
    lines = rows(drawn, begin)
    shown, left_out = lines[:limit], max(len(lines) - limit, 0)
    write_text(out, page(drawn, shown, left_out) if out.suffix == ".html" else drawing(shown))
    said = f"{len(drawn.commits)} commits in {len(shown)} lines drawn to {out}"
    said += f"; {left_out} older lines left out: --limit or --since" if left_out else ""
    Output(as_json=as_json).result(said, _as_json(drawn, shown, left_out))


def _seconds(day: str | None) -> int | None:
    if day is None:
        return None
    try:
        return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp())
    except ValueError as error:
        raise WrongUseError(f"expected a day such as 2026-11-26, got {day!r}", hint="year, month, day") from error


def _broken(rules: Config, *, quiet: bool) -> list[Finding]:
    origin = open_side(rules.origin, "origin")
    count = count_commits(origin, find_commit(origin, rules.origin.branch))
    with Output(as_json=quiet).track("commits", count) as tracker:
        return list(breakage(rules, rules.origin.branch, tracker.advance))


def _as_json(drawn: Migration, shown: list[Row], left_out: int) -> dict[str, Any]:
    commits = [
        {
            **asdict(commit),
            "state": commit.state.name.lower(),
            "broke": [finding.fingerprint for finding in row.marks.broke],
            "mended": [finding.fingerprint for finding in row.marks.mended],
        }
        for row in shown
        for commit in row.commits
    ]
    return {
        "origin": drawn.origin_tip,
        "public": drawn.public_tip,
        "counts": summary(drawn),
        "lines_left_out": left_out,
        "commits": commits,
    }
