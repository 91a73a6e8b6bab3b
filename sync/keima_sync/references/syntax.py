# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Says whether stripping broke a file: Python that parses no more, brackets or preprocessor blocks out of balance."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from keima_cli.findings import Finding, Rule
from keima_sync.references.following import Change
from keima_sync.references.languages import language_of
from keima_sync.references.model import text
from keima_sync.references.python import parse
from keima_sync.references.tree import GITLINK, SYMLINK, Tree

BROKEN = Rule(
    "broken-by-stripping",
    "the file was sound before it was stripped",
    "Put the markers around whole statements, and around both ends of a block.",
)

_LITERAL = re.compile(
    rb'R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"'
    rb"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b(?:\\\r?\n|[^\n])*", re.MULTILINE)
_ANY_DIRECTIVE = re.compile(rb"^[ \t]*#(?:\\\r?\n|[^\n])*", re.MULTILINE)
_CLOSES = {b")": b"(", b"]": b"[", b"}": b"{"}
_BRACKET = re.compile(rb"[()\[\]{}]")


def compare(internal: Tree, public: Tree, origins: Mapping[bytes, bytes] | None = None) -> Iterator[Finding]:
    """Yield files that were sound in the internal tree and are not in the public one.

    `origins` gives the internal paths of public ones where they differ.
    """
    watch = Watch(internal, public)
    watch.change(Change({}, dict(public.files), origins or {}))
    for path, fault in sorted(watch.broken.items()):
        yield Finding(BROKEN.id, fault, path=text(path))


class Watch:
    """The files that stripping broke, while both trees change; `broken` has their faults by public path."""

    def __init__(self, internal: Tree, public: Tree) -> None:
        self._internal, self._public = internal, public
        self._origins: dict[bytes, bytes] = {}
        self.broken: dict[bytes, str] = {}

    def change(self, change: Change) -> set[bytes]:
        """Look at what differs, after the trees have taken it in; returns the files whose fault is another now."""
        differ: set[bytes] = set()
        for path, origin in change.origins.items():
            self._origins.pop(path, None)
            if origin is not None:
                self._origins[path] = origin
        for path in {**change.internal, **change.public, **change.origins}:
            fault = self._fault(path)
            if fault != self.broken.get(path, ""):
                differ.add(path)
            if fault:
                self.broken[path] = fault
            else:
                self.broken.pop(path, None)
        return differ

    def _fault(self, path: bytes) -> str:
        entry = self._public.files.get(path)
        origin = self._origins.get(path, path)
        whole = self._internal.files.get(origin)
        if entry is None or whole is None or entry == whole or entry.mode in (GITLINK, SYMLINK):
            return ""
        fault_of = _CHECKS.get(language_of(path))
        after, before = (self._public.read(path), self._internal.read(origin)) if fault_of else (None, None)
        if fault_of is None or after is None or before is None:
            return ""  # what is not read is reported as unknown by the references pass
        fault = fault_of(after)
        return fault if fault and not fault_of(before) else ""


def python_fault(data: bytes) -> str:
    """What is wrong with a Python file, or nothing."""
    return "" if parse(data) is not None else "it does not parse as Python any more"


def c_fault(data: bytes) -> str:
    """What is wrong with a C or C++ file, or nothing: preprocessor blocks first, then brackets."""
    code = _LITERAL.sub(b" ", data)
    return _block_fault(code) or _bracket_fault(code)


def _block_fault(code: bytes) -> str:
    depth = 0
    for match in _DIRECTIVE.finditer(code):
        if match[1].startswith(b"if"):
            depth += 1
        elif depth == 0:
            return f"#{text(match[1])} without #if"
        elif match[1] == b"endif":
            depth -= 1
    return "#if without #endif" if depth else ""


def _bracket_fault(code: bytes) -> str:
    """Brackets of all branches together; a file that is unbalanced so from the start is not judged."""
    opened: list[bytes] = []
    for match in _BRACKET.finditer(_ANY_DIRECTIVE.sub(b"", code)):
        if match[0] not in _CLOSES:
            opened.append(match[0])
        elif not opened or opened.pop() != _CLOSES[match[0]]:
            return f"{text(match[0])} closes nothing"
    return f"{text(opened[-1])} is never closed" if opened else ""


_CHECKS: dict[str, Callable[[bytes], str]] = {
    "python": python_fault,
    "python-stub": python_fault,
    "setup.py": python_fault,
    "c": c_fault,
}
