# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs ops of every family on tensors large enough for several threads; prints digests of all results as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import keima
import keima.functional as F  # noqa: N812
from keima import Tensor
from keima._core import ops
from keima.autodiff import GradManager
from keima_zoo.models import MODELS


def random(*shape: int) -> Tensor:
    return Tensor(np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32))


def integers(most: int, *shape: int) -> Tensor:
    return Tensor(np.random.default_rng(most).integers(0, most, shape).astype(np.int32))


def with_gradients(function: Callable[..., Tensor], *inputs: Tensor) -> list[Tensor]:
    """The result and the gradients of all inputs, for a gradient of the result that is not constant."""
    manager = GradManager().attach(list(inputs))
    for tensor in inputs:
        tensor.grad = None
    with manager:
        result = function(*inputs)
        manager.backward(result, random(*result.shape))
    return [result, *(tensor.grad for tensor in inputs if tensor.grad is not None)]


def convolutions() -> list[Tensor]:
    cases: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
        ((5, 3, 33, 31), (17, 3, 7, 7), {"stride": 2, "padding": 3}),
        ((5, 33, 28, 28), (48, 33, 3, 3), {"padding": 1}),  # Winograd
        ((7, 64, 7, 7), (64, 64, 3, 3), {"padding": 1}),
        ((5, 40, 14, 15), (24, 40, 1, 1), {}),
        ((5, 24, 14, 15), (24, 1, 1, 3, 3), {"padding": 1, "groups": 24}),
        ((5, 24, 14, 15), (4, 8, 6, 3, 3), {"padding": 1, "groups": 4}),
        ((3, 19, 20, 20), (21, 19, 3, 3), {"dilation": 2}),
    ]
    return [
        t
        for x, w, options in cases
        for t in with_gradients(lambda a, b, o=options: F.conv2d(a, b, **o), random(*x), random(*w))
    ]


def products() -> list[Tensor]:
    pairs = [((333, 257), (257, 191)), ((7, 65, 130), (7, 130, 33)), ((5, 4000), (4000, 3))]
    results = [t for a, b in pairs for t in with_gradients(F.matmul, random(*a), random(*b))]
    a, b = random(257, 333), random(191, 257)
    return [*results, ops.matmul(a, b, transpose_a=True, transpose_b=True)]


def normalisations() -> list[Tensor]:
    x, rows = random(9, 37, 21, 20), random(300, 129)
    scale, shift = random(1, 37, 1, 1), random(1, 37, 1, 1)
    results = with_gradients(lambda x, w, b: F.batch_norm(x, weight=w, bias=b, training=True), x, scale, shift)
    results += with_gradients(lambda x, w, b: F.layer_norm(x, (129,), True, w, b), rows, random(129), random(129))
    for function in (F.softmax, F.logsoftmax):
        results += with_gradients(lambda x, f=function: f(x, 1), rows)
    return results


def poolings() -> list[Tensor]:
    x = random(9, 37, 21, 20)
    return [t for pool in (F.max_pool2d, F.avg_pool2d) for t in with_gradients(lambda x, p=pool: p(x, 3, 2, 1), x)]


def elementwise() -> list[Tensor]:
    x, y, row = random(400, 501), random(400, 501), random(501)
    results = [
        F.exp(x),
        F.sigmoid(x),
        x * y + row,
        F.maximum(x, y),
        F.where(x > y, x, y),
        x.astype("float16"),
        F.gelu(x),
    ]
    return [*results, *with_gradients(lambda x, y: F.tanh(x) * F.sin(y), x, y)]


def reductions() -> list[Tensor]:
    x = random(60, 70, 80)
    functions = (F.sum, F.mean, F.max, F.min, F.var, F.argmax)
    results = [f(x, axis=axis) for f in functions for axis in (0, 1, 2)] + [F.sum(x), F.mean(x), F.prod(x * 0.0 + 1.0)]
    return [
        *results,
        F.cumsum(x, 1),
        *with_gradients(lambda x: F.logsumexp(x, 1), x),
        *F.sort(random(300, 200)),
        *F.topk(random(300, 200), 7),
    ]


def indexing() -> list[Tensor]:
    x, at = random(500, 300), integers(500, 2000)
    along = integers(300, 500, 90)
    results = [
        x[at],
        F.gather(x, 1, along),
        F.scatter(x, 1, along, random(500, 90)),
        F.transpose(x, (1, 0)) + 0.0,
        F.concat([x, x], 1),
    ]
    return results + with_gradients(lambda x: x[at], x) + with_gradients(lambda x: F.gather(x, 1, along), x)


def steps() -> list[Tensor]:
    param, grad, first, second = (random(70000) for _ in range(4))
    sgd = ops.sgd_step(param, grad, first, None, 0.1, 0.9, 1e-4, True)
    adam = ops.adam_step(
        param,
        grad,
        first,
        F.abs(second),
        rate=0.1,
        beta1=0.9,
        beta2=0.99,
        eps=1e-8,
        correction=1.0,
        weight_decay=0.1,
        shrink=1.0,
    )
    return [*sgd, *adam]


def draws() -> list[Tensor]:
    keima.random.seed(3)
    x = keima.random.normal(size=(300, 300))
    return [x, keima.random.uniform(size=(300, 300)), F.dropout(x, 0.3, training=True)]


def training() -> list[Tensor]:
    keima.random.seed(1)
    net = MODELS["resnet18-28"]()
    manager = GradManager().attach(net.parameters())
    optimizer = keima.optimizer.SGD(net.parameters(), lr=0.05, momentum=0.9)
    with manager:
        loss = F.cross_entropy(net(random(6, 1, 28, 28)), integers(10, 6))
        manager.backward(loss)
    optimizer.step()
    return [loss, *net.tensors()]


def compiled() -> list[Tensor]:
    net = MODELS["resnet18-28"]()
    images = random(3, 1, 28, 28)
    keima.random.seed(1)
    net(images)
    net.eval()
    traced = keima.jit.trace(net, symbolic=True, capture_as_const=True)
    return [traced(images), traced(images)]


def attention() -> list[Tensor]:
    def heads(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return F.matmul(F.softmax(F.matmul(q, F.transpose(k, (0, 1, 3, 2))) * 0.125, 3), v)

    traced = keima.jit.trace(heads, symbolic=True, capture_as_const=True)
    return [traced(*(random(3, 5, 97, 64) for _ in range(3)))]


FAMILIES = (
    convolutions,
    products,
    normalisations,
    poolings,
    elementwise,
    reductions,
    indexing,
    steps,
    draws,
    training,
    compiled,
    attention,
)


def digest(tensors: list[Tensor]) -> list[str]:
    return [hashlib.sha256(tensor.numpy().tobytes()).hexdigest()[:16] for tensor in tensors]


if __name__ == "__main__":
    found = {family.__name__: digest(family()) for family in FAMILIES}
    json.dump({"threads": keima._core.num_threads(), "digests": found}, sys.stdout)
