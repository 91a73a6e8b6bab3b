# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graph files of the zoo's networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import keima
from keima.jit import trace
from keima_zoo.models import MODELS


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    images = keima.Tensor(np.random.default_rng(0).standard_normal((1, 1, 28, 28)).astype(np.float32))
    paths = {}
    for name, make in MODELS.items():
        network = make()
        network(images)
        network.eval()
        traced = trace(network, symbolic=True, capture_as_const=True)
        traced(images)
        paths[name] = folder / f"{name}.safetensors"
        traced.dump(paths[name], ["images"], ["logits"])
    return paths
