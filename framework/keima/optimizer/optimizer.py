# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The base of optimizers: parameter groups, state, steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

from .._core import Tensor, is_tracing, ops
from ..autodiff import no_grad
from ..profiler import scope
from ..replay import cannot_replay, made_anew, repeat
from ..tensor import Parameter

Self = TypeVar("Self", bound="Optimizer")
Group = dict[str, Any]


def _count(group: Group) -> None:
    group["step"] = group.get("step", 0) + 1


class Optimizer:
    """Changes parameters by their gradients.

    Args:
        params: parameters, or groups: dicts with "params" and the options that differ from `defaults`.
        defaults: options of every group.

    A subclass names its per-parameter state in `state_names` and defines `_update`. If it defines `_numbers` too, its
    steps can be traced.
    """

    state_names: tuple[str, ...] = ()

    def __init__(self, params: Iterable[Parameter] | Iterable[Group], defaults: Mapping[str, Any]) -> None:
        self._defaults = dict(defaults)
        self.param_groups: list[Group] = []
        self._state: dict[int, dict[str, Tensor]] = {}  # by id of the parameter, which the groups keep alive
        given: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: expected parameters to optimize, got none")
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own."""
        params = param_group["params"]
        param_group["params"] = [params] if isinstance(params, Tensor) else list(params)
        known = {id(param) for group in self.param_groups for param in group["params"]}
        for param in param_group["params"]:
            if not isinstance(param, Parameter):
                raise TypeError(f"{type(self).__name__}: expected Parameters, got a {type(param).__name__}")
            if id(param) in known:
                raise ValueError(f"{type(self).__name__}: a parameter of shape {param.shape} is in two groups")
            known.add(id(param))
            # Each tensor of its own: updates happen in place.
            self._state[id(param)] = {name: ops.full(param.shape, 0.0, param.dtype) for name in self.state_names}
        for key, value in self._defaults.items():
            param_group.setdefault(key, value)
        self.param_groups.append(param_group)

    def _numbers(self, group: Group) -> tuple[float, ...] | None:
        """What changes between steps (rates, anything counted), which `_update` gets as `group["numbers"]`.

        In a trace they come in a tensor that is filled before each run. None: the trace must run in Python.
        """
        return None

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: Group) -> None:
        """Change `param` and `state`, whose tensors stay the same objects, by `grad`; nothing in here is recorded."""
        raise NotImplementedError(f"{type(self).__name__} must define _update()")

    def step(self: Self) -> Self:
        """Update every parameter that has a gradient."""
        with no_grad(), scope(f"{type(self).__name__}.step"):
            for group in self.param_groups:
                repeat(partial(_count, group))
                options = {**group, "numbers": self._present_numbers(group)}
                for param in group["params"]:
                    if param.grad is not None:
                        self._update(param, param.grad, self._state[id(param)], options)
        return self

    def _present_numbers(self, group: Group) -> tuple[float, ...] | Tensor | None:
        numbers = self._numbers(group)
        if numbers is None:
            cannot_replay("it steps an optimizer, whose rate and count of steps change in Python")
            return None
        return made_anew(lambda: Tensor(self._numbers(group))) if is_tracing() else numbers

    def clear_grad(self: Self) -> Self:
        """Forget all gradients."""
        for group in self.param_groups:
            for param in group["params"]:
                param.grad = None
        return self

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    param.grad.reset_zero()

    def state_dict(self, keep_var: bool = False) -> dict[str, Any]:
        """Options and state, parameters being numbered in the order of their groups."""
        groups: list[Group] = []
        state: dict[int, dict[str, Any]] = {}
        for group in self.param_groups:
            first = len(state)
            for param in group["params"]:
                held = self._state[id(param)]
                state[len(state)] = {n: t if keep_var else np.array(t.numpy()) for n, t in held.items()}
            options = {key: value for key, value in group.items() if key != "params"}
            groups.append({**options, "params": list(range(first, len(state)))})
        return {"param_groups": groups, "state": state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from :meth:`state_dict`; raises ValueError, changing nothing, unless groups and shapes fit."""
        if not {"param_groups", "state"} <= set(state):
            raise ValueError(
                f"load_state_dict: expected the keys 'param_groups' and 'state', got {sorted(map(str, state))}"
            )
        groups = state["param_groups"]
        sizes = [len(group["params"]) for group in self.param_groups]
        if [len(group["params"]) for group in groups] != sizes:
            raise ValueError(
                f"load_state_dict: expected groups of {sizes} parameters, got {[len(g['params']) for g in groups]}"
            )
        params = [param for group in self.param_groups for param in group["params"]]
        loaded = [self._fitting_state(param, state["state"][i]) for i, param in enumerate(params)]
        for param, held in zip(params, loaded, strict=True):
            for name, tensor in self._state[id(param)].items():
                tensor._reset(held[name])  # the same objects, which traces read
        for own, group in zip(self.param_groups, groups, strict=True):
            own.update({key: value for key, value in group.items() if key != "params"})

    def _fitting_state(self, param: Parameter, held: Mapping[str, Any]) -> dict[str, Tensor]:
        if set(held) != set(self.state_names):
            raise ValueError(f"load_state_dict: expected state {list(self.state_names)}, got {list(held)}")
        made = {name: Tensor(np.array(held[name]), dtype=param.dtype) for name in self.state_names}
        for name, tensor in made.items():
            if tensor.shape != param.shape:
                raise ValueError(f"load_state_dict: {name} has shape {tensor.shape}, expected {param.shape}")
        return made
