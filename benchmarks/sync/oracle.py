# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Who refers to whom in a tree, read by other means than the checker's: nothing of keima is imported here.

Includes by a scan of lines, with the compiler's own folders as system headers; imports by `ast` over the folders where
packages begin; CMake by its words; Markdown by markdown-it; reStructuredText by its directives. Where several files
could be meant, nothing is expected, and the reference is counted as ambiguous.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from markdown_it import MarkdownIt

C_SUFFIXES = (
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".h",
    ".hh",
    ".hpp",
    ".hxx",
    ".inc",
    ".inl",
    ".ipp",
    ".cu",
    ".cuh",
    ".m",
    ".mm",
)
_INCLUDE = re.compile(r'\s*#\s*(?:include|import|include_next)\s*(["<])([^">]+)[">]')
_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_CMAKE_COMMENT = re.compile(r"#\[\[.*?\]\]|#[^\n]*", re.DOTALL)
_CMAKE_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(((?:[^()\"]|\"(?:\\.|[^\"\\])*\"|\([^()]*\))*)\)")
_CMAKE_WORD = re.compile(r'"((?:\\.|[^"\\])*)"|([^\s"();]+)')
_REST_FILE = re.compile(r"\s*\.\. (?:\|[^|]+\| )?(image|figure|include|literalinclude)::\s+(\S+)\s*$")


@dataclass
class Edges:
    """Referrers by target; kinds by (referrer, target); and how many references were left out as ambiguous."""

    referrers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    kinds: dict[tuple[str, str], str] = field(default_factory=dict)
    ambiguous: int = 0

    def add(self, referrer: str, target: str, kind: str) -> None:
        if referrer != target:
            self.referrers[target].add(referrer)
            self.kinds[referrer, target] = kind


class _Files:
    """The files of a tree by path, by name, and the folders among them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        walked = (Path(folder, name) for folder, _, names in os.walk(root) for name in names)
        self.paths = {path.relative_to(root).as_posix() for path in walked if path.is_file() and not path.is_symlink()}
        self.by_name: defaultdict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            self.by_name[path.rpartition("/")[2]].append(path)

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def at(self, folder: str, relative: str) -> str | None:
        """The file that `relative` is when seen from a folder, if it is one."""
        path = os.path.normpath(f"{folder}/{relative}" if folder else relative)
        return path if path in self.paths else None

    def ending(self, suffix: str) -> list[str]:
        named = self.by_name.get(suffix.rpartition("/")[2], [])
        return [path for path in named if path == suffix or path.endswith("/" + suffix)]


def read_edges(root: Path) -> Edges:
    """All references of a tree that have exactly one meaning."""
    files, edges = _Files(root), Edges()
    system = _system_folders()
    modules = _Modules(files)
    readers: list[tuple[str, Callable[[str], Iterator[list[str]]]]] = [
        ("include", lambda path: _includes(files, path, system)),
        ("import", modules.imports),
        ("cmake", lambda path: _cmake(files, path)),
        ("link", lambda path: _links(files, path)),
    ]
    for path in sorted(files.paths):
        for kind, reader in readers:
            for targets in reader(path):
                if len(targets) == 1:
                    edges.add(path, targets[0], kind)
                elif targets:
                    edges.ambiguous += 1
    return edges


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _system_folders() -> list[Path]:
    """Where the compiler looks for <...>."""
    said = subprocess.run(
        ["c++", "-E", "-x", "c++", "-v", os.devnull], capture_output=True, text=True, check=True
    ).stderr
    block = said.partition("#include <...> search starts here:")[2].partition("End of search list")[0]
    return [Path(line.strip()) for line in block.splitlines() if line.strip()]


def _includes(files: _Files, path: str, system: list[Path]) -> Iterator[list[str]]:
    if _suffix(path) not in C_SUFFIXES:
        return
    in_comment = False
    for line in files.text(path).split("\n"):
        found = None if in_comment else _INCLUDE.match(line)
        if found:
            yield _included(files, path, found[1], found[2].strip(), system)
            continue
        in_comment = _ends_in_comment(line, in_comment=in_comment)


def _ends_in_comment(line: str, *, in_comment: bool) -> bool:
    """Follow /* and */ along a line; strings and // hide what is in them."""
    if not in_comment:
        line = _STRING.sub("", line)
    while True:
        if in_comment:
            _, closed, line = line.partition("*/")
            if not closed:
                return True
            in_comment = False
            line = _STRING.sub("", line)
        block, single = line.find("/*"), line.find("//")
        if block < 0 or 0 <= single < block:
            return False
        line, in_comment = line[block + 2 :], True


def _included(files: _Files, path: str, sign: str, name: str, system: list[Path]) -> list[str]:
    beside = files.at(_folder(path), name) if sign == '"' else None
    if beside:
        return [beside]
    if ".." in name or any((folder / name).is_file() for folder in system):
        return []
    return files.ending(os.path.normpath(name))


class _Modules:
    """Python modules of a tree: a package begins in a folder that is none itself."""

    def __init__(self, files: _Files) -> None:
        self._files = files
        self._roots: defaultdict[str, set[str]] = defaultdict(set)
        for path in files.paths:
            folder, _, name = path.rpartition("/")
            if name == "__init__.py":
                self._begin(_folder(folder), folder.rpartition("/")[2])
            elif name.endswith(".py"):
                self._begin(folder, name[:-3])

    def _begin(self, root: str, top: str) -> None:
        if self._files.at(root, "__init__.py") is None:
            self._roots[top].add(root)

    def imports(self, path: str) -> Iterator[list[str]]:
        if _suffix(path) not in (".py", ".pyi"):
            return
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = ast.parse(self._files.text(path))
        except (SyntaxError, ValueError):
            return
        endings = (".pyi", ".py") if path.endswith(".pyi") else (".py",)
        for node in ast.walk(module):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._absolute(path, alias.name, endings)
            elif isinstance(node, ast.ImportFrom):
                yield from self._from(path, node, endings)

    def _from(self, path: str, node: ast.ImportFrom, endings: tuple[str, ...]) -> Iterator[list[str]]:
        for alias in node.names:
            if node.level == 0:
                yield from self._absolute(path, f"{node.module}.{alias.name}", endings)
                continue
            base = _folder(path)
            for _ in range(node.level - 1):
                base = _folder(base)
            dotted = [*(node.module.split(".") if node.module else []), alias.name]
            yield from self._along(base, dotted, endings)

    def _absolute(self, path: str, dotted: str, endings: tuple[str, ...]) -> Iterator[list[str]]:
        top, *rest = dotted.split(".")
        if top in sys.stdlib_module_names:
            return
        roots = self._roots.get(top, set())
        if _folder(path) in roots:
            roots = {_folder(path)}
        if len(roots) > 1:
            yield ["", ""]
        for root in roots if len(roots) == 1 else ():
            yield from self._along(root, [top, *rest], endings)

    def _along(self, folder: str, names: list[str], endings: tuple[str, ...]) -> Iterator[list[str]]:
        """The package files on the way, and the module."""
        for name in names:
            module = next((hit for ending in endings if (hit := self._files.at(folder, name + ending))), None)
            folder = f"{folder}/{name}" if folder else name
            package = next((hit for ending in endings if (hit := self._files.at(folder, "__init__" + ending))), None)
            if package is None and module is not None:
                yield [module]
                return
            if package is None:
                return
            yield [package]


def _cmake(files: _Files, path: str) -> Iterator[list[str]]:
    is_list = path.rpartition("/")[2] == "CMakeLists.txt"
    if not is_list and not path.endswith(".cmake"):
        return
    roots = {"CMAKE_CURRENT_LIST_DIR": _folder(path)}
    if is_list:
        roots |= {"CMAKE_CURRENT_SOURCE_DIR": _folder(path), "PROJECT_SOURCE_DIR": _project_of(files, path)}
    for call in _CMAKE_CALL.finditer(_CMAKE_COMMENT.sub("", files.text(path))):
        words = [quoted or plain for quoted, plain in _CMAKE_WORD.findall(call[2])]
        for place, word in enumerate(words):
            yield _cmake_word(files, call[1].lower(), place, word, roots, relative=is_list)


def _project_of(files: _Files, path: str) -> str:
    """The nearest folder upwards whose list calls project()."""
    folder = _folder(path)
    while folder:
        own = files.at(folder, "CMakeLists.txt")
        if own and re.search(r"^\s*project\s*\(", files.text(own), re.MULTILINE | re.IGNORECASE):
            return folder
        folder = _folder(folder)
    return folder


def _cmake_word(
    files: _Files, command: str, place: int, word: str, roots: dict[str, str], *, relative: bool
) -> list[str]:
    if command == "include" and not place and re.fullmatch(r"\w+", word):
        return files.ending(word + ".cmake")
    folder = roots.get("CMAKE_CURRENT_SOURCE_DIR", "")
    start = re.match(r"\$\{(\w+)\}/", word)
    if start:
        if start[1] not in roots:
            return []
        folder, word = roots[start[1]], word[start.end() :]
    elif not relative:
        return []
    if re.search(r"[$<>*]|://", word) or word.startswith(("-", "/")):
        return []
    if command == "add_subdirectory":
        return _one(files.at(folder, word + "/CMakeLists.txt")) if not place else []
    return _one(files.at(folder, word)) if "." in word or "/" in word else []


def _one(path: str | None) -> list[str]:
    return [path] if path else []


class _Attributes(HTMLParser):
    """href and src of the HTML in a document."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("a", "img"):
            self.found += [value for name, value in attrs if name in ("href", "src") and value]


def _links(files: _Files, path: str) -> Iterator[list[str]]:
    if _suffix(path) in (".md", ".markdown"):
        targets = _markdown(files.text(path))
    elif _suffix(path) == ".rst":
        targets = _rest(files.text(path))
    else:
        return
    for target in targets:
        name = unquote(re.split(r"[?#]", target, maxsplit=1)[0])
        if name and not re.match(r"[A-Za-z][\w+.-]*:|/", target):
            yield _one(files.at(_folder(path), name))


def _markdown(data: str) -> Iterator[str]:
    for block in MarkdownIt("commonmark").enable("table").parse(data):
        for token in (block, *(block.children or ())):
            yield from (str(value) for name, value in token.attrs.items() if name in ("href", "src"))
            if token.type in ("html_block", "html_inline"):
                reader = _Attributes()
                reader.feed(token.content)
                yield from reader.found


def _rest(data: str) -> Iterator[str]:
    """Files that directives name, and the entries of tables of contents."""
    depth: int | None = None
    for line in data.split("\n"):
        indent = len(line) - len(line.lstrip())
        if depth is not None and line.strip() and indent <= depth:
            depth = None
        if depth is not None and line.strip() and not line.strip().startswith(":"):
            entry = re.search(r"<([^>]+)>$", line.strip())
            yield (entry[1] if entry else line.strip()) + ".rst"
        found = _REST_FILE.match(line)
        if found:
            yield found[2]
        if re.match(r"\s*\.\. toctree::", line):
            depth = indent
