# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One entry an op: how to draw its operands, and a slow obvious float64 reference of what it computes.

The walk in test_registry.py fails if a registered op has no entry here, or an entry no op.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """Operands (arrays, or None where left out) and attributes of one call."""

    inputs: tuple[Any, ...]
    attrs: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Reference:
    """What an op must do."""

    forward: Callable[..., Any]  # (*inputs in float64, *attrs) -> array, or a tuple for several outputs
    cases: Callable[[np.random.Generator], list[Case]]
    tolerance: float = 2e-6  # of the forward, relative to the largest element
    differentiable: tuple[int, ...] = ()  # inputs whose gradient is checked
    gradient_tolerance: float = 1e-3
    sequence: bool = False  # the op takes its inputs as one list
    step: float = 1e-5  # of central differences


REFERENCES: dict[str, Reference] = {}

# Of these PyTorch has none (test_against_torch.py finds the others by name), or another meaning, or they are ours
# alone: gradients and parts of other ops, updates, ops on positions.
NOT_IN_TORCH = {
    "adam_step",
    "add_rows",
    "arange",
    "argmax",
    "argmin",
    "attention_backward",
    "avg_pool2d_backward",
    "batch_norm_backward",
    "cast",
    "channel_shuffle",
    "concat",
    "conv2d_fused",
    "full",
    "gelu_grad",
    "hsigmoid_grad",
    "hswish_grad",
    "inverted_residual",
    "layer_norm_backward",
    "leaky_relu_grad",
    "left_shift",
    "linear_fused",
    "log_softmax_backward",
    "max_pool2d_gather",
    "max_pool2d_scatter",
    "nonzero",
    "put_rows",
    "ravel_index",
    "relu6_grad",
    "relu_grad",
    "right_shift",
    "round",
    "sgd_step",
    "sigmoid_grad",
    "silu_grad",
    "slice_add",
    "slice_set",
    "softmax_backward",
    "sort",
    "sum_to",
    "tanh_grad",
    "transpose",
}


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


# --- reductions ----------------------------------------------------------------------------------------------------


def _numpy_axis(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _reduction_cases(empty: bool) -> Callable[[np.random.Generator], list[Case]]:
    def cases(rng: np.random.Generator) -> list[Case]:
        made = [
            Case((rng.uniform(0.5, 2, shape),), (axis, keepdims))
            for shape, axis in [
                ((7,), 0),
                ((3, 5), None),
                ((3, 5), 1),
                ((2, 3, 4), [0, 2]),
                ((2, 3, 4), -1),
                ((2, 17, 3, 3), [0, 2, 3]),
            ]
            for keepdims in (False, True)
        ]
        return [*made, Case((np.zeros((0, 3)),), (0, False))] if empty else made

    return cases


for _name, _reduce in {"sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min}.items():
    REFERENCES[_name] = Reference(
        lambda x, axis, keepdims, reduce=_reduce: reduce(x, axis=_numpy_axis(axis), keepdims=keepdims),
        _reduction_cases(empty=_name in ("sum", "prod")),
        differentiable=(0,),
        tolerance=3e-6,
    )
for _name, _position in {"argmax": np.argmax, "argmin": np.argmin}.items():
    REFERENCES[_name] = Reference(
        lambda x, axis, keepdims, position=_position: position(x, axis=axis, keepdims=keepdims),
        lambda rng: [
            Case((rng.permutation(60).reshape(3, 4, 5).astype(float),), (axis, keep))
            for axis in (0, 1, -1, None)
            for keep in (False, True)
        ],
    )


def _sum_to(x: Array, shape: Any) -> Array:
    added = x.ndim - len(shape)
    axes = tuple(i for i in range(x.ndim) if i < added or shape[i - added] == 1)
    return x.sum(axis=axes, keepdims=True).reshape(shape)


REFERENCES["sum_to"] = Reference(
    _sum_to,
    lambda rng: [
        Case((rng.uniform(-1, 1, (2, 3, 4)),), (shape,)) for shape in [(2, 3, 4), (3, 1), (1, 1, 4), (), (4,)]
    ],
    differentiable=(0,),
)
REFERENCES["matmul"] = Reference(
    lambda a, b, ta, tb: np.matmul(np.swapaxes(a, -1, -2) if ta else a, np.swapaxes(b, -1, -2) if tb else b),
    lambda rng: [
        Case((rng.uniform(-1, 1, a), rng.uniform(-1, 1, b)), (ta, tb))
        for a, b, ta, tb in [
            ((3, 4), (4, 5), False, False),
            ((4, 3), (4, 5), True, False),
            ((3, 4), (5, 4), False, True),
            ((4, 3), (5, 4), True, True),
            ((4,), (4,), False, False),
            ((4,), (4, 5), False, False),
            ((3, 4), (4,), False, False),
            ((2, 1, 3, 4), (5, 4, 2), False, False),
            ((3, 4), (2, 4, 5), False, False),
            ((33, 65), (65, 17), False, False),
        ]
    ],
    differentiable=(0, 1),
)


# --- shape ---------------------------------------------------------------------------------------------------------


def _box(starts: Any, sizes: Any, steps: Any) -> tuple[slice, ...]:
    def one(start: int, size: int, step: int) -> slice:
        stop = start + size * step
        return slice(start, None if stop < 0 else stop, step)

    return tuple(one(*parts) for parts in zip(starts, sizes, steps, strict=True))


def _slice_set(x: Array, value: Array, starts: Any, sizes: Any, steps: Any) -> Array:
    out = x.copy()
    out[_box(starts, sizes, steps)] = value
    return out


def _slice_add(x: Array, value: Array, starts: Any, sizes: Any, steps: Any) -> Array:
    out = x.copy()
    out[_box(starts, sizes, steps)] += value
    return out


def _boxes(rng: np.random.Generator) -> list[Case]:
    return [
        Case((rng.uniform(-1, 1, (5, 6)), rng.uniform(-1, 1, sizes)), (starts, sizes, steps))
        for starts, sizes, steps in [((0, 0), (5, 6), (1, 1)), ((4, 1), (2, 3), (-2, 2)), ((1, 1), (0, 2), (1, 1))]
    ]


REFERENCES["reshape"] = Reference(
    lambda x, shape: x.reshape(shape),
    lambda rng: [
        Case((rng.uniform(-1, 1, (2, 3, 4)),), (shape,)) for shape in [(24,), (4, -1), (1, 2, 12), (2, 3, 4, 1)]
    ],
    differentiable=(0,),
)
REFERENCES["transpose"] = Reference(
    lambda x, pattern: np.expand_dims(
        x.transpose([a for a in pattern if a >= 0]), tuple(i for i, a in enumerate(pattern) if a < 0)
    ),
    lambda rng: [Case((rng.uniform(-1, 1, (2, 3, 4)),), (p,)) for p in [(0, 1, 2), (2, 0, 1), (1, -1, 0, 2, -1)]],
    differentiable=(0,),
)
REFERENCES["broadcast_to"] = Reference(
    lambda x, shape: np.broadcast_to(x, shape),
    lambda rng: [Case((rng.uniform(-1, 1, (3, 1)),), (shape,)) for shape in [(3, 1), (3, 4), (2, 3, 4)]],
    differentiable=(0,),
)
REFERENCES["slice"] = Reference(
    lambda x, starts, sizes, steps: x[_box(starts, sizes, steps)],
    lambda rng: [
        Case((rng.uniform(-1, 1, (5, 6)),), a)
        for a in [((0, 0), (5, 6), (1, 1)), ((4, 1), (2, 3), (-2, 2)), ((2, 3), (0, 1), (1, 1))]
    ],
    differentiable=(0,),
)
REFERENCES["slice_set"] = Reference(_slice_set, _boxes, differentiable=(0, 1))
REFERENCES["slice_add"] = Reference(_slice_add, _boxes, differentiable=(0, 1))
REFERENCES["concat"] = Reference(
    lambda *args: np.concatenate(args[:-1], axis=args[-1]),
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, s) for s in shapes), (axis,))
        for shapes, axis in [(((2, 3), (2, 3)), 0), (((2, 1, 2), (2, 3, 2), (2, 0, 2)), 1), (((4,), (2,)), -1)]
    ],
    differentiable=(0, 1),
    sequence=True,
)


def _channel_shuffle(*args: Any) -> Array:
    *inps, groups, start, count = args
    joined = np.concatenate(inps, 1)
    n, c, h, w = joined.shape
    shuffled = joined.reshape(n, groups, c // groups, h, w).swapaxes(1, 2).reshape(n, c, h, w)
    return shuffled[:, start : start + count]


REFERENCES["channel_shuffle"] = Reference(
    _channel_shuffle,
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, (2, c, 3, 4)) for c in channels), attrs)
        for channels, attrs in [
            ((10, 14), (2, 5, 17)),
            ((20,), (1, 3, 17)),
            ((3, 5, 2, 7, 1), (6, 0, 18)),
            ((4, 4), (2, 8, 0)),
        ]
    ],
    sequence=True,
)
REFERENCES["cast"] = Reference(
    lambda x, dtype: x.astype(dtype),
    lambda rng: [Case((rng.uniform(-100, 100, (3, 5)),), (dtype,)) for dtype in ("float32", "int32", "int8", "bool")],
)
REFERENCES["full"] = Reference(
    lambda shape, value, dtype: np.full(shape, value, dtype),
    lambda rng: [Case((), ((2, 3), 1.5, "float32")), Case((), ((), 7.0, "int32")), Case((), ((0, 2), 1.0, "bool"))],
)
REFERENCES["arange"] = Reference(
    lambda start, step, count: start + step * np.arange(count),
    lambda rng: [Case((), (0.0, 1.0, 5)), Case((), (2.0, -0.5, 4)), Case((), (0.0, 1.0, 0))],
)


# --- windows -------------------------------------------------------------------------------------------------------


def _conv2d(x: Array, w: Array, b: Array | None, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    kernel = w if w.ndim == 5 else w[None]
    _, per_out, per_in, kh, kw = kernel.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    out_h = (padded.shape[2] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    out_w = (padded.shape[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    out = np.zeros((x.shape[0], groups * per_out, out_h, out_w))
    for i in range(kh):
        for j in range(kw):
            rows = slice(i * dilation[0], i * dilation[0] + (out_h - 1) * stride[0] + 1, stride[0])
            columns = slice(j * dilation[1], j * dilation[1] + (out_w - 1) * stride[1] + 1, stride[1])
            for g in range(groups):
                taps = padded[:, g * per_in : (g + 1) * per_in, rows, columns]
                out[:, g * per_out : (g + 1) * per_out] += np.einsum("nchw,oc->nohw", taps, kernel[g, :, :, i, j])
    return out if b is None else out + b


@dataclass(frozen=True)
class ConvCase:
    """Sizes of a convolution."""

    inputs: tuple[int, int, int, int]
    out: int
    kernel: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    @property
    def weight(self) -> tuple[int, ...]:
        first, second = self.out // self.groups, self.inputs[1] // self.groups
        return (first, second, *self.kernel) if self.groups == 1 else (self.groups, first, second, *self.kernel)

    @property
    def attrs(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self.dilation, self.groups


CONVOLUTIONS = [
    ConvCase((2, 3, 6, 5), 4),
    ConvCase((1, 17, 5, 5), 24, stride=(2, 2)),
    ConvCase((1, 16, 1, 1), 3),
    ConvCase((1, 6, 6, 7), 6, groups=6, padding=(0, 2)),
    ConvCase((1, 8, 7, 6), 4, groups=2, dilation=(2, 1), padding=(2, 0)),
    ConvCase((2, 5, 4, 4), 7, kernel=(1, 1), padding=(0, 0), stride=(2, 1)),
]


def _linear_adjoint(forward: Callable[[Array], Array], shape: tuple[int, ...], dy: Array) -> Array:
    """The transpose of a linear map, a column at a time."""
    out = np.zeros(math.prod(shape))
    for i in range(out.size):
        unit = np.zeros(out.size)
        unit[i] = 1
        out[i] = (forward(unit.reshape(shape)) * dy).sum()
    return out.reshape(shape)


def _conv_out(case: ConvCase) -> tuple[int, ...]:
    return _conv2d(np.zeros(case.inputs), np.zeros(case.weight), None, *case.attrs).shape


REFERENCES["conv2d"] = Reference(
    _conv2d,
    lambda rng: [
        Case((rng.uniform(-1, 1, c.inputs), rng.uniform(-1, 1, c.weight), bias), c.attrs)
        for c in CONVOLUTIONS
        for bias in (None, rng.uniform(-1, 1, (1, c.out, 1, 1)))
    ],
    differentiable=(0, 1, 2),
)


def _activated(x: Array, activation: str) -> Array:
    return x if not activation else np.clip(x, 0, {"relu": np.inf, "relu6": 6.0}[activation])


def _conv2d_fused(x: Array, w: Array, b: Array | None, residual: Array | None, *attrs: Any) -> Array:
    *geometry, activation, _algorithm = attrs
    out = _conv2d(x, w, b, *geometry)
    return _activated(out if residual is None else out + residual, activation)


REFERENCES["conv2d_fused"] = Reference(
    _conv2d_fused,
    lambda rng: [
        Case(
            (rng.uniform(-1, 1, c.inputs), rng.uniform(-1, 1, c.weight), bias, residual),
            (*c.attrs, activation, algorithm),
        )
        for c in CONVOLUTIONS
        for bias, residual, activation, algorithm in [
            (None, None, "", ""),
            (rng.uniform(-1, 1, (1, c.out, 1, 1)), None, "relu6", "direct"),
            (None, rng.uniform(-4, 4, _conv_out(c)), "relu", ""),
        ]
    ],
)


def _inverted_residual(
    x: Array,
    depthwise: Array,
    project: Array,
    expand: Array | None,
    expand_bias: Array | None,
    depthwise_bias: Array | None,
    project_bias: Array | None,
    residual: Array | None,
    *attrs: Any,
) -> Array:
    stride, padding, *activations = attrs
    one, none = (1, 1), (0, 0)
    if expand is not None:
        x = _activated(_conv2d(x, expand, expand_bias, one, none, one, 1), activations[0])
    x = _activated(_conv2d(x, depthwise, depthwise_bias, stride, padding, one, len(depthwise)), activations[1])
    x = _conv2d(x, project, project_bias, one, none, one, 1)
    return _activated(x if residual is None else x + residual, activations[2])


def _inverted_residual_case(
    rng: np.random.Generator, sizes: tuple[int, int, int], kernel: int, stride: int, expands: bool, biases: bool
) -> Case:
    def uniform(*shape: int) -> Array:
        return rng.uniform(-1, 1, shape)

    channels, hidden, out = sizes
    x = uniform(2, channels if expands else hidden, 6, 5)
    bias = [uniform(1, size, 1, 1) if biases else None for size in (hidden, hidden, out)]
    operands = (
        uniform(hidden, 1, 1, kernel, kernel),
        uniform(out, hidden, 1, 1),
        uniform(hidden, channels, 1, 1) if expands else None,
        bias[0] if expands else None,
        *bias[1:],
        uniform(2, out, 6, 5) if biases and stride == 1 else None,
    )
    return Case(
        (x, *operands), ((stride, stride), (kernel // 2, kernel // 2), "relu6", "relu", "relu6" if biases else "")
    )


REFERENCES["inverted_residual"] = Reference(
    _inverted_residual,
    lambda rng: [
        _inverted_residual_case(rng, sizes, kernel, stride, expands, biases)
        for sizes in ((3, 18, 5), (16, 32, 17))
        for kernel, stride in ((3, 1), (5, 2))
        for expands in (True, False)
        for biases in (True, False)
    ],
)


def _linear_fused(x: Array, w: Array, b: Array | None, residual: Array | None, activation: str) -> Array:
    out = x @ w.T + (0 if b is None else b) + (0 if residual is None else residual)
    if activation != "gelu":
        return _activated(out, activation)
    return out * 0.5 * (1 + np.vectorize(math.erf)(out / 2**0.5))


REFERENCES["linear_fused"] = Reference(
    _linear_fused,
    lambda rng: (
        [
            Case((rng.uniform(-1, 1, (*batch, 9)), rng.uniform(-1, 1, (17, 9)), bias, residual), (activation,))
            for batch in [(), (3,), (2, 5)]
            for bias, residual, activation in [
                (None, None, "relu"),
                (rng.uniform(-1, 1, 17), None, "relu6"),
                (rng.uniform(-1, 1, 17), rng.uniform(-1, 1, (*batch, 17)), ""),
                (rng.uniform(-1, 1, 17), None, "gelu"),
            ]
        ]
        + [Case((np.zeros((0, 9)), rng.uniform(-1, 1, (17, 9)), None, None), ("",))]
    ),
)


def _attention(q: Array, k: Array, v: Array, transposed_k: bool, scale: float) -> Array:
    scores = scale * q @ (k if transposed_k else k.swapaxes(2, 3))
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True) @ v


REFERENCES["attention"] = Reference(
    _attention,
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, shape) for shape in shapes), attrs)
        for shapes, attrs in [
            ([(2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6)], (False, 0.5)),
            ([(1, 2, 5, 4), (1, 2, 4, 9), (1, 2, 9, 1)], (True, 1.0)),
            ([(1, 1, 35, 3), (1, 1, 17, 3), (1, 1, 17, 5)], (False, 0.7)),
        ]
    ],
    differentiable=(0, 1, 2),
)


def _attention_backward(q: Array, k: Array, v: Array, dout: Array, scale: float) -> tuple[Array, Array, Array]:
    scores = scale * q @ k.swapaxes(2, 3)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    dweights = dout @ v.swapaxes(2, 3)
    dscores = scale * weights * (dweights - (weights * dweights).sum(-1, keepdims=True))
    return dscores @ k, dscores.swapaxes(2, 3) @ q, weights.swapaxes(2, 3) @ dout


REFERENCES["attention_backward"] = Reference(
    _attention_backward,
    lambda rng: [
        Case(tuple(rng.uniform(-1, 1, (*heads, *shape)) for shape in shapes), (scale,))
        for heads, shapes, scale in [
            ((2, 3), [(5, 4), (7, 4), (7, 6), (5, 6)], 0.5),
            ((1, 2), [(300, 3), (65, 3), (65, 1), (300, 1)], 1.0),
            ((1, 1), [(0, 4), (7, 4), (7, 6), (0, 6)], 0.5),
        ]
    ],
)


def _layer_norm(x: Array, weight: Array | None, bias: Array | None, dims: int, eps: float) -> Array:
    axes = tuple(range(x.ndim - dims, x.ndim))
    centered = x - x.mean(axes, keepdims=True)
    out = centered / np.sqrt((centered**2).mean(axes, keepdims=True) + eps)
    return out * (1 if weight is None else weight) + (0 if bias is None else bias)


REFERENCES["layer_norm"] = Reference(
    _layer_norm,
    lambda rng: (
        [
            Case((rng.uniform(-1, 1, (4, 3, 5)), rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape)), (dims, 1e-3))
            for dims, shape in [(1, (5,)), (2, (3, 5))]
        ]
        + [Case((rng.uniform(-1, 1, (2, 20)), None, None), (1, 1e-5))]
    ),
    differentiable=(0, 1, 2),
)


def _layer_norm_backward(
    x: Array, dy: Array, weight: Array | None, dims: int, eps: float
) -> tuple[Array, Array, Array]:
    axes, rows = tuple(range(x.ndim - dims, x.ndim)), tuple(range(x.ndim - dims))
    deviation = np.sqrt(x.var(axes, keepdims=True) + eps)
    z = (x - x.mean(axes, keepdims=True)) / deviation
    g = dy * (1 if weight is None else weight)
    dx = (g - g.mean(axes, keepdims=True) - z * (g * z).mean(axes, keepdims=True)) / deviation
    return dx, (dy * z).sum(rows), dy.sum(rows)


REFERENCES["layer_norm_backward"] = Reference(
    _layer_norm_backward,
    lambda rng: [
        Case((rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape), weight), (dims, 1e-3))
        for shape, dims, weight in [
            ((70, 2, 20), 1, rng.uniform(-1, 1, (20,))),
            ((4, 3, 5), 2, rng.uniform(-1, 1, (3, 5))),
            ((2, 20), 1, None),
            ((0, 6), 1, None),
        ]
    ],
    tolerance=5e-6,
)
REFERENCES["conv2d_backward_data"] = Reference(
    lambda w, dy, s, p, d, g, shape: _linear_adjoint(lambda x: _conv2d(x, w, None, s, p, d, g), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, c.weight), rng.uniform(-1, 1, _conv_out(c))), (*c.attrs, c.inputs))
        for c in CONVOLUTIONS[:4]
    ],
    differentiable=(0, 1),
)
REFERENCES["conv2d_backward_weight"] = Reference(
    lambda x, dy, s, p, d, g, shape: _linear_adjoint(lambda w: _conv2d(x, w, None, s, p, d, g), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, c.inputs), rng.uniform(-1, 1, _conv_out(c))), (*c.attrs, c.weight))
        for c in CONVOLUTIONS[:1] + CONVOLUTIONS[3:4]
    ],
    differentiable=(0, 1),
)


def _windows(x: Array, kernel: Any, stride: Any, padding: Any, fill: float) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2), constant_values=fill)
    views = np.lib.stride_tricks.sliding_window_view(padded, tuple(kernel), axis=(2, 3))
    return views[:, :, :: stride[0], :: stride[1]].reshape(*views[:, :, :: stride[0], :: stride[1]].shape[:4], -1)


def _max_pool(x: Array, kernel: Any, stride: Any, padding: Any) -> tuple[Array, Array]:
    plane = np.broadcast_to(np.arange(x.shape[2] * x.shape[3], dtype=float).reshape(1, 1, *x.shape[2:]), x.shape)
    values, places = _windows(x, kernel, stride, padding, -np.inf), _windows(plane, kernel, stride, padding, -1)
    best = values.argmax(-1)[..., None]
    return np.take_along_axis(values, best, -1)[..., 0], np.take_along_axis(places, best, -1)[..., 0]


def _average_pool(x: Array, kernel: Any, stride: Any, padding: Any, count_padding: bool) -> Array:
    taps = _windows(x, kernel, stride, padding, 0)
    inside = _windows(np.ones_like(x), kernel, stride, padding, 0).sum(-1)
    return taps.sum(-1) / (math.prod(kernel) if count_padding else inside)


_POOLS = [
    ((2, 3, 6, 6), (2, 2), (2, 2), (0, 0)),
    ((1, 17, 5, 7), (3, 2), (2, 1), (1, 0)),
    ((1, 24, 4, 4), (3, 3), (1, 1), (1, 1)),
]


def _distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """No ties: the maximum has a gradient."""
    return rng.permutation(math.prod(shape)).reshape(shape) * 0.01


def _positions(shape: tuple[int, ...], kernel: Any, stride: Any, padding: Any, rng: np.random.Generator) -> Array:
    return _max_pool(_distinct(rng, shape), kernel, stride, padding)[1].astype(np.int32)


def _gather_plane(x: Array, positions: Array, *_: Any) -> Array:
    flat = x.reshape(*x.shape[:2], -1)
    return np.take_along_axis(flat, positions.reshape(*x.shape[:2], -1).astype(int), 2).reshape(positions.shape)


REFERENCES["max_pool2d"] = Reference(
    _max_pool,
    lambda rng: [Case((_distinct(rng, s),), (k, t, p)) for s, k, t, p in _POOLS],
    differentiable=(0,),
    step=1e-3,
)
REFERENCES["max_pool2d_gather"] = Reference(
    _gather_plane,
    lambda rng: [Case((rng.uniform(-1, 1, s), _positions(s, k, t, p, rng)), (k, t, p)) for s, k, t, p in _POOLS],
    differentiable=(0,),
)
REFERENCES["max_pool2d_scatter"] = Reference(
    lambda dy, at, k, s, p, shape: _linear_adjoint(lambda x: _gather_plane(x, at), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, at.shape), at), (k, t, p, s))
        for s, k, t, p in _POOLS[:2]
        for at in [_positions(s, k, t, p, rng)]
    ],
    differentiable=(0,),
)
REFERENCES["avg_pool2d"] = Reference(
    _average_pool,
    lambda rng: [Case((rng.uniform(-1, 1, s),), (k, t, p, count)) for s, k, t, p in _POOLS for count in (False, True)],
    differentiable=(0,),
)
REFERENCES["avg_pool2d_backward"] = Reference(
    lambda dy, k, s, p, count, shape: _linear_adjoint(lambda x: _average_pool(x, k, s, p, count), tuple(shape), dy),
    lambda rng: [
        Case((rng.uniform(-1, 1, _average_pool(np.zeros(s), k, t, p, True).shape),), (k, t, p, False, s))
        for s, k, t, p in _POOLS[:2]
    ],
    differentiable=(0,),
)


# --- batch norm ----------------------------------------------------------------------------------------------------


def _channel_axes(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


def _batch_norm(x: Array, weight: Array | None, bias: Array | None, eps: float) -> tuple[Array, Array, Array]:
    axes = _channel_axes(x)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    shape = mean.shape
    scale = np.ones(shape) if weight is None else weight.reshape(shape)
    shift = np.zeros(shape) if bias is None else bias.reshape(shape)
    return (x - mean) / np.sqrt(variance + eps) * scale + shift, mean, variance


def _batch_norm_backward(
    x: Array, w: Array, dy: Array, mean: Array, variance: Array, eps: float
) -> tuple[Array, Array, Array]:
    axes, s = _channel_axes(x), 1 / np.sqrt(variance + eps)
    normal = (x - mean) * s
    dw, db = (dy * normal).sum(axes, keepdims=True), dy.sum(axes, keepdims=True)
    count = x.size / x.shape[1]
    return w * s * (dy - db / count - normal * dw / count), dw, db


def _batch_norm_cases(rng: np.random.Generator) -> list[Case]:
    made = []
    for shape in [(4, 3, 3, 2), (3, 17, 2, 2), (6, 24)]:
        channels = (1, shape[1]) + (1,) * (len(shape) - 2)
        affine = (rng.uniform(0.5, 1.5, channels), rng.uniform(-1, 1, channels))
        made += [
            Case((rng.uniform(-1, 1, shape), *affine), (1e-5,)),
            Case((rng.uniform(-1, 1, shape), None, None), (1e-5,)),
        ]
    return made


def _batch_norm_backward_cases(rng: np.random.Generator) -> list[Case]:
    made = []
    for shape in [(4, 3, 3, 2), (3, 17, 2, 2)]:
        x, dy = rng.uniform(-1, 1, shape), rng.uniform(-1, 1, shape)
        weight = rng.uniform(0.5, 1.5, (1, shape[1], 1, 1))
        statistics = (x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True))
        made.append(Case((x, weight, dy, *statistics), (1e-5,)))
    return made


REFERENCES["batch_norm_train"] = Reference(
    _batch_norm, _batch_norm_cases, tolerance=5e-6, differentiable=(0, 1, 2), gradient_tolerance=5e-3
)
REFERENCES["batch_norm_backward"] = Reference(_batch_norm_backward, _batch_norm_backward_cases, tolerance=1e-5)


# --- indexing ------------------------------------------------------------------------------------------------------


def _put(x: Array, at: Array, value: Array) -> Array:
    out = x.copy()
    out[at.astype(int)] = value
    return out


def _add_at(x: Array, at: Array, value: Array) -> Array:
    out = x.astype(float).copy()
    np.add.at(out, at.astype(int), value)
    return out


def _along(x: Array, at: Array, value: Array, axis: int, add: bool) -> Array:
    out = x.astype(float).copy()
    places = list(np.indices(at.shape))
    places[axis] = at.astype(int)
    if add:
        np.add.at(out, tuple(places), value)
    else:
        np.put_along_axis(out, at.astype(int), value, axis)
    return out


def _int32(*values: Any) -> Array:
    return np.array(values, dtype=np.int32)


def _axis_index(rng: np.random.Generator, axis: int, repeats: bool) -> Array:
    shape = [3, 4, 5]
    size = shape[axis]
    if repeats:
        shape[axis] = 6
        return rng.integers(0, size, shape).astype(np.int32)
    return np.argsort(rng.random(shape), axis=axis).astype(np.int32)


REFERENCES["take_rows"] = Reference(
    lambda x, at: x[at.astype(int)],
    lambda rng: [Case((rng.uniform(-1, 1, (5, 3)), _int32(4, 0, 4))), Case((rng.uniform(-1, 1, (5, 3)), _int32()))],
    differentiable=(0,),
)
REFERENCES["put_rows"] = Reference(
    _put,
    lambda rng: [Case((rng.uniform(-1, 1, (5, 3)), _int32(4, 0), rng.uniform(-1, 1, (2, 3))))],
    differentiable=(0, 2),
)
REFERENCES["add_rows"] = Reference(
    _add_at,
    lambda rng: [Case((rng.uniform(-1, 1, (5, 3)), _int32(4, 0, 4), rng.uniform(-1, 1, (3, 3))))],
    differentiable=(0, 2),
)
REFERENCES["gather"] = Reference(
    lambda x, at, axis: np.take_along_axis(x, at.astype(int), axis),
    lambda rng: [Case((rng.uniform(-1, 1, (3, 4, 5)), _axis_index(rng, axis, True)), (axis,)) for axis in (0, 1, 2)],
    differentiable=(0,),
)
REFERENCES["scatter"] = Reference(
    lambda x, at, v, axis: _along(x, at, v, axis, False),
    lambda rng: [
        Case((rng.uniform(-1, 1, (3, 4, 5)), _axis_index(rng, axis, False), rng.uniform(-1, 1, (3, 4, 5))), (axis,))
        for axis in (0, 1, 2)
    ],
    differentiable=(0, 2),
)
REFERENCES["scatter_add"] = Reference(
    lambda x, at, v, axis: _along(x, at, v, axis, True),
    lambda rng: [
        Case((rng.uniform(-1, 1, (3, 4, 5)), at, rng.uniform(-1, 1, at.shape)), (axis,))
        for axis in (0, 1, 2)
        for at in [_axis_index(rng, axis, True)]
    ],
    differentiable=(0, 2),
)
REFERENCES["one_hot"] = Reference(
    lambda x, classes, dtype: np.eye(classes)[x.astype(int)],
    lambda rng: [Case((_int32(2, 0, 1),), (4, "int32")), Case((_int32([0, 1], [1, 1]),), (2, "float32"))],
)
REFERENCES["nonzero"] = Reference(
    lambda mask: np.stack(np.nonzero(mask)),
    lambda rng: [Case((rng.random((4, 5)) > 0.5,)), Case((np.zeros((3,), bool),))],
)
REFERENCES["ravel_index"] = Reference(
    lambda *args: np.ravel_multi_index(
        np.broadcast_arrays(*(a.astype(int) % n for a, n in zip(args[:-1], args[-1], strict=True))), args[-1]
    ),
    lambda rng: [Case((_int32(0, -1, 2), _int32([1], [-4])), ((3, 4),)), Case((_int32(1, 1),), ((2,),))],
    sequence=True,
)


def _sorted(x: Array, descending: bool, count: int) -> tuple[Array, Array]:
    order = np.argsort(-x if descending else x, axis=-1, kind="stable")
    order = order if count < 0 else order[..., :count]
    return np.take_along_axis(x, order, -1), order


REFERENCES["sort"] = Reference(
    _sorted,
    lambda rng: (
        [
            Case((rng.permutation(24).reshape(2, 3, 4) / 8.0,), (descending, count))
            for descending in (False, True)
            for count in (-1, 0, 2, 9)
        ]
        + [
            Case((rng.permutation(3000) / 64.0,), (False, -1)),
            Case((rng.permutation(3000) / 64.0,), (True, 5)),
            Case((np.zeros((3, 0)),), (False, -1)),
        ]
    ),
    differentiable=(0,),
)
REFERENCES["cumsum"] = Reference(
    lambda x, axis, reverse: np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis),
    lambda rng: (
        [Case((rng.uniform(-1, 1, (3, 4, 5)),), (axis, reverse)) for axis in (0, 1, -1) for reverse in (False, True)]
        + [Case((np.zeros((0, 2)),), (0, False))]
    ),
    differentiable=(0,),
)

REFERENCES["logsumexp"] = Reference(
    lambda x, axis, keepdims: np.logaddexp.reduce(x, axis, keepdims=keepdims),
    lambda rng: (
        [Case((rng.uniform(-3, 3, (3, 4, 5)),), (axis, keepdims)) for axis in (0, 1, -1) for keepdims in (False, True)]
        + [Case((rng.uniform(-1, 1, (7,)) + 500,), (0, False)), Case((np.zeros((0, 3)),), (1, False))]
    ),
    differentiable=(0,),
)


# --- optimizers ----------------------------------------------------------------------------------------------------


def _sgd_step(
    param: Array, grad: Array, velocity: Array, lr: float, momentum: float, decay: float, nesterov: bool
) -> tuple[Array, Array]:
    g = grad + decay * param
    moved = momentum * velocity + g
    return param - lr * (g + momentum * moved if nesterov else moved), moved


def _adam_step(
    param: Array, grad: Array, first: Array, second: Array, rate: float, beta1: float, beta2: float, *rest: float
) -> tuple[Array, Array, Array]:
    eps, correction, decay, shrink = rest
    p = shrink * param
    g = grad + decay * p
    m, v = beta1 * first + (1 - beta1) * g, beta2 * second + (1 - beta2) * g**2
    return p - rate * m / (np.sqrt(correction * v) + eps), m, v


def _step_inputs(rng: np.random.Generator, shape: tuple[int, ...], states: int) -> tuple[Array, ...]:
    """A parameter, its gradient, and states, which are squares' means and so positive."""
    return (*(rng.uniform(-1, 1, shape) for _ in range(2)), *(rng.uniform(0.1, 1, shape) for _ in range(states)))


_STEP_SHAPES: list[tuple[int, ...]] = [(), (5,), (2, 17, 3, 3), (0, 4)]
REFERENCES["sgd_step"] = Reference(
    _sgd_step,
    lambda rng: [
        Case(_step_inputs(rng, shape, 1), (0.1, 0.9, decay, nesterov))
        for shape in _STEP_SHAPES
        for decay, nesterov in ((0.0, False), (0.01, True))
    ],
)
REFERENCES["adam_step"] = Reference(
    _adam_step,
    lambda rng: [
        Case(_step_inputs(rng, shape, 2), (0.01, 0.9, 0.999, 1e-8, 1.5, decay, shrink))
        for shape in _STEP_SHAPES
        for decay, shrink in ((0.0, 0.99), (0.02, 1.0))
    ],
)


# --- softmax -------------------------------------------------------------------------------------------------------


def _softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True, initial=-np.inf))
    return powers / powers.sum(axis, keepdims=True)


def _axis_cases(operands: int) -> Callable[[np.random.Generator], list[Case]]:
    def cases(rng: np.random.Generator) -> list[Case]:
        shapes: list[tuple[tuple[int, ...], int]] = [((3, 4, 5), 0), ((3, 4, 5), 1), ((2, 17), -1), ((0, 3), 1)]
        return [Case(tuple(rng.uniform(-3, 3, shape) for _ in range(operands)), (axis,)) for shape, axis in shapes]

    return cases


REFERENCES["softmax"] = Reference(_softmax, _axis_cases(1), differentiable=(0,))
REFERENCES["log_softmax"] = Reference(
    lambda x, axis: x - np.logaddexp.reduce(x, axis, keepdims=True), _axis_cases(1), differentiable=(0,)
)
REFERENCES["softmax_backward"] = Reference(
    lambda y, dy, axis: y * (dy - (dy * y).sum(axis, keepdims=True)), _axis_cases(2)
)
REFERENCES["log_softmax_backward"] = Reference(
    lambda y, dy, axis: dy - np.exp(y) * dy.sum(axis, keepdims=True), _axis_cases(2), tolerance=4e-6
)
