# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A data set that a LeNet learns in seconds."""

from __future__ import annotations

import numpy as np
import pytest

from keima_zoo.fashion_mnist import Split


@pytest.fixture(scope="session")
def data() -> Split:
    """Images whose class is the place of a bright bar."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 320).astype(np.int32)
    images = rng.integers(0, 40, (320, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 + 2 * label : 4 + 2 * label] = 250
    return Split(images, labels)
