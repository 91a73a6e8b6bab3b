# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""HTML from text that is not trusted: everything is escaped here, and nowhere else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from keima_audit.excerpts import Excerpt, printable

_URL = re.compile(r"https?://[^\s<>\"'`]+[^\s<>\"'`.,;:)\]]")


class Markup(str):
    """Text that is HTML already."""


def escaped(text: str) -> Markup:
    """Text as HTML. What is `Markup` stays as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(printable(text)))


def linked(text: str) -> Markup:
    """Text as HTML, with its web addresses made into links."""
    pieces = []
    last = 0
    for found in _URL.finditer(text):
        pieces += [escaped(text[last : found.start()]), link(found.group())]
        last = found.end()
    return Markup("".join([*pieces, escaped(text[last:])]))


def prose(text: str) -> Markup:
    """Text as HTML, with what stands between backquotes set as code, and links."""
    pieces = text.split("`")
    return Markup("".join(tag("code", piece) if index % 2 else linked(piece) for index, piece in enumerate(pieces)))


def link(address: str, words: str = "") -> Markup:
    """A link; an address that is none of the web's stays text. Without words, the address is what is read."""
    if not _URL.fullmatch(address):
        return escaped(words or address)
    kind = "" if words else ' class="bare"'
    return Markup(f'<a href="{escaped(address)}"{kind}>{escaped(words or address)}</a>')


def tag(name: str, *inside: str, **attributes: str) -> Markup:
    """An element; `kind` stands for the attribute `class`."""
    named = {("class" if key == "kind" else key): value for key, value in attributes.items() if value}
    written = "".join(f' {key}="{escaped(value)}"' for key, value in named.items())
    return Markup(f"<{name}{written}>{''.join(escaped(part) for part in inside)}</{name}>")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> Markup:
    """A table whose head is repeated on every printed page; a word where it has no rows."""
    body = "\n".join(f"<tr>{''.join(tag('td', cell) for cell in row)}</tr>" for row in rows)
    if not body:
        return tag("p", "None.")
    head = "".join(tag("th", column) for column in columns)
    inside = Markup(f"<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody>")
    return tag("table", inside, kind=kind)


def items(lines: Iterable[str]) -> Markup:
    """A list; nothing where there are no lines."""
    inside = "".join(tag("li", linked(line)) for line in lines)
    return Markup(f'<ul class="chain">{inside}</ul>') if inside else Markup("")


def lines_of(excerpt: Excerpt) -> Markup:
    """Numbered lines, with those that matter marked."""
    first, last = excerpt.marked
    written = []
    for number, line in excerpt.lines:
        text = tag("b", line) if first <= number <= last else escaped(line)
        written.append(f"<span><i>{number}</i>{text}</span>")
    return Markup(f"<pre>{''.join(written)}</pre>")
