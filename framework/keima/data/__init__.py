# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Datasets, samplers, transforms and the loader that makes batches of them."""

from . import dataset, sampler, transform
from .collator import Collator
from .dataloader import DataLoader
from .dataset import ArrayDataset, ConcatDataset, Dataset, StreamDataset
from .sampler import (
    Infinite,
    MapSampler,
    RandomSampler,
    ReplacementSampler,
    Sampler,
    SequentialSampler,
    StreamSampler,
)
from .transform import Transform
from .worker import get_worker_info

__all__ = [
    "ArrayDataset",
    "Collator",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Infinite",
    "MapSampler",
    "RandomSampler",
    "ReplacementSampler",
    "Sampler",
    "SequentialSampler",
    "StreamDataset",
    "StreamSampler",
    "Transform",
    "dataset",
    "get_worker_info",
    "sampler",
    "transform",
]
