# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Suspicions about names: the only definition of a symbol was cut, and published files use the name still.

Lexical for C and C++, by `ast` for Python. Nothing says that a use means that definition, so this is a pass of its own,
graded: a name that a language writes for one thing only (a class, a macro, a name of several words) counts for more.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from keima_cli.findings import Finding, Rule, Severity, Spot
from keima_sync.references.languages import language_of
from keima_sync.references.model import text
from keima_sync.references.python import parse
from keima_sync.references.tree import GITLINK, SYMLINK, Tree

LOST = Rule(
    "lost-symbol",
    "the only definition of a name was cut, and the name is used",
    "Look whether the use means that definition; if so, exclude the user, mark the lines, or publish the definition.",
    Severity.WARNING,
)

_HIDDEN = re.compile(rb'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_TYPE = re.compile(
    rb"\b(?:class|struct|union|enum(?:\s+class)?)\s+(?:\w+\s+)?(?!final\b)([A-Za-z_]\w*)\s*(?:final\s*)?(?::[^;{}()]*)?\{"
)
_MACRO = re.compile(rb"^[ \t]*#[ \t]*define[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_FUNCTION = re.compile(rb"^[\w:&*<>,~ \t]*?\b([A-Za-z_]\w*)\s*\([^;{}]*\)[^;{}()]*\{", re.MULTILINE)
# Old code defines keywords as macros; what is called like one is never somebody's symbol.
_KEYWORDS = frozenset(
    b"alignas alignof asm auto bool break case catch char class const constexpr continue decltype default "
    b"defined delete do double else enum explicit extern false final float for friend goto if inline int long "
    b"main mutable namespace new noexcept nullptr operator override private protected public register restrict "
    b"return short signed sizeof static struct switch template this throw true try typedef typename union "
    b"unsigned using virtual void volatile while".split()
)
_SEVERAL_WORDS = re.compile(rb"[a-z0-9]_+[a-z0-9]|[a-z0-9][A-Z]|[A-Z]{2,}_[A-Z]|[A-Z][a-z]+[A-Z]")


@dataclass(frozen=True)
class Names:
    """Names that a file defines, the sure ones (types, macros, classes) apart, and all that it mentions."""

    sure: frozenset[bytes] = frozenset()
    defined: frozenset[bytes] = frozenset()
    used: frozenset[bytes] = frozenset()

    @property
    def all_defined(self) -> frozenset[bytes]:
        """The sure names and the others."""
        return self.defined | self.sure


def suspicions(internal: Tree, public: Tree, origins: dict[bytes, bytes]) -> Iterator[Finding]:
    """Yield for each published file and name the first use; `origins` are internal paths of public ones that moved."""
    published = {origins.get(path, path) for path in public.files}
    cut = {path: names(internal, path) for path in internal.files if path not in published}
    homes: defaultdict[tuple[str, bytes], list[bytes]] = defaultdict(list)
    sure: set[tuple[str, bytes]] = set()
    for path, found in cut.items():
        for name in found.all_defined:
            homes[family_of(path), name].append(path)
        sure |= {(family_of(path), name) for name in found.sure}
    left = {path: names(public, path) for path in public.files} if homes else {}
    known = {(family_of(path), name) for path, found in left.items() for name in found.all_defined}
    lost = {key: paths for key, paths in homes.items() if key not in known}
    for path, found in sorted(left.items()):
        for name in sorted(found.used):
            if (family_of(path), name) in lost:
                telling = is_telling(name, sure=(family_of(path), name) in sure)
                yield _finding(public, path, name, lost[family_of(path), name], telling=telling)


def is_telling(name: bytes, *, sure: bool) -> bool:
    """Whether a name is likely to mean the definition that was cut: `sure` ones are types, classes and macros."""
    return (sure and len(name) > 3) or bool(_SEVERAL_WORDS.search(name))


def names(tree: Tree, path: bytes) -> Names:
    """What a file defines and mentions; nothing if it is neither C, C++ nor Python, or cannot be read."""
    family = family_of(path)
    data = tree.read(path) if family and tree.files[path].mode not in (GITLINK, SYMLINK) else None
    if data is None:
        return Names()
    return _of_python(data) if family == "python" else _of_c(data)


def family_of(path: bytes) -> str:
    language = language_of(path)
    return "python" if language in ("python", "python-stub", "setup.py") else "c" if language == "c" else ""


def _of_c(data: bytes) -> Names:
    code = _HIDDEN.sub(b" ", data)
    sure = frozenset(match[1] for pattern in (_TYPE, _MACRO) for match in pattern.finditer(code)) - _KEYWORDS
    functions = frozenset(match[1] for match in _FUNCTION.finditer(code)) - _KEYWORDS
    return Names(sure, functions, frozenset(_WORD.findall(code)))


def _of_python(data: bytes) -> Names:
    tree = parse(data)
    if tree is None:
        return Names()
    sure: set[str] = set()
    defined: set[str] = set()
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            sure.add(node.name)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            defined.add(node.name)
        elif isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.ImportFrom):
            used.update(alias.name for alias in node.names)
            defined.update(alias.asname for alias in node.names if alias.asname)
    return Names(*(frozenset(name.encode() for name in group) for group in (sure, defined, used)))


def _finding(tree: Tree, path: bytes, name: bytes, homes: list[bytes], *, telling: bool) -> Finding:
    severity = Severity.WARNING if telling else Severity.NOTE
    evidence = tuple(Spot(text(home), message="defined there, in the internal tree only") for home in sorted(homes)[:3])
    grade = "likely" if telling else "possible"
    return Finding(
        LOST.id,
        f"{text(name)} is defined in {text(min(homes))} alone, which was cut",
        severity,
        text(path),
        _first_line(tree.read(path) or b"", name),
        key=text(name),
        evidence=evidence,
        properties=(("symbol", text(name)), ("suspicion", grade)),
    )


def _first_line(data: bytes, name: bytes) -> int:
    code = _HIDDEN.sub(lambda match: re.sub(rb"[^\n]", b" ", match[0]), data)
    match = re.search(rb"\b" + name + rb"\b", code)
    return data.count(b"\n", 0, match.start()) + 1 if match else 0
