# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Python threads beside kernels: others run meanwhile, and results are those of one after the other, bit for bit."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from keima import dtr, profiler
from keima.autodiff import Function, GradManager, get_backwarding_grad_manager
from keima.data import ArrayDataset, DataLoader, SequentialSampler


def _random(seed: int, *shape: int) -> keima.Tensor:
    return keima.Tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def _together(*bodies: Callable[[], Any]) -> list[Any]:
    """What the bodies return, each run by a thread of its own; an error in one is raised."""
    with ThreadPoolExecutor(len(bodies)) as pool:
        return [future.result() for future in [pool.submit(body) for body in bodies]]


class Net(M.Module):
    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = np.random.default_rng(seed)
        self.conv = M.Conv2d(3, 24, 3, padding=1)
        self.norm = M.BatchNorm2d(24)
        self.fc = M.Linear(24 * 24 * 24, 10)
        for parameter in self.parameters():
            parameter.set_value(generator.standard_normal(parameter.shape).astype(np.float32) * 0.1)

    def forward(self, x: keima.Tensor) -> keima.Tensor:
        return self.fc(F.flatten(F.relu(self.norm(self.conv(x))), 1))


def _train(seed: int, steps: int = 5) -> list[Any]:
    net = Net(seed)
    manager = GradManager().attach(net.parameters())
    optimizer = keima.optimizer.SGD(net.parameters(), lr=0.05, momentum=0.9)
    images, labels = _random(seed, 48, 3, 24, 24), keima.Tensor(np.arange(48, dtype=np.int32) % 10)
    results: list[Any] = []
    for _ in range(steps):
        with manager:
            loss = F.cross_entropy(net(images), labels)
            manager.backward(loss)
        optimizer.step().clear_grad()
        results.append(loss.numpy().tobytes())
    return results + [value.tobytes() for value in net.state_dict().values()]


def test_python_runs_while_a_kernel_works():
    a = _random(0, 1000, 1000)
    started, finished = threading.Event(), threading.Event()

    def look() -> bool:
        started.wait()
        return finished.is_set()

    def multiply() -> None:
        started.set()
        _ = F.matmul(a, a)
        finished.set()

    # No switches between bytecodes: only a lock that is let go lets the other look before the product is there.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)
    try:
        assert _together(multiply, look) == [None, False]
    finally:
        sys.setswitchinterval(interval)


def test_nets_trained_at_once_are_those_trained_alone():
    alone = [_train(seed) for seed in range(4)]
    assert _together(*(lambda seed=seed: _train(seed) for seed in range(4))) == alone
    assert alone[0] != alone[1]


def test_a_graph_runs_on_several_threads_at_once():
    net = Net(0)
    net.eval()
    traced = keima.jit.trace(net, symbolic=True, capture_as_const=True)
    images = [_random(seed, 48, 3, 24, 24) for seed in range(4)]
    alone = [traced(x).numpy() for x in images]
    together = _together(*(lambda x=x: [traced(x).numpy() for _ in range(5)][-1] for x in images))
    for a, b in zip(alone, together, strict=True):
        assert np.array_equal(a, b)


def test_a_trace_records_its_own_thread_alone():
    recorded, other = threading.Event(), threading.Event()

    def traced_function(x: keima.Tensor) -> keima.Tensor:
        y = F.exp(x)
        recorded.set()
        assert other.wait(60)
        return y + 1.0

    def beside() -> None:
        assert recorded.wait(60)
        assert not keima.jit.is_tracing()
        _ = F.abs(_random(2, 3)).numpy()
        other.set()

    traced = keima.jit.trace(traced_function, symbolic=True, capture_as_const=True)
    x = _random(1, 3)
    _together(lambda: traced(x), beside)
    assert [node[0] for node in traced.recordings[0].graph.nodes] == ["exp", "add"]


def test_the_manager_of_a_backward_is_that_of_its_thread():
    def work(inner: bool) -> list[bool]:
        x = _random(1, 4)
        seen: list[bool] = []

        def callback(tensor: keima.Tensor, gradient: keima.Tensor) -> None:
            barrier.wait(60)
            seen.append(get_backwarding_grad_manager() is manager)
            barrier.wait(60)

        manager = GradManager().attach([x], callbacks=callback)
        for _ in range(5):
            with manager:
                manager.backward(F.exp(x).sum())
        return seen

    barrier = threading.Barrier(2)
    assert _together(lambda: work(False), lambda: work(True)) == [[True] * 5] * 2


def test_a_recording_that_ends_within_its_backward_leaves_the_gradients_whole():
    x, y = _random(1, 3), _random(2, 3)
    manager = GradManager()
    manager.attach([x], callbacks=lambda *_: manager.release())
    manager.attach([y])
    with manager:
        z = F.exp(y)
        for _ in range(5):
            z = F.tanh(z) * y
        z = z * x
        manager.backward(z.sum())
    assert y.grad is not None
    assert keima._core.tape_size() == 0


def test_custom_gradients_run_under_the_lock():
    class Slow(Function):
        def forward(self, x):
            self.x = x
            return F.matmul(x, x)

        def backward(self, dy):
            notes.append(threading.get_ident())
            return F.matmul(dy, self.x) + F.matmul(self.x, dy)

    notes: list[int] = []

    def work(seed: int) -> bytes:
        x = _random(seed, 300, 300)
        manager = GradManager().attach([x])
        for _ in range(3):
            x.grad = None
            with manager:
                manager.backward(Slow()(x).sum())
        return x.grad.numpy().tobytes()

    alone = [work(seed) for seed in range(3)]
    assert _together(*(lambda seed=seed: work(seed) for seed in range(3))) == alone
    assert len(notes) == 18


def test_in_place_arithmetic_is_seen_before_or_after():
    x = keima.Tensor(np.zeros(1 << 20, np.float32))
    rounds = 30

    def change() -> None:
        nonlocal x
        for _ in range(rounds):
            x += 1.0

    def look() -> list[float]:
        seen = []
        while not seen or seen[-1] < rounds:
            low, high = float(F.min(x)), float(F.max(x))
            assert low <= high
            seen.append(low)
        return seen

    _, seen = _together(change, look)
    assert seen == sorted(seen)
    assert set(seen) <= set(map(float, range(rounds + 1)))


def test_memory_of_numpy_dies_under_the_lock():
    array = np.ones((600, 600), np.float32)

    def work() -> float:
        total = 0.0
        for _ in range(20):
            borrowed = keima.from_dlpack(array)
            product = F.matmul(borrowed, borrowed)
            del borrowed
            total += float(product[0, 0])
        return total

    assert _together(work, work, work) == [20 * 600.0] * 3
    del work
    assert sys.getrefcount(array) == 2


def test_rematerialisation_keeps_the_lock_and_the_bits():
    alone = [_train(seed, steps=2) for seed in range(3)]
    dtr.evictee_minimum_size = 1024
    dtr.eviction_threshold = 1 << 20
    dtr.enable()
    try:
        assert _together(*(lambda seed=seed: _train(seed, steps=2) for seed in range(3))) == alone
        assert dtr.counts()[0] > 0
    finally:
        dtr.disable()
        dtr.eviction_threshold = 0
        dtr.evictee_minimum_size = "1MB"


def test_everything_at_once():
    """Training, tracing, loading, profiling and switching rematerialisation on and off, on twelve threads."""
    alone = [_train(seed, steps=3) for seed in range(4)]
    stop = threading.Event()

    def load() -> int:
        dataset = ArrayDataset(np.arange(64, dtype=np.float32), np.arange(64, dtype=np.int32))
        loader = DataLoader(dataset, sampler=SequentialSampler(dataset, batch_size=8))
        batches = 0
        while not stop.is_set():
            batches += sum(1 for _ in loader)
        return batches

    def record() -> None:
        while not stop.is_set():
            with profiler.Profiler(path=None):
                _ = F.exp(_random(0, 50, 50))

    def switch() -> None:
        while not stop.is_set():
            dtr.enable()
            dtr.disable()

    def trace() -> None:
        while not stop.is_set():
            traced = keima.jit.trace(lambda x: F.exp(x) + 1.0, symbolic=True, capture_as_const=True)
            x = _random(0, 8, 8)
            assert np.array_equal(traced(x).numpy(), traced(x).numpy())

    def train_all() -> list[Any]:
        try:
            return _together(*(lambda seed=seed: _train(seed, steps=3) for seed in range(4)))
        finally:
            stop.set()

    together, batches, *_ = _together(train_all, load, load, record, switch, trace, trace, trace)
    assert together == alone
    assert batches > 0


@pytest.mark.parametrize("size", [10, 400])
def test_a_daemon_thread_at_work_does_not_spoil_the_exit(size):
    code = f"""
import threading, time
import numpy as np, keima
a = keima.Tensor(np.ones(({size}, {size}), np.float32))
started = threading.Event()
def work():
    while True:
        _ = keima.functional.matmul(a, a)
        started.set()
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
started.wait()
print("done")
"""
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize("write", ["in place", "at positions", "at a mask"])
def test_a_tensor_that_is_being_written_has_a_value_for_other_threads(write: str) -> None:
    """The object gives its value up to the op that writes it; nobody may look in between."""
    x = keima.Parameter(np.zeros((1000, 400), np.float32))
    factor, rows, mask = _random(1, 1000, 400), keima.Tensor(np.arange(0, 1000, 2)), _random(2, 1000, 400) > 0
    manager = GradManager().attach([x])

    def put() -> None:
        for _ in range(20):
            if write == "in place":
                with (
                    manager
                ):  # the product keeps its operands for backward: nothing is overwritten, all is computed anew
                    y = x * 1.0
                    y *= factor
                    held.append(y)
                    y *= factor
            elif write == "at positions":
                x[rows] = 1.0
            else:
                x[mask] = 1.0
        done.set()

    held: list[keima.Tensor] = []
    done = threading.Event()

    def look() -> bool:
        seen = True
        while not done.is_set():
            seen = seen and all(tensor.shape == (1000, 400) for tensor in [x, *held[-1:]])
        return seen

    assert _together(put, look)[1]
