# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Complex pairs against NumPy's complex64."""

from __future__ import annotations

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.autodiff import GradManager

A = np.array([[1 + 2j, -3 + 0.5j], [0.25j, 4 - 1j]], np.complex64)
B = np.array([[2 - 1j, 1j], [3 + 3j, -2 - 2j]], np.complex64)


def pair(array: np.ndarray) -> F.ComplexTensor:
    return F.complex(keima.Tensor(array.real.copy()), keima.Tensor(array.imag.copy()))


def test_arithmetic() -> None:
    a, b = pair(A), pair(B)
    assert a.dtype == np.complex64 and a.shape == (2, 2)
    for got, want in ((a + b, A + B), (a - b, A - B), (a * b, A * B), (-a, -A), (a.reshape(4), A.reshape(4))):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    np.testing.assert_array_equal(F.real(a).numpy(), A.real)
    np.testing.assert_array_equal(F.imag(a).numpy(), A.imag)


def test_infinite_parts_stay_apart() -> None:
    got = pair(np.array([complex(1, np.inf), complex(-np.inf, 2)], np.complex64)).numpy()
    np.testing.assert_array_equal(got.real, [1, -np.inf])
    np.testing.assert_array_equal(got.imag, [np.inf, 2])


def test_polar() -> None:
    got = F.polar(keima.Tensor(np.abs(A)), keima.Tensor(np.angle(A).astype(np.float32)))
    np.testing.assert_allclose(got.numpy(), A, atol=1e-6)


def test_gradients_of_a_squared_modulus() -> None:
    re, im = keima.Tensor(A.real.copy()), keima.Tensor(A.imag.copy())
    with GradManager().attach([re, im]) as manager:
        z = F.complex(re, im) * pair(B)
        manager.backward(F.sum(F.real(z) ** 2 + F.imag(z) ** 2))
    assert re.grad is not None and im.grad is not None
    np.testing.assert_allclose(re.grad.numpy(), 2 * A.real * np.abs(B) ** 2, rtol=1e-5)
    np.testing.assert_allclose(im.grad.numpy(), 2 * A.imag * np.abs(B) ** 2, rtol=1e-5)


def test_messages() -> None:
    x = keima.Tensor([1.0, 2.0])
    with pytest.raises(keima.ShapeError, match=r"one shape, got \(2,\) and \(1,\)"):
        F.complex(x, x[:1])
    with pytest.raises(keima.DtypeError, match="float32 parts, got int32"):
        F.complex(x, keima.Tensor([1, 2]))
    with pytest.raises(keima.DtypeError, match="mul: expected complex operands, got a Tensor"):
        F.complex(x, x) * x  # type: ignore[operator]
    with pytest.raises(keima.DtypeError, match="real: expected complex operands"):
        F.real(x)  # type: ignore[arg-type]
