# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Tensor and Parameter: the methods that are written in Python, on top of the native type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import _core, functional
from ._core import Tensor, from_dlpack
from .device import check_device
from .typing import Axes, integers

__all__ = ["Parameter", "Tensor", "from_dlpack", "tensor"]

# MegEngine spells the constructor both ways.
tensor = Tensor


class Parameter(Tensor):
    """A tensor that a module learns."""


def _show(self: Tensor) -> str:
    array = self.numpy()
    dtype = "" if str(self.dtype) == "float32" else f", dtype={self.dtype}"
    shape = f", shape={self.shape}" if self.size == 0 and self.ndim > 1 else ""  # NumPy shows all of them as []
    return f"{type(self).__name__}({array}{shape}{dtype}, device={self.device})"


def _format(self: Tensor, spec: str) -> str:
    return format(self.item(), spec) if spec and self.size == 1 else format(str(self), spec)


def _item(self: Tensor, *args: int) -> bool | int | float:
    """The one element as a Python number, or the element at `args`."""
    array = self.numpy()
    if not args and array.size != 1:
        raise ValueError(f"item: expected one element, got a tensor of shape {self.shape}; give its indices")
    value: bool | int | float = array.item(*args)
    return value


def _index(self: Tensor) -> int:
    if str(self.dtype).startswith(("float", "bfloat")):
        raise TypeError(f"only integer tensors can be used as an index, got {self.dtype}")
    return int(_item(self))


def _iterate(self: Tensor) -> Iterator[Tensor]:
    if self.ndim == 0:
        raise TypeError("a 0-d tensor cannot be iterated over")
    return (self[i] for i in range(len(self)))


def _to(self: Tensor, device: str, *, _borrow: bool = False) -> Tensor:
    """This tensor on `device`; the CPU is the one there is."""
    check_device(device)
    return self


def _astype(self: Tensor, dtype: Any) -> Tensor:
    """The values converted to `dtype`."""
    return _core.ops.cast(self, dtype)


def _dims(args: tuple[Any, ...]) -> tuple[int, ...]:
    flat = args[0] if len(args) == 1 and isinstance(args[0], (tuple, list, Tensor, np.ndarray)) else args
    return integers(flat)


def _reshape(self: Tensor, *args: Any) -> Tensor:
    """The same elements under another shape; one size may be -1."""
    return _core.ops.reshape(self, _dims(args))


def _transpose(self: Tensor, *args: Any) -> Tensor:
    """Dimensions in another order; "x" inserts one of size 1. Without arguments, in reverse order."""
    pattern = args[0] if len(args) == 1 and not isinstance(args[0], (int, str)) else args
    return functional.transpose(self, pattern or tuple(reversed(range(self.ndim))))


def _set_value(self: Tensor, value: Any) -> None:
    """Replace the value in place of the old one; the shape may change."""
    self._reset(value if isinstance(value, Tensor) else Tensor(value, dtype=self.dtype))


def _reset_zero(self: Tensor) -> None:
    """Set all elements to zero."""
    self._reset(_core.ops.full(self.shape, 0.0, self.dtype))


def _reduce(self: Tensor) -> tuple[Any, ...]:
    return _restore, (type(self), self.numpy().copy(), str(self.dtype), dict(self.__dict__))


def _restore(kind: type[Tensor], array: np.ndarray[Any, Any], dtype: str, attributes: dict[str, Any]) -> Tensor:
    made = kind.__new__(kind)  # a subclass's __init__ may take other arguments
    made._reset(Tensor(array, dtype=dtype))
    made.__dict__.update(attributes)
    return made


def _flatten(self: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """The dimensions from `start_axis` to `end_axis` (included) made one."""
    return functional.flatten(self, start_axis, end_axis)


def _reduction(op: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(self: Tensor, axis: Axes = None, keepdims: bool = False) -> Tensor:
        return op(self, axis, keepdims)

    method.__name__ = op.__name__
    method.__doc__ = f"The same as keima.functional.{op.__name__}."
    return method


def _transposed(self: Tensor) -> Tensor:
    """The dimensions in reverse order."""
    return _core.ops.transpose(self, tuple(reversed(range(self.ndim))))


def _name(self: Tensor) -> str:
    """What the user calls it; empty by default."""
    return str(self.__dict__.get("_name", ""))


def _set_name(self: Tensor, name: str) -> None:
    self.__dict__["_name"] = name


def _round(self: Tensor, ndigits: None = None) -> Tensor:
    """round(x): the nearest integers, halves away from zero, in the tensor's dtype."""
    if ndigits is not None:
        raise TypeError("round: a tensor is rounded to integers; expected no number of digits")
    return _core.ops.round(self)


_core.add_tensor_methods(
    {
        "__repr__": _show,
        "__str__": _show,
        "__format__": _format,
        "__float__": lambda self: float(_item(self)),
        "__int__": lambda self: int(_item(self)),
        "__complex__": lambda self: complex(_item(self)),
        "__index__": _index,
        "__iter__": _iterate,
        "__reduce__": _reduce,
        "__round__": _round,
        "T": property(_transposed),
        "astype": _astype,
        "flatten": _flatten,
        "item": _item,
        "name": property(_name, _set_name),
        **{name: _reduction(getattr(_core.ops, name)) for name in ("max", "mean", "min", "prod", "sum")},
        "reshape": _reshape,
        "reset_zero": _reset_zero,
        "set_value": _set_value,
        "to": _to,
        "tolist": lambda self: self.numpy().tolist(),
        "transpose": _transpose,
    }
)
