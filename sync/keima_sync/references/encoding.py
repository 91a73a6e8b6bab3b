# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Extractions as bytes, for the disk and between processes, and back; what comes back is not trusted.

Deflated lines: first the generated names as JSON, then for each reference its line number, a tab, and the rest of it as
JSON. Versions of a file say the same on other lines, so that rest is read once however often it comes.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import TypeAlias

from keima_sync.references.model import Extraction, Kind, Reference, Strength

_MAX_BYTES = 64 << 20  # of one blob's references
_KINDS = {kind.value: kind for kind in Kind}
_STRENGTHS = {strength.value: strength for strength in Strength}
_Rest: TypeAlias = tuple[Kind, str, tuple[bytes, ...], tuple[bytes, ...], Strength, str]


def encoded(extraction: Extraction) -> bytes:
    """An extraction as bytes."""
    lines = [_json([name.decode("latin-1") for name in sorted(extraction.generated)])]
    for line, kind, target, candidates, suffixes, strength, unknown in extraction.references:
        paths = ([path.decode("latin-1") for path in group] for group in (candidates, suffixes))
        lines.append(f"{line}\t{_json([kind.value, target, *paths, strength.value, unknown])}")
    return zlib.compress("\n".join(lines).encode(), 1)


def needle(name: bytes) -> bytes:
    """How a part of a path stands in encoded extractions."""
    return _json(name.decode("latin-1"))[1:-1].encode()


def mentions(data: bytes, needles: Sequence[bytes]) -> bool:
    """Whether encoded references may hold one of the needles: True for bytes that are no extraction."""
    try:
        text = zlib.decompressobj().decompress(data, _MAX_BYTES)
    except zlib.error:
        return True
    return any(wanted in text for wanted in needles)


class Decoder:
    """Reads extractions back; equal parts of them are one object in memory."""

    def __init__(self) -> None:
        self._rests: dict[str, _Rest] = {}

    def decoded(self, data: bytes) -> Extraction | None:
        """The extraction, or None for bytes that are none."""
        try:
            inflater = zlib.decompressobj()
            text = inflater.decompress(data, _MAX_BYTES).decode()
            if not inflater.eof:
                return None
            first, *lines = text.split("\n")
            generated = frozenset(map(_bytes, json.loads(first)))
            return Extraction(tuple(map(self._reference, lines)), generated)
        except (zlib.error, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None

    def _reference(self, text: str) -> Reference:
        line, _, said = text.partition("\t")
        rest = self._rests.get(said)
        if rest is None:
            rest = self._rests[said] = _rest(*json.loads(said))
        return Reference(int(line), *rest)


def _rest(kind: str, target: str, candidates: list[str], suffixes: list[str], strength: int, unknown: str) -> _Rest:
    ways, ends = tuple(map(_bytes, candidates)), tuple(map(_bytes, suffixes))
    return _KINDS[kind], _text(target), ways, ends, _STRENGTHS[strength], _text(unknown)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {value!r}")
    return value
