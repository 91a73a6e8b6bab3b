# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Loaded graphs with other numbers of samples than they were traced with, against eager runs."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from benchmarks.inference.keima_layers import KeimaLayers
from benchmarks.inference.nets import NETS
from keima.jit import GraphModel, load_graph, trace
from keima_zoo.models import MODELS

BATCHES = (1, 3, 8)


def _loaded(function: Callable[..., Any], *inputs: keima.Tensor) -> GraphModel:
    traced = trace(function, capture_as_const=True)
    traced(*inputs)
    file = io.BytesIO()
    traced.dump(file)
    return load_graph(io.BytesIO(file.getvalue()))


def _random(shape: tuple[int, ...], seed: int = 0) -> keima.Tensor:
    return keima.Tensor(np.random.default_rng(seed).standard_normal(shape, dtype=np.float32))


def _same(got: keima.Tensor, want: keima.Tensor) -> None:
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=0, atol=2e-5 * np.abs(want.numpy()).max())


@pytest.mark.parametrize("traced_with", [1, 2])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_networks_run_with_other_batches(name: str, traced_with: int) -> None:
    network = MODELS[name]()
    network.eval()
    model = _loaded(network, _random((traced_with, 1, 28, 28)))
    for batch in (*BATCHES, traced_with, 3):
        images = _random((batch, 1, 28, 28), batch)
        _same(model(images), network(images))


@pytest.mark.parametrize("name", ["mobilenet_v2", "shufflenet_v2"])
def test_benchmarked_nets_run_with_other_batches(name: str) -> None:
    layers = KeimaLayers()
    small = _random((1, 3, 64, 64))
    NETS[name].build(layers, small)  # makes the modules

    def function(x: keima.Tensor) -> keima.Tensor:
        return NETS[name].build(layers, x)

    model = _loaded(function, small)
    for batch in BATCHES:
        images = _random((batch, 3, 64, 64), batch)
        _same(model(images), function(images))


def test_a_transformer_block_runs_with_other_batches() -> None:
    width, heads, length = 24, 3, 17
    project = [M.Linear(width, width) for _ in range(4)]
    norm, wide, narrow = M.LayerNorm(width), M.Linear(width, 40), M.Linear(40, width)

    def split(x: keima.Tensor, axes: tuple[int, ...]) -> keima.Tensor:
        return F.transpose(F.reshape(x, (x.shape[0], length, heads, width // heads)), axes)

    def block(x: keima.Tensor) -> keima.Tensor:
        query, value = split(project[0](x), (0, 2, 1, 3)), split(project[2](x), (0, 2, 1, 3))
        weights = F.softmax(F.matmul(query, split(project[1](x), (0, 2, 3, 1))) * 0.35, -1)
        mixed = F.reshape(F.transpose(F.matmul(weights, value), (0, 2, 1, 3)), (x.shape[0], length, width))
        x = norm(x + project[3](mixed))
        return x + narrow(F.gelu(wide(x)))

    for traced_with in (1, 2):
        model = _loaded(block, _random((traced_with, length, width)))
        for batch in BATCHES:
            x = _random((batch, length, width), batch)
            _same(model(x), block(x))


def test_rows_of_a_table_by_ids_run_with_other_batches() -> None:
    table = keima.Parameter(np.arange(40, dtype=np.float32).reshape(10, 4))

    def embed(ids: keima.Tensor) -> keima.Tensor:
        return table[ids] * 2

    model = _loaded(embed, keima.Tensor([[1, 2, 3]], dtype="int32"))
    for batch in BATCHES:
        ids = keima.Tensor(np.arange(3 * batch).reshape(batch, 3) % 10, dtype="int32")
        _same(model(ids), embed(ids))


def test_what_all_samples_share_is_joined_to_each() -> None:
    token = keima.Parameter(np.arange(4, dtype=np.float32).reshape(1, 1, 4))
    model = _loaded(lambda x: F.concat([token, x], 1) * 2, _random((1, 3, 4)))
    for batch in BATCHES:
        x = _random((batch, 3, 4), batch)
        joined = np.concatenate([np.broadcast_to(token.numpy(), (batch, 1, 4)), x.numpy()], 1)
        np.testing.assert_array_equal(model(x).numpy(), joined * 2)


def test_plans_are_kept_for_each_batch_and_stay_near_the_least_memory() -> None:
    network = MODELS["resnet18-28"]()
    network.eval()
    program = _loaded(network, _random((2, 1, 28, 28))).program
    assert program.samples == 2
    for batch in BATCHES:
        other = program.with_samples(batch)
        assert other.samples == batch
        assert other.arena_bytes <= 1.10 * other.arena_bound
        assert other.constant_bytes == program.constant_bytes
        assert other.algorithms == program.algorithms
    assert program.with_samples(8).arena_bytes > 2 * program.arena_bytes


MIXING: dict[str, Callable[[keima.Tensor], keima.Tensor]] = {
    "it mixes samples": lambda x: x - F.mean(x, 0),
    "it moves the samples": lambda x: F.transpose(F.transpose(x, (1, 0)), (1, 0)),
    "it picks samples": lambda x: x[:1] + 0,
    "an operand holds something for each sample": lambda x: x * keima.Tensor([[1.0], [2.0]]),
    "an output holds no samples": lambda x: keima.Tensor([1.0]) * 2,
    "nothing is known about": lambda x: F.sort(x)[0],
}


@pytest.mark.parametrize("reason", MIXING)
def test_graphs_that_mix_samples_say_why_they_run_with_their_own_batch_only(reason: str) -> None:
    function = MIXING[reason]
    model = _loaded(function, _random((2, 5)))
    _same(model(_random((2, 5), 1)), function(_random((2, 5), 1)))
    with pytest.raises(keima.UnsupportedError, match=f"runs with 2 samples only.*{reason}"):
        model(_random((3, 5)))


def test_other_shapes_are_still_refused() -> None:
    model = _loaded(lambda x: F.relu(x) + 1, _random((2, 5)))
    for shape in ((3, 6), (5,), (0, 5)):
        with pytest.raises(ValueError, match="expected"):
            model(_random(shape))


def test_a_batch_beyond_the_memory_limit_is_refused_before_it_is_taken() -> None:
    traced = trace(lambda x: F.exp(F.relu(x) + 1), capture_as_const=True)
    traced(_random((2, 1000)))
    file = io.BytesIO()
    traced.dump(file)
    model = load_graph(io.BytesIO(file.getvalue()), arena_limit=1_000_000)
    with pytest.raises(MemoryError, match="the limit is 1000000"):
        model(_random((1000, 1000)))


PARTS: dict[str, Callable[[keima.Tensor], keima.Tensor]] = {
    "convolution": lambda x: F.conv2d(x[:, 2:3], F.ones((5, 1, 3, 3)), padding=1),
    "wide convolution": lambda x: F.conv2d(x[:, 1:3], F.ones((17, 2, 3, 3)), stride=2),
    "pooling": lambda x: F.max_pool2d(x[:, 1:3], 2),
    "softmax": lambda x: F.softmax(x[:, 1:], 3),
    "product": lambda x: F.matmul(x[:, 1], F.ones((4, 3))),
    "rows": lambda x: F.linear(x[:, 0, 1], F.ones((3, 4)), F.ones(3)),
    "norm": lambda x: F.layer_norm(x[:, 1:3], (4,), False),
    "sum": lambda x: F.sum(x[:, 2], 1),
    "parts of a part": lambda x: F.cumsum(F.relu(x * 2)[:, 1:][:, :2], 2) + F.exp(x[:, 1:3]),
    "reshape": lambda x: F.softmax(F.reshape(x[:, 1], (x.shape[0], -1)), 1),
    "output": lambda x: x[:, 1],
}


@pytest.mark.parametrize("traced_with", [1, 2])
@pytest.mark.parametrize("name", PARTS)
def test_parts_of_samples(name: str, traced_with: int) -> None:
    """A part of one sample is contiguous, the same part of several is not."""
    function = PARTS[name]
    model = _loaded(function, _random((traced_with, 3, 4, 4)))
    for batch in (1, 2, 3, 8, traced_with):
        x = _random((batch, 3, 4, 4), batch)
        got = model(x)
        assert isinstance(got, keima.Tensor)
        _same(got, function(x))


def _one_pixel(x: keima.Tensor) -> keima.Tensor:
    weight = F.ones((1, 1, 3, 3))
    y = F.relu(F.relu(F.conv2d(F.conv2d(x, weight, padding=1), weight, padding=1)))
    return F.reshape(y, (x.shape[0], 1)) + F.reshape(x, (x.shape[0], 1))


def _gate(x: keima.Tensor) -> keima.Tensor:
    """One factor for each sample."""
    y = F.conv2d(x, F.ones((17, 1, 1, 1)))
    factor = F.sigmoid(F.conv2d(F.mean(y, (2, 3), keepdims=True), F.ones((1, 17, 1, 1))))
    return F.relu(y * factor - F.mean(x, (1, 2, 3), keepdims=True))


@pytest.mark.parametrize(
    ("function", "size", "traced_with"), [(_one_pixel, 1, 1), (_one_pixel, 1, 2), (_gate, 5, 2), (_gate, 1, 2)]
)
def test_single_elements(function: Callable[[keima.Tensor], keima.Tensor], size: int, traced_with: int) -> None:
    """A tensor of one element is read as a scalar; those of several samples are none."""
    model = _loaded(function, _random((traced_with, 1, size, size)))
    for batch in (1, 2, 3):
        x = _random((batch, 1, size, size), batch)
        got = model(x)
        assert isinstance(got, keima.Tensor)
        _same(got, function(x))


def test_a_scalar_beside_blocks_of_channels_is_refused_for_more_samples() -> None:
    model = _loaded(_gate, _random((1, 1, 5, 5)))
    x = _random((1, 1, 5, 5), 1)
    got = model(x)
    assert isinstance(got, keima.Tensor)
    _same(got, _gate(x))
    with pytest.raises(keima.UnsupportedError, match="trace it with two"):
        model(_random((3, 1, 5, 5)))
