# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graph files lowered and run by `keima-run`, the program around the executor, against the graphs themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import keima
from benchmarks.inference.keima_layers import traced
from benchmarks.inference.nets import NETS
from keima.jit import load_graph
from keima_deploy.cli import graph_app

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow  # builds the executor


@pytest.fixture(scope="session")
def keima_run() -> Path:
    """Built as `make executor-size` builds it, in the same folder."""
    build, tools = ROOT / "build" / "x86-64", Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    configure = ["cmake", "-S", ROOT / "framework" / "native", "-B", build, "-G", "Ninja", "-DKEIMA_PYTHON=OFF"]
    for command in ([*configure, "-DKEIMA_TESTS=OFF"], ["cmake", "--build", build, "--target", "keima-run", "-j", "2"]):
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return build / "executor" / "keima-run"


def _check(keima_run: Path, graph: Path, images: np.ndarray, plan: Path) -> None:
    done = CliRunner().invoke(graph_app, ["lower", str(graph), "-o", str(plan)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    ran = subprocess.run([keima_run, plan], input=images.tobytes(), capture_output=True, check=True)
    want = load_graph(graph)(keima.Tensor(images)).numpy()
    got = np.frombuffer(ran.stdout, np.float32).reshape(want.shape)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())


def _images(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("name", ["lenet", "resnet18-28"])
def test_the_zoos_networks_run_in_the_executor(
    name: str, keima_run: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    _check(keima_run, models[name], _images((1, 1, 28, 28)), tmp_path / "plan")


@pytest.mark.parametrize(
    "name", ["resnet18", "mobilenet_v2", "efficientnet_lite0", "shufflenet_v2", "vit_s16", "bert6"]
)
def test_benchmarked_networks_run_in_the_executor(name: str, keima_run: Path, tmp_path: Path) -> None:
    net = NETS[name]
    sample = _images((1, *net.shape))
    if net.vocabulary:
        sample = np.random.default_rng(3).integers(0, net.vocabulary, (1, *net.shape), dtype=np.int32)
    function, tensor = traced(net, sample)
    function(tensor)
    function.dump(tmp_path / "graph")
    _check(keima_run, tmp_path / "graph", sample, tmp_path / "plan")


def test_a_plan_that_is_cut_short_is_refused(keima_run: Path, models: dict[str, Path], tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    CliRunner().invoke(graph_app, ["lower", str(models["lenet"]), "-o", str(plan)], catch_exceptions=False)
    for size in (0, 7, 1000, plan.stat().st_size - 1):
        os.truncate(plan, size)
        done = subprocess.run([keima_run, plan], input=b"", capture_output=True, check=False)
        assert done.returncode == 3
        assert str(plan).encode() in done.stderr
        CliRunner().invoke(graph_app, ["lower", str(models["lenet"]), "-o", str(plan)], catch_exceptions=False)
