# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Whose text is it? The licence texts in an artefact, and which of the libraries that it carries each is about.

The text of a BSD or MIT licence names its holder: that of another library does not serve. Notices come in no format
that all agree on, but all of them name a part before its text. So a text is about the parts that are named between the
end of the text before it and its own; the names in its file's path count too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keima_audit.bundled import Bundled, aliases, base_name
from keima_audit.detect.notices import texts_of
from keima_audit.detect.scan import Scan
from keima_audit.licenses import sibling

_NEAR = 1_500
"""Characters around a name within which the id of its licence has to stand to be about it."""


@dataclass(frozen=True)
class Passage:
    """A stretch of a legal document, lower case, with the licences whose texts stand in it."""

    path: str
    words: str
    licenses: frozenset[str]


def passages(path: str, text: str, scan: Scan) -> Iterator[Passage]:
    """The stretches of a document, each up to the end of a licence's text; the last may have none."""
    lines = text.lower().splitlines()
    begin = 0
    for match in sorted(scan.own, key=lambda match: match.end):
        found = texts_of(match)
        if found:
            yield Passage(path, _words(path, lines[begin : match.end]), frozenset(found))
            begin = max(begin, match.end)
    yield Passage(path, _words(path, lines[begin:]), frozenset())


def _words(path: str, lines: list[str]) -> str:
    folder = path.lower().partition(".dist-info/")[2] or path.lower()
    return " ".join([folder, *(" ".join(lines).split())])


def names_of(library: Bundled) -> tuple[str, ...]:
    """What a notice may call the library, lower case; the file that it lies in, where that is its own."""
    own_file = () if library.how == "marker" else (base_name(library.path).partition(".")[0],)
    return tuple(dict.fromkeys(name.lower() for name in (library.name, *aliases(library.name), *own_file)))


def _named(library: Bundled) -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in names_of(library))
    return re.compile(rf"(?<![a-z0-9])(?:lib)?(?:{names})(?![a-z0-9])")


def speakers(library: Bundled, found: Iterable[Passage]) -> list[str]:
    """The documents that speak of the library at all."""
    pattern = _named(library)
    return list(dict.fromkeys(passage.path for passage in found if pattern.search(passage.words)))


def has_own_text(library: Bundled, license_name: str, found: Iterable[Passage]) -> bool:
    """Whether a notice that speaks of the library has its licence's text, or says beside the name what it is under."""
    pattern, wanted = _named(library), {license_name, sibling(license_name)}
    said = re.compile(rf"(?<![a-z0-9.-]){re.escape(license_name.lower())}(?![a-z0-9-])")
    for passage in found:
        hits = [hit.start() for hit in pattern.finditer(passage.words)]
        if hits and wanted & passage.licenses:
            return True
        if any(said.search(passage.words, max(hit - _NEAR, 0), hit + _NEAR) for hit in hits):
            return True
    return False
