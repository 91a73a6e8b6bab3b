# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Timelines in the Trace Event Format, which chrome://tracing and ui.perfetto.dev open.

The format: "Trace Event Format", Google, 2016; complete events ("X") and metadata ("M") in a JSON object.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from ..serialization import opened_whole
from .events import Event, Profile, Thread

TIMELINE = "chrome_timeline.json"
# Of a file that is merged.
_MAX_BYTES = 1 << 30


def trace_document(profile: Profile, pid: int | None = None) -> dict[str, Any]:
    """The profile as a JSON object of the format; times in microseconds of the monotonic clock."""
    process = os.getpid() if pid is None else pid
    entries = [_metadata("process_name", process, 0, f"keima {process}")]
    for thread in profile.threads:
        entries.append(_metadata("thread_name", process, thread.number, thread.name))
        entries += _complete_events(thread, process)
    return {"traceEvents": entries, "displayTimeUnit": "ms", "otherData": {"dropped_events": profile.dropped}}


def _metadata(what: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "args": {"name": name}}


def _complete_events(thread: Thread, process: int) -> list[dict[str, Any]]:
    ordered = sorted(thread.events, key=lambda event: (event.start, -event.end))
    return [
        {
            "ph": "X",
            "name": event.name,
            "cat": event.category,
            "pid": process,
            "tid": thread.number,
            "ts": event.start / 1000,
            "dur": event.nanoseconds / 1000,
            "args": _details(event),
        }
        for event in ordered
    ]


def _details(event: Event) -> dict[str, Any]:
    if event.category not in ("op", "conversion"):
        return {}
    details: dict[str, Any] = {
        "operands": [list(shape) for shape in event.operands],
        "result": list(event.result),
        "flop": event.flops,
        "bytes": event.bytes_in + event.bytes_out,
    }
    if event.forward:
        details["gradient of"] = event.forward
    if event.step >= 0:
        details["step"] = event.step
    return details


def write_trace(profile: Profile, path: Path) -> None:
    """Write the timeline, whole or not at all."""
    with opened_whole(path) as file:
        file.write(json.dumps(trace_document(profile)).encode())


def merge_trace_events(directory: str | os.PathLike[str]) -> Path:
    """Put the timelines of several processes, which lie in one folder, into one file there; returns its path.

    Raises:
        FileNotFoundError: there is none.
        FileFormatError: a file is not a timeline.
    """
    merged = Path(directory) / f"merged.{TIMELINE}"
    paths = sorted(path for path in Path(directory).glob(f"*.{TIMELINE}") if path != merged)
    if not paths:
        raise FileNotFoundError(f"merge_trace_events: expected files named PID.{TIMELINE} in {directory}, found none")
    entries = [entry for path in paths for entry in _read(path)]
    with opened_whole(merged) as file:
        file.write(json.dumps({"traceEvents": entries, "displayTimeUnit": "ms"}).encode())
    return merged


def _read(path: Path) -> list[Any]:
    if path.stat().st_size > _MAX_BYTES:
        raise FileFormatError(f"{path}: a timeline has at most {_MAX_BYTES} bytes, this has {path.stat().st_size}")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: expected JSON in the Trace Event Format: {error}") from error
    entries = document.get("traceEvents") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise FileFormatError(f"{path}: expected an object with a list 'traceEvents'")
    return entries
