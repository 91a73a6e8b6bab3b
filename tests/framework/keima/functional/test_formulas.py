# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Functions composed of ops, against NumPy in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)


def _draw(*shape: int) -> Array:
    return RNG.uniform(-2, 2, shape).astype(np.float32)


X, Y = _draw(3, 4, 5, 6), _draw(3, 4, 5, 6)
M, N = _draw(4, 7), _draw(4, 7)
P = RNG.uniform(0.05, 0.95, (4, 7)).astype(np.float32)
LABELS = RNG.integers(0, 7, 4).astype(np.int32)
BITS = RNG.integers(0, 2, (4, 7)).astype(np.float32)
SIGNS = BITS * 2 - 1
WEIGHT, BIAS = _draw(4), _draw(4)


def _standardized(x: Array, axes: tuple[int, ...]) -> Array:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def _softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _binary(p: Array) -> Array:
    return -(BITS * np.log(p) + (1 - BITS) * np.log(1 - p))


def _windows_mean(x: Array, rows: int, columns: int, reduce: Callable[[Array], Any]) -> Array:
    """Adaptive pooling by its definition: output i covers floor(i n / m) to ceil((i + 1) n / m)."""
    height, width = x.shape[2:]
    out = np.zeros((*x.shape[:2], rows, columns))
    for i in range(rows):
        for j in range(columns):
            cell = x[
                :,
                :,
                i * height // rows : -(-(i + 1) * height // rows),
                j * width // columns : -(-(j + 1) * width // columns),
            ]
            out[:, :, i, j] = reduce(cell)
    return out


def _transposed(x: Array, w: Array, stride: int, padding: int, extra: int, dilation: int) -> Array:
    """Every input pixel adds its multiple of the kernel to the output."""
    batch, _, height, width = x.shape
    kernel = dilation * (w.shape[2] - 1) + 1
    full = np.zeros((batch, w.shape[1], (height - 1) * stride + kernel + extra, (width - 1) * stride + kernel + extra))
    for i in range(height):
        for j in range(width):
            patch = np.einsum("nc,cokl->nokl", x[:, :, i, j], w)
            full[:, :, i * stride : i * stride + kernel : dilation, j * stride : j * stride + kernel : dilation] += (
                patch
            )
    return full[:, :, padding : full.shape[2] - padding, padding : full.shape[3] - padding]


def _conv1d(x: Array, w: Array, stride: int, padding: int) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    views = np.lib.stride_tricks.sliding_window_view(padded, w.shape[2], axis=2)[:, :, ::stride]
    return np.einsum("nclk,ock->nol", views, w)


T_W = _draw(4, 2, 3, 3)
C_X, C_W = _draw(2, 3, 11), _draw(5, 3, 4)
WIDE: list[tuple[str, Callable[[], Any], Callable[[], Any]]] = [
    ("softmax", lambda: F.softmax(keima.Tensor(X), 1), lambda: _softmax(X, 1)),
    ("softmax-default", lambda: F.softmax(keima.Tensor(M)), lambda: _softmax(M, 1)),
    ("logsoftmax", lambda: F.logsoftmax(keima.Tensor(X), 2), lambda: np.log(_softmax(X, 2))),
    (
        "logsoftmax-axes",
        lambda: F.logsoftmax(keima.Tensor(X), (1, 2)),
        lambda: X - np.log(np.exp(X).sum((1, 2), keepdims=True)),
    ),
    ("linear", lambda: F.linear(keima.Tensor(M), keima.Tensor(N), None), lambda: M @ N.T),
    ("dot", lambda: F.dot(keima.Tensor(WEIGHT), keima.Tensor(BIAS)), lambda: WEIGHT @ BIAS),
    ("std", lambda: F.std(keima.Tensor(X), 1), lambda: X.std(1)),
    ("var", lambda: F.var(keima.Tensor(X), (0, 2), True), lambda: X.var((0, 2), keepdims=True)),
    ("normalize", lambda: F.normalize(keima.Tensor(M), axis=1), lambda: M / np.linalg.norm(M, axis=1, keepdims=True)),
    ("norm", lambda: F.norm(keima.Tensor(M), ord=2, axis=1), lambda: np.linalg.norm(M, axis=1)),
    ("l1_loss", lambda: F.loss.l1_loss(keima.Tensor(M), keima.Tensor(N)), lambda: np.abs(M - N).mean()),
    ("square_loss", lambda: F.loss.square_loss(keima.Tensor(M), keima.Tensor(N), "sum"), lambda: ((M - N) ** 2).sum()),
    (
        "hinge_loss",
        lambda: F.loss.hinge_loss(keima.Tensor(M), keima.Tensor(SIGNS)),
        lambda: np.maximum(0, 1 - M * SIGNS).sum(1).mean(),
    ),
    (
        "hinge_loss-L2",
        lambda: F.loss.hinge_loss(keima.Tensor(M), keima.Tensor(SIGNS), "L2"),
        lambda: (np.maximum(0, 1 - M * SIGNS) ** 2).sum(1).mean(),
    ),
    (
        "binary_cross_entropy",
        lambda: F.loss.binary_cross_entropy(keima.Tensor(M), keima.Tensor(BITS)),
        lambda: _binary(_sigmoid(M.astype(float))).mean(),
    ),
    (
        "binary_cross_entropy-probabilities",
        lambda: F.loss.binary_cross_entropy(keima.Tensor(P), keima.Tensor(BITS), with_logits=False, reduction="none"),
        lambda: _binary(P.astype(float)),
    ),
    (
        "cross_entropy",
        lambda: F.loss.cross_entropy(keima.Tensor(M), keima.Tensor(LABELS)),
        lambda: -np.log(_softmax(M, 1))[np.arange(4), LABELS].mean(),
    ),
    (
        "cross_entropy-smooth",
        lambda: F.loss.cross_entropy(keima.Tensor(M), keima.Tensor(LABELS), label_smooth=0.1),
        lambda: -(0.9 * np.log(_softmax(M, 1))[np.arange(4), LABELS] + 0.1 * np.log(_softmax(M, 1)).mean(1)).mean(),
    ),
    (
        "layer_norm",
        lambda: F.layer_norm(keima.Tensor(X), (5, 6), True, keima.Tensor(X[0, 0]), keima.Tensor(Y[0, 0])),
        lambda: _standardized(X, (2, 3)) * X[0, 0] + Y[0, 0],
    ),
    (
        "group_norm",
        lambda: F.group_norm(keima.Tensor(X), 2, True, keima.Tensor(WEIGHT), keima.Tensor(BIAS)),
        lambda: (
            _standardized(X.reshape(3, 2, -1), (2,)).reshape(X.shape) * WEIGHT.reshape(1, 4, 1, 1)
            + BIAS.reshape(1, 4, 1, 1)
        ),
    ),
    ("instance_norm", lambda: F.instance_norm(keima.Tensor(X), False), lambda: _standardized(X, (2, 3))),
    ("general_norm", lambda: F.general_norm(keima.Tensor(X), (1, -1), False), lambda: _standardized(X, (1, 3))),
    (
        "batch_norm-inference",
        lambda: F.batch_norm(
            keima.Tensor(X), keima.Tensor(WEIGHT.reshape(1, 4, 1, 1)), keima.Tensor(BIAS.reshape(1, 4, 1, 1) ** 2)
        ),
        lambda: (X - WEIGHT.reshape(1, 4, 1, 1)) / np.sqrt(BIAS.reshape(1, 4, 1, 1) ** 2 + 1e-5),
    ),
    (
        "batch_norm-training",
        lambda: F.batch_norm(keima.Tensor(X), training=True),
        lambda: _standardized(X, (0, 2, 3)),
    ),
    (
        "adaptive_avg_pool2d",
        lambda: F.adaptive_avg_pool2d(keima.Tensor(X), (2, 4)),
        lambda: _windows_mean(X, 2, 4, lambda c: c.mean((2, 3))),
    ),
    (
        "adaptive_avg_pool2d-even",
        lambda: F.adaptive_avg_pool2d(keima.Tensor(X), (5, 3)),
        lambda: _windows_mean(X, 5, 3, lambda c: c.mean((2, 3))),
    ),
    (
        "adaptive_max_pool2d",
        lambda: F.adaptive_max_pool2d(keima.Tensor(X), 3),
        lambda: _windows_mean(X, 3, 3, lambda c: c.max((2, 3))),
    ),
    (
        "conv_transpose2d",
        lambda: F.conv_transpose2d(keima.Tensor(X), keima.Tensor(T_W), None, 2, 1, 1),
        lambda: _transposed(X, T_W, 2, 1, 1, 1),
    ),
    (
        "conv_transpose2d-dilated",
        lambda: F.conv_transpose2d(
            keima.Tensor(X), keima.Tensor(T_W), keima.Tensor(WEIGHT[:2].reshape(1, 2, 1, 1)), 1, 0, 0, 2
        ),
        lambda: _transposed(X, T_W, 1, 0, 0, 2) + WEIGHT[:2].reshape(1, 2, 1, 1),
    ),
    ("conv1d", lambda: F.conv1d(keima.Tensor(C_X), keima.Tensor(C_W), None, 2, 1), lambda: _conv1d(C_X, C_W, 2, 1)),
    ("embedding", lambda: F.embedding(keima.Tensor(LABELS % 4), keima.Tensor(M)), lambda: M[LABELS % 4]),
    ("roll", lambda: F.roll(keima.Tensor(M), 2, 1), lambda: np.roll(M, 2, 1)),
    ("roll-flat", lambda: F.roll(keima.Tensor(M), 3), lambda: np.roll(M, 3)),
    (
        "meshgrid",
        lambda: F.meshgrid(keima.Tensor(WEIGHT), keima.Tensor(BIAS[:3]))[1],
        lambda: np.meshgrid(WEIGHT, BIAS[:3])[1],
    ),
    ("linspace", lambda: F.linspace(1, 2, 7), lambda: np.linspace(1, 2, 7)),
    ("squeeze", lambda: F.squeeze(keima.Tensor(M[:, None, :1]), 1), lambda: M[:, :1]),
    ("full_like", lambda: F.full_like(keima.Tensor(M), 3.0), lambda: np.full_like(M, 3)),
    ("arange-exact", lambda: F.arange(16777217, 16777220, dtype="int32"), lambda: np.arange(16777217, 16777220)),
    ("transpose", lambda: keima.Tensor(X).transpose(0, -1, 1, 2), lambda: X.transpose(0, 3, 1, 2)),
    ("eye", lambda: F.eye(3, 5), lambda: np.eye(3, 5)),
]


@pytest.mark.parametrize(("ours", "theirs"), [pytest.param(a, b, id=name) for name, a, b in WIDE])
def test_values(ours: Callable[[], Any], theirs: Callable[[], Any]) -> None:
    want = np.asarray(theirs())
    got = ours().numpy()
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("offset", [1e6, 2e4, -3e4])
def test_softmax_of_large_numbers_sums_to_one(offset: float) -> None:
    logits = np.array([[0.0, 1.0, 2.0]], np.float32) + np.float32(offset)
    want = _softmax(logits.astype(np.float64), 1)
    np.testing.assert_allclose(F.softmax(keima.Tensor(logits), 1).numpy(), want, rtol=1e-6)
    np.testing.assert_allclose(F.logsoftmax(keima.Tensor(logits), 1).numpy(), np.log(want), rtol=1e-5)


def test_certain_predictions_that_are_right_cost_nothing() -> None:
    p = keima.Tensor([0.0, 1.0])
    manager = keima.autodiff.GradManager().attach([p])
    with manager:
        loss = F.loss.binary_cross_entropy(p, keima.Tensor([0.0, 1.0]), with_logits=False)
        manager.backward(loss)
    assert float(loss) == 0.0
    assert p.grad is not None and np.isfinite(p.grad.numpy()).all()


def test_dropout_keeps_the_mean_and_the_gradient_uses_the_same_mask() -> None:
    x = keima.Parameter(np.ones(20_000, np.float32))
    manager = keima.autodiff.GradManager().attach([x])
    with manager:
        out = F.dropout(x, 0.25)
        manager.backward(out.sum())
    values = out.numpy()
    assert set(np.unique(values)) == {np.float32(0), np.float32(4 / 3)}
    assert 0.96 < values.mean() < 1.04  # 5 standard deviations are 0.02
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), values)
    assert F.dropout(x, 0.25, training=False) is x


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: F.adaptive_avg_pool2d(keima.Tensor(X), 0), ValueError, "at least 1x1"),
        (lambda: F.adaptive_max_pool2d(keima.Tensor(M), 2), keima.ShapeError, r"\(4, 7\)"),
        (lambda: F.group_norm(keima.Tensor(X), 0, False), ValueError, "into 0 groups"),
        (lambda: F.general_norm(keima.Tensor(X), 7, False), IndexError, "axis 7 is out of range"),
        (lambda: F.pad(keima.Tensor(M), [(1, 1)] * 3), ValueError, "up to 2 pairs"),
        (lambda: F.conv_transpose2d(keima.Tensor(M), keima.Tensor(T_W)), keima.ShapeError, r"got \(4, 7\) and"),
        (
            lambda: F.conv2d(keima.Tensor(X), keima.Tensor(T_W), stride="ab"),
            TypeError,
            "expected a whole number or a sequence of them",
        ),  # type: ignore[arg-type]
        (lambda: F.split(keima.Tensor(np.zeros(6)), [4, 2]), ValueError, "rising positions"),
        (lambda: keima.Tensor(M).transpose(0, 3), IndexError, "axis 3 is out of range"),
        (lambda: F.stack(t for t in ()), ValueError, "got none"),  # type: ignore[arg-type,var-annotated]
        (
            lambda: keima.optimizer.Adam([keima.Parameter([1.0])], lr=0.1, betas=(1.0, 1.0)),
            ValueError,
            "beta1 must be in",
        ),
        (
            lambda: keima.optimizer.Adam([keima.Parameter([1.0])], lr=0.1).load_state_dict({}),
            ValueError,
            "expected the keys 'param_groups' and 'state'",
        ),
    ],
)
def test_messages(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_stack_takes_a_generator() -> None:
    made = F.stack(keima.Tensor([float(i)]) for i in range(3))  # type: ignore[arg-type]
    assert made.numpy().tolist() == [[0.0], [1.0], [2.0]]
