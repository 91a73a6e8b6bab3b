# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The table of ratios as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


def draw_ratios(head: dict[str, Any], rows: list[dict[str, Any]], path: Path) -> None:
    """A bar a row: the median of the paired ratios, and the quartiles as its whisker; left of 1 Keima is faster."""
    figure = Figure(figsize=(8, 1.2 + 0.35 * len(rows)))
    axes = figure.subplots()
    places = range(len(rows))
    ratios = [row["ratio"] for row in rows]
    low = [max(0.0, row["ratio"] - row["ratio_low"]) for row in rows]
    high = [max(0.0, row["ratio_high"] - row["ratio"]) for row in rows]
    colours = ["tab:blue" if ratio <= 1 else "tab:orange" for ratio in ratios]
    axes.barh(places, ratios, xerr=[low, high], color=colours, ecolor="gray")
    axes.set_yticks(places, [f"{row['net']}, batch {row['batch']}, {row['threads']} threads" for row in rows])
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=1)
    peak = f"{head['measured_gflops_one_thread']:.0f} GFLOP/s measured on one thread"
    axes.set(xlabel="time over the faster peer's", title=f"{head['cpu']}, {peak}, instruction set: {head['isa']}")
    figure.savefig(path, format="png", dpi=120, bbox_inches="tight")
