# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`trace`: a function that is recorded at its first call, and checked against the recording or replaced by it later."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import _core
from .._core import Graph, Program, Tensor, TraceError, TraceSession
from ..replay import take_actions, take_obstacles
from .structure import replace_tensors, signature, tensors_in
from .sublinear_memory_config import SublinearMemoryConfig

if TYPE_CHECKING:
    from ..serialization import File
    from .graph_file import DumpResult


class _Active(threading.local):
    """The sessions of this thread, the innermost last."""

    def __init__(self) -> None:
        self.sessions: list[TraceSession] = []


_active = _Active()


def is_tracing() -> bool:
    """Whether a trace records this thread now."""
    return _core.is_tracing()


@contextmanager
def exclude_from_trace() -> Iterator[None]:
    """What runs in this scope is not recorded: a replay skips it, and its results are to the trace as any others."""
    session = _active.sessions[-1] if _active.sessions and _core.is_tracing() else None
    if session is not None:
        session.pause()
    try:
        yield
    finally:
        if session is not None:
            session.resume()


@dataclass
class Recording:
    """One call as a graph: arguments and captured tensors in, results and updates out."""

    graph: Graph
    captured: list[Tensor]
    updates: list[tuple[Tensor | int, bool]]  # what is changed, an argument by its number, and whether its gradient is
    obstacle: str
    results: Any  # the nesting, with positions in the graph's outputs in place of tensors
    before: list[Callable[[], None]]
    constants: list[tuple[int, Tensor]]  # tensors of the program that are constants of the graph, by value number
    program: Graph | Program  # what runs

    def replay(self, arguments: list[Tensor]) -> Any:
        """Run the graph; objects that the function changes are changed."""
        outputs = self.program.run(arguments + self.captured)
        for (target, is_gradient), value in zip(self.updates, outputs[len(outputs) - len(self.updates) :], strict=True):
            changed = arguments[target] if isinstance(target, int) else target
            if is_gradient:
                changed.grad = value
            else:
                changed._reset(value)
        return _fill(self.results, outputs)


@dataclass(frozen=True)
class _Place:
    position: int


def _fill(results: Any, outputs: list[Tensor]) -> Any:
    if isinstance(results, _Place):
        return outputs[results.position]
    if isinstance(results, list):
        return [_fill(item, outputs) for item in results]
    if isinstance(results, tuple):
        items = [_fill(item, outputs) for item in results]
        return type(results)(*items) if hasattr(results, "_fields") else tuple(items)
    if isinstance(results, dict):
        return {key: _fill(item, outputs) for key, item in results.items()}
    return results


class trace:  # noqa: N801  # the API's name
    """Record a function of tensors as a graph at its first call for each signature of arguments.

    A signature is the nesting of the arguments, the shapes and dtypes of tensors and the values of all else. Tensors
    of the program that the function uses (parameters) are read anew at each call; those that it changes are changed,
    and so are arguments (but with `capture_as_const`). While a gradient manager records around the call, Python runs
    and gradients go back through it.

    >>> import keima
    >>> @trace(without_host=True)
    ... def scaled(x):
    ...     return x * 2 + 1
    >>> scaled(keima.Tensor([1.0])), scaled(keima.Tensor([3.0]))  # the second call runs no Python
    (Tensor([3.], device=cpu0), Tensor([7.], device=cpu0))

    Args:
        function: what to trace; left out, the result is a decorator.
        symbolic: record shapes only, then run the graph: the function cannot read values of its tensors.
        capture_as_const: tensors of the program become constants of the graph, as :meth:`dump` needs.
        record_only: the call records and returns nothing; implies symbolic.
        without_host: later calls run the graph alone. Otherwise Python runs at each call, and a step that differs
            from the recording raises :class:`TraceError`.
        sublinear_memory_config: let backward compute values of the forward pass again, for less memory (with
            `symbolic` from the first call on; with `without_host` from the second; otherwise no graph is run). Results
            stay the same, bit for bit.
        dtr_config, profiling, opt_level, graph_opt_config, symbolic_shape: taken for compatibility; 0 for `opt_level`
            leaves the graph as recorded.

    Raises:
        TraceError: the call differs from the recorded one, or does what a graph cannot hold.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if not args:
            return functools.partial(cls, **kwargs)
        return super().__new__(cls)

    def __init__(
        self,
        function: Callable[..., Any],
        symbolic: bool = False,
        capture_as_const: bool = False,
        record_only: bool = False,
        sublinear_memory_config: SublinearMemoryConfig | None = None,
        dtr_config: Any = None,
        profiling: bool = False,
        opt_level: int = 2,
        graph_opt_config: Any = None,
        symbolic_shape: bool = True,
        without_host: bool = False,
    ) -> None:
        if not isinstance(sublinear_memory_config, SublinearMemoryConfig | None):
            raise TypeError(
                f"trace: sublinear_memory_config: expected a SublinearMemoryConfig, got {sublinear_memory_config!r}"
            )
        functools.update_wrapper(self, function)
        self.__wrapped__ = function
        self._name = getattr(function, "__name__", "the function")
        self._symbolic = symbolic or record_only
        self.capture_as_const = capture_as_const
        self._record_only = record_only
        self._opt_level = opt_level
        self._sublinear = sublinear_memory_config
        self._without_host = without_host
        self._recordings: dict[Hashable, Recording] = {}

    @property
    def without_host(self) -> bool:
        """Whether calls after the first run the graph alone."""
        return self._without_host

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if _core.is_tracing():  # part of the outer trace
            return self.__wrapped__(*args, **kwargs)
        key = signature((args, kwargs))
        known = self._recordings.get(key)
        if known is None or not self._without_host:
            return self._record(key, known, args, kwargs)
        arguments = list(tensors_in((args, kwargs)))
        if _core.is_recording() and any(_core.is_tracked(tensor) for tensor in arguments + known.captured):
            raise self._has_no_gradient()
        for action in known.before:
            action()
        return known.replay(arguments)

    def _record(self, key: Hashable, known: Recording | None, args: Any, kwargs: Any) -> Any:
        # Gradient managers outside of the call follow what is computed, not what a graph computes.
        symbolic = self._symbolic and (self._record_only or not _core.is_recording())
        session = TraceSession(not symbolic, self.capture_as_const, known.graph if known else None)
        take_actions()
        take_obstacles()
        _active.sessions.append(session)
        try:
            given, named = replace_tensors((args, kwargs), session.input)
            session.resume()
            results = self.__wrapped__(*given, **named)
            returned = list(tensors_in(results))
            graph, captured, updates, obstacle = session.finish(returned)
            obstacle = "; ".join(filter(None, [obstacle, *dict.fromkeys(take_obstacles())]))
        except BaseException:
            session.restore()
            raise
        finally:
            session.pause()
            _active.sessions.pop()
        places = iter(range(len(returned)))
        shape = replace_tensors(results, lambda _: _Place(next(places)))
        program = known.program if known else self._compile(graph)
        graph = known.graph if known else graph
        made = Recording(graph, captured, updates, obstacle, shape, take_actions(), session.constants, program)
        self._check(made, session)
        self._recordings[key] = made
        if not symbolic:
            return results
        session.restore()
        return None if self._record_only else made.replay(list(tensors_in((args, kwargs))))

    def _compile(self, graph: Graph) -> Graph | Program:
        if self._opt_level == 0 or not (self._symbolic or self._without_host):
            return graph
        optimized = graph.copy()
        optimized.optimize()
        if self._sublinear is not None:
            self._sublinear.apply(optimized)
        return optimized.compile()

    def _check(self, made: Recording, session: TraceSession) -> None:
        if made.obstacle and self._without_host:
            session.restore()
            raise TraceError(f"{self._name} cannot run without Python: {made.obstacle}")
        if self._without_host and not self._record_only and _core.is_recording() and session.reads_tracked():
            session.restore()
            raise self._has_no_gradient()

    def _has_no_gradient(self) -> TraceError:
        return TraceError(
            f"{self._name}: a gradient manager records, but no gradient goes back through a graph that runs without"
            " Python: call backward() inside the traced function, or trace it with without_host=False"
        )

    def dump(
        self,
        file: File,
        arg_names: Sequence[str] | None = None,
        output_names: Sequence[str] | str | None = None,
        optimize_for_inference: bool = True,
    ) -> DumpResult:
        """Write the recorded graph with its weights as one safetensors file, which needs no Python to run.

        Dicts and objects among arguments and results are flattened in order. A path is written whole or not at all.

        >>> import keima, tempfile
        >>> scaled = trace(lambda x: x * 2, capture_as_const=True)
        >>> scaled(keima.Tensor([1.0])).numpy()
        array([2.], dtype=float32)
        >>> with tempfile.TemporaryFile() as file:
        ...     result = scaled.dump(file, arg_names=["x"], output_names=["y"])
        >>> result.inputs, result.outputs
        (['x'], ['y'])

        Args:
            file: a path, or a file opened for writing bytes.
            arg_names: names of the tensors among the arguments; by default arg_0, arg_1 ...
            output_names: names of the results, by default out_0, out_1 ...
            optimize_for_inference: fold what depends on constants alone and normalisations into convolutions.

        Raises:
            TraceError: the function was not traced with `capture_as_const=True`, not called, or called with arguments
                of several shapes; or it does what a graph cannot hold.
            ValueError: as many names as tensors are needed, each once.
        """
        from .graph_file import dump_recording

        return dump_recording(self, file, arg_names, output_names, optimize_for_inference)

    @property
    def recordings(self) -> list[Recording]:
        """What was recorded, one for each signature of arguments."""
        return list(self._recordings.values())
