# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Recording in several threads, and backward passes within backward passes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import keima
from keima.autodiff import Function, GradManager, is_recording, no_grad


@pytest.fixture
def eager_switching() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def _run_together(bodies: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.usefixtures("eager_switching")
def test_threads_train_and_evaluate_side_by_side() -> None:
    shared = keima.Parameter([2.0])
    wrong: list[Any] = []

    def train(start: float) -> None:
        param = keima.Parameter([start])
        manager = GradManager().attach([param, shared])
        for _ in range(300):
            param.grad = None
            with manager:
                manager.backward((param * param * param).sum())
            if param.grad is None or param.grad.numpy()[0] != pytest.approx(3 * start * start):
                wrong.append(param.grad)

    def evaluate() -> None:
        for _ in range(1500):
            with no_grad():
                _ = shared * shared

    _run_together([lambda: train(1.0), lambda: train(2.0), lambda: train(3.0), evaluate])
    assert wrong == []


def test_a_thread_does_not_record_for_another() -> None:
    param = keima.Parameter([1.0])
    seen: list[bool] = []
    with GradManager().attach([param]):
        _run_together([lambda: seen.append(is_recording())])
        assert is_recording()
    assert seen == [False]


def test_backward_within_a_callback_leaves_the_outer_one_alone() -> None:
    w = keima.Parameter([2.0])
    inner_grads: list[float] = []

    def callback(_tensor: keima.Tensor, grad: keima.Tensor) -> keima.Tensor:
        before, w.grad = w.grad, None
        inner = GradManager().attach([w])
        with inner:
            inner.backward((w * 5).sum())
        assert w.grad is not None
        inner_grads.append(float(w.grad))
        w.grad = before
        return grad

    outer = GradManager().attach([w], [callback])
    with outer:
        outer.backward((w * w).sum())
    assert inner_grads == [5.0]
    assert w.grad is not None and float(w.grad) == 4.0


class Checkpointed(Function):
    """a * a * w, computed again in backward by a manager of its own."""

    def __init__(self, w: keima.Tensor) -> None:
        self.w = w

    def forward(self, a: keima.Tensor) -> keima.Tensor:
        self.a = a.detach()
        return a * a * self.w

    def backward(self, dy: keima.Tensor) -> keima.Tensor:
        a = keima.Tensor(self.a)
        manager = GradManager().attach([a, self.w])
        with manager:
            manager.backward(a * a * self.w, dy)
        assert a.grad is not None
        return a.grad


def test_a_custom_gradient_may_use_a_gradient_manager() -> None:
    a, w = keima.Parameter([3.0]), keima.Parameter([2.0])
    manager = GradManager().attach([a])
    with manager:
        manager.backward((Checkpointed(w)(a) * 2).sum())
    assert a.grad is not None and float(a.grad) == 24.0
    assert w.grad is not None and float(w.grad) == 18.0
    assert not is_recording()


class WrongType(Function):
    def forward(self, a: keima.Tensor) -> keima.Tensor:
        return a * 1.0

    def backward(self, dy: keima.Tensor) -> keima.Tensor:
        return dy.astype("int32")


def test_a_custom_gradient_of_another_dtype_is_refused() -> None:
    a = keima.Parameter([3.0])
    manager = GradManager().attach([a])
    with manager, pytest.raises(keima.DtypeError, match="gradient 0 is int32, its input is float32"):
        manager.backward(WrongType()(a).sum())


def test_long_histories_are_released_without_recursion() -> None:
    x = keima.Parameter([1.0])
    with GradManager().attach([x]):
        y = x
        for _ in range(300_000):
            y = y + 1
        y = x * 1  # the chain dies here, within the session
        for _ in range(300_000):
            y = y + 1
        np.testing.assert_array_equal(y.numpy(), [300_001])


def test_long_chains_of_grad_are_released_without_recursion() -> None:
    tensor = keima.Tensor([1.0])
    for _ in range(300_000):
        following = keima.Tensor([1.0])
        following.grad = tensor
        tensor = following
    del tensor, following


def test_resuming_without_a_pause_is_an_error() -> None:
    with pytest.raises(keima.KeimaError, match="without having been paused"):
        keima._core.resume_recording()
