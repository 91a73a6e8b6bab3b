# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""TensorBoard event files of a training run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorboardX import SummaryWriter

from keima_cli import atomic


class EventLog:
    """Scalars by step; without a writer they go nowhere."""

    def __init__(self, writer: SummaryWriter | None = None) -> None:
        self._writer = writer

    def scalar(self, name: str, value: float, step: int) -> None:
        """Record `value` under `name`; `step` counts training batches from the run's start."""
        if self._writer is not None:
            self._writer.add_scalar(name, value, step)


@contextmanager
def open_log(folder: Path) -> Iterator[EventLog]:
    """A log in `folder`, one file a call: a continued run adds a file, whose later points TensorBoard shows."""
    with atomic.explained(folder, "make"):
        writer = SummaryWriter(str(folder))
    try:
        yield EventLog(writer)
    finally:
        writer.close()
