# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Walks the op registry: an unregistered op cannot be tested, and a registered one cannot go untested."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from references import REFERENCES, Array, Case, Reference

import keima
from keima import _core
from keima.autodiff import GradManager

NAMES = sorted(name for name in dir(_core.ops) if not name.startswith("_"))
DIFFERENTIABLE = [name for name in NAMES if name in REFERENCES and REFERENCES[name].differentiable]


def rng_for(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def to_tensor(array: Any) -> Any:
    if array is None:
        return None
    return keima.Tensor(np.asarray(array, dtype=np.float32 if np.asarray(array).dtype == np.float64 else None))


def call(name: str, reference: Reference, tensors: list[Any], attrs: tuple[Any, ...]) -> tuple[keima.Tensor, ...]:
    op: Any = getattr(_core.ops, name)
    out = op(tensors, *attrs) if reference.sequence else op(*tensors, *attrs)
    return out if isinstance(out, tuple) else (out,)


def expected(reference: Reference, case: Case) -> tuple[Array, ...]:
    # The reference sees what the op sees: operands rounded to float32.
    inputs = [None if x is None else to_tensor(x).numpy() for x in case.inputs]
    wide = [x.astype(np.float64) if x is not None and x.dtype == np.float32 else x for x in inputs]
    out = reference.forward(*wide, *case.attrs)
    return out if isinstance(out, tuple) else (out,)


def assert_close(got: keima.Tensor, want: Array, tolerance: float) -> None:
    assert got.shape == np.shape(want)
    if np.size(want) == 0:
        return
    largest = np.max(np.abs(np.where(np.isfinite(want), want, 0)), initial=1.0)
    np.testing.assert_allclose(
        got.numpy().astype(np.float64), np.asarray(want, dtype=np.float64), rtol=0, atol=tolerance * largest
    )


def test_every_op_has_a_reference_and_every_reference_an_op() -> None:
    assert sorted(REFERENCES) == NAMES


# Their results do not vary with float inputs, or jump: a derivative of 0 is meant.
PIECEWISE_CONSTANT = {
    "arange",
    "argmax",
    "argmin",
    "ceil",
    "equal",
    "floor",
    "floor_div",
    "full",
    "greater",
    "greater_equal",
    "isinf",
    "isnan",
    "left_shift",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "nonzero",
    "not_equal",
    "one_hot",
    "ravel_index",
    "right_shift",
    "round",
    "sign",
}


def test_every_float_op_has_a_gradient_that_is_tested_or_says_why_not() -> None:
    for name in NAMES:
        declared = getattr(_core.ops, name).declaration
        tested = bool(REFERENCES[name].differentiable) or name == "cast"
        assert declared["differentiable"] == tested, name
        # Without a gradient an op is either constant ("" and no gradient) or an error with a reason.
        constant = not declared["differentiable"] and declared["no_gradient"] == ""
        assert constant == (name in PIECEWISE_CONSTANT), name


@pytest.mark.parametrize("name", NAMES)
def test_forward(name: str) -> None:
    reference = REFERENCES[name]
    for case in reference.cases(rng_for(name)):
        outs = call(name, reference, [to_tensor(x) for x in case.inputs], case.attrs)
        wants = expected(reference, case)
        assert len(outs) == len(wants)
        for got, want in zip(outs, wants, strict=True):
            assert_close(got, want, reference.tolerance)


def strided(tensor: Any) -> Any:
    """The same values on reversed, transposed memory."""
    if tensor is None or tensor.ndim == 0:
        return tensor
    flipped = tensor.transpose(*reversed(range(tensor.ndim)))[::-1]
    contiguous = keima.Tensor(np.ascontiguousarray(flipped.numpy()), dtype=tensor.dtype)
    return contiguous[::-1].transpose(*reversed(range(tensor.ndim)))


@pytest.mark.parametrize("name", NAMES)
def test_strided_operands_give_the_same_bits(name: str) -> None:
    reference = REFERENCES[name]
    for case in reference.cases(rng_for(name)):
        tensors = [to_tensor(x) for x in case.inputs]
        plain = call(name, reference, tensors, case.attrs)
        views = call(name, reference, [strided(x) for x in tensors], case.attrs)
        for a, b in zip(plain, views, strict=True):
            # Folding order follows memory: equal up to rounding there, bit for bit elsewhere.
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-6, atol=1e-6)


def blocked(tensor: Any) -> Any:
    """In channel blocks with NaN, or -1, in the lanes behind the last channel."""
    if tensor is None or tensor.ndim < 2 or str(tensor.dtype) not in ("float32", "int32"):
        return tensor
    return tensor._with_layout("poisoned blocks")


@pytest.mark.parametrize("name", NAMES)
def test_channel_blocks_give_the_same_values(name: str) -> None:
    reference = REFERENCES[name]
    for case in reference.cases(rng_for(name)):
        tensors = [to_tensor(x) for x in case.inputs]
        plain = call(name, reference, tensors, case.attrs)
        inside = call(name, reference, [blocked(x) for x in tensors], case.attrs)
        for a, b in zip(plain, inside, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-6, atol=1e-6)


def gradients(
    name: str, reference: Reference, case: Case, dy: Array, stored: Callable[[Any], Any] = lambda tensor: tensor
) -> dict[int, keima.Tensor]:
    """By input; operands and dy are in memory as `stored` puts them."""
    tensors = [stored(to_tensor(x)) for x in case.inputs]
    attached = {i: tensors[i] for i in reference.differentiable if tensors[i] is not None}
    with GradManager().attach(attached.values()) as manager:
        manager.backward(call(name, reference, tensors, case.attrs)[0], stored(to_tensor(dy)))
    return {i: tensor.grad for i, tensor in attached.items() if tensor.grad is not None}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_channel_blocks_give_the_same_gradients(name: str) -> None:
    reference = REFERENCES[name]
    rng = rng_for(name)
    for case in reference.cases(rng):
        out = reference.forward(*case.inputs, *case.attrs)
        dy = rng.uniform(-1, 1, np.shape(out[0] if isinstance(out, tuple) else out))
        plain, inside = gradients(name, reference, case, dy), gradients(name, reference, case, dy, blocked)
        assert plain.keys() == inside.keys()
        for i, grad in plain.items():
            np.testing.assert_allclose(inside[i].numpy(), grad.numpy(), rtol=1e-5, atol=2e-6)


def directional(reference: Reference, case: Case, i: int, direction: Array, dy: Array) -> float:
    """d/dt of sum(dy * f(... input i + t * direction ...)) by central differences in float64."""
    total = 0.0
    for sign in (1, -1):
        inputs = [None if x is None else np.asarray(x) for x in case.inputs]
        inputs[i] = np.asarray(inputs[i], dtype=np.float64) + sign * reference.step * direction
        out = reference.forward(*inputs, *case.attrs)
        total += sign * float(np.sum(dy * (out[0] if isinstance(out, tuple) else out)))
    return total / (2 * reference.step)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradient_against_central_differences_of_the_reference(name: str) -> None:
    reference = REFERENCES[name]
    rng = rng_for(name)
    checked = 0
    for case in reference.cases(rng):
        out = reference.forward(*case.inputs, *case.attrs)
        dy = rng.uniform(-1, 1, np.shape(out[0] if isinstance(out, tuple) else out))
        for i, grad in gradients(name, reference, case, dy).items():
            assert grad.shape == np.shape(case.inputs[i])
            if grad.size == 0:
                continue
            direction = rng.uniform(-1, 1, grad.shape)
            got = float(np.sum(grad.numpy().astype(np.float64) * direction))
            want = directional(reference, case, i, direction, dy)
            scale = max(1.0, float(np.sum(np.abs(grad.numpy()) * np.abs(direction))))
            assert abs(got - want) <= reference.gradient_tolerance * scale, (name, case.attrs, i, got, want)
            checked += 1
    assert checked > 0


def mixed_second(reference: Reference, case: Case, i: int, u: Array, d: Array, dy: Array) -> float:
    """d2/ds dt of sum(dy * f(... input i + s * u + t * d ...)) by central differences in float64."""
    total = 0.0
    for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        inputs = [None if x is None else np.asarray(x) for x in case.inputs]
        inputs[i] = np.asarray(inputs[i], dtype=np.float64) + SECOND_STEP * (s * u + t * d)
        out = reference.forward(*inputs, *case.attrs)
        total += s * t * float(np.sum(dy * (out[0] if isinstance(out, tuple) else out)))
    return total / (4 * SECOND_STEP**2)


# The differences lose about 1e-16 / step^2 to rounding and step^2 to curvature.
SECOND_STEP = 1e-4


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_second_order_against_second_differences_of_the_reference(name: str) -> None:
    """<d, gradient of <u, gradient(x)>> against the reference: nothing of ours stands on the other side."""
    reference = REFERENCES[name]
    rng = rng_for(name)
    case = next(
        c for c in reference.cases(rng) if all(x is None or np.size(x) for x in c.inputs) and np.ndim(c.inputs[0])
    )
    out = reference.forward(*case.inputs, *case.attrs)
    dy = rng.uniform(-1, 1, np.shape(out[0] if isinstance(out, tuple) else out))
    i = reference.differentiable[0]
    u, d = (rng.uniform(-1, 1, np.shape(case.inputs[i])) for _ in range(2))
    tensors = [to_tensor(x) for x in case.inputs]
    outer, inner = (GradManager().attach(tensors[i]) for _ in range(2))
    with outer:
        with inner:
            inner.backward(call(name, reference, tensors, case.attrs)[0], to_tensor(dy))
        assert tensors[i].grad is not None
        along = (tensors[i].grad * to_tensor(u)).sum()
        tensors[i].grad = None
        outer.backward(along)
    second = np.zeros(u.shape) if tensors[i].grad is None else tensors[i].grad.numpy().astype(np.float64)
    got, want = float(np.sum(d * second)), mixed_second(reference, case, i, u, d, dy)
    scale = max(1.0, float(np.sum(np.abs(d * second))))
    assert abs(got - want) <= reference.gradient_tolerance * scale, (name, got, want, scale)
