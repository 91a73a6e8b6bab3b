# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Training under a memory limit is bit-equal to training without one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from keima import device, dtr
from keima.autodiff import Function, GradManager, no_grad


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    device.coalesce_free_memory()
    yield
    dtr.disable()
    dtr.eviction_threshold = 0
    dtr.evictee_minimum_size = "1MB"
    dtr.enable_sqrt_sampling = False
    device.set_memory_limit(0)


class Net(M.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = [M.Conv2d(3 if i == 0 else 24, 24, 3, padding=1) for i in range(6)]
        self.norms = [M.BatchNorm2d(24) for _ in range(6)]
        self.fc = M.Linear(24, 10)

    def forward(self, x: keima.Tensor) -> keima.Tensor:
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            out = F.relu(norm(conv(x)))
            out = F.dropout(out, 0.2)
            x = out if i == 0 else x + out
        return self.fc(F.mean(x, (2, 3)))


def train(steps: int = 3) -> list[np.ndarray[Any, Any]]:
    """Losses, parameters and statistics, and in the last place the most memory that was reserved."""
    keima.random.seed(11)
    net = Net()
    manager = GradManager().attach(net.parameters())
    optimizer = keima.optimizer.SGD(net.parameters(), lr=0.05, momentum=0.9)
    rng = np.random.default_rng(0)
    losses = []
    device.reset_max_memory_stats()
    for _ in range(steps):
        images = keima.Tensor(rng.normal(size=(16, 3, 40, 40)).astype(np.float32))
        with manager:
            loss = F.cross_entropy(net(images), keima.Tensor(rng.integers(0, 10, 16)))
            manager.backward(loss)
        optimizer.step().clear_grad()
        losses.append(loss.numpy().copy())
    state = [value for _, value in sorted(net.state_dict().items())]
    return losses + [np.array(value) for value in state] + [np.array(device.get_max_reserved_memory())]


@pytest.mark.parametrize("sampling", [False, True])
def test_half_the_memory_trains_with_equal_bits(sampling: bool) -> None:
    gc.collect()
    device.coalesce_free_memory()
    others = device.get_allocated_memory()  # what earlier tests still hold is none of the training's
    *expected, whole = train()
    device.coalesce_free_memory()
    dtr.evictee_minimum_size = "64KB"
    dtr.enable_sqrt_sampling = sampling
    dtr.enable()
    limit = others + (int(whole) - others) // 2
    device.set_memory_limit(limit)
    before = dtr.counts()
    *got, most = train()
    assert most <= limit
    assert dtr.counts()[0] > before[0] + 10
    assert dtr.counts()[1] > before[1] + 10
    for one, other in zip(expected, got, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_limit_alone_is_not_enough() -> None:
    *_, whole = train()
    device.coalesce_free_memory()
    device.set_memory_limit(int(whole) // 2)
    with pytest.raises(MemoryError, match="limit"):
        train()


def test_a_threshold_is_a_wish() -> None:
    """Nothing can be given up beyond what the running op needs: training goes on above the threshold."""
    expected = train(1)[:-1]
    dtr.evictee_minimum_size = "64KB"
    dtr.eviction_threshold = "1MB"
    dtr.enable()
    for one, other in zip(expected, train(1)[:-1], strict=True):
        np.testing.assert_array_equal(one, other)


def _squeezed() -> None:
    dtr.evictee_minimum_size = 0
    dtr.eviction_threshold = 1  # every allocation evicts all that can be
    dtr.enable()


def test_tensors_that_the_program_holds_come_back() -> None:
    _squeezed()
    x = keima.Parameter(np.linspace(-1, 1, 12, dtype=np.float32))
    with GradManager().attach([x]) as manager:
        held = [F.exp(x)]
        for _ in range(5):
            held.append(F.tanh(held[-1] * 1.5))
        view = F.reshape(held[2], (3, 4))
        evicted = dtr.counts()[0]
        assert evicted > 0
        read = held[3].numpy()
        expected = np.exp(x.numpy())
        for tensor in held:
            np.testing.assert_allclose(tensor.numpy(), expected, rtol=2e-6)
            expected = np.tanh(expected * 1.5)
        np.testing.assert_array_equal(view.numpy().reshape(-1), held[2].numpy())
        assert float(held[1][3]) == held[1].numpy()[3]
        manager.backward(held[-1].sum())
    np.testing.assert_array_equal(read, held[3].numpy())
    assert x.grad is not None


def test_what_is_written_in_place_is_not_what_comes_back_elsewhere() -> None:
    _squeezed()
    x = keima.Parameter(np.arange(4, dtype=np.float32))
    with GradManager().attach([x]) as manager:
        y = x * 2
        z = y + 1
        y += 10
        with no_grad():
            z[1] = 100.0
        w = z * y
        x_before = x.numpy().copy()
        with no_grad():
            x += 5.0  # after its old value was read by recipes
        np.testing.assert_array_equal(y.numpy(), x_before * 2 + 10)
        np.testing.assert_array_equal(z.numpy(), np.where(np.arange(4) == 1, 100, x_before * 2 + 1))
        np.testing.assert_array_equal(w.numpy(), z.numpy() * y.numpy())
        manager.backward(w.sum())


def test_gradients_of_gradients() -> None:
    def second() -> np.ndarray[Any, Any]:
        x = keima.Parameter([0.3, -0.7])
        with GradManager().attach([x]) as outer:
            with GradManager().attach([x]) as inner:
                inner.backward(F.sum(F.exp(x * x)))
            first, x.grad = x.grad, None
            outer.backward(F.sum(first * first))
        return np.array(x.grad)

    expected = second()
    _squeezed()
    np.testing.assert_array_equal(second(), expected)


def test_a_custom_gradient_reads_what_it_kept() -> None:
    class Cube(Function):
        def forward(self, x: keima.Tensor) -> keima.Tensor:
            self.x = x
            return x * x * x

        def backward(self, dy: keima.Tensor) -> keima.Tensor:
            return dy * 3 * self.x * self.x

    _squeezed()
    x = keima.Parameter([1.0, 2.0])
    with GradManager().attach([x]) as manager:
        manager.backward(Cube()(x * 2).sum())
    np.testing.assert_array_equal(x.grad.numpy(), 3 * np.array([2.0, 4.0]) ** 2 * 2)


def test_what_is_missing_when_the_manager_ends_or_dtr_is_switched_off_comes_back() -> None:
    _squeezed()
    x = keima.Parameter([1.0, 2.0])
    with GradManager().attach([x]):
        y = F.exp(x)
        z = F.exp(y)
    dtr.disable()
    x += 1
    np.testing.assert_allclose(z.numpy(), np.exp(np.exp([1.0, 2.0])), rtol=1e-6)
    np.testing.assert_allclose(y.numpy(), np.exp([1.0, 2.0]), rtol=1e-6)


def test_nothing_happens_outside_a_recording() -> None:
    _squeezed()
    before = dtr.counts()
    x = keima.Tensor([1.0])
    for _ in range(4):
        x = F.exp(x * 0.1)
    assert dtr.counts() == before


def test_settings() -> None:
    for text, size in [("2GB", 2 << 30), ("1.5 MB", 3 << 19), ("7kb", 7 << 10), ("12", 12), (5, 5)]:
        dtr.eviction_threshold = text
        assert dtr.eviction_threshold == size
    dtr.evictee_minimum_size = "3B"
    assert dtr.evictee_minimum_size == 3
    dtr.enable_sqrt_sampling = True
    assert dtr.enable_sqrt_sampling is True
    for wrong, error in [
        ("2 TB", ValueError),
        ("", ValueError),
        (-1, ValueError),
        (1 << 62, ValueError),
        (1.5, TypeError),
    ]:
        with pytest.raises(error, match=r"dtr\.eviction_threshold"):
            dtr.eviction_threshold = wrong
    dtr.enable()
    assert dtr.is_enabled()
