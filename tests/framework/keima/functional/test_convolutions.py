# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The convolutions that are composed of others, against their definitions written as loops in NumPy.

They equal the MegEngine 1.13 wheel's to 1e-6 on drawn inputs, but for the transposed 3-D one with output padding,
which equals PyTorch's.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.autodiff import GradManager

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(1)


def _draw(*shape: int) -> Array:
    return RNG.uniform(-1, 1, shape).astype(np.float32)


def _conv3d(x: Array, w: Array, stride: Any, padding: Any, dilation: Any) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    kernel = w.shape[2:]
    size = [(padded.shape[2 + i] - dilation[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(3)]
    out = np.zeros((x.shape[0], w.shape[0], *size))
    for place in itertools.product(*map(range, size)):
        for tap in itertools.product(*map(range, kernel)):
            at = [place[i] * stride[i] + tap[i] * dilation[i] for i in range(3)]
            out[(slice(None), slice(None), *place)] += np.einsum(
                "nc,oc->no", padded[(slice(None), slice(None), *at)], w[(slice(None), slice(None), *tap)]
            )
    return out


def _conv_transpose3d(x: Array, w: Array, stride: Any, padding: Any, extra: Any, dilation: Any) -> Array:
    kernel = w.shape[2:]
    full = [(x.shape[2 + i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 + extra[i] for i in range(3)]
    out = np.zeros((x.shape[0], w.shape[1], *full))
    for place in itertools.product(*map(range, x.shape[2:])):
        for tap in itertools.product(*map(range, kernel)):
            at = [place[i] * stride[i] + tap[i] * dilation[i] for i in range(3)]
            out[(slice(None), slice(None), *at)] += np.einsum(
                "nc,co->no", x[(slice(None), slice(None), *place)], w[(slice(None), slice(None), *tap)]
            )
    return out[(slice(None), slice(None), *(slice(padding[i], full[i] - padding[i]) for i in range(3)))]


GEOMETRIES: list[tuple[Any, Any, Any]] = [
    ((1, 1, 1), (0, 0, 0), (1, 1, 1)),
    ((2, 1, 1), (1, 0, 1), (1, 1, 2)),
    ((1, 2, 2), (2, 1, 0), (2, 1, 1)),
]


@pytest.mark.parametrize(("stride", "padding", "dilation"), GEOMETRIES)
def test_conv3d(stride: Any, padding: Any, dilation: Any) -> None:
    x, w, bias = _draw(2, 4, 5, 6, 7), _draw(3, 4, 2, 3, 2), _draw(1, 3, 1, 1, 1)
    got = F.conv3d(keima.Tensor(x), keima.Tensor(w), keima.Tensor(bias), stride, padding, dilation)
    np.testing.assert_allclose(got.numpy(), _conv3d(x, w, stride, padding, dilation) + bias, atol=2e-5)


def test_grouped_conv3d_is_a_convolution_a_group() -> None:
    x, w = _draw(2, 4, 3, 4, 4), _draw(2, 3, 2, 2, 2, 2)
    want = np.concatenate(
        [_conv3d(x[:, 2 * g : 2 * g + 2], w[g], (1, 1, 1), (0, 0, 1), (1, 1, 1)) for g in (0, 1)], axis=1
    )
    got = F.conv3d(keima.Tensor(x), keima.Tensor(w), None, 1, (0, 0, 1), 1, 2)
    np.testing.assert_allclose(got.numpy(), want, atol=2e-5)


@pytest.mark.parametrize(("stride", "padding", "dilation"), GEOMETRIES)
@pytest.mark.parametrize("extra", [(0, 0, 0), (0, 1, 1)])
def test_conv_transpose3d(stride: Any, padding: Any, dilation: Any, extra: Any) -> None:
    extra = tuple(min(e, s - 1) for e, s in zip(extra, stride, strict=True))
    x, w = _draw(2, 4, 5, 4, 3), _draw(4, 3, 2, 3, 2)
    got = F.conv_transpose3d(keima.Tensor(x), keima.Tensor(w), None, stride, padding, extra, dilation)
    want = _conv_transpose3d(x, w, stride, padding, extra, dilation)
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, atol=2e-5)


def test_the_gradient_of_conv3d_is_the_transposed_one() -> None:
    x, w = keima.Parameter(_draw(1, 2, 4, 4, 4)), keima.Tensor(_draw(3, 2, 2, 2, 2))
    manager = GradManager().attach([x])
    with manager:
        out = F.conv3d(x, w)
        dy = keima.Tensor(_draw(*out.shape))
        manager.backward(out, dy)
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), F.conv_transpose3d(dy, w).numpy(), atol=1e-5)


def test_local_conv2d_has_a_kernel_for_each_pixel() -> None:
    x, w = _draw(2, 4, 6, 7), _draw(2, 3, 4, 2, 3, 3, 3)  # groups, out H, out W, C/groups, kh, kw, O/groups
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    want = np.zeros((2, 6, 3, 4))
    for g, i, j in itertools.product(range(2), range(3), range(4)):
        window = padded[:, 2 * g : 2 * g + 2, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
        want[:, 3 * g : 3 * g + 3, i, j] = np.einsum("nckl,cklo->no", window, w[g, i, j])
    got = F.local_conv2d(keima.Tensor(x), keima.Tensor(w), None, 2, 1)
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)


def test_region_restricted_conv_sees_its_own_region() -> None:
    x, w = _draw(2, 4, 5, 6), _draw(3, 4, 3, 3)
    rin, rout = (RNG.integers(0, 2, (2, 5, 6)).astype(np.int32) for _ in range(2))
    want = np.zeros((2, 3, 5, 6))
    for n, i, j, ky, kx in itertools.product(range(2), range(5), range(6), range(3), range(3)):
        y, z = i + ky - 1, j + kx - 1
        if 0 <= y < 5 and 0 <= z < 6 and rin[n, y, z] == rout[n, i, j]:
            want[n, :, i, j] += w[:, :, ky, kx] @ x[n, :, y, z]
    got = F.region_restricted_conv(keima.Tensor(x), keima.Tensor(w), keima.Tensor(rin), keima.Tensor(rout), None, 1, 1)
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)


def _bilinear(plane: Array, y: float, x: float) -> Array:
    """Of (C, H, W) at one place; pixels outside count as zero."""
    top, left = int(np.floor(y)), int(np.floor(x))
    out = np.zeros(plane.shape[0])
    for row, column in itertools.product((top, top + 1), (left, left + 1)):
        if 0 <= row < plane.shape[1] and 0 <= column < plane.shape[2]:
            out += plane[:, row, column] * (1 - abs(y - row)) * (1 - abs(x - column))
    return out


def test_deformable_conv2d_moves_and_weighs_its_taps() -> None:
    x, w = _draw(2, 4, 6, 7), _draw(3, 4, 3, 3)
    offset, mask = _draw(2, 2 * 2 * 9, 4, 5) * 2, _draw(2, 2 * 9, 4, 5)  # two deformed groups of channels
    want = np.zeros((2, 3, 4, 5))
    for n, i, j, tap, d in itertools.product(range(2), range(4), range(5), range(9), range(2)):
        place = d * 9 + tap
        y = i + tap // 3 + offset[n, 2 * place, i, j]
        z = j + tap % 3 + offset[n, 2 * place + 1, i, j]
        pixel = _bilinear(x[n, 2 * d : 2 * d + 2], y, z) * mask[n, place, i, j]
        want[n, :, i, j] += w[:, 2 * d : 2 * d + 2, tap // 3, tap % 3] @ pixel
    got = F.deformable_conv2d(keima.Tensor(x), keima.Tensor(w), keima.Tensor(offset), keima.Tensor(mask))
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)


def test_without_offsets_a_deformable_convolution_is_an_ordinary_one_and_offsets_have_gradients() -> None:
    x, w = keima.Tensor(_draw(1, 2, 5, 5)), keima.Tensor(_draw(2, 2, 3, 3))
    zero, ones = np.zeros((1, 18, 5, 5), np.float32), keima.Tensor(np.ones((1, 9, 5, 5), np.float32))
    plain = F.deformable_conv2d(x, w, keima.Tensor(zero), ones, None, 1, 1)
    np.testing.assert_allclose(plain.numpy(), F.conv2d(x, w, None, 1, 1).numpy(), atol=1e-5)
    offset = keima.Parameter(zero + 0.25)
    manager = GradManager().attach([offset])
    with manager:
        manager.backward(F.deformable_conv2d(x, w, offset, ones, None, 1, 1).sum())
    assert offset.grad is not None
    moved = zero + np.float32(0.25)
    moved[0, 7, 2, 2] += 0.1
    ahead = float(F.deformable_conv2d(x, w, keima.Tensor(moved), ones, None, 1, 1).sum())
    moved[0, 7, 2, 2] -= 0.2
    behind = float(F.deformable_conv2d(x, w, keima.Tensor(moved), ones, None, 1, 1).sum())
    assert offset.grad.numpy()[0, 7, 2, 2] == pytest.approx((ahead - behind) / 0.2, abs=2e-3)


def test_sync_batch_norm_of_one_process_is_batch_norm() -> None:
    x = keima.Tensor(_draw(3, 4, 2, 2))
    got = F.sync_batch_norm(x, None, None, training=True)
    np.testing.assert_array_equal(got.numpy(), F.batch_norm(x, training=True).numpy())
    with pytest.raises(keima.UnsupportedError, match="one process"):
        F.sync_batch_norm(x, None, None, training=True, group="world")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: F.conv3d(keima.Tensor(_draw(1, 2, 3, 3)), keima.Tensor(_draw(1, 2, 1, 1, 1))),
            "conv3d: expected an input",
        ),
        (
            lambda: F.conv3d(keima.Tensor(_draw(1, 2, 3, 3, 3)), keima.Tensor(_draw(1, 2, 4, 1, 1))),
            "do not fit depth 3",
        ),
        (lambda: F.local_conv2d(keima.Tensor(_draw(1, 2, 3, 3)), keima.Tensor(_draw(1, 9, 9, 2, 1, 1, 1))), "9x9"),
        (
            lambda: F.deformable_conv2d(
                *(keima.Tensor(_draw(*s)) for s in [(1, 2, 4, 4), (2, 2, 3, 3), (1, 9, 2, 2), (1, 9, 2, 2)])
            ),
            "expected offset",
        ),
    ],
)
def test_messages(call: Any, message: str) -> None:
    with pytest.raises(keima.ShapeError, match=message):
        call()
