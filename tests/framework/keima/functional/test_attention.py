# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""scaled_dot_product_attention for any number of leading dimensions, against its definition."""

from __future__ import annotations

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("leading", [(), (3,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("scale", [None, 0.7])
def test_value_and_shape(leading: tuple[int, ...], scale: float | None) -> None:
    q, k, v = arrays((*leading, 5, 4), (*leading, 7, 4), (*leading, 7, 6))
    scores = q @ k.swapaxes(-1, -2) * (0.5 if scale is None else scale)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    expected = weights / weights.sum(-1, keepdims=True) @ v
    out = F.scaled_dot_product_attention(keima.Tensor(q), keima.Tensor(k), keima.Tensor(v), scale)
    assert out.shape == (*leading, 5, 6)
    np.testing.assert_allclose(out.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    "shapes",
    [
        ((2, 3, 1, 5, 4), (3, 2, 1, 7, 4), (3, 2, 1, 7, 6)),  # as many heads, but others
        ((6, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)),
        ((5, 4), (4,), (4,)),
    ],
)
def test_other_leading_dimensions_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(keima.ShapeError, match="the same leading dimensions"):
        F.scaled_dot_product_attention(*(keima.Tensor(array) for array in arrays(*shapes)))
