# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Algorithms picked by measuring: results within tolerance, choices kept on disk, damaged files ignored."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import keima
from keima.jit import load_graph, trace, tuning
from keima.module import Conv2d, ReLU, Sequential


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEIMA_CACHE_DIR", str(tmp_path / "kept"))
    return tmp_path / "kept" / "algorithms.json"


@pytest.fixture
def dumped() -> tuple[bytes, keima.Tensor, np.ndarray]:
    network = Sequential(Conv2d(40, 48, 3, padding=1), ReLU(), Conv2d(48, 40, 1), Conv2d(40, 48, 3, padding=1))
    network.eval()
    images = keima.Tensor(np.random.default_rng(0).standard_normal((1, 40, 20, 20), dtype=np.float32))
    traced = trace(network, capture_as_const=True)
    traced(images)
    file = io.BytesIO()
    traced.dump(file)
    return file.getvalue(), images, network(images).numpy()


def _choices(path: Path) -> list[list[str]]:
    return json.loads(path.read_text())["choices"]


def test_measured_choices_are_kept_and_give_the_same_results(dumped, cache: Path) -> None:
    content, images, want = dumped
    model = load_graph(io.BytesIO(content), tune_seconds=5)
    np.testing.assert_allclose(model(images).numpy(), want, rtol=0, atol=1e-4 * np.abs(want).max())
    kept = _choices(cache)
    # One of the shape of both 3x3 convolutions with a ReLU, one without: the activation is part of the layer.
    assert len(kept) == 2
    assert all(machine == tuning.this_machine() and "conv2d_fused" in layer for machine, layer, _ in kept)
    picked = [algorithm for algorithm in model.program.algorithms if algorithm]
    assert sorted(picked) == sorted([*(algorithm for _, _, algorithm in kept), "direct"])
    offered = {"direct", "winograd2", "winograd4"}
    for _, seconds, algorithm in model._model.measured:
        assert set(seconds) == offered
        assert min(seconds.values()) > 0
        assert algorithm in offered


def test_what_was_kept_is_not_measured_again(dumped, cache: Path) -> None:
    content, images, want = dumped
    load_graph(io.BytesIO(content), tune_seconds=5)
    document = json.loads(cache.read_text())
    for choice in document["choices"]:
        choice[2] = "winograd2"
    cache.write_text(json.dumps(document))
    model = load_graph(io.BytesIO(content), tune_seconds=5)
    assert model._model.measured == []
    assert [algorithm for algorithm in model.program.algorithms if algorithm] == ["winograd2", "direct", "winograd2"]
    np.testing.assert_allclose(model(images).numpy(), want, rtol=0, atol=1e-4 * np.abs(want).max())
    # Unknown algorithms and other machines' choices are measured again.
    document["choices"][0][2] = "fft"
    document["choices"][1][0] = "another CPU"
    cache.write_text(json.dumps(document))
    assert len(load_graph(io.BytesIO(content), tune_seconds=5)._model.measured) == 2


def test_without_time_the_fixed_choice_is_taken_and_nothing_is_kept(dumped, cache: Path) -> None:
    content, *_ = dumped
    fixed = load_graph(io.BytesIO(content)).program.algorithms
    assert "winograd2" in fixed  # too few tiles of 4x4
    assert not cache.exists()


DAMAGED = {
    "Expecting value": b"\x00\xff",
    "expected version 1": b'{"version": 2}',
    "expected .machine, layer": b'{"version": 1, "choices": [[1, 2]]}',
    "more than": b" " * (tuning.MAX_BYTES + 1),
    "recursion": b"[" * 100_000,
}


@pytest.mark.parametrize("reason", DAMAGED)
def test_a_damaged_cache_is_ignored_with_a_notice_and_written_anew(reason: str, dumped, cache: Path) -> None:
    content, *_ = dumped
    cache.parent.mkdir()
    cache.write_bytes(DAMAGED[reason])
    with pytest.warns(UserWarning, match=f"(?s)algorithms.json: ignored, it is no cache of algorithms.*{reason}"):
        load_graph(io.BytesIO(content), tune_seconds=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(tuning.known_algorithms()) == 2


def test_the_cache_is_bounded_and_an_unwritable_one_is_a_notice(cache: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(tuning, "MAX_CHOICES", 3)
    tuning.remember((f"layer {i}", "direct") for i in range(5))
    tuning.remember([("layer 2", "winograd2")])
    kept = list(tuning.known_algorithms().items())
    assert kept == [("layer 3", "direct"), ("layer 4", "direct"), ("layer 2", "winograd2")]
    assert [entry.name for entry in cache.parent.iterdir()] == [cache.name]
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="are not kept"):
        tuning.remember([("layer", "direct")], tmp_path / "file" / "algorithms.json")
