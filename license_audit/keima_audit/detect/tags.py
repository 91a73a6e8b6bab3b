# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""SPDX tags, REUSE's ignored regions and copyright lines of one text.

A tag inside a string constant is not the file's licence, a tag of a snippet is bound to its lines, and a line
of 100 kB does not become an expression: reuse 6.2 gets all three wrong, each is pinned by a test.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from functools import lru_cache

from keima_audit.detect.scan import Match, Remark

# REUSE-IgnoreStart
_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([^\r\n]{0,400})")
_SNIPPET_TAG = re.compile(r"LicenseInfoInSnippet:[ \t]*([^\r\n]{0,400})")
_SNIPPET_EDGE = re.compile(r"SPDX-Snippet(Begin|End)")
_IGNORE_EDGE = re.compile(r"REUSE-Ignore(Start|End)")
_COPYRIGHT = re.compile(
    r"(?:SPDX-FileCopyrightText:[ \t]*|(?=Copyright[ \t]+(?:\([cC]\)|©|\d{4})|©[ \t]*\d{4}))"
    r"([^\r\n]{4,200})"
)
# REUSE-IgnoreEnd
_ID = r"[A-Za-z0-9][A-Za-z0-9.+:_-]*"
_PREFIX = re.compile(
    rf"\(*\s*{_ID}(?:\s+WITH\s+{_ID})?\s*\)*(?:\s+(?:AND|OR)\s+\(*\s*{_ID}(?:\s+WITH\s+{_ID})?\s*\)*)*"
)
_CLOSERS = re.compile(r"""\*/|-->|\*\)|#\}|--\}\}|%\}|\]\]|\\n|["'`<>{}\[\]]""")
_OPENERS = re.compile(r"(?://|/\*|#|--|;|%|<!--|\{#|\(\*|\*)\s*$")
_BARE_WORDS = re.compile(r"(?i)^\W*(?:@?rem|dnl|c|\.\\\")?\W*$")
_COPYRIGHT_FIRST = re.compile(r"(?i)\W*(?:copyright|©|\(c\))")
_QUOTES_THAT_COMMENT = ('"', "'")
_MAY_SPEAK = re.compile("SPDX-|LicenseInfoInSnippet|Copyright|©")
_LONG_LINE = 1000
MAX_COPYRIGHTS = 50


@dataclass(frozen=True)
class Tags:
    """The matches, remarks and copyright lines of one text, and which lines are not to be looked at."""

    matches: tuple[Match, ...]
    remarks: tuple[Remark, ...]
    copyrights: tuple[str, ...]
    ignored: tuple[tuple[int, int], ...]
    quoted: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1)
def read_tags(text: str, *, python: bool = False) -> Tags:
    """Read every SPDX tag. `python` says that the text is a Python module, whose strings can be told."""
    lines = text.splitlines()
    ignored, remarks = _regions(lines, _IGNORE_EDGE, "Start")
    snippets, _ = _regions(lines, _SNIPPET_EDGE, "Begin")
    quoted = python_strings(text) if python else ()
    matches: list[Match] = []
    copyrights: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not _MAY_SPEAK.search(line) or _within(number, ignored):
            continue
        matches.extend(_tags_of(line, number, _within(number, snippets), _within(number, quoted)))
        found = _COPYRIGHT.search(line) if len(copyrights) < MAX_COPYRIGHTS else None
        if found and not _within(number, quoted):
            copyrights.append(_CLOSERS.split(found.group(1))[0].strip(" \t*/#;-"))
    unclosed = tuple(Remark("ignore-unclosed", line, "opened here") for line in remarks)
    return Tags(tuple(matches), unclosed, tuple(dict.fromkeys(copyrights)), ignored, quoted)


def _regions(lines: list[str], edge: re.Pattern[str], start: str) -> tuple[tuple[tuple[int, int], ...], list[int]]:
    """Closed regions between start and end marks, and the lines of starts that are never closed.

    An unclosed region reaches to the end of the file.
    """
    regions: list[tuple[int, int]] = []
    opened = 0
    for number, line in enumerate(lines, start=1):
        for found in edge.finditer(line):
            if found.group(1) == start:
                opened = opened or number
            elif opened:
                regions.append((opened, number))
                opened = 0
    if opened:
        regions.append((opened, len(lines)))
    return tuple(regions), [opened] if opened else []


def _within(line: int, regions: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= line <= last for first, last in regions)


def _tags_of(line: str, number: int, in_snippet: bool, in_string: bool) -> list[Match]:
    found = []
    for pattern, of_snippet in ((_TAG, in_snippet), (_SNIPPET_TAG, True)):
        for tag in pattern.finditer(line):
            raw = _expression(tag.group(1), len(line))
            if not raw:
                continue
            origin = "snippet" if of_snippet else "tag"
            if in_string or _inside_string(line[: tag.start()], line[tag.end() - len(tag.group(1)) :]):
                origin = "quoted"
            found.append(Match(raw, origin, number, number, 100.0, "spdx-tag"))
    return found


def _expression(rest: str, line_length: int) -> str:
    rest = _CLOSERS.split(rest, maxsplit=1)[0].strip(" \t*/;#-,.")
    prefix = _PREFIX.match(rest)
    if line_length > _LONG_LINE and prefix:
        return prefix.group().strip()
    return rest.strip()


def _inside_string(before: str, after: str) -> bool:
    """Whether what stands before the tag on its line opens a string that is still open."""
    if before.strip() in _QUOTES_THAT_COMMENT and before.strip() not in after:
        return False  # Vim and Basic begin their comments with a quote
    before = before[-_LONG_LINE:].replace('"""', "").replace("'''", "").replace("\\'", "").replace('.\\"', "")
    if before.count('"') % 2 or before.count("'") % 2 or before.count("`") % 2:
        return True
    return not (_BARE_WORDS.match(before) or _OPENERS.search(before) or _COPYRIGHT_FIRST.match(before))


def python_strings(text: str) -> tuple[tuple[int, int], ...]:
    """Line ranges of a Python module's string constants that are no docstrings; none if it does not parse."""
    spans: list[tuple[int, int]] = []
    try:
        previous = tokenize.NEWLINE
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING and previous not in _STATEMENT_STARTS:
                spans.append((token.start[0], token.end[0]))
            if token.type not in (tokenize.COMMENT, tokenize.NL):
                previous = token.type
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(spans)


_STATEMENT_STARTS = (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
