# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Whole training steps as graphs: rates and counts of optimizers go on, whether Python runs or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
import keima.optimizer as O  # noqa: N812
from keima import Parameter, Tensor
from keima.autodiff import GradManager
from keima.jit import TraceError, trace

Make = Callable[[Any], O.Optimizer]
OPTIMIZERS: dict[str, Make] = {
    "sgd": lambda params: O.SGD(params, lr=0.1, weight_decay=0.01),
    "momentum": lambda params: O.SGD(params, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda params: O.SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda params: O.Adam(params, lr=0.05, weight_decay=0.01),
    "adamw": lambda params: O.AdamW(params, lr=0.05),
    "adagrad": lambda params: O.Adagrad(params, lr=0.1, lr_decay=0.1),
    "adadelta": lambda params: O.Adadelta(params, weight_decay=0.01),
    "lamb": lambda params: O.LAMB(params, lr=0.05, weight_decay=0.01),
    "lamb, no correction": lambda params: O.LAMB(params, lr=0.05, bias_correction=False, always_adapt=True),
}
MODES = [{}, {"symbolic": True}, {"without_host": True}, {"symbolic": True, "without_host": True}]


def train(make: Make, options: dict[str, bool] | None, limit: float = 0.0) -> list[np.ndarray[Any, Any]]:
    """Losses, parameters and state of steps between which the rate changes and the state is loaded."""
    rng = np.random.default_rng(1)
    first, second = M.Linear(5, 7), M.Linear(7, 3)
    first.weight._reset(Tensor(rng.normal(size=(7, 5)).astype(np.float32)))
    second.weight._reset(Tensor(rng.normal(size=(3, 7)).astype(np.float32)))
    groups = [
        {"params": list(first.parameters())},
        {"params": list(second.parameters()), "lr": 0.02},
    ]
    optimizer = make(groups)
    schedule = O.MultiStepLR(optimizer, [2, 4])
    manager = GradManager().attach([*first.parameters(), *second.parameters()])

    def step(x: Tensor, labels: Tensor) -> Tensor:
        with manager:
            loss = F.cross_entropy(second(F.tanh(first(x))), labels)
            manager.backward(loss)
        if limit:
            O.clip_grad_norm([*first.parameters(), *second.parameters()], limit)
            schedule.step()
        optimizer.step().clear_grad()
        return loss

    run = step if options is None else trace(step, **options)
    losses = []
    for i in range(6):
        x = Tensor(rng.normal(size=(4, 5)).astype(np.float32))
        losses.append(np.array(run(x, Tensor(rng.integers(0, 3, 4))).numpy()))
        if not limit:
            schedule.step()
        if i == 2:
            saved = optimizer.state_dict()
        if i == 4:
            optimizer.load_state_dict(saved)
    state = optimizer.state_dict()
    assert [group["step"] for group in state["param_groups"]] == [4, 4]
    moments = [held[name] for held in state["state"].values() for name in sorted(held)]
    return losses + [p.numpy() for p in (*first.parameters(), *second.parameters())] + moments


@pytest.mark.parametrize("options", MODES, ids=str)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_steps_are_those_of_python(name: str, options: dict[str, bool]) -> None:
    expected, got = train(OPTIMIZERS[name], None), train(OPTIMIZERS[name], options)
    assert np.abs(expected[0] - expected[5]) > 1e-3
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("options", MODES, ids=str)
def test_limits_of_gradients_and_schedules_may_be_part_of_a_step(options: dict[str, bool]) -> None:
    expected, got = train(OPTIMIZERS["momentum"], None, 0.5), train(OPTIMIZERS["momentum"], options, 0.5)
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6)
    free = train(OPTIMIZERS["momentum"], None, 1e9)
    assert np.abs(free[5] - expected[5]) > 1e-3  # so that the limit did something


class Signs(O.Optimizer):
    """Of the program: its numbers are not known to the trace."""

    def __init__(self, params: list[Parameter]) -> None:
        super().__init__(params, {"lr": 0.1})

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: dict[str, Any]) -> None:
        param -= F.sign(grad) * group["lr"]


@pytest.mark.parametrize("options", MODES[2:], ids=str)
def test_an_optimizer_without_numbers_is_not_replayed(options: dict[str, bool]) -> None:
    weight = Parameter([1.0])
    optimizer = Signs([weight])
    manager = GradManager().attach([weight])

    @trace(**options)
    def step(x: Tensor) -> Tensor:
        with manager:
            loss = (weight * x).sum()
            manager.backward(loss)
        optimizer.step().clear_grad()
        return loss

    with pytest.raises(TraceError, match="steps an optimizer"):
        step(Tensor([2.0]))
    assert weight.numpy().tolist() == [1.0]


def test_the_rate_of_a_trace_that_runs_in_python_may_change() -> None:
    weight = Parameter([1.0])
    optimizer = O.SGD([weight], lr=1.0)
    manager = GradManager().attach([weight])

    @trace(symbolic=True)
    def step(x: Tensor) -> None:
        with manager:
            manager.backward((weight * x).sum())
        optimizer.step().clear_grad()

    for rate in (0.5, 0.25):
        optimizer.param_groups[0]["lr"] = rate
        step(Tensor([1.0]))
    assert weight.numpy().tolist() == [0.25]


@pytest.mark.parametrize("options", MODES, ids=str)
def test_arguments_are_changed_as_without_a_trace(options: dict[str, bool]) -> None:
    @trace(**options)
    def step(x: Tensor, both: dict[str, Tensor]) -> Tensor:
        x += 1
        both["a"][0] = x[1]
        both["b"]._reset(both["a"] * 2)
        return x * 10

    for i in range(3):
        x, a, b = Tensor([1.0 + i, 2.0]), Tensor([5.0, 6.0]), Tensor([0.0, 0.0])
        assert step(x, {"a": a, "b": b}).numpy().tolist() == [20 + 10 * i, 30]
        assert x.numpy().tolist() == [2 + i, 3]
        assert a.numpy().tolist() == [3, 6]
        assert b.numpy().tolist() == [6, 12]


def _gradients(options: dict[str, bool] | None) -> list[list[float] | None]:
    """Of an argument, what it is made from and a captured parameter, with the manager around the call."""
    x, y, weight = Parameter([1.0, 2.0]), Parameter([0.5, 0.25]), Parameter([3.0, 4.0])
    manager = GradManager().attach([x, y, weight])

    def scaled(a: Tensor, b: Tensor) -> Tensor:
        return a * b.detach() * weight + b

    function = scaled if options is None else trace(scaled, **options)
    found: list[list[float] | None] = []
    for _ in range(2):
        x.grad = y.grad = weight.grad = None
        with manager:
            result = function(x, F.exp(y))
            manager.backward((result * result).sum())
        found += [None if p.grad is None else p.grad.numpy().tolist() for p in (x, y, weight)]
    return found


@pytest.mark.parametrize("options", MODES[:2], ids=str)
def test_gradients_go_back_through_a_trace(options: dict[str, bool]) -> None:
    expected = _gradients(None)
    assert None not in expected
    assert _gradients(options) == expected


@pytest.mark.parametrize("options", MODES[2:], ids=str)
def test_a_graph_without_python_has_no_gradient(options: dict[str, bool]) -> None:
    with pytest.raises(TraceError, match="no gradient goes back through a graph"):
        _gradients(options)
    weight = Parameter([3.0, 4.0])
    scaled = trace(lambda x: x * weight, **options)
    x, manager = Tensor([1.0, 2.0]), GradManager().attach([weight])
    assert scaled(x).numpy().tolist() == [3, 8]
    with manager, pytest.raises(TraceError, match="no gradient goes back through a graph"):
        scaled(x)
    with GradManager().attach([Parameter([1.0])]):  # follows nothing that the call reads
        assert scaled(x).numpy().tolist() == [3, 8]


def test_the_gradient_of_an_argument() -> None:
    x = Parameter([1.0, 2.0])
    manager = GradManager().attach([x])

    def step(given: Tensor) -> None:
        with manager:
            manager.backward((given * given).sum())

    for options in MODES[:2]:
        traced = trace(step, **options)
        for _ in range(2):
            x.grad = None
            traced(x)
            assert x.grad is not None
            assert x.grad.numpy().tolist() == [2, 4]
    x.grad = None
    for options in MODES[2:]:
        with pytest.raises(TraceError, match="the gradient of an argument"):
            trace(step, **options)(x)
        assert x.grad is None
