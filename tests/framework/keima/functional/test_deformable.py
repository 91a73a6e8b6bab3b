# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Deformable convolution and position-sensitive pooling: what MegEngine 1.13 answered, gradients, messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.autodiff import GradManager

ROIS = np.array([[0, 1, 0, 4, 3], [1, -1, 1, 7, 4], [0, 2, 2, 2, 2]], np.float32)
# deformable_psroi_pooling(x, ROIS, trans, no_trans, 2, 2, 2, 2, 0.75, 0.2) with x and trans of `wave`
# fmt: off
MEGENGINE = {
    False: [0.402636, 0.682819, 0.12687, -0.403475, 0.493154, -0.429115, -0.389702, 0.000812, -0.942866, -0.212741,
            0.300033, 0.402585, 0.0, 0.529346, -0.137267, -0.378188, 0.0, -0.137782, -0.315668, 0.053857, 0.0,
            -0.378412, 0.483069, 0.31919, -0.679998, -0.642206, -0.41506, -0.558976, 0.42265, 0.476905, -0.023258,
            0.297606, 0.217003, 0.119776, 0.440538, 0.232961],
    True: [0.234697, 0.734063, -0.393079, -0.474123, 0.488892, -0.267432, -0.066816, 0.399145, -0.770258, -0.441102,
           0.466273, 0.036876, -0.426749, 0.315037, 0.304838, -0.301815, 0.476857, 0.084724, -0.41749, -0.005467,
           -0.095628, -0.407848, 0.152506, 0.307804, -0.836621, -0.741375, -0.384988, -0.435537, 0.567322, 0.683148,
           -0.052729, 0.075683, 0.215143, -0.006986, 0.442751, 0.352629],
}
# fmt: on


def wave(shape: tuple[int, ...], pace: float) -> np.ndarray[Any, Any]:
    return np.sin(np.arange(np.prod(shape)) * pace).reshape(shape).astype(np.float32)


def pooled(x: keima.Tensor, trans: keima.Tensor, no_trans: bool) -> keima.Tensor:
    return F.deformable_psroi_pooling(x, keima.Tensor(ROIS), trans, no_trans, 2, 2, 2, 2, 0.75, 0.2)


@pytest.mark.parametrize("no_trans", [False, True])
def test_values_are_megengines(no_trans: bool) -> None:
    got = pooled(keima.Tensor(wave((2, 3, 5, 6), 0.7)), keima.Tensor(wave((3, 2, 2, 2), 1.3)), no_trans)
    assert got.shape == (3, 3, 2, 2)
    np.testing.assert_allclose(got.numpy().ravel(), MEGENGINE[no_trans], atol=2e-6)


def test_gradients_against_central_differences() -> None:
    arrays = [wave((2, 3, 5, 6), 0.7), wave((3, 2, 2, 2), 1.3)]
    weights = keima.Tensor(wave((3, 3, 2, 2), 0.9))
    operands = [keima.Tensor(a) for a in arrays]
    with GradManager().attach(operands) as manager:
        manager.backward(F.sum(pooled(*operands, False) * weights))
    step = 2e-3
    for i, operand in enumerate(operands):
        direction = wave(arrays[i].shape, 2.1)

        def moved(by: float, i: int = i, direction: Any = direction) -> float:
            arguments = [keima.Tensor(a + (by * direction if j == i else 0)) for j, a in enumerate(arrays)]
            return float(F.sum(pooled(*arguments, False) * weights))

        assert operand.grad is not None
        along = float((operand.grad.numpy() * direction).sum())
        assert abs(along - (moved(step) - moved(-step)) / (2 * step)) <= 5e-3 * max(1.0, abs(along))


def test_messages() -> None:
    x, trans = keima.Tensor(wave((2, 3, 5, 6), 0.7)), keima.Tensor(wave((3, 2, 2, 3), 1.3))
    with pytest.raises(keima.ShapeError, match=r"expected trans of shape \(3, 2, 2, 2\), got \(3, 2, 2, 3\)"):
        pooled(x, trans, False)
    with pytest.raises(keima.ShapeError, match="expected rois of shape"):
        F.deformable_psroi_pooling(x, x, trans, False, 2, 2, 2, 2, 1.0)
    with pytest.raises(ValueError, match="expected sample_per_part of at least 1, got 0"):
        F.deformable_psroi_pooling(x, keima.Tensor(ROIS), trans, True, 2, 2, 2, 0, 1.0)
    with pytest.raises(keima.ShapeError, match=r"expected an input of shape \(N, C, H, W\), got \(3, 5, 6\)"):
        F.deformable_psroi_pooling(x[0], keima.Tensor(ROIS), trans, True, 2, 2, 2, 2, 1.0)


def test_deformable_convolution_takes_offsets_of_its_own_output_only() -> None:
    def convolve(
        inp: tuple[int, ...] = (1, 2, 5, 5),
        weight: tuple[int, ...] = (3, 2, 3, 3),
        offset: tuple[int, ...] = (1, 18, 3, 3),
        mask: tuple[int, ...] = (1, 9, 3, 3),
    ) -> keima.Tensor:
        return F.deformable_conv2d(F.ones(inp), F.ones(weight), F.zeros(offset), F.ones(mask))

    np.testing.assert_array_equal(convolve().numpy(), F.conv2d(F.ones((1, 2, 5, 5)), F.ones((3, 2, 3, 3))).numpy())
    for wrong in ({"offset": (1, 18, 5, 5), "mask": (1, 9, 5, 5)}, {"mask": (9, 3, 3)}, {"mask": (1, 8, 3, 3)}):
        with pytest.raises(keima.ShapeError, match="an output of 3x3 and D groups of 2 channels"):
            convolve(**wrong)
    for wrong in ({"inp": (2, 5, 5)}, {"weight": (3, 2, 0, 3)}, {"weight": (1, 3, 2, 3, 3)}):
        with pytest.raises(keima.ShapeError, match="expected an input of shape"):
            convolve(**wrong)
