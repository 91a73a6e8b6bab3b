# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Turns one content into texts that can be scanned, by what it is: text, notebook, weights, binary.

A reader is chosen by the file's name; its name is part of the cache key, the path is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keima_audit.datafiles import load_table
from keima_audit.detect.decoding import decode
from keima_audit.detect.prefilter import may_hold_license
from keima_audit.detect.scan import Match, Remark, Scan

_MAX_HEADER = 8 << 20
"""Bytes of a safetensors header that are read; the format's own limit is 100 MB."""
_FRONT_MATTER = re.compile(r"\A---\r?\n(.{0,20000}?)\r?\n---", re.DOTALL)
_FIELD = re.compile(r"(?m)^(license|license_name|datasets?|trained_on)\s*:[ \t]*(.*(?:\n[ \t]*-[ \t]+.*)*)")


@dataclass(frozen=True)
class Content:
    """A content as texts to scan; `scan` holds what is known without a detector."""

    scan: Scan
    text: str | None = None
    python: bool = False


def reader_of(path: str) -> str:
    """The name of the reader for a path: python | notebook | weights | card | plain."""
    stem, dot, ending = path.lower().rpartition("/")[2].rpartition(".")
    suffix = dot + ending if stem else ""
    named = {
        ".py": "python",
        ".pyi": "python",
        ".ipynb": "notebook",
        ".safetensors": "weights",
        ".md": "card",
    }
    return named.get(suffix, "plain")


def read_content(data: bytes, reader: str, *, prefilter: bool = True) -> Content:
    """Read a content. With `prefilter`, a text that can't hold a licence statement is not handed on."""
    if reader == "weights":
        return Content(_weights(data))
    decoded = decode(data)
    if decoded is None:
        return Content(Scan(kind="binary"))
    text, _ = decoded
    if reader == "notebook":
        return _notebook(text, prefilter=prefilter)
    base = Scan()
    if reader == "card":
        base = Scan(matches=tuple(_front_matter(text)), remarks=tuple(_card_remarks(text)))
    if prefilter and not may_hold_license(data):
        return Content(base)
    return Content(base, text, python=reader == "python")


def _notebook(text: str, *, prefilter: bool) -> Content:
    """Sources of cells and the metadata; outputs are data."""
    try:
        book = json.loads(text)
        cells = [_joined(cell.get("source", "")) for cell in book.get("cells", [])]
        meta = json.dumps(book.get("metadata", {}), ensure_ascii=False, indent=0)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return Content(Scan(kind="text", remarks=(Remark("unreadable", 1, "not a notebook: no valid JSON"),)), text)
    license_field = book.get("metadata", {}).get("license") if isinstance(book.get("metadata"), dict) else None
    matches = [metadata_match(_joined(license_field.get("name", "")))] if isinstance(license_field, dict) else []
    joined = "\n".join([*cells, meta])
    base = Scan(kind="notebook", matches=tuple(match for match in matches if match.raw))
    return Content(base, joined if not prefilter or may_hold_license(joined.encode()) else None)


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _weights(data: bytes) -> Scan:
    """The metadata of a safetensors header; tensors are never read."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > _MAX_HEADER or length > len(data) - 8:
        return Scan(kind="weights", remarks=(Remark("unreadable", 0, "no valid safetensors header"),))
    try:
        metadata = json.loads(data[8 : 8 + length]).get("__metadata__", {})
        fields = {str(key).lower(): str(value) for key, value in metadata.items()}
    except (ValueError, AttributeError, RecursionError):
        return Scan(kind="weights", remarks=(Remark("unreadable", 0, "the safetensors header is no valid JSON"),))
    matches = [metadata_match(fields[key]) for key in ("license", "modelspec.license") if fields.get(key)]
    named = " ".join(fields.get(key, "") for key in ("dataset", "datasets", "trained_on"))
    return Scan(kind="weights", matches=tuple(matches), remarks=tuple(dataset_remarks(named, 0)))


def metadata_match(name: str, line: int = 0) -> Match:
    """A licence named in metadata, with a hub's id turned into SPDX's."""
    table = load_table("weights.toml")["license"]
    cleaned = name.strip().strip("\"'")
    return Match(table.get(cleaned.lower(), cleaned), "metadata", line, line, 100.0, "metadata")


def dataset_remarks(names: str, line: int) -> list[Remark]:
    """A remark for each known data set that is named."""
    words = set(re.findall(r"[a-z0-9.-]+", names.lower()))
    return [
        Remark("dataset", line, key)
        for key, entry in load_table("weights.toml")["dataset"].items()
        if words & set(entry["names"])
    ]


def _fields(text: str) -> list[tuple[str, str, int]]:
    front = _FRONT_MATTER.match(text)
    if front is None:
        return []
    inner = front.group(1)
    return [(f.group(1), f.group(2), inner.count("\n", 0, f.start()) + 2) for f in _FIELD.finditer(inner)]


def _front_matter(text: str) -> list[Match]:
    return [metadata_match(value, line) for key, value, line in _fields(text) if key == "license" and value.strip()]


def _card_remarks(text: str) -> list[Remark]:
    fields = _fields(text)
    return [remark for key, value, line in fields if "license" not in key for remark in dataset_remarks(value, line)]


Scanner = Callable[[str, bool], Scan]
"""What a detector offers: the scan of a text, told whether it is a Python module."""


def merged(base: Scan, found: Scan) -> Scan:
    """What the reader knew and what the detector found, as one scan."""
    return Scan(base.kind, base.matches + found.matches, base.remarks + found.remarks, found.copyrights)
