# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Optimized, planned graphs of whole networks against eager runs."""

from __future__ import annotations

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima.jit import trace
from keima_zoo.models import MODELS


@pytest.mark.parametrize("name", sorted(MODELS))
def test_networks_run_planned_as_they_run_eagerly(name):
    network = MODELS[name]()
    rng = np.random.default_rng(0)
    network(keima.Tensor(rng.standard_normal((4, 1, 28, 28)).astype(np.float32)))  # statistics that are not 0 and 1
    network.eval()
    traced = trace(network, symbolic=True, capture_as_const=True, without_host=True)
    for _ in range(2):
        images = keima.Tensor(rng.standard_normal((2, 1, 28, 28)).astype(np.float32))
        want = network(images).numpy()
        np.testing.assert_allclose(traced(images).numpy(), want, rtol=0, atol=2e-5 * np.abs(want).max())
    program = traced.recordings[0].program
    assert program.arena_bytes <= 1.10 * program.arena_bound
    # Normalisation, biases, activations and shortcuts are inside the convolutions and products.
    left = {name for name, _, _ in program.steps}
    assert left <= {"convert", "conv2d_fused", "max_pool2d", "linear_fused", "mean", "avg_pool2d"}


def planned(function, *arrays):
    """What a traced function gives and the names of its steps, beside what it gives eagerly."""
    tensors = [keima.Tensor(array) for array in arrays]
    traced = trace(function, symbolic=True, capture_as_const=True, without_host=True)
    traced(*tensors)
    steps = [name for name, _, _ in traced.recordings[0].program.steps]
    return traced(*tensors), function(*tensors), steps


@pytest.mark.parametrize("scaled", ["query", "scores", "not"])
def test_a_transformer_block_becomes_products_attention_and_norms(scaled):
    rng = np.random.default_rng(1)
    width, heads, length = 24, 3, 17
    project = [keima.module.Linear(width, width) for _ in range(4)]
    wide, narrow, norm = keima.module.Linear(width, 40), keima.module.Linear(40, width), keima.module.LayerNorm(width)

    def split(x, axes):
        return F.transpose(F.reshape(x, (2, length, heads, width // heads)), axes)

    def block(x):
        query = split(project[0](x), (0, 2, 1, 3))
        key, value = split(project[1](x), (0, 2, 3, 1)), split(project[2](x), (0, 2, 1, 3))
        scores = F.matmul(query * 0.5 if scaled == "query" else query, key)
        weights = F.softmax(scores * 0.5 if scaled == "scores" else scores, -1)
        mixed = F.reshape(F.transpose(F.matmul(weights, value), (0, 2, 1, 3)), (2, length, width))
        x = norm(x + project[3](mixed))
        return x + narrow(F.gelu(wide(x)))

    got, want, steps = planned(block, rng.standard_normal((2, length, width)).astype(np.float32))
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=0, atol=1e-5)
    # Views, scale, biases, GELU and both sums are inside; only the heads are put side by side again.
    assert sorted(step for step in steps if step != "convert") == ["attention", "layer_norm"] + ["linear_fused"] * 6
    assert steps.count("convert") == 1


def test_products_whose_weights_others_read_stay_apart():
    def doubled(x):
        weights = F.softmax(F.matmul(x, x, transpose_b=True), -1)
        return F.matmul(weights, x), weights

    (_, weights), (_, want), steps = planned(doubled, np.random.default_rng(2).random((1, 2, 5, 4), np.float32))
    assert "attention" not in steps
    np.testing.assert_allclose(weights.numpy(), want.numpy(), rtol=0, atol=1e-6)


def test_positions_of_maxima_are_computed_where_they_are_read():
    x = np.random.default_rng(3).standard_normal((1, 3, 6, 6)).astype(np.float32)
    got, want, _ = planned(lambda t: F.max_pool2d(t, 2), x)
    assert np.array_equal(got.numpy(), want.numpy())

    def positions(t):
        return keima._core.ops.max_pool2d(t, (2, 2), (2, 2), (0, 0))[1]

    got, want, _ = planned(positions, x)
    assert np.array_equal(got.numpy(), want.numpy())


def test_passes_print_and_refuse_unknown_names():
    traced = trace(lambda x: (x + 1) * 1, record_only=True)
    traced(keima.Tensor([1.0]))
    graph = traced.recordings[0].graph.copy()
    before = str(graph)
    assert graph.apply("dead_code") == 0
    assert str(graph) == before
    with pytest.raises(ValueError, match="no pass 'magic'; expected one of identities"):
        graph.apply("magic")


def shuffled(x, groups):
    n, c, h, w = x.shape
    apart = F.transpose(F.reshape(x, (n, groups, c // groups, h, w)), (0, 2, 1, 3, 4))
    return F.reshape(apart, (n, c, h, w))


def test_channels_are_joined_shuffled_and_cut_in_blocks():
    rng = np.random.default_rng(4)
    convs = [keima.module.Conv2d(18, 18, 1) for _ in range(3)]

    def units(x):
        kept, rest = convs[0](x), convs[1](x)
        out = shuffled(F.concat([kept, rest], 1), 2)
        kept, rest = out[:, :18], convs[2](out[:, 18:])
        return shuffled(F.concat([kept, rest], 1), 2)[:, 4:30]

    got, want, steps = planned(units, rng.standard_normal((2, 18, 5, 7)).astype(np.float32))
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=0, atol=1e-5)
    inner = [step for step in steps if step != "convert"]
    assert sorted(inner) == ["channel_shuffle"] * 3 + ["conv2d_fused"] * 3
    assert steps.count("convert") == 2  # the input into blocks, the output out of them


def test_channels_of_plain_tensors_and_other_shuffles_stay_as_they_are():
    x, y = (np.random.default_rng(5).standard_normal((2, 6, 4, 4)).astype(np.float32) for _ in range(2))

    def rows(x, y):
        return shuffled(F.concat([x, y], 1), 3)[:, 2:7]

    got, want, steps = planned(rows, x, y)
    np.testing.assert_array_equal(got.numpy(), want.numpy())
    assert "channel_shuffle" not in steps

    conv = keima.module.Conv2d(6, 6, 1)

    def other(x):
        out = conv(x)
        turned = F.reshape(F.transpose(F.reshape(out, (2, 2, 3, 4, 4)), (0, 2, 1, 4, 3)), (2, 6, 4, 4))
        return turned, F.concat([out, out], 2)[:, :, 1:7:2], out[:, ::2]

    got, want, steps = planned(other, x)
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=0, atol=1e-6)
    assert "channel_shuffle" not in steps


def test_a_later_operand_of_a_variadic_op_is_named_too():
    images, whole = keima.Tensor(np.zeros((1, 2, 2, 2), np.float32)), keima.Tensor(np.zeros((1, 2, 2, 2), np.int32))
    with pytest.raises(keima.DtypeError, match="channel_shuffle: inps: expected float32, got int32"):
        keima._core.ops.channel_shuffle([images, whole], 1, 0, 4)


def test_an_inverted_residual_block_is_one_step_and_gives_what_it_gives_eagerly():
    conv = keima.module.Conv2d
    layers = [conv(8, 48, 1), conv(48, 48, 3, stride=2, padding=1, groups=48), conv(48, 24, 1)]

    def block(x):
        for layer in layers[:-1]:
            x = F.relu6(layer(x))
        return layers[-1](x)

    x = np.random.default_rng(6).standard_normal((1, 8, 512, 16)).astype(np.float32)
    got, want, steps = planned(block, x)  # tall, so that any number of threads can share it
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=0, atol=1e-5)
    assert steps == ["convert", "inverted_residual"]


def test_operands_of_an_inverted_residual_that_do_not_fit_are_named():
    zeros = [
        keima.Tensor(np.zeros(shape, np.float32))
        for shape in [(1, 4, 5, 5), (4, 1, 1, 3, 3), (2, 4, 1, 1), (1, 3, 1, 1), (2, 4, 3, 3)]
    ]
    x, depthwise, project, bias, wide = zeros
    block = keima._core.ops.inverted_residual
    with pytest.raises(keima.ShapeError, match="depthwise_bias: expected 4 elements"):
        block(x, depthwise, project, None, None, bias, None, None, (1, 1), (1, 1), "", "", "")
    with pytest.raises(keima.ShapeError, match=r"project_weight: expected weights of shape \(O, I, 1, 1\)"):
        block(x, depthwise, wide, None, None, None, None, None, (1, 1), (1, 1), "", "", "")
    with pytest.raises(keima.ShapeError, match="two channels or more"):
        block(x[:, :1], depthwise[:1], project[:, :1], None, None, None, None, None, (1, 1), (1, 1), "", "", "")
