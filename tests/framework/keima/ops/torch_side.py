# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What PyTorch makes of test_against_torch.py's cases, in an environment of its own: torch_side.py IN.npz OUT.npz."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

T = torch.Tensor


def _axes(function: Callable[..., T]) -> Callable[..., T]:
    """A reduction whose attribute is a list of axes, or None for all."""

    def reduced(x: T, axis: Any, keepdims: bool) -> T:
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, list) else [axis]
        for place in sorted((a % max(x.ndim, 1) for a in axes), reverse=True):
            x = function(x, place, True)
        if keepdims:
            return x
        kept = [size for i, size in enumerate(x.shape) if i not in {a % max(x.ndim, 1) for a in axes}]
        return x.reshape(kept)

    return reduced


def _flat_weight(w: T, groups: int) -> T:
    """(G, O, I, kh, kw) as PyTorch's (G O, I, kh, kw)."""
    return w.flatten(0, 1) if w.ndim == 5 else w


def _conv2d(x: T, w: T, b: T | None, stride: Any, padding: Any, dilation: Any, groups: int) -> T:
    return F.conv2d(x, _flat_weight(w, groups), None if b is None else b.flatten(), stride, padding, dilation, groups)


def _batch_norm(x: T, w: T | None, b: T | None, eps: float) -> T:
    return F.batch_norm(x, None, None, *(None if p is None else p.flatten() for p in (w, b)), True, 0.0, eps)


def _matmul(a: T, b: T, transpose_a: bool, transpose_b: bool) -> T:
    return (a.mT if transpose_a and a.ndim > 1 else a) @ (b.mT if transpose_b and b.ndim > 1 else b)


def _slice(x: T, starts: Any, sizes: Any, steps: Any) -> T:
    for axis, (start, size, step) in enumerate(zip(starts, sizes, steps)):
        x = x.index_select(axis, torch.arange(size) * step + start)
    return x


# Ops that PyTorch has under another name, or whose arguments differ.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "equal": torch.eq,
    "floor_div": torch.floor_divide,
    "mod": torch.fmod,
    "prelu": lambda x, w: torch.where(x > 0, x, x * w),
    "hsigmoid": F.hardsigmoid,
    "hswish": F.hardswish,
    "attention": lambda q, k, v, transposed, scale: F.scaled_dot_product_attention(
        q, k.mT if transposed else k, v, scale=scale
    ),
    "layer_norm": lambda x, w, b, dims, eps: F.layer_norm(x, x.shape[-dims:], w, b, eps),
    "where": lambda mask, x, y: torch.where(mask.bool(), x, y),
    "sum": _axes(torch.sum),
    "mean": _axes(torch.mean),
    "prod": _axes(torch.prod),
    "max": _axes(lambda x, axis, keep: x.amax(axis, keep)),
    "min": _axes(lambda x, axis, keep: x.amin(axis, keep)),
    "cumsum": lambda x, axis, reverse: x.flip(axis).cumsum(axis).flip(axis) if reverse else x.cumsum(axis),
    "matmul": _matmul,
    "conv2d": _conv2d,
    "conv2d_backward_data": lambda w, dy, s, p, d, g, shape: torch.nn.grad.conv2d_input(
        shape, _flat_weight(w, g), dy, s, p, d, g
    ),
    "conv2d_backward_weight": lambda x, dy, s, p, d, g, shape: torch.nn.grad.conv2d_weight(
        x, (shape[0] * shape[1], *shape[2:]) if len(shape) == 5 else shape, dy, s, p, d, g
    ).reshape(shape),
    "max_pool2d": F.max_pool2d,
    "avg_pool2d": lambda x, k, s, p, count: F.avg_pool2d(x, k, s, p, False, count),
    "batch_norm_train": _batch_norm,
    "reshape": lambda x, shape: x.reshape(shape),
    "broadcast_to": lambda x, shape: x.broadcast_to(shape),
    "slice": _slice,
    "gather": lambda x, at, axis: torch.gather(x, axis, at.long()),
    "scatter": lambda x, at, v, axis: x.scatter(axis, at.long(), v),
    "scatter_add": lambda x, at, v, axis: x.scatter_add(axis, at.long(), v),
    "take_rows": lambda x, at: x[at.long()],
    "one_hot": lambda x, classes, _: F.one_hot(x.long(), classes),
}


def function(name: str) -> Callable[..., Any] | None:
    """PyTorch's counterpart of an op, which most have under the same name."""
    return FUNCTIONS.get(name) or getattr(torch, name, None) or getattr(F, name, None)


def run(name: str, inputs: list[T | None], attrs: list[Any], wanted: list[int], dy: Any) -> dict[str, Any]:
    """The value, and the gradients by the inputs that are wanted."""
    for i in wanted:
        if inputs[i] is not None:
            inputs[i].requires_grad_()
    out = function(name)(*inputs, *attrs)
    made = {"out": out.detach().numpy()}
    sources = [i for i in wanted if inputs[i] is not None]
    if sources and out.numel():
        grads = torch.autograd.grad(
            out, [inputs[i] for i in sources], torch.tensor(dy).reshape(out.shape), allow_unused=True
        )
        made |= {f"grad{i}": g.numpy() for i, g in zip(sources, grads) if g is not None}
    return made


def main() -> None:
    """Answer every case that PyTorch has a function for."""
    torch.set_num_threads(1)
    data = np.load(sys.argv[1])
    cases = json.loads(str(data["cases"]))
    results: dict[str, Any] = {"known": np.array(sorted({c["op"] for c in cases.values() if function(c["op"])}))}
    for key, case in cases.items():
        if not function(case["op"]):
            continue
        inputs = [torch.tensor(data[f"{key}/{i}"]) if present else None for i, present in enumerate(case["inputs"])]
        answer = run(case["op"], inputs, case["attrs"], case["wanted"], data[f"{key}/dy"])
        results |= {f"{key}/{name}": value for name, value in answer.items()}
    np.savez(sys.argv[2], **results)


if __name__ == "__main__":
    main()
