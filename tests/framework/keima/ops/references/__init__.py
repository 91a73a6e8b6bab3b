# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One entry an op: how to draw its operands, and a slow obvious float64 reference of what it computes.

A file a family of ops, as in framework/native/ops. The walk in test_registry.py fails if a registered op has no entry
here, or an entry no op.
"""

from __future__ import annotations

from importlib import import_module

from references.reference import Array, Case, Reference

__all__ = ["NOT_IN_TORCH", "OURS_ALONE", "REFERENCES", "Array", "Case", "Reference"]

_FAMILIES = (
    "attention",
    "batch_norm",
    "channel_shuffle",
    "conv",
    "elementwise",
    "indexing",
    "inverted_residual",
    "layer_norm",
    "matmul",
    "optimizer",
    "pooling",
    "reduction",
    "scan",
    "shape",
    "softmax",
    "sorting",
)

REFERENCES: dict[str, Reference] = {
    name: reference
    for family in _FAMILIES
    for name, reference in import_module(f"references.{family}").REFERENCES.items()
}

# Ops that other frameworks and formats have no name for: gradients, updates, what the compiler makes, ops on positions.
OURS_ALONE = {
    "adam_step",
    "attention_backward",
    "avg_pool2d_backward",
    "batch_norm_backward",
    "channel_shuffle",
    "conv2d_fused",
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
    "ravel_index",
    "relu6_grad",
    "relu_grad",
    "right_shift",
    "sgd_step",
    "sigmoid_grad",
    "silu_grad",
    "slice_add",
    "slice_set",
    "softmax_backward",
    "tanh_grad",
}
# Of these PyTorch has none (test_against_torch.py finds the others by name), or another meaning.
NOT_IN_TORCH = OURS_ALONE | {
    "add_rows",
    "arange",
    "argmax",
    "argmin",
    "cast",
    "concat",
    "full",
    "nonzero",
    "put_rows",
    "round",
    "sort",
    "sum_to",
    "transpose",
}
