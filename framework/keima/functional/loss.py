# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Losses: numbers that training makes small."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import ShapeError, Tensor, ops
from .nn import indexing_one_hot, logsigmoid, logsoftmax, logsumexp
from .tensor import concat

__all__ = ["binary_cross_entropy", "cross_entropy", "ctc_loss", "hinge_loss", "l1_loss", "square_loss"]

Array = NDArray[Any]


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction == "mean":
        return ops.mean(loss)
    if reduction == "sum":
        return ops.sum(loss)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")


# Probabilities below count as this, the least normal float32 being 1.2e-38.
_LEAST_PROBABILITY = 1e-37


def _log(probability: Tensor) -> Tensor:
    """log p, finite at 0: a certain prediction that is right costs nothing, 0 log 0 being 0."""
    return ops.log(ops.maximum(probability, _LEAST_PROBABILITY))


def l1_loss(pred: Tensor, label: Tensor, reduction: str = "mean") -> Tensor:
    """|pred - label|."""
    return _reduce(ops.abs(pred - label), reduction)


def square_loss(pred: Tensor, label: Tensor, reduction: str = "mean") -> Tensor:
    """(pred - label)^2."""
    return _reduce(ops.square(pred - label), reduction)


def cross_entropy(
    pred: Tensor,
    label: Tensor,
    axis: int = 1,
    with_logits: bool = True,
    label_smooth: float = 0,
    reduction: str = "mean",
) -> Tensor:
    """Cross entropy of predicted classes.

    Args:
        pred: (N, classes, ...): logits, or probabilities without `with_logits`.
        label: int32, pred's shape without `axis`, from 0 to the number of classes - 1.
        label_smooth: share of the target spread evenly over all classes (Szegedy et al., 2016).

    >>> import keima
    >>> round(float(cross_entropy(keima.Tensor([[0.0, 0.0]]), keima.Tensor([1]))), 4)
    0.6931
    """
    log_prob = logsoftmax(pred, axis) if with_logits else _log(pred)
    target = indexing_one_hot(log_prob, label, axis)
    if label_smooth == 0:
        return _reduce(-target, reduction)
    return _reduce(-((1 - label_smooth) * target + label_smooth * ops.mean(log_prob, axis)), reduction)


def binary_cross_entropy(pred: Tensor, label: Tensor, with_logits: bool = True, reduction: str = "mean") -> Tensor:
    """Cross entropy of independent yes/no predictions: logits, or probabilities without `with_logits`."""
    if with_logits:
        return _reduce(-(label * logsigmoid(pred) + (1 - label) * logsigmoid(-pred)), reduction)
    return _reduce(-(label * _log(pred) + (1 - label) * _log(1 - pred)), reduction)


def hinge_loss(pred: Tensor, label: Tensor, norm: str = "L1", reduction: str = "mean") -> Tensor:
    """max(0, 1 - pred * label) summed over the second dimension, squared first for norm "L2"; labels are -1 or 1."""
    if norm not in ("L1", "L2"):
        raise ValueError(f"hinge_loss: norm must be 'L1' or 'L2', got {norm!r}")
    margin = ops.maximum(1.0 - pred * label, 0.0)
    return _reduce(ops.sum(margin if norm == "L1" else ops.square(margin), 1), reduction)


# --- sequences -----------------------------------------------------------------------------------------------------

# The logarithm of an impossible path: finite, so that differences of two are not NaN.
_IMPOSSIBLE = -1e30


def ctc_loss(
    pred: Tensor,
    pred_lengths: Tensor,
    label: Tensor,
    label_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
) -> Tensor:
    """Connectionist temporal classification: -log of the probability of all paths that read as the label.

    The forward recursion of Graves et al., 2006 (equations 6 and 7), in logarithms.

    Args:
        pred: probabilities (not logits), (T, N, C).
        pred_lengths: int32 (N,), steps of each sequence, 1 .. T.
        label: int32, (N, S), or the labels of all sequences in a row, (sum of label_lengths,); never `blank`.
        label_lengths: int32 (N,).
        blank: the class that reads as nothing.
        reduction: "none"; "sum"; "mean" divides each loss by its label's length first.

    >>> import keima
    >>> pred = keima.Tensor([[[0.0614, 0.9386], [0.8812, 0.1188]], [[0.699, 0.301], [0.2572, 0.7428]]])
    >>> lengths, ones = keima.Tensor([2, 2]), keima.Tensor([1, 1])
    >>> round(float(ctc_loss(pred, lengths, ones, ones)), 5)
    0.15044
    """
    if pred.ndim != 3:
        raise ShapeError(f"ctc_loss: expected pred of shape (T, N, C), got {pred.shape}")
    steps, targets = pred_lengths.numpy(), _padded_labels(label.numpy(), label_lengths.numpy(), pred.shape, blank)
    if steps.shape != (pred.shape[1],) or steps.min(initial=1) < 1 or steps.max(initial=1) > pred.shape[0]:
        raise ValueError(f"ctc_loss: expected {pred.shape[1]} pred_lengths of 1 to {pred.shape[0]}, got {steps}")
    states = np.full((targets.shape[0], 2 * targets.shape[1] + 1), blank, np.int32)
    states[:, 1::2] = targets
    losses = -_log_probability(pred, steps, states, label_lengths.numpy())
    if reduction == "mean":
        return ops.mean(losses / Tensor(np.maximum(label_lengths.numpy(), 1).astype(np.float32)))
    return _reduce(losses, reduction)


def _padded_labels(label: Array, lengths: Array, shape: tuple[int, ...], blank: int) -> Array:
    """Labels as (N, S), padded by the blank."""
    batch, classes = shape[1], shape[2]
    if lengths.shape != (batch,) or lengths.min(initial=0) < 0:
        raise ValueError(f"ctc_loss: expected {batch} label_lengths of 0 or more, got {lengths}")
    longest = int(lengths.max(initial=0))
    within = np.arange(longest) < lengths[:, None]
    padded = np.full((batch, longest), blank, np.int32)
    if label.ndim == 2 and label.shape[0] == batch and label.shape[1] >= longest:
        padded[within] = label[:, :longest][within]
    elif label.ndim == 1 and label.size == lengths.sum():
        padded[within] = label
    else:
        raise ShapeError(
            f"ctc_loss: expected labels of shape ({batch}, {longest}) or ({lengths.sum()},), got {label.shape}"
        )
    used = padded[within]
    if not 0 <= blank < classes or ((used < 0) | (used >= classes) | (used == blank)).any():
        raise ValueError(f"ctc_loss: expected labels of 0 to {classes - 1} without the blank {blank}, got {used}")
    return padded


def _log_probability(pred: Tensor, steps: Array, states: Array, lengths: Array) -> Tensor:
    """log of the summed probability of all paths through `states` (N, 2S+1: blanks around each label)."""
    batch, width = states.shape
    index = np.broadcast_to(states, (pred.shape[0], batch, width)).astype(np.int32)
    emitted = ops.log(ops.maximum(ops.gather(pred, Tensor(index), 2), _LEAST_PROBABILITY))
    # A label may be entered past the blank before it, unless the label before is the same.
    skips = np.zeros((batch, width), bool)
    skips[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    may_skip, edge = Tensor(skips), ops.full((batch, 2), _IMPOSSIBLE, "float32")
    impossible = ops.full((batch, width), _IMPOSSIBLE, "float32")
    alpha = ops.where(Tensor(np.arange(width) < 2), emitted[0], impossible)
    for step in range(1, pred.shape[0]):
        before = concat([edge, alpha], 1)
        skipped = ops.where(may_skip, before[:, :-2], impossible)
        reached = ops.logaddexp(ops.logaddexp(alpha, before[:, 1:-1]), skipped) + emitted[step]
        alpha = ops.where(Tensor((step < steps)[:, None]), reached, alpha)
    # A path ends in the last label or in the blank behind it.
    position = np.arange(width)
    ends = (position == 2 * lengths[:, None]) | (position == 2 * lengths[:, None] - 1)
    return logsumexp(ops.where(Tensor(ends), alpha, impossible), 1)
