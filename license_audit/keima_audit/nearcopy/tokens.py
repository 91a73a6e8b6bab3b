# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Source text as numbered tokens in which names, texts and layout no longer count."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from keima_audit.datafiles import load_table

_LITERAL = r"""(?P<text>'''.*?'''|\"\"\".*?\"\"\"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
_REST = r"""(?P<number>\d[\w.']*)|(?P<word>[^\W\d]\w*)|(?P<sign>[^\w\s])"""
_TOKENS = {
    "c": re.compile(rf"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))|{_LITERAL}|{_REST}", re.DOTALL),
    "hash": re.compile(rf"(?P<comment>\#[^\n]*)|{_LITERAL}|{_REST}", re.DOTALL),
}


@cache
def _languages() -> dict[str, str]:
    table = load_table("languages.toml")["suffixes"]
    return {suffix: language for language, suffixes in table.items() for suffix in suffixes}


@cache
def _keywords() -> frozenset[str]:
    return frozenset(load_table("languages.toml")["keywords"]["names"])


def language_of(path: str) -> str | None:
    """The way in which a file's comments are told; None for a file that is no source code."""
    return _languages().get(PurePosixPath(path).suffix.lower())


@dataclass(frozen=True)
class Tokens:
    """A value and a line (from 1) for each token, and which of them are numbers."""

    values: NDArray[np.uint64]
    lines: NDArray[np.int32]
    numbers: NDArray[np.bool_]


def tokens_of(text: str, language: str) -> Tokens:
    """Comments are dropped, and a name counts as a name, whichever it is."""
    values: list[int] = []
    starts: list[int] = []
    numbers: list[bool] = []
    for found in _TOKENS[language].finditer(text):
        kind = found.lastgroup or ""
        if kind != "comment":
            values.append(_value(kind, found.group()))
            starts.append(found.start())
            numbers.append(kind == "number")
    breaks = np.array([found.start() for found in re.finditer("\n", text)], dtype=np.int64)
    lines = np.searchsorted(breaks, np.array(starts, dtype=np.int64), side="left") + 1
    return Tokens(np.array(values, dtype=np.uint64), lines.astype(np.int32), np.array(numbers, dtype=np.bool_))


def _value(kind: str, text: str) -> int:
    if kind == "text":
        return 2
    if kind == "word" and text not in _keywords():
        return 1
    return zlib.crc32(text.encode("utf-8", "replace"))
