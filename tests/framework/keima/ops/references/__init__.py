# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One entry an op: how to draw its operands, and a slow obvious float64 reference of what it computes.

A file a family of ops, as in framework/native/ops. The walk in test_registry.py fails if a registered op has no entry
here, or an entry no op.
"""

from __future__ import annotations

from references import (
    attention,
    batch_norm,
    channel_shuffle,
    conv,
    elementwise,
    indexing,
    inverted_residual,
    layer_norm,
    matmul,
    optimizer,
    pooling,
    reduction,
    scan,
    shape,
    softmax,
    sorting,
)
from references.reference import Array, Case, Reference

__all__ = ["NOT_IN_TORCH", "REFERENCES", "Array", "Case", "Reference"]

_FAMILIES = (
    attention,
    batch_norm,
    channel_shuffle,
    conv,
    elementwise,
    indexing,
    inverted_residual,
    layer_norm,
    matmul,
    optimizer,
    pooling,
    reduction,
    scan,
    shape,
    softmax,
    sorting,
)

REFERENCES: dict[str, Reference] = {
    name: reference for family in _FAMILIES for name, reference in family.REFERENCES.items()
}

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
