# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Links, images and inclusions of Markdown and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from keima_sync.references.model import Extraction, Kind, Reference, Strength, text

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
_ELSEWHERE = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*:|//|#|mailto")


def extract_markdown(data: bytes) -> Extraction:
    """Relative targets of inline links, images, link definitions and HTML; not those in code."""
    prose = data
    for pattern in (_COMMENT, _FENCE, _CODE):
        prose = pattern.sub(_blank, prose)
    return _found(prose, _MARKDOWN, _link)


def extract_rest(data: bytes) -> Extraction:
    """Directives that read a file, hyperlink targets and the roles doc and download."""
    plain = _found(data, _REST, _link)
    documents = _found(data, (_DOC,), _document)
    return Extraction(plain.references + documents.references)


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


def _document(line: int, target: bytes) -> Reference | None:
    endings = (b".rst", b".md", b".txt", b".ipynb")
    return Reference(line, Kind.LINK, text(target), tuple(target + ending for ending in endings))


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " + b"\n" * match[0].count(b"\n")
