# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Limits on gradients."""

from __future__ import annotations

from collections.abc import Iterable

from .. import functional as F  # noqa: N812  # the field's name for it
from .._core import Tensor, ops
from ..autodiff import no_grad

__all__ = ["clip_grad_norm", "clip_grad_value"]


def _with_gradients(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    return [tensor for tensor in given if tensor.grad is not None]


def clip_grad_norm(tensors: Tensor | Iterable[Tensor], max_norm: float, ord: float = 2.0) -> Tensor:
    """Scale all gradients so that their common norm is at most `max_norm`; returns the norm before."""
    owners = _with_gradients(tensors)
    with no_grad():
        grads = [owner.grad for owner in owners if owner.grad is not None]
        if not grads:
            return Tensor(0.0)
        norms = [F.norm(ops.reshape(grad, (-1,)), ord) for grad in grads]
        total = F.norm(F.stack(norms), ord)
        scale = F.where(total > max_norm, max_norm / (total + 1e-6), 1.0)
        for owner, grad in zip(owners, grads, strict=True):
            owner.grad = grad * scale
    return total


def clip_grad_value(tensors: Tensor | Iterable[Tensor], lower: float, upper: float) -> None:
    """Limit every element of the gradients to [lower, upper]."""
    with no_grad():
        for owner in _with_gradients(tensors):
            if owner.grad is not None:
                owner.grad = F.clip(owner.grad, lower, upper)
