# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a person compares: the lines of a file that a finding rests on, and the licence's own text."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keima_audit.detect.contents import read_content, reader_of
from keima_audit.expressions import Term
from keima_audit.resolve import Resolved, role_of
from keima_audit.tree import Tree
from keima_cli.atomic import explained

_CONTEXT = 2
_MOST_LINES = 40
_WIDEST = 400
_READ_BYTES = 16 << 20
_SHARED_TEXTS = Path("/usr/share/common-licenses")
"""Where Debian keeps the usual texts."""
_DEBIAN_NAMES = {"GPL-1.0": "GPL-1", "GPL-2.0": "GPL-2", "GPL-3.0": "GPL-3", "LGPL-3.0": "LGPL-3", "LGPL-2.0": "LGPL-2"}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Excerpt:
    """Numbered lines of a text; `marked` are the first and last that matter, or (0, 0)."""

    title: str
    lines: tuple[tuple[int, str], ...]
    marked: tuple[int, int] = (0, 0)

    @property
    def text(self) -> str:
        """The marked lines, or all of them."""
        first, last = self.marked
        return "\n".join(line for number, line in self.lines if not last or first <= number <= last)


def printable(text: str) -> str:
    """The text without anything that would steer a terminal or turn the direction of writing."""
    return "".join(_shown(letter) for letter in text.expandtabs(4))


def _shown(letter: str) -> str:
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in ("Cc", "Cf", "Cs") else letter


def matched(root: Path, item: Resolved, line: int, most: int = _MOST_LINES) -> Excerpt | None:
    """The lines of the file around the match at `line`, or the file's head, at most so many; None for a binary."""
    with explained(root / item.path, "read"), (root / item.path).open("rb") as file:
        data = file.read(_READ_BYTES)
    text = read_content(data, reader_of(item.path), prefilter=False).text
    if text is None:
        return None
    lines = text.splitlines()
    first, last = _span(item, line)
    start = max(first - _CONTEXT, 1)
    stop = min(max(last + _CONTEXT, start + 7), start + most - 1, len(lines))
    return Excerpt(item.path, _numbered(lines, start, stop), (first, min(last, stop)))


def _span(item: Resolved, line: int) -> tuple[int, int]:
    matches = item.facts.scan.matches
    at = [match for match in matches if match.start == line] or ([] if line else list(matches[:1]))
    return (at[0].start, at[0].end) if at else (line, line)


def _numbered(lines: list[str], start: int, stop: int) -> tuple[tuple[int, str], ...]:
    return tuple((number, printable(lines[number - 1][:_WIDEST])) for number in range(start, stop + 1))


def license_text(term: Term, tree: Tree) -> tuple[str, str] | None:
    """Where the text of a licence is at hand, and the text; None where it is not.

    Looked for in LICENSES/ and the licence files of the tree, among Debian's texts, and in ScanCode's data.
    """
    for path in (*_in_tree(term, tree), *_installed(term)):
        if path.is_file():
            with path.open("rb") as file:
                return str(path), file.read(_READ_BYTES).decode("utf-8", "replace")
    return None


def _in_tree(term: Term, tree: Tree) -> Iterator[Path]:
    for facts in tree.files:
        if facts.entry.kind != "file" or role_of(facts.path) != "license-text":
            continue
        texts = [match.raw for match in facts.scan.own if match.origin == "text"]
        if facts.path == f"LICENSES/{term.license}.txt" or term.license in texts:
            yield tree.root / facts.path


def _installed(term: Term) -> Iterator[Path]:
    name = term.license.removesuffix("-only").removesuffix("-or-later")
    yield _SHARED_TEXTS / _DEBIAN_NAMES.get(name, name)
    found = importlib.util.find_spec("licensedcode")
    if found is not None and found.origin is not None:
        yield Path(found.origin).with_name("data") / "licenses" / f"{term.license.lower()}.LICENSE"


def beside(matched_text: str, title: str, text: str) -> Excerpt:
    """The part of a licence's text that has most in common with the matched one."""
    lines = text.splitlines()
    length = min(max(matched_text.count("\n") + 1, 12), _MOST_LINES)
    start = closest(matched_text, lines, length)
    return Excerpt(title, _numbered(lines, start, min(start + length - 1, len(lines))))


def closest(matched_text: str, lines: list[str], length: int) -> int:
    """The first of the `length` lines that share most three-word runs with the matched text; counts from 1."""
    wanted = set(_runs(_words(matched_text)))
    hits = [0] * (len(lines) + 1)
    words = [(word, number) for number, line in enumerate(lines) for word in _words(line)]
    for index, run in enumerate(_runs([word for word, _ in words])):
        hits[words[index][1]] += run in wanted
    windows = [sum(hits[start : start + length]) for start in range(max(len(lines) - length, 0) + 1)]
    best = windows.index(max(windows))
    first_hit = next((line for line in range(best, best + length) if line < len(lines) and hits[line]), best)
    return max(first_hit - _CONTEXT, best) + 1


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _runs(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[index : index + 3]) for index in range(len(words) - 2)]
