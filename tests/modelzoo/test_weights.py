# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Published weights: what is written is what is measured, and a changed file is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from keima_cli.console import Output
from keima_cli.errors import BrokenInputError
from keima_zoo import checkpoint, publish, weights
from keima_zoo.fashion_mnist import Split
from keima_zoo.recipe import Recipe
from keima_zoo.training import Run, Session, evaluate, train

RECIPE = Recipe(model="lenet", epochs=12, batch_size=16, lr=0.05, flip=True, warmup_batches=5, label_smooth=0.1)


@pytest.fixture(scope="module")
def finished(data: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    train(Run(RECIPE, data), data, folder, Session(Output(quiet=True)))
    return folder


def test_the_file_is_named_by_its_hash_and_holds_the_model_in_float16(finished: Path, tmp_path: Path) -> None:
    saved = checkpoint.read(finished / "checkpoint.safetensors")
    path = weights.write(tmp_path, saved)
    assert path.stem == "lenet-" + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    arrays = load_file(path)
    assert arrays.keys() == saved.model.keys()
    for name, array in arrays.items():
        assert array.dtype == np.float16
        np.testing.assert_array_equal(array, saved.model[name].astype(np.float16))


def test_an_entry_says_what_the_file_does(finished: Path, data: Split, tmp_path: Path) -> None:
    record = publish.publish(finished, tmp_path, data)
    model, recipe = weights.load_model(tmp_path / record.file)
    assert recipe == RECIPE.model_dump()
    assert evaluate(model, data)[0] == record.accuracy > 0.5
    assert json.loads((tmp_path / record.file).with_suffix(".json").read_text())["accuracy"] == record.accuracy
    assert f"**Test accuracy {record.accuracy:.4f}**" in (tmp_path / record.file).with_suffix(".md").read_text()
    # 5*5*16+16, 5*5*16*32+32, 1568*128+128, 128*10+10
    assert record.parameters == 416 + 12832 + 200832 + 1290
    assert publish.measure(tmp_path / record.file, record.history, data)[0] == record
    log = (tmp_path / f"{Path(record.file).stem}-log.txt").read_text().splitlines()
    assert len(log) == 1 + RECIPE.epochs
    assert log[-1].endswith(f"test accuracy {record.history[-1]['accuracy']:.4f}")


def test_an_unfinished_run_is_not_published(data: Split, tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "checkpoint.safetensors", Run(RECIPE, data).snapshot())
    with pytest.raises(BrokenInputError, match="0 epochs of 12"):
        publish.publish(tmp_path, tmp_path / "hub", data)


def test_a_changed_file_is_refused(finished: Path, tmp_path: Path) -> None:
    path = weights.write(tmp_path, checkpoint.read(finished / "checkpoint.safetensors"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BrokenInputError, match="not the published file"):
        weights.load_model(path)


@pytest.mark.parametrize("recipe", ["{", "[1]", '{"model": "lenat"}', "{}"])
def test_weights_of_no_known_model_are_refused(tmp_path: Path, recipe: str) -> None:
    content = save({"x": np.zeros(1, np.float16)}, {"format": weights.FORMAT, "recipe": recipe})
    path = tmp_path / f"x-{hashlib.sha256(content).hexdigest()[:16]}.safetensors"
    path.write_bytes(content)
    with pytest.raises(BrokenInputError):
        weights.load_model(path)


def test_weights_beyond_float16_are_refused(finished: Path, tmp_path: Path) -> None:
    saved = checkpoint.read(finished / "checkpoint.safetensors")
    wild = replace(saved, model={**saved.model, "fc2.bias": np.full(10, 1e6, np.float32)})
    with pytest.raises(BrokenInputError, match="beyond float16"):
        weights.write(tmp_path, wild)
    assert list(tmp_path.iterdir()) == []


FILL_THE_DISK = """
import resource, sys
from pathlib import Path
from keima_cli.errors import BrokenInputError
from keima_zoo import checkpoint
path = Path(sys.argv[1])
saved = checkpoint.read(path)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    checkpoint.write(path, saved)
except BrokenInputError as error:
    sys.exit(f"refused: {error}")
"""


def test_a_disk_that_fills_up_leaves_the_earlier_checkpoint(finished: Path, tmp_path: Path) -> None:
    # The limit on a file's size stands for a full disk, which takes root to make.
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes((finished / "checkpoint.safetensors").read_bytes())
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("refused: cannot write")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
