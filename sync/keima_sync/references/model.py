# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a file refers to: the reference as it is written, and where its target may lie."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple


class Kind(Enum):
    """The construct that refers."""

    INCLUDE = "include"
    CMAKE = "cmake"
    IMPORT = "import"
    LINK = "link"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"
    MAKE = "make"
    SHELL = "shell"
    WORKSPACE = "workspace"
    LABEL = "label"
    PATH = "path"


class Strength(IntEnum):
    """How surely the target must lie in the tree itself.

    A tree that is checked alone reports FIRM ones as errors and LIKELY ones as warnings; a comparison of two trees
    needs no such guess, since a reference that never resolved is not reported.
    """

    WEAK = 0
    LIKELY = 1
    FIRM = 2


ANCESTOR = b".../"
"""Begins a candidate that is relative to the referrer's folder or to any folder above it."""


class Reference(NamedTuple):
    """One reference, a function of the referrer's bytes alone; a history has a million of them, hence a tuple.

    `candidates` are paths, best first: relative to the referrer's folder, from the root if they begin with a slash,
    or below any folder on the way up if they begin with `ANCESTOR`. `suffixes` are ends of paths anywhere in the
    tree, tried when no candidate exists. `unknown` is the reason why the target cannot be told.
    """

    line: int
    kind: Kind
    target: str
    candidates: tuple[bytes, ...] = ()
    suffixes: tuple[bytes, ...] = ()
    strength: Strength = Strength.WEAK
    unknown: str = ""


@dataclass(frozen=True)
class Extraction:
    """All references of one blob, and names of files that a build makes (`generated`)."""

    references: tuple[Reference, ...] = ()
    generated: frozenset[bytes] = frozenset()


def text(raw: bytes) -> str:
    """Bytes for people: what is not UTF-8 is shown as an escape."""
    return raw.decode("utf-8", "backslashreplace")
