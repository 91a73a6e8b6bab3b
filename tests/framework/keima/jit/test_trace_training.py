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


def train(make: Make, options: dict[str, bool] | None) -> list[np.ndarray[Any, Any]]:
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
        optimizer.step().clear_grad()
        return loss

    run = step if options is None else trace(step, **options)
    losses = []
    for i in range(6):
        x = Tensor(rng.normal(size=(4, 5)).astype(np.float32))
        losses.append(np.array(run(x, Tensor(rng.integers(0, 3, 4))).numpy()))
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
