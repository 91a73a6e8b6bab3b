# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Optimized, planned graphs of whole networks against eager runs."""

from __future__ import annotations

import numpy as np
import pytest

import keima
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
    assert left <= {"convert", "conv2d_fused", "max_pool2d", "linear_fused", "mean"}


def test_passes_print_and_refuse_unknown_names():
    traced = trace(lambda x: (x + 1) * 1, record_only=True)
    traced(keima.Tensor([1.0]))
    graph = traced.recordings[0].graph.copy()
    before = str(graph)
    assert graph.apply("dead_code") == 0
    assert str(graph) == before
    with pytest.raises(ValueError, match="no pass 'magic'; expected one of identities"):
        graph.apply("magic")
