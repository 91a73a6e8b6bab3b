# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync check`: says which references lead into what was cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keima_cli.atomic import write_text
from keima_cli.console import Output
from keima_cli.errors import WrongUseError
from keima_cli.findings import Finding, Report, Severity, print_findings, to_junit, to_sarif
from keima_sync.breakage import breakage, count_commits, lone_breakage, symbol_breakage
from keima_sync.config import read_config
from keima_sync.export import open_side
from keima_sync.preview import preview
from keima_sync.references import syntax
from keima_sync.references.check import RULES, compare, judge
from keima_sync.references.languages import Extractions
from keima_sync.references.symbols import LOST, suspicions
from keima_sync.references.tree import find_commit, open_repository, open_tree

Lone = Annotated[str | None, typer.Option("--tree", help="DIR or REPOSITORY@REVISION to check alone.")]
Internal = Annotated[str | None, typer.Option(help="The whole tree: DIR or REPOSITORY@REVISION.")]
Public = Annotated[str | None, typer.Option(help="The trimmed tree: DIR or REPOSITORY@REVISION.")]
File = Annotated[Path | None, typer.Option(dir_okay=False)]


def check(
    tree: Lone = None,
    internal: Internal = None,
    public: Public = None,
    config: File = None,
    at: Annotated[str, typer.Option(help="With --config: the origin's revision to look at.")] = "HEAD",
    against: Annotated[str | None, typer.Option(help="With --config: report what this revision does not have.")] = None,
    history: Annotated[
        bool, typer.Option("--history", help="With --tree or --config: over all commits up to it.")
    ] = False,
    symbols: Annotated[bool, typer.Option(help="Also suspect names whose only definition was cut; slower.")] = False,
    unknown: Annotated[bool, typer.Option(help="List what cannot be told from the text.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    sarif: File = None,
    junit: File = None,
) -> None:
    """Find references that lead into what is not there; exit code 1 if there are any.

    With --internal and --public, what resolves in the first tree and not in the second. With --tree, what leads into
    the tree's own folders, where there is nothing. With --config, what an export by that sync.toml would break; with
    --against main too, what a branch would newly break.
    """
    if config and not (tree or internal or public):
        found: Iterable[Finding] = _by_rules(config, at, against, history=history, symbols=symbols, quiet=as_json)
    else:
        found = _findings(tree, internal, public, history=history, symbols=symbols, quiet=as_json)
    report = Report.of("keima-sync", version("keima"), (*RULES, syntax.BROKEN, LOST), found)
    if sarif:
        write_text(sarif, to_sarif(report))
    if junit:
        write_text(junit, to_junit(report))
    _show(report, as_json=as_json, least=Severity.NOTE if unknown or history else Severity.WARNING)
    raise typer.Exit(int(report.exit_code()))


def _by_rules(
    config: Path, at: str, against: str | None, *, history: bool, symbols: bool, quiet: bool
) -> Iterator[Finding]:
    rules = read_config(config)
    if not history:
        yield from preview(rules, at, against, symbols=symbols)
        return
    if against is not None:
        raise WrongUseError("expected --history without --against", hint="that looks at one revision: leave one out")
    origin = open_side(rules.origin, "origin")
    with Output(as_json=quiet).track("commits", count_commits(origin, find_commit(origin, at))) as tracker:
        yield from breakage(rules, at, tracker.advance)
    if symbols:
        with Output(as_json=quiet).track("symbols", count_commits(origin, find_commit(origin, at))) as tracker:
            yield from symbol_breakage(rules, at, tracker.advance)


def _findings(
    tree: str | None, internal: str | None, public: str | None, *, history: bool, symbols: bool, quiet: bool
) -> Iterable[Finding]:
    if tree and not (internal or public or symbols):
        return _over_history(tree, quiet=quiet) if history else judge(open_tree(tree), Extractions())
    if internal and public and not (tree or history):
        return _both(internal, public, symbols=symbols)
    raise WrongUseError("expected --tree, --internal with --public, or --config", hint="keima sync check --tree .")


def _both(internal: str, public: str, *, symbols: bool) -> Iterator[Finding]:
    whole, trimmed = open_tree(internal), open_tree(public)
    yield from compare(whole, trimmed, Extractions())
    yield from syntax.compare(whole, trimmed)
    if symbols:
        yield from suspicions(whole, trimmed, {})


def _over_history(tree: str, *, quiet: bool) -> list[Finding]:
    place, at, revision = tree.rpartition("@")
    repository = open_repository(place if at else tree)
    tip = find_commit(repository, revision if at else "HEAD")
    with Output(as_json=quiet).track("commits", count_commits(repository, tip)) as tracker:
        return lone_breakage(repository, tip, tracker.advance)


def _show(report: Report, *, as_json: bool, least: Severity) -> None:
    if as_json:
        Output(as_json=True).result("", report.as_json())
    else:
        print_findings(report, Console(soft_wrap=True, highlight=False), at_least=least)
