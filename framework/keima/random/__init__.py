# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Random tensors, from counter-based generators whose whole state can be saved."""

from .rng import (
    RNG,
    beta,
    gamma,
    get_state,
    normal,
    permutation,
    poisson,
    seed,
    set_state,
    shuffle,
    uniform,
)

__all__ = [
    "RNG",
    "beta",
    "gamma",
    "get_state",
    "normal",
    "permutation",
    "poisson",
    "seed",
    "set_state",
    "shuffle",
    "uniform",
]
