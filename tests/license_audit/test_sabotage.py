# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Random violations and innocent changes, each kind once; benchmarks/license_audit/sabotage draws more on any tree."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.license_audit.sabotage import in_trees, innocent, trial
from benchmarks.license_audit.sabotage.ground import prepare


def test_every_violation_is_caught_and_every_innocent_change_passes(tree, tmp_path: Path) -> None:
    outcomes = list(trial.trials(tree.root, tmp_path / "sabotage", seed=7, rounds=1))
    assert [outcome for outcome in outcomes if outcome.wrong] == []
    assert len({outcome.kind for outcome in outcomes}) == len(trial.VIOLATIONS) + len(trial.INNOCENT)
    assert min(len(trial.VIOLATIONS), len(trial.INNOCENT)) >= 30


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", random.SystemRandom().sample(range(10**9), 3), ids=["a", "b", "c"])
def test_it_holds_for_seeds_that_nobody_chose(tree, tmp_path: Path, seed: int) -> None:
    wrong = [outcome for outcome in trial.trials(tree.root, tmp_path / "sabotage", seed, rounds=3) if outcome.wrong]
    assert wrong == [], f"seed {seed}"


def test_a_change_is_taken_back_to_the_byte(tree, tmp_path: Path) -> None:
    ground = prepare(tree.root, tmp_path / "sabotage", "1")
    before = {path: path.read_bytes() for path in sorted(ground.root.rglob("*")) if path.is_file()}
    for kind, draw in {**in_trees.KINDS, **innocent.KINDS}.items():
        with trial.applied(ground.root, draw(ground, random.Random(kind))):
            pass
    assert {path: path.read_bytes() for path in sorted(ground.root.rglob("*")) if path.is_file()} == before


def test_a_trial_can_go_wrong(tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "VIOLATIONS", {"nothing done": innocent.KINDS["touched"]})
    monkeypatch.setattr(trial, "INNOCENT", {"copyleft": in_trees.KINDS["new file with a tag"]})
    missed, accused = trial.trials(tree.root, tmp_path / "sabotage", seed=1, rounds=1)
    assert missed.wrong.startswith("not caught")
    assert "license-not-allowed" in accused.wrong
