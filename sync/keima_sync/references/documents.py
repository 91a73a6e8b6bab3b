# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Links, images and inclusions of Markdown and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from keima_sync.references.model import ANCESTOR, Extraction, Kind, Reference, Strength, text

_FENCE = re.compile(rb"^([ \t]*)(```+|~~~+)[^\n]*\n.*?(?:^[ \t]*\2[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(rb"`[^`\n]*`")
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_MARKDOWN = (
    re.compile(rb"\]\(\s*<?([^)\s<>]+)>?(?:\s+[\"'(][^\n]*?)?\s*\)"),
    re.compile(rb"^[ ]{0,3}\[[^\]\n]+\]:[ \t]*<?([^\s>]+)>?", re.MULTILINE),
    re.compile(rb"<(?:img|a)\b[^>]*?\b(?:src|href)\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE),
)
_REST = (
    re.compile(
        rb"^[ \t]*\.\. (?:\|[^|\n]+\| )?(?:image|figure|include|literalinclude|csv-table)::[ \t]*(\S+)[ \t]*$",
        re.MULTILINE,
    ),
    re.compile(rb"`[^`<\n]*<([^>`\s]+)>`__?"),
    re.compile(rb"^[ \t]*\.\. _[^:\n]+:[ \t]+(\S+)[ \t]*$", re.MULTILINE),
    re.compile(rb":download:`(?:[^`<]*<)?([^>`\s]+)>?`"),
)
_DOC = re.compile(rb":doc:`(?:[^`<]*<)?([^>`\s]+)>?`")
_TOCTREE = re.compile(rb"^([ \t]*)\.\. toctree::[^\n]*\n((?:[ \t]*\n|\1[ \t]+[^\n]*(?:\n|\Z))*)", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]+(?![ \t:])(?:[^\n]*<([^>\n]+)>|([^\n]*[^\s]))[ \t]*$", re.MULTILINE)
_ENDINGS = (b".rst", b".md", b".txt", b".ipynb", b"")
_ELSEWHERE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:|//|#|mailto")


def extract_markdown(data: bytes) -> Extraction:
    """Relative targets of inline links, images, link definitions and HTML; not those in code."""
    prose = data
    for pattern in (_COMMENT, _FENCE, _CODE):
        prose = pattern.sub(_blank, prose)
    return _found(prose, _MARKDOWN, _link)


def extract_rest(data: bytes) -> Extraction:
    """Directives that read a file, tables of contents, hyperlink targets and the roles doc and download."""
    plain = _found(data, _REST, _link)
    documents = _found(data, (_DOC,), _document)
    return Extraction((*plain.references, *documents.references, *_contents(data)))


def _contents(data: bytes) -> Iterator[Reference]:
    """The entries of tables of contents, but patterns."""
    for table in _TOCTREE.finditer(data):
        first = data.count(b"\n", 0, table.start(2)) + 1
        for entry in _ENTRY.finditer(table[2]):
            target = entry[1] or entry[2]
            if b"*" not in target and not _ELSEWHERE.match(target):
                yield _document(first + table[2].count(b"\n", 0, entry.start()), target)


def _found(
    data: bytes, patterns: tuple[re.Pattern[bytes], ...], make: Callable[[int, bytes], Reference | None]
) -> Extraction:
    references = []
    for pattern in patterns:
        for match in pattern.finditer(data):
            reference = make(data.count(b"\n", 0, match.start(1)) + 1, match[1])
            if reference is not None:
                references.append(reference)
    return Extraction(tuple(references))


def _link(line: int, target: bytes) -> Reference | None:
    path = unquote_to_bytes(re.split(rb"[?#]", target, maxsplit=1)[0])
    if _ELSEWHERE.match(target) or not path or any(sign in path for sign in b"{}$*|\\"):
        return None
    # A site generator may put a path from the root, or one without an extension, elsewhere.
    firm = b"." in path.rpartition(b"/")[2] and not path.startswith(b"/") and not path.endswith(b".html")
    return Reference(line, Kind.LINK, text(target), (path,), strength=Strength.FIRM if firm else Strength.WEAK)


def _document(line: int, target: bytes) -> Reference:
    """A document by its name without an ending; one from the root is below the folder of Sphinx's configuration."""
    stem = ANCESTOR + target.lstrip(b"/") if target.startswith(b"/") else target
    return Reference(line, Kind.LINK, text(target), tuple(stem + ending for ending in _ENDINGS))


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " + b"\n" * match[0].count(b"\n")
