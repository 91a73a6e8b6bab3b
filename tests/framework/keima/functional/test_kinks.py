# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Gradients where a formula breaks: at kinks, at zero norms, at 0^0, beside infinities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.autodiff import GradManager

KINKS = [-6.0, -3.0, -1e-30, 0.0, 1e-30, 3.0, 6.0]


def gradient(function: Callable[[keima.Tensor], keima.Tensor], at: list[float], recorded: bool = False) -> list[float]:
    """d sum(function(x)) / dx; `recorded`: so that it can be differentiated again, hence by other ops."""
    x = keima.Tensor(at)
    outer, inner = GradManager().attach([x] if recorded else []), GradManager().attach([x])
    if recorded:
        with outer, inner:
            inner.backward(F.sum(function(x)))
    else:
        with inner:
            inner.backward(F.sum(function(x)))
    assert x.grad is not None
    return [float(value) for value in x.grad.numpy()]


@pytest.mark.parametrize(
    "function", [F.relu, F.relu6, F.leaky_relu, F.hswish, F.hsigmoid, F.silu, F.gelu, F.sigmoid, F.tanh]
)
def test_the_gradient_in_one_pass_is_the_composed_one_at_kinks_too(function: Callable[..., keima.Tensor]) -> None:
    np.testing.assert_allclose(
        gradient(function, KINKS), gradient(function, KINKS, recorded=True), rtol=1e-6, atol=1e-7
    )


def test_kinks_are_pytorch_s() -> None:
    assert gradient(F.hswish, [-3.0, 0.0, 3.0]) == [0.0, 0.5, 1.0]
    assert gradient(F.leaky_relu, [0.0]) == [np.float32(0.01)]
    assert gradient(F.relu6, [0.0, 6.0]) == [0.0, 0.0]
    assert gradient(F.hsigmoid, [-3.0, 3.0]) == [0.0, 0.0]


@pytest.mark.parametrize("recorded", [False, True])
def test_a_power_of_zero_is_constant(recorded: bool) -> None:
    assert gradient(lambda x: x**0, [0.0, 2.0, -1.0], recorded) == [0.0, 0.0, 0.0]
    assert gradient(lambda x: F.pow(x, keima.Tensor([0.0, 1.0, 2.0])), [0.0, 0.0, 0.0], recorded) == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("order", [None, 1, 2, 3, float("inf")])
def test_the_norm_of_zeros_has_no_slope(order: float | None) -> None:
    assert gradient(lambda x: F.norm(x, order), [0.0, 0.0])[0] in (0.0, 0.5)  # of equal extrema each has its share
    assert float(F.norm(keima.Tensor([0.0, 0.0]), order)) == 0


def test_norms_beside_zeros_keep_their_gradient() -> None:
    def rows(x: keima.Tensor) -> keima.Tensor:
        return F.norm(F.reshape(x, (2, 2)), axis=1)

    np.testing.assert_allclose(gradient(rows, [3.0, 4.0, 0.0, 0.0]), [0.6, 0.8, 0, 0], rtol=1e-6)
    assert float(F.norm(keima.Tensor([2.0, 4.0]), -1)) == pytest.approx(4 / 3)
    assert float(F.norm(keima.Tensor([2.0, 0.0]), -1)) == 0


def test_normalizing_zeros_and_the_deviation_of_equals() -> None:
    assert gradient(lambda x: F.normalize(x, axis=0), [0.0, 0.0]) == [np.float32(1e12)] * 2
    assert gradient(F.std, [2.0, 2.0]) == [0.0, 0.0]
    np.testing.assert_allclose(gradient(F.std, [1.0, 3.0]), [-0.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("function", [F.maximum, F.minimum])
def test_an_infinite_gradient_reaches_the_chosen_operand_alone(function: Callable[..., keima.Tensor]) -> None:
    sign = 1.0 if function is F.maximum else -1.0
    got = gradient(lambda x: function(x, 0.0) * float("inf"), [-sign, 2 * sign])
    assert got == [0.0, float("inf")]
