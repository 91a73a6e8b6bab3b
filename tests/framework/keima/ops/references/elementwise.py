# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Elementwise ops, and the gradients of activations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from references.reference import Array, Case, Reference

REFERENCES: dict[str, Reference] = {}


def _uniform(low: float, high: float) -> Callable[[np.random.Generator], list[Case]]:
    def cases(rng: np.random.Generator) -> list[Case]:
        shapes: list[tuple[int, ...]] = [(), (1,), (7,), (3, 5), (2, 3, 4, 5), (0, 3), (33,)]
        return [Case((rng.uniform(low, high, shape),)) for shape in shapes]

    return cases


def _away_from(points: tuple[float, ...], low: float, high: float) -> Callable[[np.random.Generator], list[Case]]:
    """Draws that keep 0.05 from points where the function has a kink."""

    def cases(rng: np.random.Generator) -> list[Case]:
        made = []
        for shape in [(), (6,), (2, 3, 4, 5)]:
            x = rng.uniform(low, high, shape)
            for point in points:
                x = np.where(np.abs(x - point) < 0.05, point + 0.1, x)
            made.append(Case((x,)))
        return made

    return cases


_PAIRS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((), ()),
    ((3, 4), (3, 4)),
    ((3, 4), ()),
    ((2, 3, 4), (4,)),
    ((2, 1, 4), (3, 1)),
    ((0, 3), (1, 3)),
    ((2, 5, 3, 3), (1, 5, 1, 1)),
]


def _pairs(
    low: float, high: float, other: tuple[float, float] | None = None
) -> Callable[[np.random.Generator], list[Case]]:
    second = other or (low, high)

    def cases(rng: np.random.Generator) -> list[Case]:
        return [Case((rng.uniform(low, high, a), rng.uniform(*second, b))) for a, b in _PAIRS]

    return cases


def _erf(x: Array) -> Array:
    return np.vectorize(math.erf, otypes=[float])(x)


def _unary(name: str, forward: Callable[[Array], Array], low: float, high: float, **options: Any) -> None:
    REFERENCES[name] = Reference(forward, _uniform(low, high), differentiable=(0,), **options)


def _kinked(name: str, forward: Callable[[Array], Array], points: tuple[float, ...], low: float, high: float) -> None:
    REFERENCES[name] = Reference(forward, _away_from(points, low, high), differentiable=(0,))


_unary("acos", np.arccos, -0.9, 0.9)
_unary("acosh", np.arccosh, 1.2, 5)
_unary("asin", np.arcsin, -0.9, 0.9)
_unary("asinh", np.arcsinh, -3, 3)
_unary("atan", np.arctan, -3, 3)
_unary("atanh", np.arctanh, -0.8, 0.8)
_unary("cos", np.cos, -4, 4)
_unary("cosh", np.cosh, -3, 3)
_unary("erf", _erf, -3, 3)
_unary("erfc", lambda x: 1 - _erf(x), -2, 2)
_unary("exp", np.exp, -3, 3)
_unary("expm1", np.expm1, -2, 2)
_unary("gelu", lambda x: x * 0.5 * (1 + _erf(x / math.sqrt(2))), -4, 4)
_unary("log", np.log, 0.3, 5)
_unary("log1p", np.log1p, -0.6, 4)
_unary("logsigmoid", lambda x: -np.logaddexp(-x, 0), -5, 5)
_unary("neg", np.negative, -3, 3)
_unary("reciprocal", lambda x: 1 / x, 0.5, 3)
_unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.5, 3)
_unary("sigmoid", lambda x: 1 / (1 + np.exp(-x)), -5, 5)
_unary("silu", lambda x: x / (1 + np.exp(-x)), -5, 5)
_unary("sin", np.sin, -4, 4)
_unary("sinh", np.sinh, -3, 3)
_unary("softplus", lambda x: np.logaddexp(x, 0), -5, 5)
_unary("sqrt", np.sqrt, 0.3, 4)
_unary("square", np.square, -3, 3)
_unary("tan", np.tan, -1, 1)
_unary("tanh", np.tanh, -3, 3)
_kinked("abs", np.abs, (0.0,), -3, 3)
_kinked("relu", lambda x: np.maximum(x, 0), (0.0,), -3, 3)
_kinked("relu6", lambda x: np.clip(x, 0, 6), (0.0, 6.0), -3, 9)
_kinked("hsigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, (-3.0, 3.0), -5, 5)
_kinked("hswish", lambda x: x * np.clip(x + 3, 0, 6) / 6, (-3.0, 3.0), -5, 5)
REFERENCES["leaky_relu"] = Reference(
    lambda x, slope: np.where(x > 0, x, x * slope),
    lambda rng: [Case((np.where(np.abs(x := rng.uniform(-3, 3, (4, 5))) < 0.05, 1.0, x),), (0.2,))],
    differentiable=(0,),
)

for _name, _forward in {"ceil": np.ceil, "floor": np.floor, "sign": np.sign}.items():
    REFERENCES[_name] = Reference(_forward, _uniform(-3, 3))
REFERENCES["round"] = Reference(lambda x: np.copysign(np.floor(np.abs(x) + 0.5), x), _uniform(-3, 3))
REFERENCES["isnan"] = Reference(np.isnan, lambda rng: [Case((np.array([1.0, np.nan, np.inf]),))])
REFERENCES["isinf"] = Reference(np.isinf, lambda rng: [Case((np.array([1.0, np.nan, -np.inf]),))])


def _binary(name: str, forward: Callable[[Array, Array], Array], cases: Any, gradients: bool = True) -> None:
    REFERENCES[name] = Reference(forward, cases, differentiable=(0, 1) if gradients else ())


_binary("add", np.add, _pairs(-3, 3))
_binary("sub", np.subtract, _pairs(-3, 3))
_binary("mul", np.multiply, _pairs(-3, 3))
_binary("div", np.divide, _pairs(-3, 3, (0.5, 2)))
_binary("pow", np.power, _pairs(0.5, 2, (-2, 2)))
_binary("maximum", np.maximum, _pairs(-3, 3))
_binary("minimum", np.minimum, _pairs(-3, 3))
_binary("atan2", np.arctan2, _pairs(0.3, 3))
_binary("logaddexp", np.logaddexp, _pairs(-3, 3))
_binary("mod", np.fmod, _pairs(-3, 3, (5, 7)))
_binary("floor_div", np.floor_divide, _pairs(-3, 3, (0.6, 2)), gradients=False)
_binary("prelu", lambda x, y: np.where(x > 0, x, x * y), _pairs(-3, 3))
REFERENCES["relu_grad"] = Reference(lambda y, dy: np.where(y > 0, dy, 0), _pairs(-3, 3), differentiable=(1,))


def _fused_gradient(base: str, by_output: bool = False) -> None:
    """base_grad(x or y, dy): what central differences of the op's own reference give."""
    forward, draw = REFERENCES[base].forward, REFERENCES[base].cases

    def gradient(x: Array, dy: Array, *attrs: Any) -> Array:
        step = 1e-6
        return dy * (forward(x + step, *attrs) - forward(x - step, *attrs)) / (2 * step)

    def cases(rng: np.random.Generator) -> list[Case]:
        drawn = [(c.inputs[0], c.attrs) for c in draw(rng)]
        return [Case((forward(x) if by_output else x, rng.uniform(-1, 1, np.shape(x))), attrs) for x, attrs in drawn]

    def from_output(y: Array, dy: Array) -> Array:
        return gradient(_INVERSES[base](y), dy)

    REFERENCES[f"{base}_grad"] = Reference(from_output if by_output else gradient, cases)


_INVERSES: dict[str, Callable[[Array], Array]] = {"sigmoid": lambda y: np.log(y / (1 - y)), "tanh": np.arctanh}
for _name in ("gelu", "hsigmoid", "hswish", "leaky_relu", "relu6", "silu"):
    _fused_gradient(_name)
for _name in _INVERSES:
    _fused_gradient(_name, by_output=True)
for _name, _forward in {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}.items():
    REFERENCES[_name] = Reference(
        _forward,
        lambda rng: [
            Case((rng.integers(0, 3, a).astype(float), rng.integers(0, 3, b).astype(float))) for a, b in _PAIRS
        ],
    )
for _name, _logical in {
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_xor": np.logical_xor,
}.items():
    REFERENCES[_name] = Reference(
        _logical,
        lambda rng: [Case((rng.random((4, 5)) > 0.5, rng.random((5,)) > 0.5)), Case((np.array(True), np.array(False)))],
    )
REFERENCES["logical_not"] = Reference(np.logical_not, lambda rng: [Case((rng.random((4, 5)) > 0.5,))])
for _name, _shift in {"left_shift": np.left_shift, "right_shift": np.right_shift}.items():
    REFERENCES[_name] = Reference(
        _shift,
        lambda rng: [Case((rng.integers(-50, 50, (3, 4)).astype(np.int32), rng.integers(0, 5, (4,)).astype(np.int32)))],
    )
REFERENCES["where"] = Reference(
    np.where,
    lambda rng: [Case((rng.random((3, 4)) > 0.5, rng.uniform(-3, 3, (3, 4)), rng.uniform(-3, 3, (4,))))],
    differentiable=(1, 2),
)
