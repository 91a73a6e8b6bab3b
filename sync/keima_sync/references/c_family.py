# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""#include lines of C, C++, Objective-C, CUDA and their kin."""

from __future__ import annotations

import re

from keima_sync.references.model import Extraction, Kind, Reference, Strength, text

_COMMENT = re.compile(rb'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_INCLUDE = re.compile(rb"^[ \t]*#[ \t]*(?:include|include_next|import)\b[ \t]*([^\n]*)", re.MULTILINE)
_WRITTEN = re.compile(rb'"([^"\n]+)"|<([^>\n]+)>')
# An extension module of Python, by the function or macro that begins it.
_MODULE = re.compile(rb"\b(?:PyInit_|(?:PYBIND11|NB|BOOST_PYTHON)_MODULE\()(\w+)")
_STANDARD = frozenset(
    b"assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic "
    b"stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype unistd pthread "
    b"dlfcn fcntl dirent malloc alloca poll sched semaphore strings syslog termios windows".split()
)


def extract(data: bytes) -> Extraction:
    """Quoted includes look beside the referrer first; angled ones only under include roots."""
    found = []
    code = _COMMENT.sub(_blank, data) if _has_include_in_comment(data) else data
    line, end = 1, 0
    for match in _INCLUDE.finditer(code):
        line, end = line + code.count(b"\n", end, match.start()), match.start()
        written = _WRITTEN.match(match[1])
        if written is None:
            named = _COMMENT.sub(b"", match[1]).partition(b"/*")[0].strip()
            if named:
                found.append(Reference(line, Kind.INCLUDE, text(named), unknown="a macro names the header"))
        elif written[1]:
            found.append(_quoted(line, written[1].strip()))
        elif not _is_standard(written[2]):
            name = written[2].strip()
            found.append(Reference(line, Kind.INCLUDE, f"<{text(name)}>", suffixes=(_inner(name),)))
    return Extraction(tuple(found), frozenset(match[1] for match in _MODULE.finditer(code)))


def _has_include_in_comment(data: bytes) -> bool:
    """Whether an include may stand in a block comment: what looks like one in a string is taken for one too."""
    begin = data.find(b"/*")
    while begin >= 0:
        end = data.find(b"*/", begin + 2)
        end = len(data) if end < 0 else end
        if _INCLUDE.search(data, begin, end):
            return True
        begin = data.find(b"/*", end + 1)
    return False


def _quoted(line: int, name: bytes) -> Reference:
    return Reference(line, Kind.INCLUDE, text(name), (name.lstrip(b"/"),), (_inner(name),), Strength.LIKELY)


def _inner(name: bytes) -> bytes:
    """What is left of an include when it is seen from an unknown root: without `.`, and without leading `..`."""
    parts: list[bytes] = []
    for part in name.split(b"/"):
        if part == b"..":
            parts[-1:] = []
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def _is_standard(name: bytes) -> bool:
    """A header of C, C++ or POSIX is the system's even if the tree has one of that name."""
    stem, dot, _ = name.partition(b".")
    return b"/" not in name and (not dot or stem in _STANDARD)


def _blank(match: re.Match[bytes]) -> bytes:
    """A comment's line ends, so that line numbers stay; strings are kept."""
    return match[0] if match[0].startswith(b'"') else b" " + b"\n" * match[0].count(b"\n")
