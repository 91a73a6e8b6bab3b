# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima graph`: counts against formulas, plans against a count of their own, differences that were made on purpose."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET  # our own output

import numpy as np
import pytest
from typer.testing import CliRunner

import keima
import keima.functional as F  # noqa: N812
from keima.jit import trace
from keima_cli.errors import BrokenInputError
from keima_deploy.cli import graph_app

SVG = "{http://www.w3.org/2000/svg}"


def _run(*arguments, status=0):
    done = CliRunner().invoke(graph_app, [str(a) for a in arguments], catch_exceptions=False)
    assert done.exit_code == status, done.output
    return done.stdout


def test_show_names_what_goes_in_and_out_and_every_node(models, tmp_path):
    lines = _run("show", models["lenet"]).splitlines()
    assert lines[0] == "input images: float32(1, 1, 28, 28)"
    assert lines[1] == "output logits: float32(1, 10) = logits"
    assert lines[2].endswith(
        "= conv2d(images, conv1.weight, conv1.bias) {stride=(1, 1), padding=(2, 2), dilation=(1, 1), groups=1}"
    )
    assert lines[-1].startswith("logits: float32(1, 10) = add(")
    document = json.loads(_run("show", models["lenet"], "--json", "--svg", tmp_path / "graph.svg"))
    assert [node["op"] for node in document["nodes"]].count("max_pool2d") == 2
    drawn = ET.parse(tmp_path / "graph.svg").getroot()  # noqa: S314
    assert len(drawn.findall(f"{SVG}rect")) == len(document["nodes"])
    # An edge for each operand that a node made.
    made = {name for node in document["nodes"] for name in node["outputs"]}
    read = [name for node in document["nodes"] for name in node["inputs"] if name in made]
    assert len(drawn.findall(f"{SVG}path")) == len(read)


def test_stats_count_what_the_formulas_say(models):
    document = json.loads(_run("stats", models["lenet"], "--json"))
    flops = {}
    for node in document["nodes"]:
        flops.setdefault(node["op"], []).append(node["flops"])
    assert flops["conv2d"] == [2 * 16 * 28 * 28 * 25, 2 * 32 * 14 * 14 * 16 * 25]
    assert flops["matmul"] == [2 * 1568 * 128, 2 * 128 * 10]
    assert flops["max_pool2d"] == [16 * 14 * 14 * 4, 32 * 7 * 7 * 4]
    assert document["flops"] == sum(itertools.chain.from_iterable(flops.values()))
    parameters = 16 * 25 + 16 + 32 * 16 * 25 + 32 + 1568 * 128 + 128 + 1280 + 10
    assert document["weights"] == 4 * parameters
    first = document["nodes"][0]
    assert (first["bytes_in"], first["bytes_out"]) == (4 * (784 + 400 + 16), 4 * 16 * 784)
    assert first["weights"] == 4 * 416
    assert "conv2d" in _run("stats", models["resnet18-28"])


@pytest.mark.parametrize("stride", [1, 2])
def test_gradients_of_convolutions_cost_what_the_convolution_costs(stride, tmp_path):
    shapes = [(2, 6, 9, 9), (2, 4, 3, 3, 3)]
    x, w = (keima.Tensor(np.ones(shape)) for shape in shapes)

    def step(x, w):
        manager = keima.autodiff.GradManager().attach([x, w])
        with manager:
            y = F.conv2d(x, w, stride=stride, groups=2)
            manager.backward(y.sum())
        return y, x.grad, w.grad

    traced = trace(step, capture_as_const=True)
    out = traced(x, w)[0]
    traced.dump(tmp_path / "step")
    nodes = json.loads(_run("stats", tmp_path / "step", "--json"))["nodes"]
    costs = {node["op"]: node["flops"] for node in nodes if node["op"].startswith("conv2d")}
    assert len(costs) == 3
    assert set(costs.values()) == {2.0 * out.numpy().size * 3 * 9}


@pytest.mark.parametrize("name", ["lenet", "resnet18-28"])
def test_plans_are_within_a_tenth_of_the_least_possible_and_overlap_nowhere(name, models, tmp_path):
    document = json.loads(_run("plan", models[name], "--json", "--svg", tmp_path / "plan.svg"))
    assert document["arena_bound"] <= document["arena_bytes"] <= 1.10 * document["arena_bound"]
    assert max(document["live"]) == document["arena_bound"]
    for a, b in itertools.combinations(document["buffers"], 2):
        apart_in_time = a["last"] < b["first"] or b["last"] < a["first"]
        apart_in_space = a["offset"] + a["bytes"] <= b["offset"] or b["offset"] + b["bytes"] <= a["offset"]
        assert apart_in_time or apart_in_space
    assert all(buffer["offset"] + buffer["bytes"] <= document["arena_bytes"] for buffer in document["buffers"])
    drawn = ET.parse(tmp_path / "plan.svg").getroot()  # noqa: S314
    kinds = {buffer["name"] for buffer in document["buffers"]}
    assert len(drawn.findall(f"{SVG}rect")) == len(document["buffers"]) + len(kinds)
    text = _run("plan", models[name])
    assert f"arena {document['arena_bytes']:,} bytes" in text
    assert len(text.splitlines()) == 1 + len(document["steps"])


def _dump(function, path, shape=(2, 3)):
    traced = trace(function, capture_as_const=True)
    traced(keima.Tensor(np.ones(shape, np.float32)))
    traced.dump(path)
    return path


def test_diff_finds_what_changed_and_nothing_else(models, tmp_path):
    weight = keima.Tensor([1.0, 2.0, 3.0])
    weight.name = "w"
    old = _dump(lambda x: F.relu(F.exp(x) * weight), tmp_path / "old")
    assert _run("diff", old, old) == "no difference\n"
    new = _dump(lambda x: F.relu(F.tanh(x) * weight), tmp_path / "new")
    lines = json.loads(_run("diff", old, new, "--json", status=1))["differences"]
    assert lines == ["- exp(arg_0) {} -> float32(2, 3)", "+ tanh(arg_0) {} -> float32(2, 3)"]
    more = keima.Tensor([1.0, 2.0, 3.5])
    more.name = "w"
    new = _dump(lambda x: F.relu(F.exp(x) * more), tmp_path / "new")
    assert _run("diff", old, new, status=1) == "~ weight w: other values, by up to 0.5\n"
    wider = _dump(lambda x: F.relu(F.exp(x) * weight), tmp_path / "new", (4, 3))
    assert "+ input arg_0: float32(4, 3)" in _run("diff", old, wider, status=1)
    assert _run("diff", models["lenet"], models["resnet18-28"], status=1).count("- weight conv1.weight") == 1


def test_broken_files_are_explained(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"no graph")
    for command in ("show", "stats", "plan"):
        with pytest.raises(BrokenInputError, match=str(path)):
            _run(command, path)
    with pytest.raises(BrokenInputError, match="No such file"):
        _run("show", tmp_path / "absent")


def test_stats_name_the_algorithm_of_every_convolution(models, tmp_path, monkeypatch):
    monkeypatch.setenv("KEIMA_CACHE_DIR", str(tmp_path))
    document = json.loads(_run("stats", models["resnet18-28"], "--json"))
    convolutions = [node for node in document["nodes"] if node["op"] == "conv2d"]
    assert len(document["algorithms"]) == len(convolutions) == 20
    assert {entry["algorithm"] for entry in document["algorithms"]} <= {"direct", "winograd2", "winograd4"}
    assert "algorithms by step: " in _run("stats", models["resnet18-28"])
    assert not (tmp_path / "algorithms.json").exists()
    tuned = json.loads(_run("stats", models["lenet"], "--json", "--tune", 1))
    assert [entry["algorithm"] for entry in tuned["algorithms"]] == ["direct", "direct"]  # 5x5: there is no choice


@pytest.mark.parametrize("name", ["lenet", "resnet18-28"])
def test_lowered_plans_are_files_of_weights_and_steps(name, models, tmp_path):
    document = json.loads(_run("lower", models[name], "-o", tmp_path / "plan", "--json"))
    content = (tmp_path / "plan").read_bytes()
    assert document["bytes"] == len(content)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    begin, end = header["keima.plan"]["data_offsets"]
    start = 8 + int.from_bytes(content[:8], "little")
    plan = json.loads(content[start + begin : start + end])
    ops = [step["op"] for step in plan["steps"]]
    assert len(ops) == document["steps"]
    assert set(ops) <= {"conv2d", "max_pool2d", "avg_pool2d", "pack", "unpack", "linear"}
    assert plan["input"]["count"] == 28 * 28
    assert plan["output"]["count"] == 10
    weights = {step["weight"] for step in plan["steps"] if "weight" in step}
    assert weights <= header.keys()
    # Residual nets add in the convolution, over the shortcut's memory.
    assert sum("residual" in step for step in plan["steps"]) == (8 if name == "resnet18-28" else 0)


def test_what_the_executor_does_not_run_is_named_and_nothing_is_written(tmp_path):
    path = _dump(lambda x: F.tanh(x), tmp_path / "tanh")
    with pytest.raises(BrokenInputError, match="tanh: the executor runs convolutions"):
        _run("lower", path, "-o", tmp_path / "plan")
    assert not (tmp_path / "plan").exists()
