# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Gitignore-style globs over paths of bytes.

A glob without a slash (but at its end) matches a name at any depth, any other one the path from the root; what
matches a folder matches all that is in it, and a slash at the end matches folders only. As in git, `*` and `?`
never match a slash, `**` matches any number of folders, and one `?` is one byte.
RE2 does the matching: it needs linear time, whatever the glob.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import re2

_LITERAL = re.compile(rb"[^*?\[\\]+")


def bytes_options() -> Any:
    """RE2 over bytes: one byte is one character, a dot matches any of them."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = True
    options.log_errors = False
    return options


@dataclass(frozen=True)
class Glob:
    """A compiled glob; `text` is how it was written. `Glob.of` makes it and raises ValueError for a malformed one."""

    text: str
    _pattern: Any = field(repr=False, compare=False)
    _folder: Any = field(repr=False, compare=False)
    _head: tuple[bytes, ...] = field(repr=False, compare=False)
    _begin: bytes = field(repr=False, compare=False)  # of all paths that it matches: most are told apart by it

    @classmethod
    def of(cls, text: str) -> Glob:
        """Compile a glob."""
        raw = text.encode()
        folders_only = raw.endswith(b"/")
        body = raw.rstrip(b"/")
        anchored = b"/" in body
        body = body.lstrip(b"/")
        if not body:
            raise ValueError("an empty glob")
        segments = body.split(b"/")
        if b"" in segments or b"." in segments or b".." in segments:
            raise ValueError("a glob has no empty, '.' or '..' part")
        regex = (b"" if anchored else b"(?:.*/)?") + _regex(segments)
        inside = b"/.*" if folders_only else b"(?:/.*)?"
        options = bytes_options()
        head = _literal_head(segments) if anchored else ()
        return cls(
            text,
            re2.compile(regex + inside, options),
            re2.compile(regex + b"(?:/.*)?", options),
            head,
            b"/".join(head),
        )

    def matches(self, path: bytes) -> bool:
        """Whether the glob matches the file `path`, or a folder that it is in."""
        return path.startswith(self._begin) and self._pattern.fullmatch(path) is not None

    def covers(self, folder: bytes) -> bool:
        """Whether the glob is sure to match everything in `folder`."""
        return self._folder.fullmatch(folder) is not None

    def may_match_in(self, folder: bytes) -> bool:
        """Whether the glob can match anything in `folder`; False is certain."""
        return all(mine == theirs for mine, theirs in zip(self._head, folder.split(b"/"), strict=False))


def _literal_head(segments: list[bytes]) -> tuple[bytes, ...]:
    head = []
    for segment in segments:
        if not _LITERAL.fullmatch(segment):
            break
        head.append(segment)
    return tuple(head)


def _regex(segments: list[bytes]) -> bytes:
    parts = []
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == b"**":
            parts.append(b".+" if last else b"(?:.*/)?")
        else:
            parts.append(_segment(segment) + (b"" if last else b"/"))
    return b"".join(parts)


def _segment(segment: bytes) -> bytes:
    parts = []
    position = 0
    while position < len(segment):
        here = segment[position : position + 1]
        if here == b"[":
            end = _class_end(segment, position)
            parts.append(_class(segment[position + 1 : end]))
            position = end + 1
            continue
        if here == b"\\":
            position += 1
            here = segment[position : position + 1]
            if not here:
                raise ValueError("a backslash at the end escapes nothing")
            parts.append(_quote(here))
        else:
            parts.append({b"*": b"[^/]*", b"?": b"[^/]"}.get(here) or _quote(here))
        position += 1
    return b"".join(parts)


def _class_end(segment: bytes, start: int) -> int:
    """Where the `]` stands that ends the class opened at `start`; one right at its beginning is a member."""
    position = start + 1
    if segment[position : position + 1] in (b"!", b"^"):
        position += 1
    end = segment.find(b"]", position + 1)
    if end < 0:
        raise ValueError("a '[' that no ']' closes")
    return end


def _class(members: bytes) -> bytes:
    negated = members[:1] in (b"!", b"^")
    members = members[1:] if negated else members
    quoted = b"".join(b"-" if c == 45 and 0 < i < len(members) - 1 else b"\\x%02x" % c for i, c in enumerate(members))
    return b"[^/" + quoted + b"]" if negated else b"[" + quoted + b"]"


def _quote(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % byte for byte in text)
