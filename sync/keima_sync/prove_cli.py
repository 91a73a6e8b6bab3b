# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync prove`: builds and tests what an export would publish."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from keima_cli.console import Output
from keima_cli.errors import ExitCode, WrongUseError
from keima_sync.config import read_config
from keima_sync.export_cli import DEFAULT, ConfigFile, Json, Quiet
from keima_sync.proof.prove import Proof
from keima_sync.proof.prove import prove as run_proof
from keima_sync.proof.rules import ROOMS
from keima_sync.proof.verdicts import Verdict


def prove(
    revision: Annotated[str | None, typer.Argument(help="The origin's revision; by default its branch.")] = None,
    config: ConfigFile = DEFAULT,
    room: Annotated[str | None, typer.Option(help="auto, debian, host or bare, instead of [proof] room.")] = None,
    good: Annotated[str | None, typer.Option(help="A revision that passes, to begin the search at.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Do not use verdicts of earlier runs.")] = False,
    bisect: Annotated[bool, typer.Option(help="On a failure, search the commit that broke it.")] = True,
    cache: Annotated[Path | None, typer.Option(file_okay=False, help="Where verdicts, logs and rooms are.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Build and test the public tree of a revision in a clean room; exit code 1 if it fails.

    Nothing of the repository runs outside the room. A failure names the first internal commit that has it.
    """
    rules = read_config(config)
    if room is not None:
        if room not in ROOMS:
            raise WrongUseError(f"--room is one of {', '.join(ROOMS)}, not {room!r}")
        rules = replace(rules, proof=replace(rules.proof, room=room))
    output = Output(quiet=quiet, as_json=as_json)
    place = cache or default_cache()
    proof = run_proof(
        rules, revision or rules.origin.branch, place, good=good, again=again, bisect=bisect, say=output.say
    )
    output.result(_for_people(proof), _for_programs(proof))
    raise typer.Exit(int(ExitCode.GOOD if proof.verdict.passed else ExitCode.FINDINGS))


def default_cache() -> Path:
    """The user's folder for what can be made again."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base, "keima", "sync")


def _for_people(proof: Proof) -> str:
    verdict = proof.verdict
    head = f"{'proven' if verdict.passed else 'FAILS'}: {proof.commit} as public tree {verdict.tree}"
    lines = [head, f"room: {proof.room.kind}: {proof.room.evidence}", f"log: {verdict.log}"]
    if verdict.passed:
        return "\n".join(lines)
    lines.insert(1, _failure(verdict))
    if proof.culprit is None:
        return "\n".join([*lines, "culprit: not found, since no earlier commit is known to pass (--good names one)"])
    culprit = proof.culprit
    lines += [
        f"culprit: {culprit.commit} of {culprit.author}: {culprit.subject}",
        f"  {_failure(culprit.verdict)}; log: {culprit.verdict.log}",
        f"  good at {culprit.since}",
    ]
    lines += [f"  or {oid}, which has no public tree" for oid in culprit.suspects]
    return "\n".join(lines)


def _failure(verdict: Verdict) -> str:
    step = verdict.steps[-1]
    return f"{step.command!r} " + (
        f"ran over the limit of {step.stopped}" if step.stopped else f"ended with {step.status}"
    )


def _for_programs(proof: Proof) -> dict[str, Any]:
    culprit = proof.culprit
    return {
        "commit": proof.commit,
        "room": proof.room.kind,
        "evidence": proof.room.evidence,
        **_verdict(proof.verdict),
        "culprit": None if culprit is None else {**asdict(culprit), "verdict": _verdict(culprit.verdict)},
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "tree": verdict.tree,
        "passed": verdict.passed,
        "cached": verdict.cached,
        "log": str(verdict.log),
        "steps": [asdict(step) for step in verdict.steps],
    }
