# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Ops that may write over their first operand, in compiled programs where they must not: it is read again later."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812  # the field's name for it
from keima import Tensor
from keima._core import ops
from keima.autodiff import GradManager

RNG = np.random.default_rng(0)
SIZE = 40
ROWS = Tensor(np.array([3, 0, 7], np.int32))


def floats(*shape: int) -> Tensor:
    return Tensor(RNG.uniform(-0.2, 0.2, shape).astype(np.float32))


A, B, X = floats(SIZE, SIZE), floats(SIZE, SIZE), floats(SIZE, SIZE)
ROW_VALUES, BOX, ALL = floats(3, SIZE), floats(5, 7), floats(SIZE, SIZE)
COLUMN = floats(SIZE, 1)
ONE_A_ROW = Tensor(RNG.integers(0, SIZE, (SIZE, 1)).astype(np.int32))
PLACE = ((1, 2), (5, 7), (2, 3))

IN_PLACE: dict[str, Callable[[Tensor], Tensor]] = {
    "slice_set": lambda x: ops.slice_set(x, BOX, *PLACE),
    "slice_add": lambda x: ops.slice_add(x, BOX, *PLACE),
    "put_rows": lambda x: ops.put_rows(x, ROWS, ROW_VALUES),
    "add_rows": lambda x: ops.add_rows(x, ROWS, ROW_VALUES),
    "scatter": lambda x: ops.scatter(x, ONE_A_ROW, COLUMN, 1),
    "scatter_add": lambda x: ops.scatter_add(x, ONE_A_ROW, COLUMN, 1),
    "add": lambda x: x + ALL,
    "where": lambda x: F.where(ALL > 0, x, ALL),
    "relu": F.relu,
}


@pytest.mark.parametrize("turned", [False, True], ids=["plain", "transposed"])
@pytest.mark.parametrize("name", IN_PLACE)
def test_an_operand_that_is_read_again_is_left_alone(name: str, turned: bool) -> None:
    def function(x: Tensor) -> Tensor:
        made = F.matmul(x, A)
        whole = F.transpose(made, (1, 0)) if turned else made
        # Read by a product, so that the result stays among the program's own buffers, beside the operand.
        return F.matmul(IN_PLACE[name](whole), B) + F.matmul(F.tanh(made), B)

    expected = function(X).numpy()
    traced = keima.jit.trace(function, symbolic=True, capture_as_const=True)
    for _ in range(2):
        np.testing.assert_allclose(traced(X).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_traced_step_whose_dense_gradient_is_used_twice() -> None:
    """The gradient of a row is added to one of the whole that also goes elsewhere."""
    manager = GradManager().attach([A, B])
    inputs = floats(30, SIZE)

    def step() -> None:
        with manager:
            y = F.matmul(inputs, A)
            hidden = F.tanh(F.matmul(inputs, B))
            row = F.exp(y[0]).sum()  # made first: its gradient comes last, to what y shares with hidden
            manager.backward(F.exp(y + hidden).sum() + row)

    def gradients(run: Callable[[], None]) -> list[np.ndarray]:
        A.grad = B.grad = None
        run()
        return [np.array(leaf.grad.numpy()) for leaf in (A, B)]

    eager = gradients(step)
    traced = keima.jit.trace(step, symbolic=True)
    for _ in range(3):
        for ours, expected in zip(gradients(traced), eager, strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_a_traced_assignment_keeps_what_surrounds_it() -> None:
    def function(x: Tensor) -> Tensor:
        y = F.matmul(x, A)
        z = +y
        z[0] = 1.0
        return F.matmul(z, B) + F.matmul(F.tanh(y), B)

    expected = function(X).numpy()
    traced = keima.jit.trace(function, symbolic=True)
    for _ in range(2):
        np.testing.assert_allclose(traced(X).numpy(), expected, rtol=1e-5, atol=1e-6)
