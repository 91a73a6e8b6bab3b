# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The example programs, built on the installed headers and library alone, give what Python gives."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import keima
from keima import _core
from keima.jit import load_graph, trace
from keima_zoo.models import MODELS

EXAMPLES = Path(__file__).parents[4] / "framework" / "native" / "examples"
INSTALLED = Path(_core.__file__).parent


def _build(source: str, compiler: list[str], folder: Path) -> Path:
    program = folder / Path(source).stem
    command = [
        *compiler,
        "-Wall",
        "-Wextra",
        "-Werror",
        str(EXAMPLES / source),
        f"-I{INSTALLED}/include",
        "-o",
        program,
    ]
    subprocess.run([*command, f"-L{INSTALLED}/lib", "-lkeima", f"-Wl,-rpath,{INSTALLED}/lib"], check=True)
    return program


@pytest.fixture(scope="module")
def run_graph(tmp_path_factory):
    return _build("run_graph.c", ["gcc", "-std=c99", "-pedantic"], tmp_path_factory.mktemp("c"))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    images = keima.Tensor(rng.standard_normal((2, 1, 28, 28)).astype(np.float32))
    for name, make in MODELS.items():
        network = make()
        network(images)
        network.eval()
        traced = trace(network, symbolic=True, capture_as_const=True)
        traced(images)
        traced.dump(folder / name, ["images"], ["logits"])
    return folder, images.numpy()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_c_program_gives_what_python_gives(name, run_graph, models):
    folder, images = models
    done = subprocess.run([run_graph, folder / name], input=images.tobytes(), capture_output=True, check=True)
    want = load_graph(folder / name)(images).numpy()
    # The same kernels on the same number of threads: the same bits.
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.float32).reshape(want.shape), want)


def test_the_c_program_says_what_is_wrong(run_graph, models, tmp_path):
    folder, images = models
    broken = tmp_path / "broken"
    broken.write_bytes((folder / "lenet").read_bytes()[:-1])
    for path, given, reason in [
        (tmp_path / "absent", b"", "No such file"),
        (broken, b"", "cut short"),
        (folder / "lenet", images.tobytes()[:-1], "the input is too short"),
    ]:
        done = subprocess.run([run_graph, path], input=given, capture_output=True, check=False)
        assert done.returncode == 3
        assert reason in done.stderr.decode()


def test_the_cpp_program_describes_a_model(models, tmp_path):
    folder, _ = models
    program = _build("describe_graph.cc", ["g++", "-std=c++17"], tmp_path)
    text = subprocess.run([program, folder / "lenet"], capture_output=True, text=True, check=True).stdout
    assert text.startswith("input images: 2 1 28 28\noutput logits: 2 10\n")
    (value,) = re.findall(r"logits\[0\] = (\S+)", text)
    want = load_graph(folder / "lenet")(np.zeros((2, 1, 28, 28), np.float32)).numpy()
    assert float(value) == pytest.approx(want[0, 0], rel=1e-4)


def test_the_library_exports_the_c_interface_alone():
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", INSTALLED / "lib" / "libkeima.so"], capture_output=True, text=True, check=True
    ).stdout
    names = {line.split()[-1] for line in listing.splitlines()}
    declared = set(re.findall(r"KEIMA_API .*?(keima_\w+)\(", (INSTALLED / "include" / "keima" / "keima.h").read_text()))
    assert len(declared) == 8
    assert declared <= names
    assert not [name for name in names - declared if "keima" in name]
