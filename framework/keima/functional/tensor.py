# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Making tensors, and changing their shape and arrangement."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._core import ShapeError, Tensor, ops
from ..device import check_device
from ..typing import Dtype, Operand, Shape, integers

__all__ = [
    "arange",
    "broadcast_to",
    "concat",
    "cond_take",
    "copy",
    "cumsum",
    "diag",
    "expand_dims",
    "eye",
    "flatten",
    "full",
    "full_like",
    "gather",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "repeat",
    "reshape",
    "roll",
    "scatter",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "tile",
    "transpose",
    "where",
    "zeros",
    "zeros_like",
]


def positive_axis(name: str, axis: int, ndim: int) -> int:
    """`axis` in [-ndim, ndim) as one in [0, ndim); the error names the function."""
    if not -ndim <= axis < ndim:
        raise IndexError(f"{name}: axis {axis} is out of range for {ndim} dimensions; expected {-ndim} to {ndim - 1}")
    return axis % ndim


# --- making --------------------------------------------------------------------------------------------------------


def full(shape: Shape, value: float, *, dtype: Dtype = None, device: str | None = None) -> Tensor:
    """A tensor of one value; without a dtype, of the value's own.

    >>> full((2,), 3)
    Tensor([3 3], dtype=int32, device=cpu0)
    """
    check_device(device)
    if dtype is None:
        dtype = bool if isinstance(value, bool) else "int32" if isinstance(value, int) else "float32"
    return ops.full(integers(shape), float(value), dtype)


def zeros(shape: Shape, *, dtype: Dtype = "float32", device: str | None = None) -> Tensor:
    """A tensor of zeros."""
    return full(shape, 0.0, dtype=dtype, device=device)


def ones(shape: Shape, *, dtype: Dtype = "float32", device: str | None = None) -> Tensor:
    """A tensor of ones."""
    return full(shape, 1.0, dtype=dtype, device=device)


def full_like(inp: Tensor, value: float) -> Tensor:
    """A tensor of one value with the shape and dtype of `inp`."""
    return ops.full(inp.shape, float(value), inp.dtype)


def zeros_like(inp: Tensor) -> Tensor:
    """Zeros with the shape and dtype of `inp`."""
    return full_like(inp, 0.0)


def ones_like(inp: Tensor) -> Tensor:
    """Ones with the shape and dtype of `inp`."""
    return full_like(inp, 1.0)


def arange(
    start: float = 0,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Dtype = "float32",
    device: str | None = None,
) -> Tensor:
    """start, start + step, ... below `stop`; with one argument, from 0 up to it.

    >>> arange(1, 4)
    Tensor([1. 2. 3.], device=cpu0)
    """
    check_device(device)
    first, last = (0, start) if stop is None else (start, stop)
    if step == 0:
        raise ValueError("arange: step must not be 0")
    if all(isinstance(number, int) for number in (first, last, step)):
        return Tensor(np.arange(first, last, step), dtype=dtype)  # exact beyond 2^24
    if not math.isfinite((last - first) / step):
        raise ValueError(f"arange: expected finite numbers, got start {first}, stop {last}, step {step}")
    count = max(0, math.ceil((last - first) / step))
    return ops.cast(ops.arange(float(first), float(step), count), dtype)


def linspace(start: float, stop: float, num: int, *, dtype: Dtype = "float32", device: str | None = None) -> Tensor:
    """`num` evenly spaced numbers from `start` to `stop`, both included."""
    check_device(device)
    if num < 1:
        raise ValueError(f"linspace: num must be at least 1, got {num}")
    step = (stop - start) / (num - 1) if num > 1 else 0.0
    return ops.cast(ops.arange(float(start), float(step), int(num)), dtype)


def eye(N: int, M: int | None = None, *, dtype: Dtype = "float32", device: str | None = None) -> Tensor:  # noqa: N803
    """An (N, M) matrix (square without M) with ones on the diagonal."""
    rows = reshape(arange(N, device=device), (-1, 1))
    return ops.cast(ops.equal(rows, arange(N if M is None else M)), dtype)


# --- shape ---------------------------------------------------------------------------------------------------------


def reshape(inp: Tensor, target_shape: Shape) -> Tensor:
    """The same elements in row-major order under another shape; one size may be -1."""
    return ops.reshape(inp, integers(target_shape))


def flatten(inp: Tensor, start_axis: int = 0, end_axis: int = -1) -> Tensor:
    """The dimensions from `start_axis` to `end_axis` (included) made one.

    >>> flatten(zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    if inp.ndim == 0:
        return reshape(inp, (1,))
    first, last = positive_axis("flatten", start_axis, inp.ndim), positive_axis("flatten", end_axis, inp.ndim)
    return reshape(inp, (*inp.shape[:first], math.prod(inp.shape[first : last + 1]), *inp.shape[last + 1 :]))


def expand_dims(inp: Tensor, axis: int | Sequence[int]) -> Tensor:
    """New dimensions of size 1 at the places `axis` of the result."""
    wanted = integers(axis)
    ndim = inp.ndim + len(wanted)
    places = {positive_axis("expand_dims", place, ndim) for place in wanted}
    if len(places) != len(wanted):
        raise ValueError(f"expand_dims: axes must differ, got {axis}")
    old = iter(inp.shape)
    return reshape(inp, [1 if i in places else next(old) for i in range(ndim)])


def squeeze(inp: Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without the dimensions `axis`, which must have size 1; without an argument, all of size 1."""
    if axis is None:
        return reshape(inp, [size for size in inp.shape if size != 1])
    places = {positive_axis("squeeze", place, inp.ndim) for place in integers(axis)}
    for place in places:
        if inp.shape[place] != 1:
            raise ValueError(f"squeeze: dimension {place} of shape {inp.shape} has size {inp.shape[place]}, expected 1")
    return reshape(inp, [size for i, size in enumerate(inp.shape) if i not in places])


def broadcast_to(inp: Tensor, shape: Shape) -> Tensor:
    """`inp` repeated along new and size-1 dimensions to `shape`."""
    return ops.broadcast_to(inp, integers(shape))


def transpose(inp: Tensor, pattern: Sequence[int | str]) -> Tensor:
    """Dimensions in the order of `pattern`; "x" stands for a new one of size 1.

    >>> transpose(zeros((2, 3)), (1, "x", 0)).shape
    (3, 1, 2)
    """
    return ops.transpose(
        inp, [-1 if axis == "x" else positive_axis("transpose", int(axis), inp.ndim) for axis in pattern]
    )


def swapaxes(inp: Tensor, axis1: int, axis2: int) -> Tensor:
    """Two dimensions exchanged."""
    first, second = positive_axis("swapaxes", axis1, inp.ndim), positive_axis("swapaxes", axis2, inp.ndim)
    order = list(range(inp.ndim))
    order[first], order[second] = second, first
    return ops.transpose(inp, order)


# --- joining and repeating -----------------------------------------------------------------------------------------


def concat(inps: Sequence[Tensor], axis: int = 0, device: str | None = None) -> Tensor:
    """Tensors joined along `axis`; their other sizes must be equal."""
    check_device(device)
    return ops.concat(inps, axis)


def stack(inps: Sequence[Tensor], axis: int = 0, device: str | None = None) -> Tensor:
    """Tensors of one shape joined along a new dimension `axis`."""
    tensors = list(inps)
    shapes = {tensor.shape for tensor in tensors}
    if len(shapes) != 1:
        raise ValueError(f"stack: expected tensors of one shape, got {sorted(shapes) or 'none'}")
    return concat([expand_dims(tensor, axis) for tensor in tensors], axis, device)


def split(inp: Tensor, nsplits_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """`inp` cut along `axis` into equal parts, or at the given positions.

    >>> [part.shape for part in split(zeros((4, 5)), [1, 2], axis=1)]
    [(4, 1), (4, 1), (4, 3)]
    """
    axis = positive_axis("split", axis, inp.ndim)
    size = inp.shape[axis]
    cuts = list(integers(nsplits_or_sections))
    if not isinstance(nsplits_or_sections, Sequence | np.ndarray):
        (parts,) = cuts
        if parts < 1 or size % parts:
            raise ValueError(f"split: size {size} of axis {axis} cannot be cut into {parts} equal parts")
        cuts = [part * (size // parts) for part in range(1, parts)]
    elif cuts != sorted(cuts) or (cuts and not 0 <= cuts[0] <= cuts[-1] <= size):
        raise ValueError(f"split: expected rising positions in [0, {size}] of axis {axis}, got {cuts}")
    whole = (slice(None),) * axis
    return [inp[whole + (slice(a, b),)] for a, b in zip([0, *cuts], [*cuts, size], strict=True)]


def tile(inp: Tensor, reps: int | Sequence[int]) -> Tensor:
    """`inp` laid side by side `reps` times along each dimension."""
    counts = integers(reps)
    if min(counts, default=1) < 0:
        raise ValueError(f"tile: expected counts of 0 or more, got {counts}")
    ndim = max(inp.ndim, len(counts))
    counts = (1,) * (ndim - len(counts)) + counts
    shape = [1] * (ndim - inp.ndim) + list(inp.shape)
    out = reshape(inp, shape)
    for axis, count in enumerate(counts):
        if count == 1:
            continue
        # (before, axis and after): two dimensions whatever the number of the tensor's, which may be all there are.
        before = math.prod(shape[:axis])
        wide = broadcast_to(
            reshape(out, (before, 1, math.prod(shape[axis:]))), (before, count, math.prod(shape[axis:]))
        )
        shape[axis] *= count
        out = reshape(wide, shape)
    return out


def repeat(inp: Tensor, repeats: int, axis: int | None = None) -> Tensor:
    """Each element repeated `repeats` times along `axis`, or of the flattened tensor."""
    if axis is None:
        return repeat(reshape(inp, (-1,)), repeats, 0)
    axis = positive_axis("repeat", axis, inp.ndim)
    (count,) = integers(repeats)
    if count < 0:
        raise ValueError(f"repeat: expected repeats of 0 or more, got {count}")
    shape = list(inp.shape)
    before, after = math.prod(shape[: axis + 1]), math.prod(shape[axis + 1 :])
    shape[axis] *= count
    return reshape(broadcast_to(reshape(inp, (before, 1, after)), (before, count, after)), shape)


def roll(inp: Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Elements moved by `shift` along `axis`, those that leave coming back at the other end."""
    if axis is None:
        return reshape(roll(reshape(inp, (-1,)), shift, 0), inp.shape)
    shifts, axes = integers(shift), integers(axis)
    if len(shifts) != len(axes):
        raise ValueError(f"roll: expected a shift for each axis, got {len(shifts)} for {len(axes)}")
    for distance, place in zip(shifts, axes, strict=True):
        place = positive_axis("roll", place, inp.ndim)
        cut = -distance % max(inp.shape[place], 1)
        if cut:
            whole = (slice(None),) * place
            inp = concat([inp[whole + (slice(cut, None),)], inp[whole + (slice(None, cut),)]], place)
    return inp


def meshgrid(*inputs: Tensor, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinates of a grid from vectors; "xy" puts the second vector along the first dimension, "ij" does not."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    order = list(range(len(inputs)))
    if indexing == "xy" and len(inputs) > 1:
        order[:2] = [1, 0]
    shape = [0] * len(inputs)
    for vector, place in zip(inputs, order, strict=True):
        shape[place] = vector.size
    grids = []
    for vector, place in zip(inputs, order, strict=True):
        along = [1] * len(inputs)
        along[place] = vector.size
        grids.append(broadcast_to(reshape(vector, along), shape))
    return tuple(grids)


# --- choosing ------------------------------------------------------------------------------------------


def where(mask: Tensor, x: Operand, y: Operand) -> Tensor:
    """x where the bool `mask` holds, y elsewhere."""
    return ops.where(mask, x, y)


def copy(inp: Tensor, device: str | None = None) -> Tensor:
    """A tensor of the same value on `device`; gradients flow through it."""
    check_device(device)
    return ops.reshape(inp, inp.shape)


# --- by position ---------------------------------------------------------------------------------------------------


def cumsum(inp: Tensor, axis: int) -> Tensor:
    """Running sums along `axis`, of float32 or int32.

    >>> cumsum(arange(1, 4), 0)
    Tensor([1. 3. 6.], device=cpu0)
    """
    return ops.cumsum(inp, axis)


def gather(inp: Tensor, axis: int, index: Tensor) -> Tensor:
    """out[i, j, ...] = inp[i, index[i, j, ...], ...] for axis 1, and so on; shaped like `index`.

    Args:
        index: int32, with the dimensions of `inp`; no larger than `inp` but in `axis`. Negative positions count from
            the end.

    >>> import keima
    >>> gather(keima.Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, keima.Tensor([[1], [0]]))
    Tensor([[2.]
     [3.]], device=cpu0)
    """
    if index.ndim != inp.ndim:
        raise ShapeError(f"gather: expected an index of {inp.ndim} dimensions as in {inp.shape}, got {index.shape}")
    along = positive_axis("gather", axis, inp.ndim)
    covered = tuple(inp.shape[d] if d == along else size for d, size in enumerate(index.shape))
    if covered != inp.shape:
        inp = inp[tuple(slice(0, size) for size in covered)]
    return ops.gather(inp, index, along)


def scatter(inp: Tensor, axis: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of `inp` with out[i, index[i, j, ...], ...] = source[i, j, ...] for axis 1, and so on.

    Args:
        index: int32, of `inp`'s shape but in `axis`; negative positions count from the end. Of several that name one
            element the last stays.
        source: of `index`'s shape and `inp`'s dtype.
    """
    return ops.scatter(inp, index, source, axis)


def cond_take(mask: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The elements of `x` where `mask`, a bool tensor of its shape, is true; and their positions in the flattened `x`.

    >>> x = arange(4)
    >>> cond_take(x > 1, x)
    (Tensor([2. 3.], device=cpu0), Tensor([2 3], dtype=int32, device=cpu0))
    """
    if mask.shape != x.shape:
        raise ShapeError(f"cond_take: expected a mask of shape {x.shape}, got {mask.shape}")
    positions = ops.nonzero(reshape(mask, (-1,)))[0]
    return reshape(x, (-1,))[positions], positions


def diag(inp: Tensor, k: int = 0) -> Tensor:
    """A square matrix with the vector `inp` on its k-th diagonal, or the k-th diagonal of the matrix `inp`.

    Diagonals are counted from the main one upwards. (MegEngine reads beyond a matrix that has no diagonal k; here that
    is an error.)

    >>> diag(arange(1, 3))
    Tensor([[1. 0.]
     [0. 2.]], device=cpu0)
    """
    down, right = max(-k, 0), max(k, 0)
    if inp.ndim == 1:
        rows = arange(inp.shape[0], dtype="int32")
        out = zeros((inp.shape[0] + abs(k),) * 2, dtype=inp.dtype)
        out[rows + down, rows + right] = inp
        return out
    if inp.ndim != 2:
        raise ShapeError(f"diag: expected a vector or a matrix, got shape {inp.shape}")
    length = min(inp.shape[0] - down, inp.shape[1] - right)
    if length <= 0:
        raise ShapeError(f"diag: a matrix of shape {inp.shape} has no diagonal {k}")
    rows = arange(length, dtype="int32")
    return inp[rows + down, rows + right]
