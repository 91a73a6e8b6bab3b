# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Nobody reads the lanes behind the last channel of a block: NaN there changes no value and no gradient."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.autodiff import GradManager

CHANNELS = [3, 17, 24]

Function = Callable[[keima.Tensor, keima.Tensor], keima.Tensor]  # of x and w, both (2, C, 6, 6)

FUNCTIONS: dict[str, Function] = {
    "add": lambda x, w: x + w,
    "per channel": lambda x, w: x * w[:1, :, :1, :1],
    "exp of a sum": lambda x, w: F.exp(x + w),
    "relu": lambda x, w: F.relu(x - w),
    "silu": lambda x, w: F.silu(x) + F.silu(w),
    "max pool": lambda x, w: F.max_pool2d(x, 2) + F.max_pool2d(w, 2),
    "average pool": lambda x, w: F.avg_pool2d(x, 3, 2, 1) + F.avg_pool2d(w, 3, 2, 1),
    "convolution": lambda x, w: F.conv2d(x, w[:, :, :3, :3], padding=1),
    "one to one": lambda x, w: F.conv2d(x, w[:, :, :1, :1]),
    "depthwise": lambda x, w: F.conv2d(x, w[:1, :, :3, :3].reshape(-1, 1, 1, 3, 3), groups=x.shape[1]),
    "batch norm": lambda x, w: F.batch_norm(x, weight=w[:1, :, :1, :1], training=True),
    "sum of channels": lambda x, w: F.sum(x * w, axis=1),
    "mean": lambda x, w: F.mean(x * w, axis=[0, 2, 3]),
    "largest": lambda x, w: F.max(x + w, axis=1),
    "softmax": lambda x, w: F.softmax(x, axis=1) * w,
    "concat": lambda x, w: F.concat([x, w], axis=1),
    "slice": lambda x, w: x[:, 1:, ::2] * w[:, :-1, 1::2],
    "reshape": lambda x, w: (x + w).reshape(2, -1),
    "layer norm": lambda x, w: F.layer_norm(x * w, (6, 6), affine=False),
    "convolution, norm, activation": lambda x, w: F.relu(
        F.batch_norm(F.conv2d(x, w[:, :, :3, :3], padding=1), training=True)
    ),
}


def outcome(function: Function, arrays: list[np.ndarray], layout: str) -> list[np.ndarray]:
    """The value, and the gradients of both operands."""
    x, w = (keima.Tensor(a)._with_layout(layout) for a in arrays)
    with GradManager().attach([x, w]) as manager:
        out = function(x, w)
        manager.backward(F.sum(out * out))
    assert x.grad is not None and w.grad is not None
    return [out.numpy(), x.grad.numpy(), w.grad.numpy()]


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_poisoned_tails_are_not_read(name: str, channels: int) -> None:
    rng = np.random.default_rng(channels)
    arrays = [rng.uniform(0.5, 1.5, (2, channels, 6, 6)).astype(np.float32) for _ in range(2)]
    plain = outcome(FUNCTIONS[name], arrays, "strided")
    for expected, got in zip(plain, outcome(FUNCTIONS[name], arrays, "poisoned blocks"), strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-5 * np.abs(expected).max())
