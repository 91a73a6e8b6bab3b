# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Tells contents that can't hold a licence statement from those that may, far faster than scanning.

The word list is proved on ScanCode's own data: `benchmarks/license_audit/prefilter.py` runs it over all files
of its data-driven tests that expect a licence and prints each miss. PDFs, wide encodings and short files that
are hardly more than a URL are let through unread.
"""

from __future__ import annotations

import re

_ENGLISH = (
    rb"licen[cs]|copyright|copyleft|spdx|gpl|\bgnu\b|apache|mozilla|\bmpl|\bmit\b|\bbsd"
    rb"|public.{0,3}domain|unlicense|permission|permitted|redistribut|rights.reserved|warrant"
    rb"|proprietary|confidential|creative.?commons|\bcc0|\bcc-by|stackoverflow|stackexchange"
    rb"|open.?source|free.software|freeware|shareware|free stuff|\beula\b|terms of"
    rb"|terms and conditions|trademark|disclaim|mulan|wtfpl|copy and distribute|you may (?:copy|do|use)"
    rb"|dealings in the software|own risk|do whatever|jpeg group|python-ldap|protocol buffer compiler"
    rb"|flatbuffers compiler|bison parser"
    rb"|(?:copied|copy-?pasted|taken|adapted|borrowed|stolen|lifted|ported)[ \w]{0,40} from"
    rb"|wikipedia|rosettacode|codeproject"
)
_CHINESE = ("许可", "版权", "授权", "木兰", "著作权", "協議", "协议")
# Both encodings that Chinese notices are written in; gb18030 contains GBK. The content is lower-cased first:
# that is twice as fast as a search that ignores case, and it may change the second byte of a GBK character.
_FOREIGN = [re.escape(word.encode(code).lower()) for word in _CHINESE for code in ("utf-8", "gb18030")]
_WORDS = re.compile(b"|".join([_ENGLISH, *_FOREIGN]))
_UNREAD = re.compile(rb"\xff\xfe|\xfe\xff|.{0,1023}?%PDF", re.DOTALL)
_HEAD = 1024
_URL_ONLY = 400
"""Bytes up to which a file with a URL may be nothing else."""
_SHORT = 8_192
"""Characters up to which a text is read whole."""
_AROUND = 50
"""Lines before and after one with a word of the list that are read with it."""
_HOLE = 400
"""Lines between two words of the list up to which all that lies between them is read."""


def may_hold_license(data: bytes) -> bool:
    """Whether the content has to be scanned."""
    if _UNREAD.match(data, 0, _HEAD) or (len(data) <= _URL_ONLY and b"://" in data):
        return True
    head = data[:_HEAD]
    if max(head[0::2].count(0), head[1::2].count(0)) > len(head) // 4:
        return True  # UTF-16 without a byte-order mark: every other byte is NUL
    return _WORDS.search(data.lower()) is not None


def worth_reading(text: str) -> str:
    """A long text without the stretches that are far from every word of the list; line numbers stay what they are.

    It is the same filter again, for passages: a source file of 300 kB is scanned for the sake of its header alone.
    Between two words nothing is left out unless hundreds of lines lie between them: ScanCode does not recognise a
    licence's text with a hole in it.
    """
    if len(text) <= _SHORT:
        return text
    lines = text.split("\n")
    hits = [number for number, line in enumerate(lines) if _WORDS.search(line.lower().encode("utf-8", "replace"))]
    if not hits:
        return text
    near: set[int] = set()
    for before, number in zip([-_HOLE, *hits], hits, strict=False):
        first = before if number - before <= _HOLE else number - _AROUND
        near.update(range(first, number + _AROUND + 1))
    return "\n".join(line if number in near else "" for number, line in enumerate(lines))
