# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Whole numbers as users give them, sizes of 0, as many dimensions as there can be, values that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812

ONE, TWO = np.int64(1), np.int32(2)
X = np.arange(24, dtype=np.float32).reshape(1, 4, 6)


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: F.zeros(TWO), (2,)),
        (lambda x: F.zeros(np.array([2, 3])), (2, 3)),
        (lambda x: F.zeros(keima.Tensor([2, 3])), (2, 3)),
        (lambda x: F.zeros(keima.Tensor(2)), (2,)),
        (lambda x: F.expand_dims(x, ONE), (1, 1, 4, 6)),
        (lambda x: F.squeeze(x, np.int64(0)), (4, 6)),
        (lambda x: F.split(x, TWO, axis=1)[0], (1, 2, 6)),
        (lambda x: F.split(x, np.array([1, 2]), axis=1)[2], (1, 2, 6)),
        (lambda x: F.tile(x, TWO), (1, 4, 12)),
        (lambda x: F.repeat(x, TWO, 1), (1, 8, 6)),
        (lambda x: F.roll(x, ONE, ONE), (1, 4, 6)),
        (lambda x: x.reshape(TWO, -1), (2, 12)),
        (lambda x: F.layer_norm(x, np.int64(6), False), (1, 4, 6)),
        (lambda x: F.max_pool2d(F.expand_dims(x, 0), TWO), (1, 1, 2, 3)),
        (lambda x: F.topk(x, TWO)[0], (1, 4, 2)),
        (lambda x: keima.random.uniform(size=TWO), (2,)),
        (lambda x: M.Conv2d(1, 3, TWO)(F.expand_dims(x, 0)), (1, 3, 3, 5)),
    ],
)
def test_numpy_s_whole_numbers_are_taken(call: Callable[[keima.Tensor], keima.Tensor], shape: tuple[int, ...]) -> None:
    assert call(keima.Tensor(X)).shape == shape


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.zeros((2.5,)),
        lambda: F.zeros(2.0),
        lambda: F.zeros(keima.Tensor([2.0])),
        lambda: F.reshape(keima.Tensor(X), (4.0, 6)),
        lambda: keima.Tensor(X).reshape(4.0, 6),
        lambda: F.tile(keima.Tensor(X), 1.5),
        lambda: keima.random.uniform(size=(1.5,)),
        lambda: F.max_pool2d(keima.Tensor(X[None]), "2"),
    ],
)
def test_other_sizes_are_refused_and_not_cut(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="expected a whole number or a sequence of them, got"):
        call()


def test_an_empty_batch_goes_through() -> None:
    empty = F.zeros((0, 4, 3, 3))
    assert F.flatten(empty, 1).shape == (0, 36)
    assert F.group_norm(empty, 2, affine=False).shape == empty.shape
    assert F.instance_norm(empty, affine=False).shape == empty.shape
    assert M.LayerNorm((3, 3))(empty).shape == empty.shape
    assert F.tile(empty, (2, 1, 1, 1)).shape == empty.shape
    assert F.repeat(empty, 2, 1).shape == (0, 8, 3, 3)
    assert F.conv3d(F.zeros((0, 1, 3, 3, 3)), F.zeros((2, 1, 2, 2, 2))).shape == (0, 2, 2, 2, 2)


@pytest.mark.parametrize("reps", [(2,), (2, 1, 3), (2, 1, 1, 1, 2, 1, 1, 3), (1, 0, 2), ()])
def test_tile_and_repeat_are_numpy_s_in_any_number_of_dimensions(reps: tuple[int, ...]) -> None:
    for shape in [(2, 3, 2), (1, 2, 1, 1, 3, 1, 1, 2), ()]:
        array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        np.testing.assert_array_equal(F.tile(keima.Tensor(array), reps).numpy(), np.tile(array, reps))
    wide = np.arange(12, dtype=np.float32).reshape(1, 2, 1, 1, 3, 1, 1, 2)
    for axis in (0, 1, -1):
        np.testing.assert_array_equal(F.repeat(keima.Tensor(wide), 3, axis).numpy(), np.repeat(wide, 3, axis))
    np.testing.assert_array_equal(F.repeat(keima.Tensor(wide), 0, 1).numpy(), np.repeat(wide, 0, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: F.repeat(F.zeros((2,)), -1, 0), "repeat: expected repeats of 0 or more, got -1"),
        (lambda: F.tile(F.zeros((2,)), -1), "tile: expected counts of 0 or more"),
        (lambda: F.full((1,), 2**31), "full: the value 2.14748e.* does not fit int32"),
        (lambda: F.full((1,), -1, dtype="uint8"), "full: the value -1 does not fit uint8"),
        (lambda: F.full((1,), float("nan"), dtype="int8"), "full: the value nan does not fit int8"),
        (lambda: F.arange(0, float("inf")), "arange: expected finite numbers"),
        (lambda: F.group_norm(F.zeros((4,)), 2, affine=False), "group_norm: expected an input of shape"),
        (lambda: F.pixel_shuffle(F.zeros((1, 4, 2, 2)), 0), "pixel_shuffle: expected channels divisible"),
        (lambda: F.layer_norm(F.zeros((2,)), (), affine=False), "layer_norm: expected sizes of the last dimensions"),
        (lambda: M.Conv2d(3, 3, 1, groups=0), "cannot be divided into 0 groups"),
        (lambda: F.max_pool2d(keima.Tensor(X[None]), (1, 2, 3)), "expected one number or a pair"),
        (lambda: F.adaptive_avg_pool2d(F.zeros((1, 1, 0, 3)), 1), "expected images of at least one pixel"),
        (lambda: F.conv3d(F.zeros((1, 1, 2, 2, 2)), F.zeros((1, 1, 1, 1, 1)), stride=0), "stride and dilation of at"),
        (lambda: F.conv3d(F.zeros((1, 1, 2, 2, 2)), F.zeros((1, 1, 1, 1, 1)), stride=[1]), "one number or three"),
    ],
)
def test_messages(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_values_at_the_end_of_a_type_s_range_fit() -> None:
    assert F.full((1,), 2**31 - 1).numpy()[0] == 2**31 - 1
    assert F.full((1,), 255, dtype="uint8").numpy()[0] == 255
    assert np.isnan(F.full((1,), float("nan")).numpy()[0])
