# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The shared object that a grafted library would be: an ELF file with a name of its own and nothing to run."""

from __future__ import annotations

import struct

_HEADER, _SECTION = 64, 64
_STRTAB, _DYNAMIC = 3, 6
_NULL, _NEEDED, _SONAME, _STRTAB_AT = 0, 1, 14, 5


def shared_object(soname: str, payload: bytes = b"", needed: str = "") -> bytes:
    """A 64-bit little-endian ELF file of this name that needs another or none; `payload` lies behind it."""
    names = b"\0.dynstr\0.dynamic\0.shstrtab\0"
    strings = b"\0" + soname.encode() + b"\0" + needed.encode() + b"\0"
    strings_at = _HEADER
    entries = [_SONAME, 1, _STRTAB_AT, strings_at, _NULL, 0]
    if needed:
        entries = [_NEEDED, 2 + len(soname.encode()), *entries]
    dynamic = struct.pack(f"<{len(entries)}q", *entries)
    dynamic_at = strings_at + len(strings) + (-len(strings)) % 8
    names_at = dynamic_at + len(dynamic)
    sections_at = names_at + len(names) + (-len(names)) % 8
    sections = [
        (0, 0, 0, 0, 0, 0),
        (names.index(b".dynstr"), _STRTAB, strings_at, len(strings), 0, 0),
        (names.index(b".dynamic"), _DYNAMIC, dynamic_at, len(dynamic), 1, 16),
        (names.index(b".shstrtab"), _STRTAB, names_at, len(names), 0, 0),
    ]
    body = bytearray(sections_at + _SECTION * len(sections))
    identity = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    body[:_HEADER] = identity + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, sections_at, 0, 64, 0, 0, 64, len(sections), 3
    )
    body[strings_at : strings_at + len(strings)] = strings
    body[dynamic_at : dynamic_at + len(dynamic)] = dynamic
    body[names_at : names_at + len(names)] = names
    for index, (name, kind, offset, size, link, entry) in enumerate(sections):
        start = sections_at + index * _SECTION
        body[start : start + _SECTION] = struct.pack(
            "<IIQQQQIIQQ", name, kind, 2, offset, offset, size, link, 0, 8, entry
        )
    return bytes(body) + payload
