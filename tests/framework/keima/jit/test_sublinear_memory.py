# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Traced training steps that compute values of the forward pass again: less memory, the same bits."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from keima import Tensor
from keima.autodiff import Function, GradManager
from keima.jit import Program, SublinearMemoryConfig, trace

LEAST = SublinearMemoryConfig()


class Net(M.Module):
    """Convolutions with batch normalisation, dropout and shortcuts, attention on top."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.convs = [M.Conv2d(3 if i == 0 else 16, 16, 3, padding=1) for i in range(layers)]
        self.norms = [M.BatchNorm2d(16) for _ in range(layers)]
        self.fc = M.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            out = F.dropout(F.relu(norm(conv(x))), 0.2)
            x = out if i == 0 else x + out
        tokens = F.transpose(F.reshape(x, (x.shape[0], 1, 16, -1)), (0, 1, 3, 2))
        mixed = F.scaled_dot_product_attention(tokens, tokens, tokens)
        return self.fc(F.mean(mixed, (1, 2)))


def train(config: SublinearMemoryConfig | None, symbolic: bool = True, steps: int = 3) -> tuple[list[Any], Any]:
    """Losses, parameters and statistics of some steps, and what ran."""
    keima.random.seed(11)
    net = Net(8)
    manager = GradManager().attach(net.parameters())
    optimizer = keima.optimizer.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    rng = np.random.default_rng(0)

    def step(images: Tensor, labels: Tensor) -> Tensor:
        with manager:
            loss = F.cross_entropy(net(images), labels)
            manager.backward(loss)
        optimizer.step().clear_grad()
        return loss

    traced = trace(step, symbolic=symbolic, sublinear_memory_config=config)
    results = []
    for _ in range(steps):
        images = Tensor(rng.normal(size=(8, 3, 12, 12)).astype(np.float32))
        results.append(traced(images, Tensor(rng.integers(0, 10, 8))).numpy().copy())
    state = [np.array(value) for _, value in sorted(net.state_dict().items())]
    return results + state, traced.recordings[0].program


@pytest.mark.parametrize("tries", [1, 10])
def test_a_step_with_statistics_and_dropout_keeps_its_bits(tries: int) -> None:
    eagerly, _ = train(None, symbolic=False)
    expected, whole = train(None)
    got, program = train(SublinearMemoryConfig(thresh_nr_try=tries))
    for one, other, eager in zip(expected, got, eagerly, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, eager, rtol=1e-4, atol=1e-5)
    assert program.arena_bytes < 0.6 * whole.arena_bytes
    assert program.arena_bytes <= 1.10 * program.arena_bound
    # Statistics are updated by the same steps.
    assert _count(program, "batch_norm_train") > _count(whole, "batch_norm_train") == 8
    assert _count(program, "sgd_step") == _count(whole, "sgd_step")


def _count(program: Program, op: str) -> int:
    return sum(name == op for name, _, _ in program.steps)


def _chain(layers: int, config: SublinearMemoryConfig | None) -> tuple[np.ndarray[Any, Any], Program]:
    """The gradient of a chain of tanh, each of which saves its result of 4 KiB."""
    x = keima.Parameter(np.linspace(-1, 1, 1024, dtype=np.float32))
    manager = GradManager().attach([x])

    @trace(symbolic=True, without_host=True, sublinear_memory_config=config)
    def gradient() -> None:
        x.grad = None
        with manager:
            y = x
            for _ in range(layers):
                y = F.tanh(y)
            manager.backward(y.sum())

    gradient()
    program = gradient.recordings[0].program
    assert isinstance(program, Program)
    return x.grad.numpy().copy(), program


@pytest.mark.parametrize("layers", [16, 64, 256])
def test_a_chain_takes_the_square_root_of_its_memory(layers: int) -> None:
    expected, whole = _chain(layers, None)
    got, program = _chain(layers, LEAST)
    np.testing.assert_array_equal(got, expected)
    values = program.arena_bytes / 4096
    assert whole.arena_bytes / 4096 >= layers
    assert values <= 2 * math.sqrt(layers) + 3
    # Each layer runs at most a second time.
    assert layers < _count(program, "tanh") <= 2 * layers


def test_no_more_is_computed_again_than_the_memory_asks_for() -> None:
    needed = train(None, steps=1)[1]
    least = train(LEAST, steps=1)[1]
    assert needed.arena_bytes > 2 << 20 > least.arena_bytes
    between = train(SublinearMemoryConfig(lb_memory_mb=2), steps=1)[1]
    assert between.arena_bytes <= 2 << 20
    assert len(needed.steps) < len(between.steps) < len(least.steps)
    enough = train(SublinearMemoryConfig(lb_memory_mb=64), steps=1)[1]
    assert enough.steps == needed.steps


class Twice(Function):
    """Its backward applies ops of its own."""

    def forward(self, x: Tensor) -> Tensor:
        self.x = x
        return x * x

    def backward(self, dy: Tensor) -> Tensor:
        return dy * F.exp(F.log(self.x * self.x) * 0.5) * 2


def _penalty(x: Tensor, weights: list[Tensor]) -> Tensor:
    """Gradients of the size of gradients."""
    inner = GradManager().attach([x])
    with inner:
        y = x
        for weight in weights:
            y = F.tanh(F.matmul(y, weight)) + y
        inner.backward(y.sum())
        return (x.grad * x.grad).sum() + y.sum()


def _custom(x: Tensor, weights: list[Tensor]) -> Tensor:
    y = x
    for weight in weights:
        y = F.tanh(Twice()(F.matmul(y, weight)) + 0.1 * y)
    return y.sum()


def _views(x: Tensor, weights: list[Tensor]) -> Tensor:
    y = x
    for i, weight in enumerate(weights):
        turned = F.transpose(F.matmul(y, weight), (1, 0))
        parts = F.split(F.relu(turned), 2, axis=0)
        y = F.concat([parts[1], F.sigmoid(parts[0])], axis=0)
        y = F.reshape(F.transpose(y, (1, 0)), x.shape)
        if i % 3 == 0:
            y[1] = 0.5
    return (y * y).sum()


# What a gradient's gradient reads, the first one read too: all of it crosses every cut.
@pytest.mark.parametrize(("function", "gains"), [(_penalty, False), (_custom, True), (_views, True)])
def test_gradients_keep_their_bits(function: Callable[[Tensor, list[Tensor]], Tensor], gains: bool) -> None:
    def run(config: SublinearMemoryConfig | None) -> tuple[list[np.ndarray[Any, Any]], Program]:
        rng = np.random.default_rng(3)
        weights = [keima.Parameter(rng.normal(size=(32, 32)).astype(np.float32) / 6) for _ in range(12)]
        manager = GradManager().attach(weights)

        @trace(symbolic=True, without_host=True, sublinear_memory_config=config)
        def step(x: Tensor) -> Tensor:
            for weight in weights:
                weight.grad = None
            with manager:
                loss = function(x, list(weights))
                manager.backward(loss)
            return loss

        loss = step(Tensor(rng.normal(size=(32, 32)).astype(np.float32)))
        program = step.recordings[0].program
        return [loss.numpy(), *(weight.grad.numpy() for weight in weights)], program

    expected, whole = run(None)
    got, program = run(LEAST)
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (program.arena_bytes < whole.arena_bytes) == gains
    assert np.abs(expected[1]).max() > 0


def test_two_backward_passes_of_one_step() -> None:
    """As of adversarial nets: the second one reads values from before the first."""

    def run(config: SublinearMemoryConfig | None) -> tuple[list[np.ndarray[Any, Any]], Program]:
        rng = np.random.default_rng(4)
        sets = [[keima.Parameter(rng.normal(size=(24, 24)).astype(np.float32) / 4) for _ in range(8)] for _ in range(2)]
        managers = [GradManager().attach(weights) for weights in sets]
        optimizers = [keima.optimizer.SGD(weights, lr=0.1) for weights in sets]

        def apply(x: Tensor, weights: list[keima.Parameter]) -> Tensor:
            for weight in weights:
                x = F.tanh(F.matmul(x, weight))
            return x

        @trace(symbolic=True, sublinear_memory_config=config)
        def step(x: Tensor) -> tuple[Tensor, ...]:
            with managers[0]:
                made = apply(x, sets[0])
                with managers[1]:
                    judged = (apply(made.detach(), sets[1]) - 1).sum() ** 2
                    managers[1].backward(judged)
                optimizers[1].step().clear_grad()
                fooled = apply(made, sets[1]).sum()
                managers[0].backward(fooled)
            optimizers[0].step().clear_grad()
            return judged, fooled

        x = Tensor(rng.normal(size=(64, 24)).astype(np.float32))
        results = [value.numpy().copy() for _ in range(2) for value in step(x)]
        program = step.recordings[0].program
        return results + [weight.numpy() for weights in sets for weight in weights], program

    expected, whole = run(None)
    got, program = run(LEAST)
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_array_equal(one, other)
    assert program.arena_bytes < whole.arena_bytes


def test_a_graph_without_backward_stays() -> None:
    traced = trace(lambda x: F.exp(F.tanh(x)), symbolic=True, without_host=True, sublinear_memory_config=LEAST)
    traced(Tensor([1.0, 2.0]))
    assert [name for name, _, _ in traced.recordings[0].program.steps] == ["tanh", "exp"]


@pytest.mark.parametrize("name", [field.name for field in fields(SublinearMemoryConfig)])
@pytest.mark.parametrize("value", [-1, 1.5, True, None, "8", 1 << 40])
def test_bad_numbers_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected an integer"):
        SublinearMemoryConfig(**{name: value})  # type: ignore[arg-type]


def test_bad_configurations_are_refused() -> None:
    with pytest.raises(TypeError, match="expected a SublinearMemoryConfig, got 256"):
        trace(lambda x: x, sublinear_memory_config=256)
    graph = trace(lambda x: x + 1, symbolic=True)
    graph(Tensor([1.0]))
    with pytest.raises(ValueError, match="at least one try"):
        graph.recordings[0].graph.checkpoint(0)


def test_the_page_shows_what_it_says() -> None:
    page = (Path(__file__).parents[4] / "docs" / "howto" / "train-in-less-memory.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (whole, steps), (least, more_steps) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert least < 0.6 * whole
    assert more_steps > steps
