# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Judges one change: the violation has to be found where it is, about the innocent one nothing may be said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from keima_audit.artefact_report import audit_artefacts
from keima_audit.rules import Finding
from keima_audit.session import load_policy, load_tree, run

from . import copies, in_trees, in_wheels, innocent
from .changes import Change, applied
from .ground import Ground, prepare
from .wheel import members, pack

VIOLATIONS = {**in_trees.KINDS, **copies.VIOLATIONS, **in_wheels.VIOLATIONS}
INNOCENT = {**innocent.KINDS, **copies.INNOCENT, **in_wheels.INNOCENT}


@dataclass(frozen=True)
class Outcome:
    """How one change ended. `wrong` says what went wrong; "" if nothing did."""

    kind: str
    number: int
    wrong: str = ""


def trials(source: Path, folder: Path, seed: int, rounds: int) -> Iterator[Outcome]:
    """Every kind `rounds` times on a copy of `source`; `seed`, kind and number alone decide what is drawn."""
    ground = prepare(source, folder, str(seed))
    copies.plant(ground.corpus, str(seed))
    packed = members(ground, folder, str(seed))
    for kind in (*VIOLATIONS, *INNOCENT):
        for number in range(rounds):
            yield Outcome(kind, number, _wrong(ground, packed, folder, kind, f"{seed}/{kind}/{number}"))


def _wrong(ground: Ground, packed: dict[str, bytes], folder: Path, kind: str, seed: str) -> str:
    draw = VIOLATIONS.get(kind) or INNOCENT[kind]
    in_wheel = kind in in_wheels.VIOLATIONS or kind in in_wheels.INNOCENT
    rng = Random(seed)
    change = draw(ground, rng, packed) if in_wheel else draw(ground, rng)
    with applied(ground.root, change):
        found = _found(ground, packed, folder, change)
    said = "; ".join(f"{f.rule} at {f.path}: {f.message}" for f in found)
    if kind in INNOCENT:
        return said
    caught = any(f.rule in change.rules and f.path == change.path for f in found)
    return "" if caught else f"not caught at {change.path}, wanted {sorted(change.rules)}; said: {said or 'nothing'}"


def _found(ground: Ground, packed: dict[str, bytes], folder: Path, change: Change) -> list[Finding]:
    if change.wheel is None:
        report = run(replace(ground.options, corpora=change.corpora))
    else:
        policy = load_policy(ground.options)
        tree = load_tree(ground.options, policy)
        report = audit_artefacts(ground.root, policy, [pack(packed, folder, change)], tree)
    return [finding for finding in report.open if finding.severity != "note"]
