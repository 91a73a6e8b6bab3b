# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Profiles hold what ran: every op, its cost by the textbook formula, times that nest and add up, threads apart."""

from __future__ import annotations

import json
import threading

import jsonschema
import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812
from keima import profiler
from keima.autodiff import Function, GradManager
from keima.errors import FileFormatError
from keima.profiler import Event, Profile, Profiler, Roofline, Row, Thread
from keima.utils.profiler import Profiler as MegEngineName


def _random(*shape: int) -> keima.Tensor:
    return keima.Tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32))


def _recorded(body, **options) -> Profile:
    with Profiler(path=None, **options) as recorded:
        body()
    return recorded.profile


def _events(profile: Profile, category: str = "op") -> list[Event]:
    return [event for thread in profile.threads for event in thread.events if event.category == category]


def _step() -> None:
    x, weight = _random(2, 3, 12, 12), keima.Parameter(np.full((8, 3, 3, 3), 0.1, np.float32))
    manager = GradManager().attach([weight])
    optimizer = keima.optimizer.SGD([weight], lr=0.1, momentum=0.9)
    with manager:
        manager.backward(F.relu(F.conv2d(x, weight)).sum())
    optimizer.step().clear_grad()


def test_costs_are_those_of_the_formulas():
    x, weight = _random(2, 6, 10, 10), _random(8, 6, 3, 3)
    a, b = _random(5, 7), _random(7, 3)
    profile = _recorded(lambda: (F.conv2d(x, weight, stride=2, padding=1), a @ b, a + a))
    conv, product, add = _events(profile)
    assert (conv.name, conv.flops) == ("conv2d", 2 * 2 * 8 * 5 * 5 * 6 * 3 * 3)
    assert (conv.bytes_in, conv.bytes_out) == (4 * (x.size + weight.size), 4 * 2 * 8 * 5 * 5)
    assert (conv.operands, conv.result) == ((x.shape, weight.shape), (2, 8, 5, 5))
    assert (product.name, product.flops) == ("matmul", 2 * 5 * 7 * 3)
    assert (add.name, add.flops, add.bytes_in, add.bytes_out) == ("add", 35, 280, 140)


def test_nothing_is_noted_outside_and_profilers_do_not_nest():
    x = _random(3)
    _ = x + x
    assert not profiler.is_profiling()
    with Profiler(path=None) as recorded:
        assert profiler.is_profiling()
        with pytest.raises(RuntimeError, match="a profiler records already"), Profiler(path=None):
            pass
        with pytest.raises(RuntimeError, match="nothing was recorded yet"):
            _ = recorded.profile
    assert [thread.events for thread in recorded.profile.threads] == []
    with pytest.raises(RuntimeError, match="no profiler records"):
        recorded.stop()


def test_ops_of_backward_carry_the_name_of_their_forward():
    profile = _recorded(_step)
    found = {(event.name, event.forward) for event in _events(profile)}
    assert {("conv2d", ""), ("relu", ""), ("conv2d_backward_weight", "conv2d"), ("sgd_step", "")} <= found
    assert [event.name for event in _events(profile, "pass")] == ["backward"]
    gradients = [event.name for event in _events(profile, "gradient")]
    assert gradients == ["sum", "relu", "conv2d"]
    (scope,) = _events(profile, "scope")
    assert scope.name == "SGD.step"


def test_a_gradient_that_python_computes_has_the_name_of_its_function():
    class Double(Function):
        def forward(self, x):
            return x * 2.0

        def backward(self, dy):
            return F.exp(dy)

    x = _random(4)
    manager = GradManager().attach([x])

    def body() -> None:
        with manager:
            manager.backward(Double()(x).sum())

    (event,) = [event for event in _events(_recorded(body)) if event.name == "exp"]
    assert event.forward == "Double"


def test_events_nest_and_their_own_times_add_up():
    profile = _recorded(lambda: [_step() for _ in range(3)])
    (thread,) = profile.threads
    own = list(thread.own_times())
    assert len(own) == len(thread.events)
    assert all(nanoseconds >= 0 for _, nanoseconds in own)
    outermost = [
        e for e in thread.events if not any(o is not e and o.start <= e.start and e.end <= o.end for o in thread.events)
    ]
    assert sum(nanoseconds for _, nanoseconds in own) == sum(event.nanoseconds for event in outermost)
    rows = profiler.rows(profile)
    assert 0 < sum(row.seconds for row in rows) <= profile.seconds
    assert [row.calls for row in rows if row.op == "conv2d"] == [3]
    # Any two events of a thread are apart, or one lies in the other.
    for i, a in enumerate(thread.events):
        for b in thread.events[i + 1 :]:
            assert a.end <= b.start or b.end <= a.start or (a.start >= b.start and a.end <= b.end), (a, b)


def test_own_times_by_hand():
    def event(name: str, start: int, end: int) -> Event:
        return Event("op", name, "", -1, start, end, 0.0, 0, 0, (), ())

    # b and c in a, d in c, e after.
    events = [event("b", 10, 30), event("d", 45, 50), event("c", 40, 60), event("a", 0, 100), event("e", 100, 110)]
    own = {e.name: nanoseconds for e, nanoseconds in Thread(1, "t", events).own_times()}
    assert own == {"a": 60, "b": 20, "c": 15, "d": 5, "e": 10}


def test_threads_are_apart():
    def work() -> None:
        for _ in range(20):
            _ = F.exp(x)

    x = _random(50)
    workers = [threading.Thread(target=work, name=f"worker {i}") for i in range(3)]

    def body() -> None:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        _ = x + x

    with Profiler(path=None) as recorded:
        body()
    profile = recorded.profile
    assert len(profile.threads) == 4
    names = sorted((len(thread.events), {event.name for event in thread.events}) for thread in profile.threads)
    assert names == [(1, {"add"}), (20, {"exp"}), (20, {"exp"}), (20, {"exp"})]
    assert {thread.name for thread in profile.threads if len(thread.events) == 1} == {threading.current_thread().name}


def test_scopes_steps_and_modules():
    net = M.Sequential(M.Linear(4, 3), M.ReLU())

    @profiler.scope("whole")
    def whole() -> None:
        with profiler.scope("part"):
            net(_random(2, 4))

    recorded = Profiler(path=None, with_scopes=True)
    recorded.start()
    whole()
    recorded.step()
    whole()
    recorded.step()
    profile = recorded.stop()
    names = [event.name for event in _events(profile, "scope")]
    assert names == ["Linear", "ReLU", "Sequential", "part", "whole", "step 1"] + [
        "Linear",
        "ReLU",
        "Sequential",
        "part",
        "whole",
        "step 2",
    ]
    whole()
    without = _recorded(whole)
    assert [event.name for event in _events(without, "scope")] == ["part", "whole"]
    with pytest.raises(RuntimeError, match="start it before"):
        recorded.step()


def test_the_limit_keeps_the_first_events():
    x = _random(2)
    profile = _recorded(lambda: [F.exp(x), F.abs(x), F.abs(x), F.abs(x)], max_events=1)
    assert [event.name for event in _events(profile)] == ["exp"]
    assert profile.dropped == 3
    with pytest.raises(ValueError, match="at least 1 event"):
        Profiler(path=None, max_events=0).start()
    assert not profiler.is_profiling()


def test_a_compiled_graph_shows_its_steps():
    net = M.Sequential(M.Conv2d(3, 8, 3), M.ReLU())
    net.eval()
    traced = keima.jit.trace(net, symbolic=True, capture_as_const=True)
    x = _random(1, 3, 8, 8)
    traced(x)
    traced(x)
    profile = _recorded(lambda: traced(x))
    (graph,) = _events(profile, "graph")
    steps = [event for event in _events(profile) + _events(profile, "conversion") if event.step >= 0]
    assert any(event.name == "conv2d_fused" and event.flops == 2 * 8 * 6 * 6 * 3 * 3 * 3 for event in steps)
    assert sorted(event.step for event in steps) == list(range(len(steps)))
    assert all(graph.start <= event.start and event.end <= graph.end for event in steps)


def test_rows_group_by_op_by_shape_and_by_step():
    a, b = _random(3, 3), _random(5)
    profile = _recorded(lambda: [F.exp(a), F.exp(b), F.exp(b)])
    (row,) = profiler.rows(profile)
    assert (row.op, row.calls, row.flops, row.operands, row.result) == ("exp", 3, 9 + 10, (), ())
    by_shape = {row.result: row.calls for row in profiler.rows(profile, by="shape")}
    assert by_shape == {(3, 3): 1, (5,): 2}
    with pytest.raises(ValueError, match="one of"):
        profiler.rows(profile, by="colour")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (Row("conv2d", "", -1, (), (), 1, 0.5, 25e9, 10**6), "compute-bound (50% of the peak)"),
        (Row("add", "", -1, (), (), 1, 0.5, 1e6, 10**9), "memory-bound (20% of the bandwidth)"),
        (Row("add", "", -1, (), (), 100, 1e-4, 1000.0, 8000), "too small: the call itself (1%)"),
        (Row("reshape", "", -1, (), (), 5, 1e-6, 0.0, 0), "moves nothing"),
    ],
)
def test_what_bounds_a_row(row, words):
    assert profiler.bound(row, Roofline(100e9, 10e9, 1, "avx2")) == words


def test_the_measured_roofline_is_of_this_process():
    roofline = profiler.measure_roofline(seconds=0.05, stream_bytes=1 << 20)
    assert min(roofline.flops, roofline.bandwidth) > 0
    assert roofline.threads == keima._core.num_threads()
    assert roofline.seconds(roofline.flops, 0) == 1
    assert not roofline.is_compute_bound(1, 1e9)


# --- the timeline -----------------------------------------------------------------------------------------------------

_NUMBER = {"type": "number", "minimum": 0}
# "Trace Event Format", Google, 2016: what its JSON object form, complete events and metadata events must have.
_SCHEMA = {
    "type": "object",
    "required": ["traceEvents"],
    "properties": {
        "displayTimeUnit": {"enum": ["ms", "ns"]},
        "traceEvents": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "ph", "pid", "tid"],
                "properties": {
                    "name": {"type": "string"},
                    "pid": {"type": "integer"},
                    "tid": {"type": "integer"},
                    "args": {"type": "object"},
                },
                "oneOf": [
                    {
                        "properties": {"ph": {"const": "X"}, "ts": _NUMBER, "dur": _NUMBER, "cat": {"type": "string"}},
                        "required": ["ts", "dur"],
                    },
                    {
                        "properties": {
                            "ph": {"const": "M"},
                            "name": {
                                "enum": [
                                    "process_name",
                                    "process_labels",
                                    "process_sort_index",
                                    "thread_name",
                                    "thread_sort_index",
                                ]
                            },
                            "args": {
                                "type": "object",
                                "properties": {"name": {"type": "string"}},
                                "required": ["name"],
                            },
                        },
                        "required": ["args"],
                    },
                ],
            },
        },
    },
}


def test_the_timeline_is_in_the_trace_event_format(tmp_path):
    with MegEngineName(str(tmp_path / "out")) as recorded:
        _step()
    (path,) = (tmp_path / "out").iterdir()
    assert str(path) == Profiler.format_path(
        str(tmp_path / "out"), int(path.name.split(".")[0]), "chrome_timeline.json"
    )
    document = json.loads(path.read_text())
    jsonschema.validate(document, _SCHEMA)
    (thread,) = recorded.profile.threads
    complete = [entry for entry in document["traceEvents"] if entry["ph"] == "X"]
    assert len(complete) == len(thread.events)
    # As a viewer stacks them: each begins before the innermost open one ends, and ends no later.
    stack: list[dict] = []
    for entry in complete:
        while stack and stack[-1]["ts"] + stack[-1]["dur"] <= entry["ts"] + 1e-6:
            stack.pop()
        if stack:
            assert entry["ts"] + entry["dur"] <= stack[-1]["ts"] + stack[-1]["dur"] + 2e-3
        stack.append(entry)
    conv = next(entry for entry in complete if entry["name"] == "conv2d")
    assert conv["args"] == {
        "operands": [[2, 3, 12, 12], [8, 3, 3, 3]],
        "result": [2, 8, 10, 10],
        "flop": 2 * 2 * 8 * 100 * 27,
        "bytes": 4 * (2 * 3 * 144 + 8 * 27 + 2 * 8 * 100),
    }


def test_timelines_of_several_processes_are_merged(tmp_path):
    event = Event("op", "add", "", -1, 1000, 3000, 1.0, 8, 4, ((1,), (1,)), (1,))
    for pid in (10, 20):
        document = profiler.trace_document(Profile([Thread(pid + 1, "t", [event])], 0, 0, 4000), pid)
        (tmp_path / f"{pid}.chrome_timeline.json").write_text(json.dumps(document))
    for _ in range(2):  # what was merged before is not merged again
        merged = json.loads(profiler.merge_trace_events(tmp_path).read_text())
    assert [entry["pid"] for entry in merged["traceEvents"] if entry["ph"] == "X"] == [10, 20]
    (tmp_path / "30.chrome_timeline.json").write_text('{"traceEvents": 3}')
    with pytest.raises(FileFormatError, match="list 'traceEvents'"):
        profiler.merge_trace_events(tmp_path)
    (tmp_path / "30.chrome_timeline.json").write_text("[" * 100000)
    with pytest.raises(FileFormatError, match="Trace Event Format"):
        profiler.merge_trace_events(tmp_path)
    with pytest.raises(FileNotFoundError, match="found none"):
        profiler.merge_trace_events(tmp_path / "nowhere")


def test_options_that_do_not_exist_are_refused():
    with pytest.raises(keima.UnsupportedError, match="chrome_timeline"):
        Profiler(format="memory_flow.svg")
    with pytest.raises(keima.UnsupportedError, match="scope"):
        Profiler(with_backtrace=True)
    with pytest.raises(TypeError, match="'sample'"):
        Profiler(sample=3)
    assert Profiler(sample_rate=10, formats=["chrome_timeline.json"]).directory == "profile"


def test_profile_decorates_functions(tmp_path):
    @profiler.profile(path=str(tmp_path))
    def work(n: int) -> int:
        _ = _random(3) + 1.0
        return n + 1

    assert work(2) == 3
    (path,) = tmp_path.iterdir()
    assert [entry["name"] for entry in json.loads(path.read_text())["traceEvents"] if entry["ph"] == "X"] == ["add"]


def test_an_error_ends_the_recording():
    with pytest.raises(ZeroDivisionError), Profiler(path=None):
        _ = 1 / 0
    assert not profiler.is_profiling()
