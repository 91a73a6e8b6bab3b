# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Layers against what MegEngine 1.13 gave, and against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
import keima.module as M  # noqa: N812

X = np.arange(1, 13, dtype=np.float32).reshape(1, 6, 1, 2)
# fmt: off
LRN_3 = [0.43869135, 0.70710677, 0.835313, 0.873876, 0.8696452, 0.8472217, 0.8181247, 0.7875406, 0.7577318, 0.7296164,
         1.0755434, 1.0303347]
LRN_5 = [0.86066294, 1.6012815, 2.2116294, 2.6967995, 3.0714755, 3.3541021, 3.5675304, 3.7300193, 4.641396, 4.74579,
         5.8713655, 5.940885]
# fmt: on


def test_local_response_norm_as_megengine() -> None:
    got = M.LocalResponseNorm(3, 2.0, 0.1, 0.75)(keima.Tensor(X))
    np.testing.assert_allclose(got.numpy().ravel(), LRN_3, rtol=1e-5)
    got = M.LocalResponseNorm(5, 1.0, 0.01, 0.5)(keima.Tensor(X))
    np.testing.assert_allclose(got.numpy().ravel(), LRN_5, rtol=1e-5)
    with pytest.raises(ValueError, match="odd"):
        M.LocalResponseNorm(4)(keima.Tensor(X))
    with pytest.raises(keima.ShapeError, match="N, C, H, W"):
        M.LocalResponseNorm()(keima.Tensor([1.0]))


def test_general_norm_as_megengine() -> None:
    layer = M.GeneralNorm((6, 1), normalized_axis=(1, 2))
    assert layer.weight is not None
    assert layer.weight.shape == (6, 1)
    got = layer(keima.Tensor(X)).numpy()
    np.testing.assert_allclose(got.ravel()[[0, 2, 4]], [-1.4638494, -0.8783097, -0.2927699], rtol=1e-5)
    plain = M.GeneralNorm(normalized_axis=1, affine=False)(keima.Tensor(X)).numpy()
    np.testing.assert_allclose(
        plain, (X - X.mean(1, keepdims=True)) / np.sqrt(X.var(1, keepdims=True) + 1e-5), rtol=1e-5
    )
    with pytest.raises(ValueError, match="normalized_shape is required"):
        M.GeneralNorm()


def test_shape_layers() -> None:
    widths = ((0, 0), (1, 0), (0, 0), (1, 1))
    got = M.Pad(widths, "constant", 7.0)(keima.Tensor(X))
    np.testing.assert_array_equal(got.numpy(), np.pad(X, widths, constant_values=7.0))
    both = M.Concat()([keima.Tensor(X), keima.Tensor(X)], 1)
    np.testing.assert_array_equal(both.numpy(), np.concatenate([X, X], 1))
    image = np.arange(2 * 8 * 3 * 3, dtype=np.float32).reshape(2, 8, 3, 3)
    shuffled = M.PixelShuffle(2)(keima.Tensor(image)).numpy()
    expected = image.reshape(2, 2, 2, 2, 3, 3).transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 6)
    np.testing.assert_array_equal(shuffled, expected)


def test_parameters_and_buffers_in_lists_tuples_and_dicts_are_the_module_s() -> None:
    class Mixture(M.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = [keima.Parameter([1.0]), keima.Parameter([2.0])]
            self.scales = {"low": keima.Parameter([3.0]), "nested": (keima.Tensor([4.0]), M.Linear(1, 1, bias=False))}

        def forward(self, x: keima.Tensor) -> keima.Tensor:
            return (self.weights[0] + self.weights[1]) * self.scales["low"] * x

    net = Mixture()
    names = ["weights.0", "weights.1", "scales.low", "scales.nested.0", "scales.nested.1.weight"]
    assert sorted(net.state_dict()) == sorted(names)
    assert [name for name, _ in net.named_parameters()] == [n for n in names if n != "scales.nested.0"]
    with keima.autodiff.GradManager().attach(net.parameters()) as manager:
        manager.backward(net(keima.Tensor([1.0])).sum())
    assert net.weights[1].grad is not None and net.weights[1].grad.numpy().tolist() == [3.0]
    other = Mixture()
    other.load_state_dict({**net.state_dict(), "weights.0": np.array([7.0], np.float32)})
    assert other.weights[0].numpy().tolist() == [7.0]
    shared = keima.Parameter([9.0])
    other.replace_param({other.weights[0]: shared, other.scales["low"]: shared})
    assert other.weights[0] is shared and other.scales["low"] is shared


def test_layers_without_inputs_and_groups_that_do_not_divide() -> None:
    assert M.Linear(0, 3)(F.zeros((2, 0))).numpy().tolist() == [[0.0] * 3] * 2
    with pytest.raises(ValueError, match="cannot be divided into 0 groups"):
        M.Conv2d(2, 2, 1, groups=0)
