# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Complex numbers as pairs of float32 tensors: what MegEngine's complex tensors can do, and gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import DtypeError, ShapeError, Tensor, ops

__all__ = ["ComplexTensor", "complex", "imag", "polar", "real"]


@dataclass(frozen=True, eq=False)
class ComplexTensor:
    """real + i imag, two float32 tensors of one shape. It adds, subtracts, multiplies, negates and reshapes.

    >>> import keima
    >>> complex(keima.Tensor([1.0]), keima.Tensor([2.0])) * complex(keima.Tensor([3.0]), keima.Tensor([-1.0]))
    ComplexTensor([5.+5.j])
    """

    real: Tensor
    imag: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.real.shape

    @property
    def dtype(self) -> np.dtype[np.complex64]:
        return np.dtype(np.complex64)

    def numpy(self) -> NDArray[np.complex64]:
        """A copy, complex64."""
        array = np.empty(self.shape, np.complex64)
        array.real, array.imag = self.real.numpy(), self.imag.numpy()  # 1j * infinity would have NaN for its real part
        return array

    def __repr__(self) -> str:
        return f"ComplexTensor({self.numpy()})"

    def __add__(self, other: ComplexTensor) -> ComplexTensor:
        _require_complex("add", other)
        return ComplexTensor(ops.add(self.real, other.real), ops.add(self.imag, other.imag))

    def __sub__(self, other: ComplexTensor) -> ComplexTensor:
        _require_complex("sub", other)
        return ComplexTensor(ops.sub(self.real, other.real), ops.sub(self.imag, other.imag))

    def __mul__(self, other: ComplexTensor) -> ComplexTensor:
        _require_complex("mul", other)
        return ComplexTensor(
            self.real * other.real - self.imag * other.imag, self.real * other.imag + self.imag * other.real
        )

    def __neg__(self) -> ComplexTensor:
        return ComplexTensor(ops.neg(self.real), ops.neg(self.imag))

    def reshape(self, *shape: int) -> ComplexTensor:
        return ComplexTensor(self.real.reshape(*shape), self.imag.reshape(*shape))


def _require_complex(name: str, value: Any) -> None:
    if not isinstance(value, ComplexTensor):
        raise DtypeError(
            f"{name}: expected complex operands, got a {type(value).__name__}; make one with complex(x, zeros_like(x))"
        )


def complex(real: Tensor, imag: Tensor) -> ComplexTensor:
    """real + i imag of two float32 tensors of one shape."""
    if real.shape != imag.shape:
        raise ShapeError(f"complex: expected parts of one shape, got {real.shape} and {imag.shape}")
    for part in (real, imag):
        if str(part.dtype) != "float32":
            raise DtypeError(f"complex: expected float32 parts, got {part.dtype}")
    return ComplexTensor(real, imag)


def real(complex: ComplexTensor) -> Tensor:
    """The real part."""
    _require_complex("real", complex)
    return complex.real


def imag(complex: ComplexTensor) -> Tensor:
    """The imaginary part."""
    _require_complex("imag", complex)
    return complex.imag


def polar(abs: Tensor, angle: Tensor) -> ComplexTensor:
    """abs e^(i angle), the angle in radians.

    >>> import keima
    >>> polar(keima.Tensor([2.0]), keima.Tensor([0.0]))
    ComplexTensor([2.+0.j])
    """
    return complex(abs * ops.cos(angle), abs * ops.sin(angle))
