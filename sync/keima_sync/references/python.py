# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Imports of Python files, and modules named by importlib or as entry points."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from keima_sync.references.model import Extraction, Kind, Reference, Strength

_ENTRY_POINT = re.compile(r"(?:[\w.-]+\s*=\s*)?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_][\w.]*(?:\s*\[[\w, ]*\])?")
_LOADERS = {"import_module", "__import__", "importorskip"}
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_SOURCES = (b".py", b"/__init__.py", b".pyx", b".pyi", b"/__init__.pyi", b".pxd", b"")


def extract(data: bytes) -> Extraction:
    """Absolute, relative and lazy imports; a computed module name is unknown, as is a file that does not parse."""
    tree = parse(data)
    if tree is None:
        return Extraction((Reference(1, Kind.IMPORT, "", unknown="not Python that this interpreter parses"),))
    found: list[Reference] = []
    for node, strength in _imports(tree):
        if isinstance(node, ast.ImportFrom):
            found += _import_from(node, strength)
        else:
            for alias in node.names:
                found += absolute(node.lineno, alias.name)
    if any(name.encode() in data for name in _LOADERS):
        found += (loaded for node in ast.walk(tree) if isinstance(node, ast.Call) for loaded in _loaded(node))
    return Extraction(tuple(sorted(found, key=lambda reference: reference.line)))


def extract_stub(data: bytes) -> Extraction:
    """The same of a stub, for which other stubs come before the modules themselves."""
    return Extraction(tuple(_among_stubs(reference) for reference in extract(data).references))


def _among_stubs(reference: Reference) -> Reference:
    candidates, suffixes = (_stubs_first(paths) for paths in (reference.candidates, reference.suffixes))
    return reference._replace(candidates=candidates, suffixes=suffixes)


def _stubs_first(paths: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(sorted(paths, key=lambda path: not path.endswith(b".pyi")))


def parse(data: bytes) -> ast.Module | None:
    """The syntax tree, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in other people's strings
        try:
            return ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def absolute(line: int, dotted: str) -> Iterator[Reference]:
    """An absolute import: each package on the way is imported too."""
    parts = dotted.split(".")
    for length in range(1, len(parts) + 1):
        stem = "/".join(parts[:length]).encode()
        yield Reference(line, Kind.IMPORT, ".".join(parts[:length]), suffixes=_files(stem))


def entry_points(line: int, value: str) -> Iterator[Reference]:
    """The module of `name = package.module:object`, if the text is one."""
    match = _ENTRY_POINT.fullmatch(value.strip())
    if match:
        yield from absolute(line, match[1])


def _files(stem: bytes) -> tuple[bytes, ...]:
    return tuple(stem + ending for ending in _SOURCES)


def _import_from(node: ast.ImportFrom, strength: Strength) -> Iterator[Reference]:
    if node.level == 0:
        yield from absolute(node.lineno, node.module or "")
        for alias in node.names:
            yield from list(absolute(node.lineno, f"{node.module}.{alias.name}"))[-1:]
        return
    yield from _relative(node, strength)


def _relative(node: ast.ImportFrom, strength: Strength) -> Iterator[Reference]:
    """`from ..package.module import name`: packages on the way, the module, and names that may be modules."""
    up = "." * node.level
    base = b"/".join([b".", *[b".."] * (node.level - 1)])
    parts = node.module.split(".") if node.module else []
    if not parts:
        yield Reference(node.lineno, Kind.IMPORT, up, (base + b"/__init__.py", base))
    for length in range(1, len(parts) + 1):
        stem = base + b"/" + "/".join(parts[:length]).encode()
        firmness = strength if length == len(parts) else Strength.WEAK
        yield Reference(node.lineno, Kind.IMPORT, up + ".".join(parts[:length]), _files(stem), strength=firmness)
    for alias in node.names:
        if alias.name != "*":
            dotted = [*parts, alias.name]
            # The name may be an attribute: nothing is said if it never was a module.
            files = _files(base + b"/" + "/".join(dotted).encode())[:-1]
            yield Reference(node.lineno, Kind.IMPORT, up + ".".join(dotted), files)


def _loaded(node: ast.Call) -> Iterator[Reference]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in _LOADERS or not node.args:
        return
    first = node.args[0]
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        yield Reference(node.lineno, Kind.IMPORT, ast.unparse(first)[:80], unknown="the module's name is computed")
    elif first.value.startswith("."):
        level = len(first.value) - len(first.value.lstrip("."))
        yield from _import_from(ast.ImportFrom(first.value[level:], [], level, lineno=node.lineno), Strength.WEAK)
    elif first.value:
        yield from absolute(node.lineno, first.value)


def _imports(tree: ast.Module) -> Iterator[tuple[ast.Import | ast.ImportFrom, Strength]]:
    """Import statements at any depth; those in a try that has handlers are weak: their absence may be meant.

    Expressions hold no statements, so they are not gone into: that is most of the tree.
    """
    waiting: list[tuple[ast.AST, Strength]] = [(tree, Strength.LIKELY)]
    while waiting:
        node, strength = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, strength
            continue
        for block in _BLOCKS:
            inner = getattr(node, block, None)
            if isinstance(inner, list):
                tried = block == "body" and bool(getattr(node, "handlers", None))
                waiting += [(child, Strength.WEAK if tried else strength) for child in inner]
