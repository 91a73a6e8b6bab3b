# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The manager that records a computation and differentiates it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Sequence

from .. import _core
from .._core import Tensor

Callback = Callable[[Tensor, Tensor], Tensor | None]


class _Backwarding(threading.local):
    """The managers whose backward runs on this thread, the innermost last."""

    def __init__(self) -> None:
        self.managers: list[GradManager] = []


_backwarding = _Backwarding()


class AttachSpec:
    """One attached tensor, held weakly, and what is to be called with its gradient."""

    __slots__ = ("callbacks", "position", "tensor")

    def __init__(self, tensor: Tensor, position: int) -> None:
        self.tensor = weakref.ref(tensor)
        self.position = position
        self.callbacks: list[Callback] = []


class GradManager:
    """Records what is computed from attached tensors, and computes their gradients.

    Gradients are added to `Tensor.grad`. Managers nest: what an inner manager's backward computes is recorded by the
    outer one, which gives gradients of gradients.

    >>> import keima
    >>> x = keima.Tensor([1.0, 2.0, 3.0])
    >>> gm = GradManager().attach([x])
    >>> with gm:
    ...     gm.backward((x * x).sum())
    >>> x.grad
    Tensor([2. 4. 6.], device=cpu0)
    """

    def __init__(self) -> None:
        self._specs: dict[int, AttachSpec] = {}  # by id of the tensor
        self._session = _core.GradSession()

    def attach(
        self, tensors: Tensor | Iterable[Tensor], callbacks: Callback | Iterable[Callback] | None = None
    ) -> GradManager:
        """Ask for the gradients of float `tensors`; they are held weakly.

        `callbacks` get (tensor, gradient) when a gradient is complete, while the rest of backward still runs, and
        may return another gradient to use instead. Attaching again adds callbacks.
        """
        wanted = [tensors] if isinstance(tensors, Tensor) else list(tensors)
        added = [callbacks] if callable(callbacks) else list(callbacks or ())
        for tensor in wanted:
            if not isinstance(tensor, Tensor):
                raise TypeError(f"attach: expected Tensors, got a {type(tensor).__name__}")
            spec = self._specs.get(id(tensor))
            if spec is None or spec.tensor() is not tensor:
                spec = AttachSpec(tensor, len(self._specs))
                self._specs[id(tensor)] = spec
            spec.callbacks.extend(added)
        self._renew()
        return self

    def attached_tensors(self) -> list[Tensor]:
        """The attached tensors that are still alive."""
        alive = (spec.tensor() for spec in self._specs.values())
        return [tensor for tensor in alive if tensor is not None]

    def record(self) -> GradManager:
        """Start recording; `with gm:` does it too."""
        if self._session.recording:
            raise RuntimeError("this GradManager is recording already; leave its with-block or call release() first")
        self._session.begin()
        return self

    def release(self) -> None:
        """Stop recording and forget what was recorded."""
        self._session.end()

    def backward(
        self,
        y: Tensor | Sequence[Tensor] | None = None,
        dy: Tensor | Sequence[Tensor | None] | None = None,
    ) -> None:
        """Add dy * d(y)/d(tensor) to the `grad` of each attached tensor, then :meth:`release`.

        `dy` has y's shape and defaults to ones. Raises RuntimeError when nothing was recorded.
        """
        if not self._session.recording:
            raise RuntimeError(
                "no computation history: did you forget record() (or `with gm:`) before the forward pass?"
            )
        ys = [] if y is None else [y] if isinstance(y, Tensor) else list(y)
        dys = [None] * len(ys) if dy is None else [dy] if isinstance(dy, Tensor) else list(dy)
        if len(ys) != len(dys):
            raise ValueError(f"backward: expected a dy for each y, got {len(dys)} for {len(ys)}")
        specs = {spec.position: spec for spec in self._specs.values()}
        _backwarding.managers.append(self)
        try:
            self._session.backward(ys, dys, lambda position, grad: _deliver(specs[position], grad))
        finally:
            _backwarding.managers.pop()
            self.release()

    def __enter__(self) -> GradManager:
        return self.record()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _renew(self) -> None:
        """Make the session's leaves those of the tensors that are alive."""
        recording = self._session.recording
        session = _core.GradSession()
        self._specs = {key: spec for key, spec in self._specs.items() if spec.tensor() is not None}
        for spec in self._specs.values():
            spec.position = session.attach(spec.tensor())
        if recording:
            # The new session opens before the old one closes, so that what was recorded stays.
            session.begin()
            self._session.end()
        self._session = session


def _deliver(spec: AttachSpec, grad: Tensor) -> None:
    tensor = spec.tensor()
    if tensor is None:
        return
    for callback in spec.callbacks:
        replaced = callback(tensor, grad)
        grad = grad if replaced is None else replaced
    tensor.grad = grad if tensor.grad is None else tensor.grad + grad


def get_backwarding_grad_manager() -> GradManager | None:
    """The manager whose backward is running on this thread, or None."""
    return _backwarding.managers[-1] if _backwarding.managers else None
