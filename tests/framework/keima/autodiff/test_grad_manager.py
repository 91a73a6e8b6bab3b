# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Gradient managers: what is recorded, when gradients come, and what is left behind."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812  # the field's name for it
from keima import _core
from keima.autodiff import Function, GradManager, detect_anomaly, is_recording, no_grad


def leaf(*values: float) -> keima.Tensor:
    return keima.Tensor(list(values))


def test_gradients_add_up_over_passes() -> None:
    x = leaf(1.0, 2.0)
    manager = GradManager().attach(x)
    for count in (1, 2):
        with manager:
            manager.backward((x * 3).sum())
        assert x.grad is not None
        np.testing.assert_array_equal(x.grad.numpy(), [3.0 * count] * 2)


def test_dy_and_several_ys() -> None:
    x = leaf(1.0, 2.0)
    manager = GradManager().attach(x)
    with manager:
        manager.backward([x * 2, x * x], [leaf(1.0, 10.0), None])
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [2 + 2, 20 + 4])


def test_a_y_that_is_the_leaf_itself() -> None:
    x = leaf(1.0, 2.0)
    manager = GradManager().attach(x)
    with manager:
        manager.backward(x)
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [1, 1])


def test_third_order() -> None:
    x = leaf(2.0)
    one, two, three = (GradManager().attach(x) for _ in range(3))
    with one:
        with two:
            with three:
                three.backward(x * x * x * x)
            first, x.grad = x.grad, None
            two.backward(first)
        second, x.grad = x.grad, None
        one.backward(second)
    assert first is not None
    assert second is not None
    assert x.grad is not None
    assert (float(first), float(second), float(x.grad)) == (32.0, 48.0, 48.0)


def test_callbacks_see_each_gradient_once_it_is_complete_and_may_replace_it() -> None:
    a, b = leaf(1.0), leaf(1.0)
    seen: list[str] = []

    def note(name: str) -> keima.autodiff.grad_manager.Callback:
        def callback(tensor: keima.Tensor, grad: keima.Tensor) -> keima.Tensor:
            seen.append(name)
            return grad * 10

        return callback

    manager = GradManager().attach(a, note("a")).attach(b, note("b"))
    with manager:
        # b is used last, so its gradient is complete first.
        manager.backward(((a * 2 + a) * b).sum())
    assert seen == ["b", "a"]
    assert a.grad is not None
    assert float(a.grad) == 30.0


def test_no_grad_detach_and_integers_are_constants() -> None:
    x = leaf(3.0)
    manager = GradManager().attach(x)
    with manager:
        with no_grad():
            assert not is_recording()
            constant = x * x
        y = x * constant + x * x.detach() + x * F.floor(x).astype("int32").astype("float32")
        manager.backward(y)
    assert x.grad is not None
    assert float(x.grad) == 9 + 3 + 3


def test_writing_in_place_never_changes_a_gradient() -> None:
    x = leaf(1.0, 2.0, 3.0)
    manager = GradManager().attach(x)
    with manager:
        y = x * 2
        z = y * y  # keeps y
        y[0] = 100.0
        y += 5
        manager.backward((z + y).sum())
    assert x.grad is not None
    # d(4 x^2 + (2 x + 5, but the first element a constant))
    np.testing.assert_array_equal(x.grad.numpy(), [8, 16 + 2, 24 + 2])


def test_a_write_by_index_is_differentiated() -> None:
    x, v = leaf(1.0, 2.0, 3.0), leaf(7.0)
    manager = GradManager().attach([x, v])
    with manager:
        y = x * 1
        y[1:2] = v * 3
        y[[0, 2]] = y[[2, 0]]
        manager.backward((y * leaf(1.0, 10.0, 100.0)).sum())
    assert x.grad is not None
    assert v.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), [100, 0, 1])
    np.testing.assert_array_equal(v.grad.numpy(), [30])


def test_release_forgets_even_when_the_loss_is_kept() -> None:
    gc.collect()
    before = _core.tape_size()
    x = leaf(1.0)
    manager = GradManager().attach(x)
    kept = []
    with manager:
        kept.append(x * x)
        assert _core.tape_size() > before
    assert _core.tape_size() == before
    assert not _core.is_tracked(kept[0])


def test_a_value_that_nobody_holds_leaves_the_tape_at_once() -> None:
    x = leaf(1.0)
    with GradManager().attach(x):
        before = _core.tape_size()
        for _ in range(100):
            x * x
        assert _core.tape_size() == before


def test_a_long_chain_is_released_without_recursion() -> None:
    x = leaf(1.0)
    manager = GradManager().attach(x)
    with manager:
        y = x
        for _ in range(50_000):
            y = y + 1
        manager.backward(y)
    assert x.grad is not None
    assert float(x.grad) == 1.0


def test_backward_without_a_record_says_what_to_do() -> None:
    with pytest.raises(RuntimeError, match="record"):
        GradManager().backward(leaf(1.0))


def test_attaching_integers_is_an_error() -> None:
    with pytest.raises(keima.DtypeError, match="int32"):
        GradManager().attach(keima.Tensor([1, 2]))


def test_a_function_of_ones_own() -> None:
    class Cube(Function):
        def forward(self, x: keima.Tensor) -> keima.Tensor:
            self.x = x
            return x * x * x

        def backward(self, dy: keima.Tensor) -> keima.Tensor:
            return dy * 3 * self.x * self.x

    x = leaf(2.0)
    manager = GradManager().attach(x)
    with manager:
        manager.backward(Cube()(x) * 2)
    assert x.grad is not None
    assert float(x.grad) == 24.0


def test_a_wrong_gradient_of_a_function_is_refused() -> None:
    class Wrong(Function):
        def forward(self, x: keima.Tensor) -> keima.Tensor:
            return x * 2

        def backward(self, dy: keima.Tensor) -> keima.Tensor:
            return dy.reshape(-1, 1)

    x = leaf(1.0, 2.0)
    manager = GradManager().attach(x)
    with pytest.raises(keima.ShapeError, match=r"Wrong.backward.*\(2, 1\)"), manager:
        manager.backward(Wrong()(x))
    assert not is_recording()


def test_anomaly_mode_names_the_op_in_backward_too() -> None:
    x = leaf(0.0)
    manager = GradManager().attach(x)
    with detect_anomaly(), manager:
        y = F.sqrt(x) * 0
        with pytest.raises(keima.KeimaError, match="NaN"):
            manager.backward(y)
