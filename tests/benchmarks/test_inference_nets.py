# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The benchmarked nets are the published ones."""

import numpy as np
import pytest

from benchmarks.inference.keima_layers import KeimaLayers
from benchmarks.inference.nets import NETS
from keima import Tensor

# Parameters of timm's models of that name, as it prints them; of six of BERT-base's twelve layers (7,087,872 each) and
# its embeddings without the second token type and the positions from 128 on.
PUBLISHED = {
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "mobilenet_v2": 3_504_872,
    "efficientnet_lite0": 4_652_008,
    "shufflenet_v2": 2_278_604,  # torchvision's
    "vgg16": 138_357_544,
    "vit_s16": 22_050_664,
    "bert6": 6 * 7_087_872 + (30522 + 128 + 1 + 2) * 768,
}


SLOW = {"resnet50", "vgg16", "vit_s16", "bert6"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in NETS])
def test_a_net_has_the_published_number_of_parameters(name: str) -> None:
    net, layers = NETS[name], KeimaLayers()
    net.build(layers, Tensor(np.zeros((1, *net.shape)), dtype=net.dtype))
    assert sum(parameter.size for parameter in layers.parameters()) == PUBLISHED[name]
