# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Ops with a gradient that the user writes."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._core import Tensor
from .recording import no_grad


class Function:
    """A differentiable function given by its forward and its backward.

    A subclass defines `forward(*inputs)`, which returns a tensor or a tuple of them, and `backward(*output_grads)`,
    which returns a gradient (or None) for each tensor input, in their order. Make a new instance for each call.

    >>> import keima
    >>> class Double(Function):
    ...     def forward(self, x):
    ...         return x * 2
    ...     def backward(self, dy):
    ...         return dy * 2
    >>> x = keima.Tensor([1.0, 2.0])
    >>> gm = keima.autodiff.GradManager().attach([x])
    >>> with gm:
    ...     gm.backward(Double()(x).sum())
    >>> x.grad
    Tensor([2. 2.], device=cpu0)
    """

    def forward(self, *inputs: Any) -> Any:
        """Compute the outputs; nothing in here is recorded."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, *inputs)")

    def backward(self, *output_grads: Any) -> Any:
        """Compute the inputs' gradients from the outputs'; what is in here is itself differentiable."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(self, *output_grads)")

    def __call__(self, *inputs: Any) -> Any:
        with no_grad():
            outputs = self.forward(*inputs)
        many = isinstance(outputs, (tuple, list))
        # Fresh objects: an output that is one of the inputs must not change the input's history.
        made = [output.detach() for output in (outputs if many else (outputs,))]
        tensors = [argument for argument in inputs if isinstance(argument, Tensor)]
        _core.record_function(tensors, made, self._backward, type(self).__name__)
        return tuple(made) if many else made[0]

    def _backward(self, output_grads: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
        grads = self.backward(*output_grads)
        return tuple(grads) if isinstance(grads, (tuple, list)) else (grads,)
