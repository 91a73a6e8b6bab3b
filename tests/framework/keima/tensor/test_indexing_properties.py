# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Indexing, broadcasting and shapes on drawn examples, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import keima
import keima.functional as F  # noqa: N812

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)


def _numbered(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


def _bounds(size: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(-size - 2, size + 2) | st.sampled_from([2**63 - 1, -(2**63)])


@st.composite
def _slices(draw: st.DrawFn, size: int) -> slice:
    step = draw(st.none() | st.sampled_from([1, 2, 3, -1, -2, 2**63 - 1, -(2**63)]))
    return slice(draw(_bounds(size)), draw(_bounds(size)), step)


@st.composite
def _indices(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index of up to all dimensions: integers, slices, lists, masks, new axes, an ellipsis."""
    items: list[Any] = []
    count = draw(st.sampled_from([0, 1, 2]))
    for size in shape[: draw(st.integers(0, len(shape)))]:
        kinds = ["slice", "mask"] + (["integer", "list"] if size else [])
        kind = draw(st.sampled_from(kinds))
        if kind == "integer":
            items.append(draw(st.integers(-size, size - 1)))
        elif kind == "list":
            items.append(np.array(draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count)), int))
        elif kind == "mask":
            mask = np.zeros(size, bool)
            mask[: min(size, count)] = True
            items.append(mask)
        else:
            items.append(draw(_slices(size)))
        if draw(st.integers(0, 5)) == 0:
            items.append(None)
    if draw(st.booleans()):
        # Trailing dimensions then belong to the ellipsis; one may be indexed behind it.
        items.append(Ellipsis)
    return tuple(items)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_reading_and_writing_by_any_index(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    index = data.draw(_indices(shape))
    array = _numbered(shape)
    tensor = keima.Tensor(array)
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises((IndexError, keima.ShapeError)):  # index shapes that do not broadcast: the latter here
            tensor[index]
        return
    np.testing.assert_array_equal(tensor[index].numpy(), expected)
    written, target = keima.Tensor(array), array.copy()
    written[index] = -1.0
    target[index] = -1.0
    np.testing.assert_array_equal(written.numpy(), target)
    np.testing.assert_array_equal(tensor.numpy(), array)


@settings(max_examples=200, deadline=None)
@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, min_side=0, max_side=4))
def test_broadcasting(shapes: hnp.BroadcastableShapes) -> None:
    a, b, c = (_numbered(shape) for shape in shapes.input_shapes)
    got = F.where(keima.Tensor(a) > 3, keima.Tensor(b), keima.Tensor(c) + keima.Tensor(a))
    np.testing.assert_array_equal(got.numpy(), np.where(a > 3, b, c + a))
    np.testing.assert_array_equal(
        F.broadcast_to(keima.Tensor(a), shapes.result_shape).numpy(), np.broadcast_to(a, shapes.result_shape)
    )


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_reductions_and_permutations(data: st.DataObject) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5))
    array = np.cos(_numbered(shape))
    order = data.draw(st.permutations(range(len(shape))))
    moved = F.transpose(keima.Tensor(array), tuple(order))
    np.testing.assert_array_equal(moved.numpy(), array.transpose(order))
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1), min_size=1)))
    keepdims = data.draw(st.booleans())
    for ours, theirs in ((F.sum, np.sum), (F.max, np.max), (F.prod, np.prod)):
        np.testing.assert_allclose(
            ours(moved, axes, keepdims).numpy(),
            theirs(array.transpose(order), axes, keepdims=keepdims),
            rtol=1e-4,
            atol=1e-5,
        )
