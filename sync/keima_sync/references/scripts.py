# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Paths in build and packaging files: Make, shell, Docker, CI, Bazel and Buck, Cargo, npm, .gitmodules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from keima_sync.references.model import ANCESTOR, Extraction, Kind, Reference, Strength, text
from keima_sync.references.python import entry_points

# Any word that looks like a path is a weak reference: it counts only if it led somewhere in the internal tree.
_WORD = re.compile(rb"(?<![\w./:$@{}*~-])(?:\./|\.\./|/)?[\w.+@-]+(?:/[\w.+@-]+)*/?(?![\w/*{:$])")
_PATH_LIKE = re.compile(rb"/|\.[A-Za-z][A-Za-z0-9]{0,5}$")
_MAKE_INCLUDE = re.compile(rb"^(-|s)?include[ \t]+([^#\n]+)", re.MULTILINE)
_SOURCE = re.compile(rb"(?:^|[;&|{(]|\bthen\b|\bdo\b)[ \t]*(?:source|\.)[ \t]+[\"']?([^\s\"';&|)]+)", re.MULTILINE)
_SCRIPT_FOLDER = re.compile(rb"^(?:\$\(dirname[^)]*\)|\$\{?(?:DIR|SCRIPT_DIR|HERE|BASEDIR|SCRIPTPATH)\}?)/")
_LABEL = re.compile(rb"[\"'](?:@//|//)([\w./+-]*)(?::([\w./+=-]+))?[\"']|[\"']:([\w./+-]+)[\"']")
_SUBMODULE = re.compile(rb"^[ \t]*path[ \t]*=[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_MEMBERS = re.compile(rb"^\s*(?:members|default-members)\s*=\s*\[(.*?)\]", re.MULTILINE | re.DOTALL)
_EXTENSION = re.compile(rb"(?:\w*Extension|extension_module)\(\s*(?:name\s*=\s*)?[\"']([\w.]+)[\"']")
_QUOTED = re.compile(rb"[\"']([^\"'\n]+)[\"']")


def extract_paths(data: bytes) -> Extraction:
    """Every word that could be a path, from the file's folder or one above."""
    return Extraction(tuple(_words(data)), _extension_modules(data))


def extract_package(data: bytes) -> Extraction:
    """Paths and entry points of packaging files: setup.py, setup.cfg, pyproject.toml."""
    points: list[Reference] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        values = [match[1] for match in _QUOTED.finditer(line)] or [line]
        for value in values:
            points += entry_points(number, value.decode("utf-8", "replace"))
    return Extraction((*_words(data), *points), _extension_modules(data))


def _extension_modules(data: bytes) -> frozenset[bytes]:
    """Names of the Python modules that setup.py or meson.build makes of other languages."""
    return frozenset(match[1].rpartition(b".")[2] for match in _EXTENSION.finditer(data))


def extract_make(data: bytes) -> Extraction:
    """Included files, and every other path."""
    found = []
    for match in _MAKE_INCLUDE.finditer(data):
        for name in match[2].split():
            found.append(_make_include(_line(data, match), name, optional=bool(match[1])))
    return Extraction((*found, *_words(data)))


def extract_shell(data: bytes) -> Extraction:
    """Sourced files, and every other path."""
    found = []
    for match in _SOURCE.finditer(data):
        name = _SCRIPT_FOLDER.sub(b"", match[1])
        if b"$" in name or b"`" in name:
            found.append(Reference(_line(data, match), Kind.SHELL, text(match[1]), unknown="a computed path"))
        elif not name.startswith((b"/", b"~", b"-")):
            found.append(Reference(_line(data, match), Kind.SHELL, text(match[1]), (ANCESTOR + name,)))
    return Extraction((*found, *_words(data)))


def extract_bazel(data: bytes) -> Extraction:
    """Labels of this repository, and names of source files."""
    found = []
    for match in _LABEL.finditer(data):
        line, shown = _line(data, match), text(match[0][1:-1])
        if match[3]:
            found.append(Reference(line, Kind.LABEL, shown, (match[3],)))
            continue
        package = b"/" + match[1]
        files = (package + b"/" + match[2],) if match[2] else ()
        builds = tuple(package + b"/" + name for name in (b"BUILD.bazel", b"BUILD", b"BUCK", b"TARGETS"))
        found.append(Reference(line, Kind.LABEL, shown, files + builds, strength=Strength.LIKELY))
    return Extraction((*found, *_words(data)))


def extract_cargo(data: bytes) -> Extraction:
    """Workspace members, and every other path."""
    found = []
    for match in _MEMBERS.finditer(data):
        for member in _QUOTED.finditer(match[1]):
            if b"*" not in member[1]:
                line = data.count(b"\n", 0, match.start(1) + member.start()) + 1
                manifest = (member[1] + b"/Cargo.toml",)
                found.append(Reference(line, Kind.WORKSPACE, text(member[1]), manifest, strength=Strength.FIRM))
    return Extraction((*found, *_words(data)))


def extract_npm(data: bytes) -> Extraction:
    """Workspaces, and every other path."""
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError):
        return Extraction((Reference(1, Kind.WORKSPACE, "", unknown="not JSON"),))
    spaces = manifest.get("workspaces", []) if isinstance(manifest, dict) else []
    spaces = spaces.get("packages", []) if isinstance(spaces, dict) else spaces
    found = []
    for space in spaces if isinstance(spaces, list) else []:
        if isinstance(space, str) and "*" not in space:
            raw = space.encode()
            line = data.count(b"\n", 0, max(data.find(b'"' + raw + b'"'), 0)) + 1
            found.append(Reference(line, Kind.WORKSPACE, space, (raw + b"/package.json",), strength=Strength.FIRM))
    return Extraction((*found, *_words(data)))


def extract_submodules(data: bytes) -> Extraction:
    """Paths that .gitmodules lists: each is a commit in the tree."""
    return Extraction(
        tuple(
            Reference(_line(data, match, 1), Kind.SUBMODULE, text(match[1]), (b"/" + match[1],), strength=Strength.FIRM)
            for match in _SUBMODULE.finditer(data)
        )
    )


def extract_symlink(target: bytes) -> Extraction:
    """The one reference that a symlink is."""
    if target.startswith(b"/"):
        return Extraction((Reference(0, Kind.SYMLINK, text(target), unknown="an absolute path"),))
    return Extraction((Reference(0, Kind.SYMLINK, text(target), (target,), strength=Strength.FIRM),))


def _make_include(line: int, name: bytes, *, optional: bool) -> Reference:
    if b"$" in name or b"*" in name:
        return Reference(line, Kind.MAKE, text(name), unknown="a computed path")
    strength = Strength.WEAK if optional else Strength.LIKELY
    return Reference(line, Kind.MAKE, text(name), (name,), strength=strength)


def _words(data: bytes) -> Iterator[Reference]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if len(line) > 4096:
            continue  # minified or data
        for match in _WORD.finditer(line):
            word = match[0].rstrip(b"/.")
            if _PATH_LIKE.search(word) and word.strip(b"./"):
                yield Reference(number, Kind.PATH, text(match[0]), (ANCESTOR + word.lstrip(b"/"),))


def _line(data: bytes, match: re.Match[bytes], group: int = 0) -> int:
    lead = len(match[group]) - len(match[group].lstrip(b"\n"))
    return data.count(b"\n", 0, match.start(group) + lead) + 1
