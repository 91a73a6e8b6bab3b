# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Losses: numbers that training makes small."""

from __future__ import annotations

from .._core import Tensor, ops
from .nn import indexing_one_hot, logsigmoid, logsoftmax

__all__ = ["binary_cross_entropy", "cross_entropy", "hinge_loss", "l1_loss", "square_loss"]


def _reduce(loss: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return loss
    if reduction == "mean":
        return ops.mean(loss)
    if reduction == "sum":
        return ops.sum(loss)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")


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
        label: int32, pred's shape without `axis`.
        label_smooth: share of the target spread evenly over all classes (Szegedy et al., 2016).

    >>> import keima
    >>> round(float(cross_entropy(keima.Tensor([[0.0, 0.0]]), keima.Tensor([1]))), 4)
    0.6931
    """
    log_prob = logsoftmax(pred, axis) if with_logits else ops.log(pred)
    target = indexing_one_hot(log_prob, label, axis)
    if label_smooth == 0:
        return _reduce(-target, reduction)
    return _reduce(-((1 - label_smooth) * target + label_smooth * ops.mean(log_prob, axis)), reduction)


def binary_cross_entropy(pred: Tensor, label: Tensor, with_logits: bool = True, reduction: str = "mean") -> Tensor:
    """Cross entropy of independent yes/no predictions: logits, or probabilities without `with_logits`."""
    if with_logits:
        return _reduce(-(label * logsigmoid(pred) + (1 - label) * logsigmoid(-pred)), reduction)
    return _reduce(-(label * ops.log(pred) + (1 - label) * ops.log(1 - pred)), reduction)


def hinge_loss(pred: Tensor, label: Tensor, norm: str = "L1", reduction: str = "mean") -> Tensor:
    """max(0, 1 - pred * label) summed over the second dimension, squared first for norm "L2"; labels are -1 or 1."""
    if norm not in ("L1", "L2"):
        raise ValueError(f"hinge_loss: norm must be 'L1' or 'L2', got {norm!r}")
    margin = ops.maximum(1.0 - pred * label, 0.0)
    return _reduce(ops.sum(margin if norm == "L1" else ops.square(margin), 1), reduction)
