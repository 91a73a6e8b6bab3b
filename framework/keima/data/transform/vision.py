# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Transforms of images, and of what goes along with them.

A sample is an image, or a tuple whose parts `order` names: "image" and "mask" (arrays (H, W, C) or (H, W)), "boxes"
((n, 4): left, top, right, bottom), "image_category" and "info" (never changed). A random choice is made once a sample,
so that a mask and boxes follow their image. What a transform does to a kind of part is its method `_apply_KIND`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..randomness import generator
from .base import Transform

Array = NDArray[Any]
KINDS = ("image", "mask", "boxes", "image_category", "info")


class VisionTransform(Transform):
    """Applies itself to each part of a sample as `order` names it."""

    def __init__(self, order: Sequence[str] | None = None) -> None:
        self.order = tuple(order or ("image",))
        unknown = [kind for kind in self.order if kind not in KINDS]
        if unknown or "image" not in self.order:
            raise ValueError(
                f"{type(self).__name__}: order {self.order} must hold 'image', and only {', '.join(KINDS)}"
            )

    def apply(self, input: Any) -> Any:
        parts = input if isinstance(input, tuple) else (input,)
        if len(parts) < len(self.order):
            raise ValueError(f"{type(self).__name__}: expected a sample of {self.order}, got {len(parts)} parts")
        image = np.asarray(parts[self.order.index("image")])
        if image.ndim not in (2, 3):
            raise ValueError(f"{type(self).__name__}: expected an image (H, W, C) or (H, W), got shape {image.shape}")
        self._choose(image.shape[0], image.shape[1])
        changed = tuple(self._part(kind, part) for kind, part in zip(self.order, parts, strict=False))
        out = changed + tuple(parts[len(self.order) :])
        return out if isinstance(input, tuple) else out[0]

    def _part(self, kind: str, part: Any) -> Any:
        if kind == "image":
            return self._apply_image(np.asarray(part))
        if kind == "mask":
            return self._apply_mask(np.asarray(part))
        if kind == "boxes":
            return self._apply_boxes(np.asarray(part))
        return part

    def _choose(self, height: int, width: int) -> None:
        """Draw what this sample's parts share."""

    def _apply_image(self, image: Array) -> Array:
        return image

    def _apply_mask(self, mask: Array) -> Array:
        return mask

    def _apply_boxes(self, boxes: Array) -> Array:
        return boxes


class Compose(VisionTransform):
    """Several transforms, one after the other, all with one order.

    Args:
        transforms: those.
        batch_compose: let each transform see the whole batch before the next begins.
    """

    def __init__(
        self, transforms: Sequence[Transform] = (), batch_compose: bool = False, *, order: Sequence[str] | None = None
    ) -> None:
        super().__init__(order)
        self.transforms, self.batch_compose = list(transforms), batch_compose
        for transform in self.transforms:
            if order is not None and isinstance(transform, VisionTransform):
                transform.order = self.order

    def apply(self, input: Any) -> Any:
        sample = input
        for transform in self.transforms:
            sample = transform.apply(sample)
        return sample

    def apply_batch(self, inputs: list[Any]) -> list[Any]:
        if not self.batch_compose:
            return super().apply_batch(inputs)
        for transform in self.transforms:
            inputs = transform.apply_batch(inputs)
        return inputs


# --- colours -------------------------------------------------------------------------------------------------------


class Normalize(VisionTransform):
    """(image - mean) / std as float32; one number, or one a channel."""

    def __init__(self, mean: Any = 0.0, std: Any = 1.0, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        self.mean, self.std = np.asarray(mean, np.float32), np.asarray(std, np.float32)

    def _apply_image(self, image: Array) -> Array:
        normal: Array = (image.astype(np.float32) - self.mean) / self.std
        return normal


class GaussianNoise(VisionTransform):
    """Adds normal noise to images of any dtype, clipped to what it holds."""

    def __init__(self, mean: float = 0.0, std: float = 1.0, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        self.mean, self.std = mean, std

    def _apply_image(self, image: Array) -> Array:
        return _as_type(image + generator().normal(self.mean, self.std, image.shape), image.dtype)


class BrightnessTransform(VisionTransform):
    """Multiplies by a factor from [1 - value, 1 + value], not below 0."""

    def __init__(self, value: float, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        if value < 0:
            raise ValueError(f"{type(self).__name__}: value must not be negative, got {value}")
        self.value = value

    def _factor(self) -> float:
        return float(generator().uniform(max(0.0, 1 - self.value), 1 + self.value))

    def _apply_image(self, image: Array) -> Array:
        return _as_type(image * self._factor(), image.dtype)


class ContrastTransform(BrightnessTransform):
    """Moves pixels away from, or towards, the mean of the image by a factor from [1 - value, 1 + value]."""

    def _apply_image(self, image: Array) -> Array:
        mean = image.mean()
        return _as_type((image - mean) * self._factor() + mean, image.dtype)


def _as_type(values: Array, dtype: Any) -> Array:
    if np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        values = np.clip(np.rint(values), limits.min, limits.max)
    converted: Array = values.astype(dtype)
    return converted


class ToMode(VisionTransform):
    """(H, W, C) to (C, H, W), with a first dimension of 1 for (H, W)."""

    def __init__(self, mode: str = "CHW", *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        if mode != "CHW":
            raise ValueError(f"ToMode: mode must be 'CHW', got {mode!r}")

    def _apply_image(self, image: Array) -> Array:
        return np.ascontiguousarray(image[None] if image.ndim == 2 else image.transpose(2, 0, 1))

    def _apply_mask(self, mask: Array) -> Array:
        return self._apply_image(mask)


# --- geometry ------------------------------------------------------------------------------------------------------


class RandomHorizontalFlip(VisionTransform):
    """Left and right exchanged, with probability `prob`."""

    axis = 1

    def __init__(self, prob: float = 0.5, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        self.prob = prob

    def _choose(self, height: int, width: int) -> None:
        self._flipped = generator().random() < self.prob
        self._size = (height, width)[self.axis]

    def _apply_image(self, image: Array) -> Array:
        return np.flip(image, self.axis).copy() if self._flipped else image

    def _apply_mask(self, mask: Array) -> Array:
        return self._apply_image(mask)

    def _apply_boxes(self, boxes: Array) -> Array:
        if not self._flipped:
            return boxes
        low, high = (0, 2) if self.axis == 1 else (1, 3)
        flipped: Array = boxes.copy()
        flipped[:, low], flipped[:, high] = self._size - boxes[:, high], self._size - boxes[:, low]
        return flipped


class RandomVerticalFlip(RandomHorizontalFlip):
    """Top and bottom exchanged, with probability `prob`."""

    axis = 0


class Pad(VisionTransform):
    """A border: one width for all sides, (top and bottom, left and right), or (top, bottom, left, right)."""

    def __init__(
        self, size: Any = 0, value: Any = 0, mask_value: Any = 0, *, order: Sequence[str] | None = None
    ) -> None:
        super().__init__(order)
        sizes = (size,) * 4 if isinstance(size, int) else tuple(size)
        if len(sizes) == 2:
            sizes = (sizes[0], sizes[0], sizes[1], sizes[1])
        if len(sizes) != 4 or min(sizes) < 0:
            raise ValueError(f"Pad: expected one, two or four widths of 0 or more, got {size}")
        self.size, self.value, self.mask_value = sizes, value, mask_value

    def _apply_image(self, image: Array) -> Array:
        return _padded(image, self.size, self.value)

    def _apply_mask(self, mask: Array) -> Array:
        return _padded(mask, self.size, self.mask_value)

    def _apply_boxes(self, boxes: Array) -> Array:
        top, _, left, _ = self.size
        moved: Array = boxes + np.array([left, top, left, top], boxes.dtype)
        return moved


def _padded(image: Array, size: tuple[int, ...], value: Any) -> Array:
    top, bottom, left, right = size
    shape = (image.shape[0] + top + bottom, image.shape[1] + left + right, *image.shape[2:])
    out = np.empty(shape, image.dtype)
    out[...] = _border(image, value)
    out[top : top + image.shape[0], left : left + image.shape[1]] = image
    return out


def _border(image: Array, value: Any) -> Any:
    """The border's pixel: one number, or one a channel; equal ones do for any number of channels."""
    values = np.atleast_1d(value)
    if (values == values[0]).all():
        return values[0]
    if image.ndim != 3 or len(values) != image.shape[2]:
        raise ValueError(f"Pad: value {value} does not fit an image of shape {image.shape}")
    return values


class CenterCrop(VisionTransform):
    """The middle, of one size or (height, width)."""

    def __init__(self, output_size: Any, *, order: Sequence[str] | None = None) -> None:
        super().__init__(order)
        self.output_size = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)

    def _choose(self, height: int, width: int) -> None:
        out_height, out_width = self.output_size
        if out_height > height or out_width > width:
            raise ValueError(f"{type(self).__name__}: cannot cut {self.output_size} out of {(height, width)}")
        self._top, self._left = self._corner(height - out_height, width - out_width)

    def _corner(self, rows: int, columns: int) -> tuple[int, int]:
        return rows // 2, columns // 2

    def _apply_image(self, image: Array) -> Array:
        height, width = self.output_size
        part: Array = image[self._top : self._top + height, self._left : self._left + width]
        return part

    def _apply_mask(self, mask: Array) -> Array:
        return self._apply_image(mask)

    def _apply_boxes(self, boxes: Array) -> Array:
        height, width = self.output_size
        moved = boxes - np.array([self._left, self._top] * 2, boxes.dtype)
        inside: Array = np.clip(moved, 0, np.array([width, height] * 2, boxes.dtype))
        return inside


class RandomCrop(CenterCrop):
    """Any part, of one size or (height, width), after padding (see `Pad`)."""

    def __init__(
        self,
        output_size: Any,
        padding_size: Any = 0,
        padding_value: Any = (0, 0, 0),
        padding_maskvalue: Any = 0,
        *,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(output_size, order=order)
        self.pad = Pad(padding_size, padding_value, padding_maskvalue, order=order)

    def apply(self, input: Any) -> Any:
        self.pad.order = self.order
        return super().apply(self.pad.apply(input))

    def _corner(self, rows: int, columns: int) -> tuple[int, int]:
        draw = generator().integers
        return int(draw(0, rows + 1)), int(draw(0, columns + 1))
