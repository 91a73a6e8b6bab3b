# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Five steps of each optimizer against what MegEngine 1.13 does.

megengine_1_13.json was recorded by running the optimizers of the MegEngine 1.13.0 wheel on these gradients.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import keima
from keima import optimizer

RECORDED = json.loads((Path(__file__).parent / "megengine_1_13.json").read_text())


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['optimizer']}-{case['options']}")
def test_steps_equal_the_recorded_ones(case: dict[str, Any]) -> None:
    param = keima.Parameter([1.0, -2.0, 3.0])
    made = getattr(optimizer, case["optimizer"])([param], **case["options"])
    for i, expected in enumerate(case["trace"]):
        param.grad = keima.Tensor([0.5 * (i + 1), -1.0, 0.25 * (i - 2)])
        made.step()
        np.testing.assert_allclose(param.numpy(), expected, rtol=2e-5, atol=1e-6)


def test_state_goes_through_its_dict() -> None:
    first, second = keima.Parameter([1.0, 2.0]), keima.Parameter([1.0, 2.0])
    a, b = (optimizer.Adam([p], lr=0.1) for p in (first, second))
    for step in range(4):
        if step == 2:
            second._reset(first)
            b.load_state_dict(a.state_dict())
        first.grad = keima.Tensor([0.3, -0.2])
        a.step()
        if step >= 2:
            second.grad = keima.Tensor([0.3, -0.2])
            b.step()
    assert (first.numpy() == second.numpy()).all()


def test_a_parameter_in_two_groups_is_refused() -> None:
    param = keima.Parameter([1.0])
    with pytest.raises(ValueError, match="two groups"):
        optimizer.SGD([{"params": [param]}, {"params": [param]}], lr=0.1)
