# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima train`, run as users run it, on bad input."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from keima_cli.errors import BrokenInputError
from keima_zoo.fashion_mnist import read_idx

RECIPE = "model: lenet\nepochs: 1\nbatch_size: 64\nlr: 0.05\n"


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "keima_cli", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def recipe(folder: Path, content: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(content)
    return path


def test_unknown_key_is_named_with_the_nearest(tmp_path: Path) -> None:
    done = run("train", recipe(tmp_path, RECIPE + "momentun: 0.9\n"), "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "momentun" in done.stderr
    assert "momentum" in done.stderr
    assert not (tmp_path / "out").exists()


def test_override_of_an_impossible_value(tmp_path: Path) -> None:
    done = run("train", recipe(tmp_path, RECIPE), "--out", tmp_path / "out", "--set", "lr=-1")
    assert done.returncode == 2
    assert "lr" in done.stderr


def test_override_that_is_not_yaml(tmp_path: Path) -> None:
    done = run("train", recipe(tmp_path, RECIPE), "--out", tmp_path / "out", "--set", "lr=[")
    assert done.returncode == 2
    assert "--set lr=[: the value is not YAML" in done.stderr


def test_a_recipe_that_aliases_blow_up_is_named_in_short(tmp_path: Path) -> None:
    levels = "\n".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 30))
    done = run("train", recipe(tmp_path, f"l0: &l0 [x]\n{levels}\nmodel: *l29\n"), "--out", tmp_path / "out")
    assert done.returncode == 2
    assert len(done.stderr) < 1000


def test_a_rate_that_is_no_number(tmp_path: Path) -> None:
    done = run("train", recipe(tmp_path, RECIPE), "--out", tmp_path / "out", "--set", "lr=.inf")
    assert done.returncode == 2
    assert "lr: Input should be a finite number, got inf" in done.stderr


def test_missing_and_swapped_data(tmp_path: Path) -> None:
    done = run("train", recipe(tmp_path, RECIPE), "--out", tmp_path / "out", "--data", tmp_path)
    assert done.returncode == 3
    assert "is missing" in done.stderr
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{name}-ubyte.gz").write_bytes(gzip.compress(b"swapped"))
    done = run("train", recipe(tmp_path, RECIPE), "--out", tmp_path / "out", "--data", tmp_path)
    assert done.returncode == 3
    assert "SHA-256" in done.stderr


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"not a checkpoint")
    done = run("eval", path)
    assert done.returncode == 3
    assert "cannot be read as a checkpoint" in done.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        gzip.compress(b"\0\0\x08\x01" + b"\0\0\0\x05" + b"1234"),
        gzip.compress(b"\0\0\x08\x01" + b"\xff\xff\xff\xff" + b"1234"),
        gzip.compress(b"\0\0\x0d\x01" + b"\0\0\0\x04" + b"1234"),
        gzip.compress(b"\0\0\x08\x01" + b"\0\0\0\x04" + b"1234")[:-4],
    ],
)
def test_idx_files_that_lie_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(BrokenInputError):
        read_idx(path, dimensions=1)
