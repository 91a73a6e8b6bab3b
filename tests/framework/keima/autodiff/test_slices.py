# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Gradients of what is read in slices: they are gathered in one tensor, whatever else reads the whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812  # the field's name for it
from keima.autodiff import GradManager
from keima.profiler import Profiler
from keima.profiler.report import rows

SHAPE = (4, 6)
WEIGHTS = np.random.default_rng(0).uniform(-1, 1, SHAPE).astype(np.float32)


def steps(x: keima.Tensor) -> keima.Tensor:
    return sum((row * keima.Tensor(weights)).sum() for row, weights in zip(x, WEIGHTS, strict=True))


def whole_first(x: keima.Tensor) -> keima.Tensor:
    # Backward goes from the last use to the first: here the whole comes to a sum of slices.
    return (x * keima.Tensor(WEIGHTS)).sum() + x[1].sum() + x[1:3, ::2].sum()


def whole_last(x: keima.Tensor) -> keima.Tensor:
    return x[1].sum() + x[1:3, ::2].sum() + (x * keima.Tensor(WEIGHTS)).sum()


def backwards(x: keima.Tensor) -> keima.Tensor:
    return (x[::-1] * keima.Tensor(WEIGHTS)).sum() + x[3:0:-2].sum()


def expected(function: Callable[[keima.Tensor], keima.Tensor]) -> np.ndarray:
    gradient = WEIGHTS.copy()
    if function in (whole_first, whole_last):
        gradient[1] += 1
        gradient[1:3, ::2] += 1
    if function is backwards:
        gradient = gradient[::-1].copy()
        gradient[[3, 1]] += 1
    return gradient


@pytest.mark.parametrize("function", [steps, whole_first, whole_last, backwards])
def test_slices_and_the_whole(function: Callable[[keima.Tensor], keima.Tensor]) -> None:
    x = keima.Tensor(np.zeros(SHAPE, np.float32))
    with GradManager().attach(x) as manager:
        manager.backward(function(x * 1))  # of a value on the way
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), expected(function), rtol=1e-6)
    x.grad = None
    with GradManager().attach(x) as manager:
        manager.backward(function(x))  # of a leaf
    np.testing.assert_allclose(x.grad.numpy(), expected(function), rtol=1e-6)


def test_a_second_order_goes_through_the_sum() -> None:
    x = keima.Tensor(np.arange(4, dtype=np.float32))
    second = GradManager().attach(x)
    with second:
        first = GradManager().attach(x)
        with first:
            cubes = x[0] ** 3 + x[1:3].sum() ** 3 + x[1] ** 3
            first.backward(cubes)
        gradient, x.grad = x.grad, None
        assert gradient is not None
        second.backward((gradient * keima.Tensor([1.0, 2.0, 3.0, 4.0])).sum())
    # gradient = (3 x0^2, 3 s^2 + 3 x1^2, 3 s^2, 0) with s = x1 + x2 = 3
    np.testing.assert_allclose(x.grad.numpy(), [0.0, (2 + 3) * 18 + 2 * 6, (2 + 3) * 18, 0.0])


def test_what_arrives_first_is_not_written_over() -> None:
    x = keima.Tensor(np.zeros(SHAPE, np.float32))
    seen = keima.Tensor(WEIGHTS)
    with GradManager().attach(x) as manager:
        y = x * 1
        manager.backward([y[0], y], [keima.Tensor(np.ones(6, np.float32)), seen])
    np.testing.assert_array_equal(seen.numpy(), WEIGHTS)
    gradient = WEIGHTS.copy()
    gradient[0] += 1
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-6)


def test_a_traced_step_agrees() -> None:
    x = keima.Tensor(np.zeros((3, 5), np.float32))
    manager = GradManager().attach(x)

    def step() -> keima.Tensor:
        with manager:
            a, b, c = x + 1
            loss = (a * b).sum() + F.exp(c).sum() + x[:, 1:4].sum()
            manager.backward(loss)
        return loss

    step()
    assert x.grad is not None
    eager = x.grad.numpy()
    traced = keima.jit.trace(step, symbolic=True)
    for _ in range(3):
        x.grad = None
        traced()
        np.testing.assert_allclose(x.grad.numpy(), eager, rtol=1e-6)


def test_a_loop_over_rows_makes_one_tensor_of_zeros() -> None:
    x = keima.Tensor(np.zeros((9, 4), np.float32))
    manager = GradManager().attach(x)
    with Profiler() as profiler, manager:
        manager.backward(sum(F.exp(row).sum() for row in x))
    calls = {row.name: row.calls for row in rows(profiler.profile, "op")}
    assert (calls["slice_set"], calls["slice_add"]) == (1, 8)
