# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Which extractor reads a file, by its name; and a cache of what was extracted."""

from __future__ import annotations

import re
from collections.abc import Callable

from keima_sync.references import c_family, cmake, documents, python, scripts
from keima_sync.references.model import Extraction, Kind, Reference
from keima_sync.references.tree import GITLINK, SYMLINK, Tree

Extractor = Callable[[bytes], Extraction]

_C_FAMILY = rb"\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|h\+\+|inc|inl|ipp|tcc|tpp|cu|cuh|m|mm|cl|hip|src|s|S)(?:\.in)?"
_LANGUAGES: tuple[tuple[str, re.Pattern[bytes], Extractor], ...] = (
    ("setup", re.compile(rb"(?:.*/)?(?:setup\.(?:py|cfg)|pyproject\.toml)"), scripts.extract_package),
    ("cargo", re.compile(rb"(?:.*/)?Cargo\.toml"), scripts.extract_cargo),
    ("npm", re.compile(rb"(?:.*/)?package\.json"), scripts.extract_npm),
    ("cmake", re.compile(rb"(?:.*/)?CMakeLists\.txt"), cmake.extract_list),
    ("cmake-module", re.compile(rb".*\.cmake(?:\.in)?"), cmake.extract_module),
    ("gitmodules", re.compile(rb"\.gitmodules"), scripts.extract_submodules),
    (
        "bazel",
        re.compile(rb"(?:.*/)?(?:BUILD|BUCK|TARGETS|WORKSPACE|MODULE)(?:\.bazel)?|.*\.bzl"),
        scripts.extract_bazel,
    ),
    ("make", re.compile(rb"(?:.*/)?(?:GNU)?[Mm]akefile|.*\.mk"), scripts.extract_make),
    ("shell", re.compile(rb".*\.(?:sh|bash|zsh)"), scripts.extract_shell),
    ("markdown", re.compile(rb".*\.(?:md|markdown)"), documents.extract_markdown),
    ("rest", re.compile(rb".*\.rst"), documents.extract_rest),
    ("c", re.compile(rb".*" + _C_FAMILY), c_family.extract),
    ("python", re.compile(rb".*\.py"), python.extract),
    ("python-stub", re.compile(rb".*\.pyi"), python.extract_stub),
    (
        "paths",
        re.compile(
            rb"(?:.*/)?(?:\.?[\w-]*[Dd]ockerfile[\w.-]*|MANIFEST\.in|meson\.build|CODEOWNERS)|.*\.(?:ya?ml|toml)"
        ),
        scripts.extract_paths,
    ),
)
_ALSO_PYTHON = re.compile(rb"(?:.*/)?setup\.py")
_NOTHING = Extraction()
_UNREAD = Extraction((Reference(0, Kind.PATH, "", unknown="too large to be read, or missing"),))


class Extractions:
    """What blobs refer to, extracted once for each (content, language)."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Extraction] = {}

    def of(self, tree: Tree, path: bytes) -> Extraction:
        """The references of a file of a tree; none if no extractor reads such files."""
        entry = tree.files[path]
        language = "symlink" if entry.mode == SYMLINK else language_of(path)
        if not language or entry.mode == GITLINK:
            return _NOTHING
        key = (entry.blob, language)
        if key not in self._known:
            data = tree.read(path)
            self._known[key] = _UNREAD if data is None else extract(language, data)
        return self._known[key]


def language_of(path: bytes) -> str:
    """The name of the language, or nothing."""
    if _ALSO_PYTHON.fullmatch(path):
        return "setup.py"
    return next((name for name, pattern, _ in _LANGUAGES if pattern.fullmatch(path)), "")


def extract(language: str, data: bytes) -> Extraction:
    """The references of a blob."""
    if language == "symlink":
        return scripts.extract_symlink(data)
    if language == "setup.py":
        package = scripts.extract_package(data)
        return Extraction(package.references + python.extract(data).references, package.generated)
    return next(extractor for name, _, extractor in _LANGUAGES if name == language)(data)
