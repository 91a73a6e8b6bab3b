# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Bytes of unknown encoding to text, and binaries told from texts; the same answer on every machine.

libmagic and charset-normalizer answer differently by version, so the few encodings that licence notices are
written in are tried in a fixed order: a byte-order mark, UTF-16 without one, UTF-8, GB18030, Latin-1.
"""

from __future__ import annotations

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    b"\x7fELF",
    b"MZ",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"!<arch>\n",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
)
_HEAD = 8192


def decode(data: bytes) -> tuple[str, str] | None:
    """The text and its encoding's name; None for a binary."""
    head = data[:_HEAD]
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    wide = _wide(head)
    if wide:
        return data.decode(wide, errors="replace"), wide
    if b"\0" in _unterminated(data)[:_HEAD] or head.startswith(_MAGIC):
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "latin-1"


def _unterminated(data: bytes) -> bytes:
    """Without the one NUL at the end that some editors of RTF write."""
    return data[:-1] if _HEAD >= len(data) > 1 and data.endswith(b"\0") else data


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of ASCII text is NUL."""
    if len(head) < 32:
        return None
    half = len(head) // 2
    if head[1::2].count(0) > 0.7 * half and head[0::2].count(0) < 0.05 * half:
        return "utf-16-le"
    if head[0::2].count(0) > 0.7 * half and head[1::2].count(0) < 0.05 * half:
        return "utf-16-be"
    return None
