# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""CTC against the sum over all paths, and against what MegEngine 1.13 gave."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import keima
from keima.autodiff import GradManager
from keima.functional import ctc_loss

STEPS, BATCH, CLASSES = 5, 3, 6
LENGTHS = np.array([5, 4, 5], np.int32)
LABEL_LENGTHS = np.array([2, 1, 3], np.int32)
# The last label repeats a class, which needs a blank between.
LABELS = np.array([1, 2, 3, 4, 4, 5], np.int32)


def probabilities() -> np.ndarray:
    pred = np.random.default_rng(0).random((STEPS, BATCH, CLASSES)).astype(np.float32)
    return pred / pred.sum(-1, keepdims=True)


def reads_as(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def by_enumeration(pred: np.ndarray, label: tuple[int, ...], blank: int) -> float:
    """-log of the summed probability of all paths of (steps, classes) that read as the label."""
    total = sum(
        np.prod([pred[t, c] for t, c in enumerate(path)])
        for path in itertools.product(range(pred.shape[1]), repeat=len(pred))
        if reads_as(path, blank) == label
    )
    return float(-np.log(total))


def loss(pred: keima.Tensor, labels: np.ndarray = LABELS, blank: int = 0, reduction: str = "none") -> keima.Tensor:
    return ctc_loss(pred, keima.Tensor(LENGTHS), keima.Tensor(labels), keima.Tensor(LABEL_LENGTHS), blank, reduction)


def test_all_paths_are_counted_once() -> None:
    pred = probabilities()
    got = loss(keima.Tensor(pred)).numpy()
    starts = np.cumsum(LABEL_LENGTHS) - LABEL_LENGTHS
    for n in range(BATCH):
        label = tuple(LABELS[starts[n] : starts[n] + LABEL_LENGTHS[n]].tolist())
        assert got[n] == pytest.approx(by_enumeration(pred[: LENGTHS[n], n].astype(float), label, 0), rel=1e-5)


def test_an_impossible_label_costs_much_and_stays_finite() -> None:
    # Two equal labels need three steps.
    pred = keima.Parameter(probabilities()[:2, :1])
    with GradManager().attach([pred]) as manager:
        value = ctc_loss(pred, keima.Tensor([2]), keima.Tensor([4, 4]), keima.Tensor([2]))
        manager.backward(value)
    assert float(value) > 1e20
    assert pred.grad is not None
    assert np.isfinite(pred.grad.numpy()).all()


def test_megengine_gives_the_same() -> None:
    pred = keima.Tensor(probabilities())
    np.testing.assert_allclose(loss(pred).numpy(), [5.4261513, 3.854461, 5.7618423], rtol=1e-5)
    assert float(loss(pred, reduction="mean")) == pytest.approx(2.8293836, rel=1e-5)
    assert float(loss(pred, reduction="sum")) == pytest.approx(15.042454, rel=1e-5)
    padded = np.array([[1, 2, 0], [3, 0, 0], [4, 4, 5]], np.int32)
    np.testing.assert_array_equal(loss(pred, padded).numpy(), loss(pred).numpy())
    other = loss(pred, np.array([1, 2, 3, 4, 4, 0], np.int32), blank=5).numpy()
    np.testing.assert_allclose(other, [4.7941556, 4.1686563, 7.1958652], rtol=1e-5)


def test_gradient_against_central_differences() -> None:
    pred = keima.Parameter(probabilities())
    with GradManager().attach([pred]) as manager:
        manager.backward(loss(pred, reduction="sum"))
    assert pred.grad is not None
    wide, step = probabilities().astype(np.float64), 1e-5
    starts = np.cumsum(LABEL_LENGTHS) - LABEL_LENGTHS
    for t, n, c in [(0, 0, 1), (2, 0, 0), (3, 1, 3), (4, 1, 3), (1, 2, 4), (4, 2, 5), (2, 2, 2)]:
        label = tuple(LABELS[starts[n] : starts[n] + LABEL_LENGTHS[n]].tolist())
        moved = []
        for sign in (1, -1):
            nudged = wide.copy()
            nudged[t, n, c] += sign * step
            moved.append(by_enumeration(nudged[: LENGTHS[n], n], label, 0))
        expected = (moved[0] - moved[1]) / (2 * step)
        assert pred.grad.numpy()[t, n, c] == pytest.approx(expected, rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([1, 2, 3], np.int32), "expected labels of shape"),
        (np.array([1, 2, 3, 4, 4, 6], np.int32), "expected labels of 0 to 5"),
        (np.array([1, 0, 3, 4, 4, 5], np.int32), "without the blank"),
    ],
)
def test_wrong_labels_are_named(labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loss(keima.Tensor(probabilities()), labels)
