# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Image transforms: what they do to images, and that masks and boxes follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from keima.data import randomness
from keima.data.transform import (
    BrightnessTransform,
    CenterCrop,
    Compose,
    ContrastTransform,
    GaussianNoise,
    Normalize,
    Pad,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToMode,
)

IMAGE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
# Pixels of the object are 1; the box is around them.
MASK = np.zeros((4, 6), np.uint8)
MASK[1:3, 4:6] = 1
BOXES = np.array([[4, 1, 6, 3]], np.float32)
ORDER = ("image", "mask", "boxes", "image_category")


def box_of(mask: np.ndarray) -> list[int]:
    rows, columns = np.nonzero(mask)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize(
    "transform",
    [
        RandomHorizontalFlip(1.0, order=ORDER),
        RandomVerticalFlip(1.0, order=ORDER),
        Pad((1, 2, 3, 4), order=ORDER),
        CenterCrop((4, 4), order=ORDER),
        RandomCrop((4, 6), 2, order=ORDER),
        Compose([RandomHorizontalFlip(), RandomVerticalFlip(), RandomCrop((5, 5), 3)], order=ORDER),
    ],
)
@pytest.mark.parametrize("seed", range(8))
def test_mask_and_boxes_follow_the_image(transform: Any, seed: int) -> None:
    # A channel that marks the object, so that the image itself tells where it went.
    image = np.concatenate([IMAGE, MASK[:, :, None]], 2)
    with randomness.batch(seed, 0):
        moved, mask, boxes, category = transform.apply((image, MASK, BOXES, 3))
    np.testing.assert_array_equal(moved[:, :, 3], mask)
    assert category == 3
    if mask.any():
        assert boxes.astype(int).tolist() == [box_of(mask)]


def test_flips_and_crops_of_an_image_alone() -> None:
    np.testing.assert_array_equal(RandomHorizontalFlip(1.0).apply(IMAGE), IMAGE[:, ::-1])
    np.testing.assert_array_equal(RandomVerticalFlip(1.0).apply(IMAGE), IMAGE[::-1])
    np.testing.assert_array_equal(RandomHorizontalFlip(0.0).apply(IMAGE), IMAGE)
    np.testing.assert_array_equal(CenterCrop((2, 4)).apply(IMAGE), IMAGE[1:3, 1:5])
    np.testing.assert_array_equal(Pad(1, (9, 8, 7)).apply(IMAGE)[0, 0], [9, 8, 7])
    np.testing.assert_array_equal(ToMode().apply(IMAGE), IMAGE.transpose(2, 0, 1))
    assert ToMode().apply(MASK).shape == (1, 4, 6)
    assert RandomCrop(4, 1).apply(MASK).shape == (4, 4)
    with pytest.raises(ValueError, match="does not fit"):
        Pad(1, (9, 8, 7)).apply(MASK)
    with pytest.raises(ValueError, match="cannot cut"):
        CenterCrop(5).apply(IMAGE)


def test_normalize_is_float32() -> None:
    got = Normalize([1, 2, 3], [2, 2, 4]).apply(IMAGE)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, (IMAGE.astype(float) - [1, 2, 3]) / [2, 2, 4], rtol=1e-6)


def test_colours_stay_in_range_and_do_what_they_say() -> None:
    bright = np.full((2, 2, 3), 250, np.uint8)
    with randomness.batch(0, 0):
        for transform in (BrightnessTransform(1.0), ContrastTransform(1.0), GaussianNoise(50.0, 100.0)):
            got = transform.apply(bright)
            assert got.dtype == np.uint8
    with randomness.batch(1, 0):
        factors = [BrightnessTransform(0.5).apply(np.ones((1, 1))).item() for _ in range(200)]
    assert 0.5 <= min(factors) < 0.6
    assert 1.4 < max(factors) <= 1.5
    flat = np.full((3, 3, 3), 7, np.uint8)
    np.testing.assert_array_equal(ContrastTransform(0.9).apply(flat), flat)


def test_wrong_use_is_named() -> None:
    with pytest.raises(ValueError, match="order"):
        Normalize(order=("mask",))
    with pytest.raises(ValueError, match="order"):
        Normalize(order=("image", "picture"))
    with pytest.raises(ValueError, match="expected a sample of"):
        Normalize(order=("image", "mask")).apply((IMAGE,))
    with pytest.raises(ValueError, match="expected an image"):
        Normalize().apply(np.zeros(3))
