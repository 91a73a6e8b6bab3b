# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Order, running sums and access by position, against NumPy; gathering with hostile indices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.autodiff import GradManager

SPECIAL = np.array([np.nan, 1, -np.inf, 0.0, -0.0, np.inf, -2, np.nan, 1, 1e-40], np.float32)


@pytest.mark.parametrize("size", [1, 2, 7, 100, 1023, 1024, 5000])
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_sort_is_numpys_stable_one(size: int, dtype: type) -> None:
    # Few distinct values, so that ties abound.
    rows = np.random.default_rng(size).integers(-4, 4, (3, size)).astype(dtype)
    values, positions = F.sort(keima.Tensor(rows))
    np.testing.assert_array_equal(positions.numpy(), np.argsort(rows, axis=-1, kind="stable"))
    np.testing.assert_array_equal(values.numpy(), np.sort(rows, axis=-1))
    falling, positions = F.sort(keima.Tensor(rows), descending=True)
    np.testing.assert_array_equal(falling.numpy(), -np.sort(-rows, axis=-1))
    np.testing.assert_array_equal(positions.numpy(), np.argsort(-rows, axis=-1, kind="stable"))


@pytest.mark.parametrize("repeat", [1, 300])
def test_nan_comes_last_and_both_zeros_are_equal(repeat: int) -> None:
    row = np.tile(SPECIAL, repeat)
    np.testing.assert_array_equal(F.argsort(keima.Tensor(row)).numpy(), np.argsort(row, kind="stable"))


def test_extreme_integers() -> None:
    row = np.array([2**31 - 1, -(2**31), 0, -1], np.int32)
    np.testing.assert_array_equal(F.sort(keima.Tensor(row))[0].numpy(), np.sort(row))


@pytest.mark.parametrize("k", [1, 3, 50, 999, 1000, 1001, -3])
@pytest.mark.parametrize("descending", [True, False])
def test_topk_is_the_start_of_the_sorted_row(k: int, descending: bool) -> None:
    rows = np.random.default_rng(k % 97).permutation(2000).reshape(2, 1000).astype(np.float32)
    values, positions = F.topk(keima.Tensor(rows), k, descending=descending)
    largest = descending == (k > 0)
    expected = (-np.sort(-rows) if largest else np.sort(rows))[:, : abs(k)]
    np.testing.assert_array_equal(values.numpy(), expected)
    np.testing.assert_array_equal(np.take_along_axis(rows, positions.numpy().astype(int), 1), expected)
    last, where = F.topk(keima.Tensor(rows), k, descending=descending, kth_only=True)
    np.testing.assert_array_equal(last.numpy(), expected[:, -1])
    np.testing.assert_array_equal(where.numpy(), positions.numpy()[:, -1])


def test_sort_refuses_what_it_cannot_order() -> None:
    with pytest.raises(keima.DtypeError, match="float32 or int32"):
        F.sort(keima.Tensor([True, False]))
    with pytest.raises(keima.ShapeError, match="at least one dimension"):
        F.sort(keima.Tensor(1.0))
    with pytest.raises(ValueError, match="k must not be 0"):
        F.topk(keima.Tensor([1.0]), 0)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_cumsum_of_integers_wraps_like_numpys(axis: int) -> None:
    array = np.random.default_rng(0).integers(-(2**31), 2**31 - 1, (5, 130, 3), dtype=np.int64).astype(np.int32)
    got = F.cumsum(keima.Tensor(array), axis)
    np.testing.assert_array_equal(got.numpy(), np.cumsum(array, axis, dtype=np.int32))


def test_cumsum_names_a_bad_axis_and_dtype() -> None:
    with pytest.raises(IndexError, match="cumsum"):
        F.cumsum(keima.Tensor([1.0]), 1)
    with pytest.raises(keima.DtypeError, match="cumsum: expected a float32 or int32 tensor, got bool"):
        F.cumsum(keima.Tensor([True]), 0)


def test_negative_positions_count_from_the_end() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    index = np.array([[0, -1], [-3, 2]], np.int32)
    got = F.gather(keima.Tensor(array), 1, keima.Tensor(index))
    np.testing.assert_array_equal(got.numpy(), np.take_along_axis(array, index.astype(int), 1))
    # MegEngine 1.13 gives these numbers.
    x = keima.Tensor([[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]])
    at, values = keima.Tensor([[0, -1], [1, 2]]), keima.Tensor([[10.0, 20.0], [30.0, 40.0]])
    assert F.scatter(x, 1, at, values).tolist() == [[10.0, 1.0, 20.0], [9.0, 30.0, 40.0]]
    assert x.tolist() == [[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]]


def test_the_gradient_goes_where_negative_positions_point() -> None:
    x = keima.Parameter([[1.0, 2.0, 3.0]])
    with GradManager().attach([x]) as manager:
        manager.backward(F.sum(F.gather(x, 1, keima.Tensor([[-1, -1, 0]]))))
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0, 0.0, 2.0]]


def test_an_index_smaller_in_other_dimensions_takes_from_the_first_rows() -> None:
    assert F.gather(keima.Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, keima.Tensor([[1]])).tolist() == [[2.0]]


@pytest.mark.parametrize("bad", [3, -4, 2**31 - 1, -(2**31)])
def test_hostile_indices_are_refused_everywhere(bad: int) -> None:
    x, index = keima.Tensor(np.zeros((3, 3), np.float32)), keima.Tensor(np.array([[0, bad, 0]], np.int32))
    source = keima.Tensor(np.ones((1, 3), np.float32))
    for attempt in (
        lambda: F.gather(x, 0, index),
        lambda: F.scatter(x, 0, index, source),
        lambda: keima._core.ops.scatter_add(x, index, source, 0),
        lambda: keima._core.ops.take_rows(x, index[0]),
        lambda: keima._core.ops.put_rows(x, index[0], keima.Tensor(np.ones((3, 3), np.float32))),
        lambda: keima._core.ops.add_rows(x, index[0], keima.Tensor(np.ones((3, 3), np.float32))),
        lambda: x[index[0]],
    ):
        with pytest.raises(IndexError, match=f"index {bad}"):
            attempt()


def test_an_index_without_a_row_is_an_error_of_embedding() -> None:
    weight = keima.Tensor(np.zeros((4, 3), np.float32))
    with pytest.raises(IndexError, match=r"embedding: an index names none of weight's 4 rows: .*index 4 "):
        F.embedding(keima.Tensor([[0, 1], [2, 4]]), weight)


def test_cond_take() -> None:
    array = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    values, positions = F.cond_take(keima.Tensor(array > 0), keima.Tensor(array))
    np.testing.assert_array_equal(values.numpy(), array[array > 0])
    np.testing.assert_array_equal(positions.numpy(), np.flatnonzero(array > 0))
    assert F.cond_take(keima.Tensor(array > 99), keima.Tensor(array))[0].shape == (0,)
    with pytest.raises(keima.ShapeError, match="expected a mask"):
        F.cond_take(keima.Tensor(array[0] > 0), keima.Tensor(array))


@pytest.mark.parametrize("k", [0, 1, -1, 2, -2])
def test_diag_both_ways(k: int) -> None:
    vector = np.array([1, 2, 3], np.float32)
    matrix = np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(F.diag(keima.Tensor(vector), k).numpy(), np.diag(vector, k))
    np.testing.assert_array_equal(F.diag(keima.Tensor(matrix), k).numpy(), np.diag(matrix, k))
    with pytest.raises(keima.ShapeError, match="no diagonal"):
        F.diag(keima.Tensor(matrix), 4)


def test_diag_has_a_gradient() -> None:
    x = keima.Parameter([1.0, 2.0])
    with GradManager().attach([x]) as manager:
        manager.backward(F.sum(F.square(F.diag(x, 1))))
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0]


def test_matinv_and_its_gradient() -> None:
    rng = np.random.default_rng(2)
    array = (rng.normal(size=(2, 3, 3)) + 3 * np.eye(3)).astype(np.float32)
    weight = rng.normal(size=(2, 3, 3)).astype(np.float32)
    x = keima.Parameter(array)
    with GradManager().attach([x]) as manager:
        inverse = F.matinv(x)
        manager.backward(F.sum(inverse * keima.Tensor(weight)))
    np.testing.assert_allclose(inverse.numpy() @ array, np.broadcast_to(np.eye(3), (2, 3, 3)), atol=1e-5)
    step, wide = 1e-6, array.astype(np.float64)
    expected = np.zeros_like(wide)
    for at in np.ndindex(*wide.shape):
        up, down = wide.copy(), wide.copy()
        up[at] += step
        down[at] -= step
        expected[at] = ((np.linalg.inv(up) - np.linalg.inv(down)) * weight).sum() / (2 * step)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), expected, atol=1e-4)
    with pytest.raises(ValueError, match="singular"):
        F.matinv(keima.Tensor([[1.0, 1.0], [1.0, 1.0]]))
    with pytest.raises(keima.ShapeError, match="square"):
        F.matinv(keima.Tensor([[1.0, 1.0]]))


def test_the_second_derivative_of_matinv() -> None:
    # d2/dx2 of 1/x is 2/x^3; a kept inverse would give 0.
    x = keima.Parameter([[2.0]])
    with GradManager().attach([x]) as outer:
        with GradManager().attach([x]) as inner:
            inner.backward(F.sum(F.matinv(x)))
        first = x.grad
        assert first is not None
        x.grad = None
        outer.backward(F.sum(first))
    assert first.tolist() == [[-0.25]]
    assert x.grad is not None
    assert x.grad.tolist() == [[0.25]]


@pytest.mark.parametrize("full", [False, True])
def test_svd_rebuilds_its_input(full: bool) -> None:
    array = np.random.default_rng(3).normal(size=(4, 3)).astype(np.float32)
    left, values, right = (part.numpy() for part in F.svd(keima.Tensor(array), full_matrices=full))
    assert left.shape == ((4, 4) if full else (4, 3))
    np.testing.assert_allclose(left[:, :3] * values @ right, array, atol=1e-5)
    only = F.svd(keima.Tensor(array), compute_uv=False)
    assert isinstance(only, keima.Tensor)
    np.testing.assert_allclose(only.numpy(), np.linalg.svd(array, compute_uv=False), rtol=1e-5)
    x = keima.Parameter(array)
    with GradManager().attach([x]) as manager, pytest.raises(keima.UnsupportedError, match="no gradient"):
        manager.backward(F.sum(F.svd(x)[1]))


def test_labels_are_not_counted_from_the_end() -> None:
    """-1 often marks what has no label: it must not stand for the last class without a word."""
    logits = keima.Tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    for labels in ([0, -1], [0, 3]):
        with pytest.raises(IndexError, match=r"index (-1|3) .* is out of range for size 3; expected 0 to 2"):
            F.cross_entropy(logits, keima.Tensor(labels))
        with pytest.raises(IndexError, match="expected 0 to 2"):
            F.indexing_one_hot(logits, keima.Tensor(labels))
    assert F.indexing_one_hot(logits, keima.Tensor([0, 2])).tolist() == [3.0, 1.0]
    assert F.gather(logits, 1, keima.Tensor([[-1], [-3]])).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("mask", [True, False, np.True_, np.array(False)])
def test_a_single_bool_is_no_index(mask: Any) -> None:
    x = keima.Tensor([1.0, 2.0])
    for index in (mask, keima.Tensor(mask), (mask, slice(None))):
        with pytest.raises(IndexError, match="a mask needs at least one dimension"):
            x[index]
        with pytest.raises(IndexError, match="a mask needs at least one dimension"):
            x[index] = 0.0
    assert x.tolist() == [1.0, 2.0]
