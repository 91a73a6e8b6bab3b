# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What counts as a proof: the `[proof]` table of sync.toml."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

ROOMS = ("auto", "debian", "host", "bare")


@dataclass(frozen=True)
class ProofRules:
    """Steps are shell commands, run in order in the public tree; the first that fails is the verdict.

    `packages` are Debian's, of which the room's root is made; `requirements` are Python's, installed from wheels
    alone. `minutes` is for all steps together; `memory` (bytes) and `processes` are for all processes of a step
    together, `disk` (bytes) for all files below the room's writable folders.
    """

    steps: tuple[str, ...] = ()
    room: str = "auto"
    suite: str = "bookworm"
    packages: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    minutes: int = 60
    memory: int = 4096 << 20
    processes: int = 4096
    disk: int = 32768 << 20

    def text(self) -> str:
        """All that a verdict depends on but tree and room, in a fixed form. A time-out is no verdict to keep."""
        kept = asdict(self)
        del kept["minutes"], kept["room"]
        return json.dumps(kept, sort_keys=True)
