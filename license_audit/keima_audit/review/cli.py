# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The sub-command `keima audit review`."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keima_audit.errors import UsageError
from keima_audit.paths import matches
from keima_audit.review.desk import Desk
from keima_audit.review.walk import Walk
from keima_audit.rules import rules
from keima_audit.session import Options, cache_file, load_policy, read, today
from keima_cli.errors import ExitCode


def review(
    ctx: typer.Context,
    only: Annotated[
        list[str] | None, typer.Argument(help="Rules, or patterns of paths; without them, all findings.")
    ] = None,
    reviewer: Annotated[str | None, typer.Option(help="Who decides; git's user.name by default.")] = None,
) -> None:
    """Go through the open findings, one by one, and write what you decide into audit.toml.

    Each answer is written at once. Leave at any question, with Ctrl-C too, and start again to go on.
    """
    options: Options = ctx.obj
    policy = load_policy(options)
    audit = read(options, policy)
    walk = Walk(
        audit=audit,
        policy=policy,
        desk=Desk(Console(file=sys.stdout)),
        today=today(),
        lock=_lock(options, policy.path),
        reviewer=reviewer or _git_user(options.root),
        only=_checked(only or [], [facts.path for facts in audit.tree.files]),
    )
    try:
        walk.run()
    except (KeyboardInterrupt, typer.Abort):
        walk.desk.say("")
    _sum_up(walk)


def _sum_up(walk: Walk) -> None:
    report = walk.report()
    left = len(walk.asked(report)) + len(walk.skipped)
    walk.desk.say(f"{walk.answered} answered, {left} left open" + ("; run it again to go on" if left else ""))
    if report.failing:
        raise typer.Exit(int(ExitCode.FINDINGS))


def _checked(only: list[str], paths: list[str]) -> tuple[str, ...]:
    for word in only:
        if word not in rules() and not any(matches(path, (word,)) for path in paths):
            raise UsageError(f"{word!r} is neither a rule nor a pattern that fits a path of the tree")
    return tuple(only)


def _lock(options: Options, policy: Path) -> Path:
    """Beside the cache: a lock in the tree would be one more file to audit."""
    name = hashlib.sha256(str(policy.resolve()).encode()).hexdigest()[:16]
    return cache_file(options.cache).with_name(f"policy-{name}.lock")


def _git_user(root: Path) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "config", "user.name"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
