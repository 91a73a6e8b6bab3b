# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima profile` and `keima graph stats --time`: what runs is what the file holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from keima_cli.errors import BrokenInputError, WrongUseError
from keima_deploy.cli import graph_app
from keima_deploy.profiling.cli import profile_app
from keima_deploy.profiling.measuring import profiled
from keima_zoo.recipe import Recipe


def _run(app, *arguments):
    done = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def recipe(tmp_path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(Recipe(model="lenet", epochs=1, batch_size=4, lr=0.1).model_dump()))
    return path


def test_a_graph_file_is_run_and_timed(models, tmp_path):
    trace = tmp_path / "trace.json"
    document = json.loads(_run(profile_app, models["lenet"], "--runs", 3, "--by", "step", "--trace", trace, "--json"))
    assert document["runs"] == 3
    rows = document["rows"]
    assert {row["calls"] for row in rows} == {3}
    assert sorted(row["step"] for row in rows) == list(range(len(rows)))
    convolutions = sorted(row["flops"] for row in rows if row["op"] == "conv2d_fused")
    assert convolutions == [3 * 2 * 16 * 28 * 28 * 25, 3 * 2 * 32 * 14 * 14 * 16 * 25]
    assert 0 < sum(row["seconds"] for row in rows) <= document["seconds"]
    for row in rows:
        assert row["flops_per_second"] == pytest.approx(row["flops"] / row["seconds"])
        assert row["bound"].startswith(("compute-bound", "memory-bound", "too small"))
    machine = document["machine"]
    assert min(machine["flops"], machine["bandwidth"]) > 0
    entries = [entry for entry in json.loads(trace.read_text())["traceEvents"] if entry["ph"] == "X"]
    assert len([entry for entry in entries if entry["cat"] == "graph"]) == 3
    assert len([entry for entry in entries if "step" in entry["args"]]) == 3 * len(rows)


def test_a_training_step_of_a_recipe_is_run_and_timed(recipe):
    document = json.loads(_run(profile_app, recipe, "--runs", 2, "--set", "batch_size=8", "--json"))
    calls = {(row["op"], row["forward"]): row["calls"] for row in document["rows"]}
    assert calls["conv2d", ""] == calls["conv2d_backward_weight", "conv2d"] == 4
    assert calls["sgd_step", ""] == 2 * 8  # four layers with weights and bias
    flops = {(row["op"], row["forward"]): row["flops"] for row in document["rows"]}
    assert flops["conv2d", ""] == 2 * 8 * (2 * 16 * 28 * 28 * 25 + 2 * 32 * 14 * 14 * 16 * 25)


def test_the_table_says_what_limits_each_op(models, recipe):
    title, machine, headings, *lines = _run(profile_app, recipe, "--runs", 1, "--by", "shape").splitlines()
    assert title.startswith("small.yaml: ")
    assert "ms a run" in title
    assert machine.startswith("measured on ")
    assert headings.split() == ["calls", "ms", "%", "FLOP/s", "B/s", "what", "limits", "it", "op", "shapes"]
    (weights,) = [line for line in lines if line.endswith("4x1x28x28, 4x16x28x28 -> 16x1x5x5")]
    assert "conv2d_backward_weight (gradient of conv2d)" in weights
    assert any(words in weights for words in ("compute-bound", "memory-bound", "too small"))
    assert len({line.index("conv2d_backward_weight") for line in lines if "conv2d_backward_weight" in line}) == 1


def test_stats_with_time_add_the_steps_as_compiled(models):
    counted = json.loads(_run(graph_app, "stats", models["lenet"], "--json"))
    document = json.loads(_run(graph_app, "stats", models["lenet"], "--time", "--runs", 2, "--json"))
    measured = document.pop("measured")
    assert document == counted
    assert [row["step"] for row in measured["rows"]] == list(range(len(measured["rows"])))
    assert "conv2d_fused" in {row["op"] for row in measured["rows"]}
    assert "ms a run" in _run(graph_app, "stats", models["lenet"], "--time", "--runs", 1)


def test_the_first_run_is_not_counted():
    calls = []
    profiled(lambda: calls.append(1), 4)
    assert len(calls) == 5


def test_wrong_files_are_named(models, recipe, tmp_path):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(models["lenet"].read_bytes()[:100])
    for path in (broken, tmp_path / "missing.safetensors"):
        with pytest.raises(BrokenInputError, match=path.name):
            _run(profile_app, path)
    with pytest.raises(WrongUseError, match="a graph file has none"):
        _run(profile_app, models["lenet"], "--set", "lr=1")
    with pytest.raises(WrongUseError, match="batch_siz"):
        _run(profile_app, recipe, "--set", "batch_siz=1")
