# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs of a subject under the profiler, as figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from keima.profiler import Profile, Profiler, Roofline, Row, bound
from keima.profiler.report import share
from keima_deploy.profiling.subjects import Run


def profiled(run: Run, runs: int) -> Profile:
    """So many runs, after one that nobody looks at."""
    run()
    with Profiler(path=None) as recorded:
        for _ in range(runs):
            run()
    return recorded.profile


def row_json(row: Row, roofline: Roofline) -> dict[str, Any]:
    """A row's figures: times in seconds, rates a second."""
    rates = (
        {"flops_per_second": row.flops / row.seconds, "bytes_per_second": row.nbytes / row.seconds}
        if row.seconds
        else {}
    )
    return {**asdict(row), **rates, "share": share(row, roofline), "bound": bound(row, roofline)}


def document(profile: Profile, runs: int, rows: list[Row], roofline: Roofline) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "machine": asdict(roofline),
        "runs": runs,
        "seconds": profile.seconds,
        "dropped_events": profile.dropped,
        "rows": [row_json(row, roofline) for row in rows],
    }
