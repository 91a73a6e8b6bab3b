# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Update rules. Weight decay is added to the gradient, but for AdamW and LAMB, which decay the weight itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from .._core import Tensor, ops
from ..tensor import Parameter
from .optimizer import Group, Optimizer

Params = Iterable[Parameter] | Iterable[Group]


def _check(owner: str, **limits: tuple[float, float, float]) -> None:
    """Raise ValueError for an option outside its [low, high]."""
    for name, (value, low, high) in limits.items():
        if not low <= value <= high:
            raise ValueError(f"{owner}: {name} must be in [{low}, {high}], got {value}")


INFINITY = float("inf")
BELOW_ONE = math.nextafter(1.0, 0.0)  # beta 1 would divide by 1 - beta^t = 0


def _decayed(param: Tensor, grad: Tensor, group: Group) -> Tensor:
    return grad + param * group["weight_decay"] if group["weight_decay"] else grad


def _for_fused(group: Group) -> tuple[Tensor | None, tuple[float, ...]]:
    """For fused steps, which take numbers in a tensor or as attributes, and then attributes that stay the same."""
    numbers = group["numbers"]
    return (numbers, (0.0,) * len(numbers)) if isinstance(numbers, Tensor) else (None, numbers)


def _number(group: Group, i: int, param: Parameter) -> Any:
    """One of them, for elementwise ops, which it makes no wider than the parameter."""
    number = group["numbers"][i]
    return number.astype(param.dtype) if isinstance(number, Tensor) else number


class SGD(Optimizer):
    """v = momentum v + g; p -= lr v, or with Nesterov's momentum p -= lr (g + momentum v)."""

    state_names = ("momentum_buffer",)

    def __init__(
        self, params: Params, lr: float, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        _check("SGD", lr=(lr, 0, INFINITY), momentum=(momentum, 0, INFINITY), weight_decay=(weight_decay, 0, INFINITY))
        if nesterov and momentum == 0:
            raise ValueError("SGD: nesterov needs a momentum above 0")
        defaults = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    def _numbers(self, group: Group) -> tuple[float, ...]:
        return (group["lr"],)

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: Group) -> None:
        if not group["momentum"]:
            param -= _decayed(param, grad, group) * _number(group, 0, param)
            return
        buffer = state["momentum_buffer"]
        operand, (rate,) = _for_fused(group)
        stepped, moved = ops.sgd_step(
            param,
            grad,
            buffer,
            operand,
            lr=rate,
            momentum=group["momentum"],
            weight_decay=group["weight_decay"],
            nesterov=group["nesterov"],
        )
        param._reset(stepped)
        buffer._reset(moved)


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015)."""

    state_names = ("exp_avg", "exp_avg_sq")
    decay_weight = False

    def __init__(
        self,
        params: Params,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        name = type(self).__name__
        _check(name, lr=(lr, 0, INFINITY), weight_decay=(weight_decay, 0, INFINITY), eps=(eps, 0, INFINITY))
        _check(name, beta1=(betas[0], 0, BELOW_ONE), beta2=(betas[1], 0, BELOW_ONE))
        super().__init__(params, {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay})

    def _numbers(self, group: Group) -> tuple[float, ...]:
        beta1, beta2 = group["betas"]
        shrink = 1 - group["lr"] * group["weight_decay"] if self.decay_weight else 1.0
        return group["lr"] / (1 - beta1 ** group["step"]), 1 / (1 - beta2 ** group["step"]), shrink

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: Group) -> None:
        beta1, beta2 = group["betas"]
        operand, (rate, correction, shrink) = _for_fused(group)
        first, second = state["exp_avg"], state["exp_avg_sq"]
        stepped, first_moved, second_moved = ops.adam_step(
            param,
            grad,
            first,
            second,
            operand,
            rate=rate,
            beta1=beta1,
            beta2=beta2,
            eps=group["eps"],
            correction=correction,
            weight_decay=0.0 if self.decay_weight else group["weight_decay"],
            shrink=shrink,
        )
        param._reset(stepped)
        first._reset(first_moved)
        second._reset(second_moved)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

    decay_weight = True

    def __init__(
        self,
        params: Params,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011)."""

    state_names = ("square_avg",)

    def __init__(
        self, params: Params, lr: float = 1e-2, lr_decay: float = 0.0, eps: float = 1e-10, weight_decay: float = 0.0
    ) -> None:
        _check("Adagrad", lr=(lr, 0, INFINITY), lr_decay=(lr_decay, 0, INFINITY), eps=(eps, 0, INFINITY))
        _check("Adagrad", weight_decay=(weight_decay, 0, INFINITY))
        super().__init__(params, {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay})

    def _numbers(self, group: Group) -> tuple[float, ...]:
        return (group["lr"] / (1 + (group["step"] - 1) * group["lr_decay"]),)

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: Group) -> None:
        grad = _decayed(param, grad, group)
        total = state["square_avg"]
        total += ops.square(grad)
        param -= grad / (ops.sqrt(total) + group["eps"]) * _number(group, 0, param)


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    state_names = ("square_avg", "acc_delta")

    def __init__(
        self, params: Params, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0
    ) -> None:
        _check("Adadelta", lr=(lr, 0, INFINITY), rho=(rho, 0, 1), eps=(eps, 0, INFINITY))
        _check("Adadelta", weight_decay=(weight_decay, 0, INFINITY))
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    def _numbers(self, group: Group) -> tuple[float, ...]:
        return (group["lr"],)

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: Group) -> None:
        rho, eps = group["rho"], group["eps"]
        grad = _decayed(param, grad, group)
        squares, moved = state["square_avg"], state["acc_delta"]
        squares *= rho
        squares += ops.square(grad) * (1 - rho)
        step = grad * (ops.sqrt(moved + eps) / ops.sqrt(squares + eps))
        moved *= rho
        moved += ops.square(step) * (1 - rho)
        param -= step * _number(group, 0, param)


class LAMB(Optimizer):
    """Adam's step, scaled for each parameter by |p| / |step| (You et al., 2020)."""

    state_names = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Params,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        bias_correction: bool = True,
        weight_decay: float = 0.0,
        always_adapt: bool = False,
    ) -> None:
        _check("LAMB", lr=(lr, 0, INFINITY), weight_decay=(weight_decay, 0, INFINITY), eps=(eps, 0, INFINITY))
        _check("LAMB", beta1=(betas[0], 0, BELOW_ONE), beta2=(betas[1], 0, BELOW_ONE))
        defaults: dict[str, Any] = {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "bias_correction": bias_correction, "always_adapt": always_adapt})

    def _numbers(self, group: Group) -> tuple[float, ...]:
        counted = group["step"] if group["bias_correction"] else math.inf
        return (*(1 / (1 - beta**counted) for beta in group["betas"]), group["lr"])

    def _update(self, param: Parameter, grad: Tensor, state: dict[str, Tensor], group: Group) -> None:
        beta1, beta2 = group["betas"]
        first, second = state["exp_avg"], state["exp_avg_sq"]
        first *= beta1
        first += grad * (1 - beta1)
        second *= beta2
        second += ops.square(grad) * (1 - beta2)
        c1, c2, rate = (_number(group, i, param) for i in range(3))
        step = first * c1 / (ops.sqrt(second * c2) + group["eps"])
        step = _decayed(param, step, group)
        if group["weight_decay"] or group["always_adapt"]:
            size, length = (ops.sqrt(ops.sum(ops.square(x))) for x in (param, step))
            trust = ops.where(ops.minimum(size, length) > 0, size / length, 1.0)
            rate = trust * rate
        param -= step * rate
