# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""How a traced training step is made to take less memory by computing values of its forward pass again."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .._core import Graph

_LEAST = {"thresh_nr_try": 1, "genetic_nr_iter": 0, "genetic_pool_size": 1, "lb_memory_mb": 0, "num_worker": 1}


@dataclass(frozen=True)
class SublinearMemoryConfig:
    """For `trace(sublinear_memory_config=...)`: which values backward computes again instead of finding them in memory.

    The forward pass is cut into segments; what crosses the cuts stays in memory, and the rest of a segment is computed
    again when backward comes to it (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016), with or
    without the results of convolutions and products. Results keep their bits: statistics are updated once, and random
    masks are read, not drawn again.

    >>> SublinearMemoryConfig(lb_memory_mb=256)
    SublinearMemoryConfig(thresh_nr_try=10, genetic_nr_iter=0, genetic_pool_size=20, lb_memory_mb=256, num_worker=1)

    Args:
        thresh_nr_try: sizes of segments to look at, and as many again around the best.
        lb_memory_mb: MiB that the step may take for values that live within it (`Program.arena_bytes`): of what needs
            no more, the least work is taken, which is nothing computed again where the step needs no more anyway.
            0, or fewer than can be reached: the least memory.
        genetic_nr_iter, genetic_pool_size, num_worker: taken for compatibility. For a size of segments the best cuts
            are found exactly, in fractions of a second.

    Raises:
        ValueError: a number that is none, or too small.
    """

    thresh_nr_try: int = 10
    genetic_nr_iter: int = 0
    genetic_pool_size: int = 20
    lb_memory_mb: int = 0
    num_worker: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), _LEAST[field.name]
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 31:
                raise ValueError(
                    f"SublinearMemoryConfig: {field.name}: expected an integer from {least} on, got {value!r}"
                )

    def apply(self, graph: Graph) -> None:
        """Change a graph that the other passes are done with."""
        graph.checkpoint(self.thresh_nr_try, self.lb_memory_mb << 20)
