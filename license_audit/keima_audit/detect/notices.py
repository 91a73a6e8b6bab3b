# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The built-in detector: tags, and the notices and texts of `data/notices.toml`.

It knows far fewer texts than ScanCode, in exchange it needs nothing installed and reads a file in a
millisecond. What it starts to recognise and can't name becomes a `partial` match, never silence.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from keima_audit.datafiles import load_table
from keima_audit.detect.scan import Match, Remark, Scan
from keima_audit.detect.tags import Tags, read_tags

_WORD = re.compile(r"[a-z0-9]+(?:[.+-][a-z0-9]+)*\+?|[\u4e00-\u9fff]+")
_COMMENT_WORDS = re.compile(r"^[ \t]*(?:dnl|@?rem)\b")
_TRIGGER = re.compile(
    r"licen[cs]e|permission|redistribut|copyright|gpl|mulan|木兰|public domain|generated", re.IGNORECASE
)
_WHOLE = 1 << 20
"""Characters of a text that are read whole; of a longer one only the lines near a trigger word."""
_NEAR_LINES = 60
_JOIN = 2_000
"""How far after a GNU notice its exception may stand, in characters."""


@dataclass(frozen=True)
class Words:
    """A text as its words, with the line of each place."""

    text: str
    starts: tuple[int, ...]
    lines: tuple[int, ...]

    def line(self, offset: int) -> int:
        """The line on which the word at `offset` stands."""
        return self.lines[max(bisect_right(self.starts, offset) - 1, 0)] if self.lines else 1


def words_of(text: str) -> Words:
    """Lower-case words joined by single spaces."""
    pieces: list[str] = []
    starts: list[int] = []
    numbers: list[int] = []
    offset = 0
    for number, line in _lines(text):
        found = _WORD.findall(_COMMENT_WORDS.sub("", line.lower()))
        if found:
            joined = " ".join(found)
            pieces.append(joined)
            starts.append(offset)
            numbers.append(number)
            offset += len(joined) + 1
    return Words(" ".join(pieces), tuple(starts), tuple(numbers))


def _lines(text: str) -> list[tuple[int, str]]:
    lines = text.splitlines()
    if len(text) <= _WHOLE:
        return list(enumerate(lines, start=1))
    near: set[int] = set()
    for index, line in enumerate(lines):
        if _TRIGGER.search(line):
            near.update(range(max(index - 2, 0), min(index + _NEAR_LINES, len(lines))))
    return [(index + 1, lines[index][:_WHOLE]) for index in sorted(near)]


@cache
def _patterns(table: str) -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    return tuple((re.compile(entry["find"]), entry) for entry in load_table("notices.toml")[table])


def scan_text(text: str, *, python: bool = False) -> Scan:
    """Scan a text with tags and notices. `python` says that it is a Python module."""
    tags = read_tags(text, python=python)
    words = words_of(text)
    matches = (*tags.matches, *of_file([*_notices(words), *_sites(text)], tags))
    return Scan("text", matches, (*tags.remarks, *generators(words)), tags.copyrights)


def of_file(matches: list[Match], tags: Tags) -> list[Match]:
    """Drop what stands in a region that REUSE ignores; mark what stands inside a string constant."""
    kept = []
    for match in matches:
        if any(first <= match.start <= last for first, last in tags.ignored):
            continue
        inside = any(first <= match.start and match.end <= last for first, last in tags.quoted)
        kept.append(replace(match, origin="quoted") if inside else match)
    return kept


def _notices(words: Words) -> list[Match]:
    taken: list[tuple[int, int]] = []
    found: list[Match] = []
    for pattern, entry in _patterns("notice"):
        for hit in pattern.finditer(words.text):
            if any(hit.start() < end and begin < hit.end() for begin, end in taken):
                continue
            # What follows a notice's characteristic words is the rest of the same notice.
            taken.append((hit.start() - 120, hit.end() + 120))
            raw = _fill(entry["expression"], hit) + _addition(words.text, hit)
            found.append(_match(words, raw, entry.get("kind", "notice"), hit, 95.0, entry["id"]))
    for pattern, entry in _patterns("start"):
        for hit in pattern.finditer(words.text):
            if not any(hit.start() < end and begin < hit.end() for begin, end in taken):
                found.append(_match(words, "", "partial", hit, 50.0, entry["says"]))
                taken.append(hit.span())
    return sorted(found, key=lambda match: match.start)


def _match(words: Words, raw: str, origin: str, hit: re.Match[str], score: float, rule: str) -> Match:
    return Match(raw, origin, words.line(hit.start()), words.line(hit.end() - 1), score, rule)


def _fill(template: str, hit: re.Match[str]) -> str:
    tables = load_table("notices.toml")["words"]
    groups = {name: value or "" for name, value in hit.groupdict().items()}
    filled = {name: tables.get(name, {}).get(value, value) for name, value in groups.items()}
    return template.format(**filled)


def _addition(text: str, hit: re.Match[str]) -> str:
    if "kind" not in hit.groupdict():
        return ""
    after = text[hit.start() : hit.end() + _JOIN]
    for pattern, entry in _patterns("addition"):
        if pattern.search(after):
            return f" WITH {entry['exception']}"
    return ""


def _sites(text: str) -> list[Match]:
    found = []
    for pattern, entry in _patterns("site"):
        for hit in pattern.finditer(text):
            line = text.count("\n", 0, hit.start()) + 1
            found.append(Match(entry["expression"], "provenance", line, line, 60.0, hit.group()))
    return found


def generators(words: Words) -> tuple[Remark, ...]:
    """The generators that say they wrote the text, within its first 4,000 characters."""
    return tuple(
        Remark("generated", words.line(hit.start()), entry["name"])
        for pattern, entry in _patterns("generator")
        if (hit := pattern.search(words.text[:4_000]))
    )


def scan_tags_only(text: str, *, python: bool = False) -> Scan:
    """Tags, links and generators: what is read beside another detector's notices."""
    tags = read_tags(text, python=python)
    remarks = (*tags.remarks, *generators(words_of(text)))
    return Scan("text", (*tags.matches, *of_file(_sites(text), tags)), remarks, tags.copyrights)


def texts_in(scan: Scan) -> set[str]:
    """The licences and exceptions whose whole text a scan of ours found."""
    return {name for match in scan.own for name in texts_of(match)}


def texts_of(match: Match) -> set[str]:
    """The licence or exception whose whole text a match of ours is, if it is one.

    A sentence that names a licence is not its text. For a licence whose text we tell from its notice, only the text
    counts; the text of an exception is not that of the licence that it is an exception from.
    """
    license_name, _, exception = match.raw.partition(" WITH ")
    if match.origin == "text":
        return {exception if match.rule in _exception_texts() else license_name}
    if match.origin == "notice" and not license_name.startswith(_with_texts()):
        return {license_name}
    return set()


@cache
def _exception_texts() -> frozenset[str]:
    entries = load_table("notices.toml")["notice"]
    return frozenset(
        entry["id"] for entry in entries if " WITH " in entry["expression"] and entry.get("kind") == "text"
    )


@cache
def _with_texts() -> tuple[str, ...]:
    named = [entry["expression"] for entry in load_table("notices.toml")["notice"] if entry.get("kind") == "text"]
    return (*(name for name in named if "{" not in name), *(f"{kind}-" for kind in _gnu_families()))


def _gnu_families() -> set[str]:
    return set(load_table("notices.toml")["words"]["kind"].values())
