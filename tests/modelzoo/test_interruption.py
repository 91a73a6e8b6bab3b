# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A run stopped or killed at any moment ends, when continued, with the same bits."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keima_zoo import checkpoint
from keima_zoo.fashion_mnist import Split
from keima_zoo.interruption import StopRequest

PROGRAM = Path(__file__).with_name("resumable_run.py")


def start(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    """A run that has loaded its state and trains."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(PROGRAM), str(folder), str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    process.stdout.close()
    return process


def finish(folder: Path, data: Path) -> None:
    assert start(folder, data).wait() == 0


def trained(folder: Path) -> dict[str, bytes]:
    saved = checkpoint.read(folder / "checkpoint.safetensors")
    assert saved.progress.epoch == 8
    arrays = {**saved.model, **{f"optimizer {name}": array for name, array in saved.optimizer.items()}}
    return {name: array.tobytes() for name, array in arrays.items()}


@pytest.fixture(scope="module")
def data_file(data: Split, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(path, images=data.images, labels=data.labels)
    return path


@pytest.fixture(scope="module")
def whole(data_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """What the uninterrupted run ends with, and the seconds it takes."""
    folder = tmp_path_factory.mktemp("whole")
    begun = time.monotonic()
    finish(folder, data_file)
    return trained(folder), time.monotonic() - begun


def interrupt(folder: Path, data: Path, number: signal.Signals, times: int, seconds: float, seed: int) -> int:
    """Send a signal to `times` runs in succession, each at a random moment; returns how many were still running."""
    rng, hit = random.Random(seed), 0
    for _ in range(times):
        process = start(folder, data)
        time.sleep(rng.uniform(0, seconds))
        process.send_signal(number)
        hit += process.wait() != 0
    return hit


def test_killed_runs_end_with_the_same_bits(
    data_file: Path, whole: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    expected, seconds = whole
    assert interrupt(tmp_path, data_file, signal.SIGKILL, 3, seconds / 3, seed=1) > 0
    finish(tmp_path, data_file)
    assert trained(tmp_path) == expected


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_killed_20_times(data_file: Path, whole: tuple[dict[str, bytes], float], tmp_path: Path) -> None:
    expected, seconds = whole
    # So soon that the run does not end before the last of them.
    assert interrupt(tmp_path, data_file, signal.SIGKILL, 20, seconds / 20, seed=2) == 20
    finish(tmp_path, data_file)
    assert trained(tmp_path) == expected


def test_ctrl_c_saves_and_leaves_with_130(
    data_file: Path, whole: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    process = start(tmp_path, data_file)
    while not (tmp_path / "checkpoint.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    stood = checkpoint.read(tmp_path / "checkpoint.safetensors").progress
    assert 0 < stood.epoch * 20 + stood.batch < 160
    finish(tmp_path, data_file)
    assert trained(tmp_path) == whole[0]


def test_the_second_signal_acts_as_before() -> None:
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
