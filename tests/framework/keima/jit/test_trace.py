# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Traced functions against the same functions run eagerly."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from keima.jit import TraceError, exclude_from_trace, is_tracing, trace

MODES = [{}, {"symbolic": True}, {"without_host": True}, {"symbolic": True, "without_host": True}]


def _values(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("options", MODES)
def test_calls_give_what_eager_gives(options):
    calls = []

    @trace(**options)
    def affine(x, scale, *, shift):
        calls.append(is_tracing())
        return {"out": F.exp(x * scale) + shift, "pair": (x.sum(), [x])}

    for seed in range(3):
        x, shift = _values(2, 3, seed=seed), _values(3, seed=seed + 9)
        result = affine(keima.Tensor(x), 0.5, shift=keima.Tensor(shift))
        np.testing.assert_allclose(result["out"].numpy(), np.exp(x * 0.5) + shift, rtol=1e-5)
        np.testing.assert_allclose(result["pair"][0].numpy(), x.sum(), rtol=1e-5)
        np.testing.assert_array_equal(result["pair"][1][0].numpy(), x)
    # MegEngine too runs Python at each call unless without_host.
    assert calls == [True] * (1 if options.get("without_host") else 3)
    assert not is_tracing()


@pytest.mark.parametrize("options", MODES)
def test_parameters_are_read_at_each_call(options):
    weight = keima.Parameter([2.0])
    traced = trace(lambda x: x * weight, **options)
    assert traced(keima.Tensor([3.0])).numpy() == 6
    weight._reset(keima.Tensor([5.0]))
    assert traced(keima.Tensor([3.0])).numpy() == 15


def test_captured_constants_stay():
    weight = keima.Parameter([2.0])
    traced = trace(lambda x: x * weight, without_host=True, capture_as_const=True)
    traced(keima.Tensor([3.0]))
    weight._reset(keima.Tensor([5.0]))
    assert traced(keima.Tensor([3.0])).numpy() == 6


@pytest.mark.parametrize("options", MODES)
def test_objects_that_the_function_changes_are_changed(options):
    total, norm = keima.Tensor([0.0]), M.BatchNorm2d(3)
    plain = M.BatchNorm2d(3)

    @trace(**options)
    def step(x):
        total.__iadd__(x.sum())
        return norm(x)

    expected = 0.0
    for seed in range(3):
        x = _values(4, 3, 5, 5, seed=seed)
        np.testing.assert_allclose(step(keima.Tensor(x)).numpy(), plain(keima.Tensor(x)).numpy(), atol=1e-6)
        expected += x.sum()
    np.testing.assert_allclose(total.numpy(), [expected], rtol=1e-4)
    np.testing.assert_allclose(norm.running_var.numpy(), plain.running_var.numpy(), rtol=1e-6)


@pytest.mark.parametrize("options", MODES)
def test_each_shape_has_its_own_graph(options):
    traced = trace(lambda x: F.reshape(x, (-1,)).sum() * x.shape[0], **options)
    for count in (2, 5, 2):
        assert traced(keima.Tensor(np.ones((count, 3), np.float32))).numpy() == 3 * count * count
    assert len(traced.recordings) == 2


@pytest.mark.parametrize("symbolic", [False, True])
def test_a_call_that_differs_is_explained(symbolic):
    branch = [0]

    @trace(symbolic=symbolic)
    def choose(x):
        if branch[0] == 0:
            return F.exp(x) + 1
        return {1: lambda: F.log(x) + 1, 2: lambda: F.exp(x), 3: lambda: F.exp(x) + 1 + x, 4: lambda: F.exp(x) + 2}[
            branch[0]
        ]()

    x = keima.Tensor([1.0])
    choose(x)
    for number, message in [
        (1, r"step 0 is log\(%0\), traced was exp\(%0\)"),
        (2, r"it ended after 1 steps, traced came add"),
        (3, r"step 2 is add.*, the traced call ended before it"),
        (4, r"constant %2 .* has other values"),
    ]:
        branch[0] = number
        with pytest.raises(TraceError, match=message):
            choose(x)
    branch[0] = 0
    np.testing.assert_allclose(choose(x).numpy(), np.exp([1.0]) + 1, rtol=1e-6)


def test_values_read_on_the_host_are_refused_where_they_would_freeze():
    def clipped(x):
        return x * 0 if float(x.sum()) > 10 else x + 1

    eager_checked = trace(clipped)
    assert eager_checked(keima.Tensor([1.0])).numpy() == 2
    with pytest.raises(TraceError, match="read on the host"):
        trace(clipped, without_host=True)(keima.Tensor([1.0]))
    with pytest.raises(TraceError, match=r"read the value of a tensor of shape \(\)"):
        trace(clipped, symbolic=True)(keima.Tensor([1.0]))
    with pytest.raises(TraceError, match="nonzero"):
        trace(lambda x: x[x > 0], without_host=True)(keima.Tensor([1.0, -1.0]))


def test_a_failed_symbolic_call_leaves_objects_as_they_were():
    state = keima.Tensor([1.0])

    @trace(symbolic=True)
    def broken(x):
        state.__iadd__(x)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        broken(keima.Tensor([1.0]))
    assert state.numpy() == 1
    assert not is_tracing()


def test_record_only_runs_nothing():
    state = keima.Tensor([1.0])
    traced = trace(lambda x: state.__iadd__(x), record_only=True)
    assert traced(keima.Tensor([1.0])) is None
    assert state.numpy() == 1
    assert "add" in str(traced.recordings[0].graph)


def test_excluded_code_is_not_recorded():
    @trace(without_host=True)
    def function(x):
        with exclude_from_trace():
            assert not is_tracing()
            length = float(F.sum(x).numpy())
        return x + length

    assert function(keima.Tensor([1.0])).numpy() == 2
    assert "sum" not in str(function.recordings[0].graph)


def test_a_traced_function_inside_another_is_part_of_it():
    inner = trace(lambda x: x + 1, without_host=True)
    outer = trace(lambda x: inner(x) * 2, without_host=True)
    assert outer(keima.Tensor([1.0])).numpy() == 4
    assert inner.recordings == []


@pytest.mark.parametrize("constants", [False, True])
def test_dropout_draws_anew_at_each_run(constants):
    dropout = M.Dropout(0.5)
    traced = trace(lambda x: dropout(x), without_host=True, capture_as_const=constants)
    x = keima.Tensor(np.ones(1000, np.float32))
    first, second = traced(x).numpy(), traced(x).numpy()
    assert (first != second).any()
    assert 300 < np.count_nonzero(second) < 700


def test_gradients_are_traced():
    weight = keima.Parameter(_values(3, 2))
    manager = keima.autodiff.GradManager().attach([weight])

    @trace(without_host=True)
    def gradient(x):
        weight.grad = None
        with manager:
            loss = F.exp(F.matmul(x, weight)).sum()
            manager.backward(loss)
        return loss

    for seed in range(2):
        x = _values(4, 3, seed=seed)
        gradient(keima.Tensor(x))
        expected = x.T @ np.exp(x @ weight.numpy())
        np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-4)


def test_gradients_from_before_the_call_are_refused():
    weight = keima.Parameter([2.0])
    weight.grad = keima.Tensor([1.0])
    manager = keima.autodiff.GradManager().attach([weight])

    @trace(without_host=True)
    def gradient(x):
        with manager:
            manager.backward((x * weight).sum())

    with pytest.raises(TraceError, match="clear_grad"):
        gradient(keima.Tensor([1.0]))


def test_the_graph_verifies_and_prints():
    traced = trace(lambda x: F.relu(x) + 1, without_host=True)
    traced(keima.Tensor([1.0, 2.0]))
    graph = traced.recordings[0].graph
    graph.verify()
    assert str(graph) == (
        "%0: float32(2,) = input\n%2: float32() = constant\n"
        "%1: float32(2,) = relu(%0)\n%3: float32(2,) = add(%1, %2)\nreturn %3\n"
    )
    with pytest.raises(keima.ShapeError, match="expected shape"):
        graph.run([keima.Tensor([1.0])])


@pytest.mark.parametrize("symbolic", [False, True])
def test_what_other_threads_compute_is_none_of_the_trace_s(symbolic):
    inside, done = threading.Event(), threading.Event()

    def scaled(x):
        y = x * 2
        inside.set()
        assert done.wait(60)
        return y + 1

    results = []

    def elsewhere():
        assert inside.wait(60)
        try:
            assert not is_tracing()
            a = keima.Tensor(_values(3))
            a += 1
            results.append(F.exp(a).numpy().sum())
            noisy = F.dropout(keima.Tensor(np.ones(1000, np.float32)), 0.5)
            results.append(float(noisy.numpy().max()))
            other = trace(lambda t: t * 5, symbolic=True)
            results.append(other(keima.Tensor([2.0])).numpy().tolist())
        finally:
            done.set()

    traced = trace(scaled, symbolic=symbolic, without_host=True)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    assert traced(keima.Tensor([1.0, 2.0])).numpy().tolist() == [3, 5]
    thread.join()
    assert results == [pytest.approx(np.exp(_values(3) + 1).sum(), rel=1e-5), 2.0, [10.0]]
    (recording,) = traced.recordings
    assert [name for name, *_ in recording.graph.nodes] == ["mul", "add"]
    assert not recording.before and not recording.captured


class Settings:
    """Equal by identity."""

    def __init__(self, factor: float) -> None:
        self.factor = factor


@dataclass
class Values:
    """Equal by its fields, and without a hash."""

    factor: float
    more: list[float]


def _ones_but(position: int) -> np.ndarray:
    array = np.ones(3000, np.float32)
    array[position] = 5
    return array


@pytest.mark.parametrize(
    "arguments",
    [
        [_ones_but(1500), _ones_but(1501)],  # numpy prints neither element
        [np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-12])],
        [np.array([[1.0, 2.0]]), np.array([[1.0], [2.0]])],
        [1, 1.0, True, np.float32(1), "1"],
        [0.0, -0.0],
        ["<float32(1,)>", keima.Tensor([1.0])],
        [Values(1.0, [2.0]), Values(1.0, [3.0])],
        [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
        [[1, 2], (1, 2)],
    ],
    ids=str,
)
def test_arguments_that_differ_are_recorded_apart(arguments):
    seen = []
    traced = trace(lambda x, other: (seen.append(other), x + 1)[1], without_host=True)
    for _ in range(2):
        for argument in arguments:
            traced(keima.Tensor([1.0]), argument)
    assert len(seen) == len(arguments)


def test_an_object_that_is_gone_is_not_taken_for_a_new_one():
    traced = trace(lambda x, settings: x * settings.factor, without_host=True)
    assert [traced(keima.Tensor([1.0]), Settings(float(i))).numpy()[0] for i in range(20)] == list(range(20))
    values = [Values(float(i // 2), [1.0]) for i in range(8)]
    assert [traced(keima.Tensor([1.0]), value).numpy()[0] for value in values] == [i // 2 for i in range(8)]
    assert len(traced.recordings) == 24
