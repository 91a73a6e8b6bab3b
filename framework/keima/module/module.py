# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The base of every layer and network."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..profiler import scopes
from ..tensor import Parameter, Tensor

Self = TypeVar("Self", bound="Module")
Found = TypeVar("Found")
StateDict = OrderedDict[str, NDArray[Any]]


class HookHandle:
    """Takes a hook off again."""

    def __init__(self, hooks: list[Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Remove the hook; doing it twice does nothing."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)


def parameter(*shape: int) -> Parameter:
    """Zeros to learn, for a layer that draws their values itself."""
    return Parameter(np.zeros(shape, dtype=np.float32))


class Module:
    """A part of a network: parameters, buffers, sub-modules and a forward computation.

    Attributes that are :class:`keima.Parameter` are learned; other tensors are buffers; modules are children. All of
    them may be in lists, tuples and dicts, too. Order is that of assignment.

    >>> import keima
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = keima.Parameter([2.0])
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(keima.Tensor([1.0, 2.0]))
    Tensor([2. 4.], device=cpu0)
    >>> list(Scale().state_dict())
    ['factor']
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.training = True
        self._forward_hooks: list[Callable[..., Any]] = []
        self._forward_pre_hooks: list[Callable[..., Any]] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Compute the output; a subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward()")

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        if scopes.modules_shown:
            with scopes.scope(self.name or type(self).__name__):
                return self._hooked_forward(*inputs, **kwargs)
        return self._hooked_forward(*inputs, **kwargs)

    def _hooked_forward(self, *inputs: Any, **kwargs: Any) -> Any:
        for hook in self._forward_pre_hooks:
            changed = hook(self, inputs)
            if changed is not None:
                inputs = changed if isinstance(changed, tuple) else (changed,)
        outputs = self.forward(*inputs, **kwargs)
        for hook in self._forward_hooks:
            changed = hook(self, inputs, outputs)
            outputs = outputs if changed is None else changed
        return outputs

    def register_forward_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have `hook(module, inputs, outputs)` called after forward; what it returns replaces the outputs."""
        self._forward_hooks.append(hook)
        return HookHandle(self._forward_hooks, hook)

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> HookHandle:
        """Have `hook(module, inputs)` called before forward; what it returns replaces the inputs."""
        self._forward_pre_hooks.append(hook)
        return HookHandle(self._forward_pre_hooks, hook)

    # --- what is in it ---------------------------------------------------------------------------------------------

    def named_children(self, **kwargs: Any) -> Iterator[tuple[str, Module]]:
        """Direct sub-modules by name; those in containers are called "attribute.key"."""
        for name, value in vars(self).items():
            yield from _found(Module, name, value)

    def children(self, **kwargs: Any) -> Iterator[Module]:
        """Direct sub-modules."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str | None = None, **kwargs: Any) -> Iterator[tuple[str, Module]]:
        """This module (under the name `prefix` or "") and all below it, each once."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix or "", self)]
        while stack:
            name, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            below = [(f"{name}.{key}" if name else key, child) for key, child in module.named_children()]
            stack.extend(reversed(below))

    def modules(self, **kwargs: Any) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_tensors(
        self, prefix: str | None = None, recursive: bool = True, **kwargs: Any
    ) -> Iterator[tuple[str, Tensor]]:
        """Parameters and buffers by name, each once."""
        seen: set[int] = set()
        owners = self.named_modules(prefix) if recursive else iter([(prefix or "", self)])
        for owner, module in owners:
            held = (found for key, value in vars(module).items() for found in _found(Tensor, key, value))
            for key, tensor in held:
                if id(tensor) not in seen:
                    seen.add(id(tensor))
                    yield (f"{owner}.{key}" if owner else key), tensor

    def tensors(self, recursive: bool = True, **kwargs: Any) -> Iterator[Tensor]:
        """Parameters and buffers."""
        return (tensor for _, tensor in self.named_tensors(recursive=recursive))

    def named_parameters(
        self, prefix: str | None = None, recursive: bool = True, **kwargs: Any
    ) -> Iterator[tuple[str, Parameter]]:
        """Parameters by name, each once."""
        for name, tensor in self.named_tensors(prefix, recursive):
            if isinstance(tensor, Parameter):
                yield name, tensor

    def parameters(self, recursive: bool = True, **kwargs: Any) -> Iterator[Parameter]:
        """Parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recursive=recursive))

    def named_buffers(
        self, prefix: str | None = None, recursive: bool = True, **kwargs: Any
    ) -> Iterator[tuple[str, Tensor]]:
        """Tensors that are not parameters, by name."""
        for name, tensor in self.named_tensors(prefix, recursive):
            if not isinstance(tensor, Parameter):
                yield name, tensor

    def buffers(self, recursive: bool = True, **kwargs: Any) -> Iterator[Tensor]:
        """Tensors that are not parameters."""
        return (buffer for _, buffer in self.named_buffers(recursive=recursive))

    # --- changing it -----------------------------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], None]) -> None:
        """Call `fn` on this module and all below it."""
        for module in self.modules():
            fn(module)

    def train(self: Self, mode: bool = True, recursive: bool = True) -> Self:
        """Switch to training (or, with False, to evaluation)."""
        for module in self.modules() if recursive else [self]:
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Switch to evaluation."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Set the gradients of all parameters to zero."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                parameter.grad.reset_zero()

    def replace_param(self, params: dict[Parameter, Tensor], start_pos: int = 0) -> None:
        """Put other tensors in the places of parameters, wherever they are used."""
        for module in self.modules():
            for key, value in vars(module).items():
                if next(_found(Parameter, key, value), None) is not None:
                    setattr(module, key, _replaced(value, params))

    def state_dict(self, prefix: str = "", keep_var: bool = False) -> Any:
        """Parameters and buffers by name, as NumPy arrays (or, with `keep_var`, the tensors themselves)."""
        named = ((prefix + name, tensor) for name, tensor in self.named_tensors())
        return OrderedDict((name, tensor if keep_var else np.array(tensor.numpy())) for name, tensor in named)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Set parameters and buffers from :meth:`state_dict`'s form; nothing is changed unless all of it fits.

        Raises KeyError for missing or (when `strict`) unexpected names and ValueError for other shapes.
        """
        own = OrderedDict(self.named_tensors())
        missing = [name for name in own if name not in state_dict] if strict else []
        unexpected = [name for name in state_dict if name not in own] if strict else []
        if missing or unexpected:
            raise KeyError(f"load_state_dict: missing {missing or 'nothing'}, unexpected {unexpected or 'nothing'}")
        fitting = {name: _fitting(name, own[name], state_dict[name]) for name in own if name in state_dict}
        for name, value in fitting.items():
            own[name]._reset(value)

    # --- showing it ------------------------------------------------------------------------------------------------

    def _module_info_string(self) -> str:
        """What stands between the parentheses of this module's repr."""
        return ""

    def __repr__(self) -> str:
        lines = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.named_children()]
        info = self._module_info_string()
        if not lines:
            return f"{type(self).__name__}({info})"
        return f"{type(self).__name__}({info}\n  " + "\n  ".join(lines) + "\n)"


def _found(kind: type[Found], name: str, value: Any) -> Iterator[tuple[str, Found]]:
    """Objects of a kind in a nesting of lists, tuples and dicts, named "attribute.key"."""
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _found(kind, f"{name}.{i}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _found(kind, f"{name}.{key}", item)


def _replaced(value: Any, params: dict[Parameter, Tensor]) -> Any:
    """The nesting with other tensors in the places of parameters."""
    if isinstance(value, Parameter):
        return params.get(value, value)
    if isinstance(value, list):
        value[:] = [_replaced(item, params) for item in value]
    elif isinstance(value, dict):
        value.update({key: _replaced(item, params) for key, item in value.items()})
    elif isinstance(value, tuple):
        items = [_replaced(item, params) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def _fitting(name: str, own: Tensor, value: Any) -> Tensor:
    loaded = value if isinstance(value, Tensor) else Tensor(np.asarray(value), dtype=own.dtype)
    if loaded.shape != own.shape:
        raise ValueError(f"load_state_dict: {name} has shape {loaded.shape}, expected {own.shape}")
    return loaded.detach()
