# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Which extractor reads a file, by its name; and a cache of what was extracted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from keima_sync.references import c_family, cmake, documents, python, scripts
from keima_sync.references.encoding import Decoder, encoded, mentions
from keima_sync.references.model import Extraction, Kind, Reference
from keima_sync.references.store import Key, Store
from keima_sync.references.tree import GITLINK, SYMLINK, Entry, Tree

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
    """What blobs refer to, extracted once for each (content, language); a store keeps it from one run to the next."""

    def __init__(self, store: Store | None = None) -> None:
        self._known: dict[Key, Extraction] = {}
        self._encoded: dict[Key, bytes] = {}  # that nobody has asked for yet
        self._decoder = Decoder()
        self._store = store

    def of(self, tree: Tree, path: bytes) -> Extraction:
        """The references of a file of a tree; none if no extractor reads such files."""
        key = key_of(path, tree.files[path])
        if key is None:
            return _NOTHING
        if key not in self._known:
            self._known[key] = self._taken(key) or self._read(key, tree.read(path))
        return self._known[key]

    def has(self, key: Key) -> bool:
        """Whether it is known without reading the file."""
        if key in self._known or key in self._encoded:
            return True
        stored = self._store.get(key) if self._store is not None else None
        if stored is not None:
            self._encoded[key] = stored
        return stored is not None

    def may_mention(self, tree: Tree, path: bytes, needles: Sequence[bytes]) -> bool:
        """Whether a file's references may hold one of the needles; far cheaper than to decode and enter them."""
        key = key_of(path, tree.files[path])
        if key is None:
            return False
        return key in self._known or not self.has(key) or mentions(self._encoded[key], needles)

    def put(self, key: Key, found: bytes) -> None:
        """Take in what was extracted and encoded elsewhere."""
        self._encoded[key] = found
        if self._store is not None:
            self._store.put(key, found)

    def drop(self, key: Key) -> None:
        """Forget it, where memory counts; a store has it still."""
        self._known.pop(key, None)

    def _taken(self, key: Key) -> Extraction | None:
        return self._decoder.decoded(self._encoded.pop(key)) if self.has(key) else None

    def _read(self, key: Key, data: bytes | None) -> Extraction:
        if data is None:
            return _UNREAD
        made = extract(key[1], data)
        if self._store is not None:
            self._store.put(key, encoded(made))
        return made


def key_of(path: bytes, entry: Entry) -> Key | None:
    """Content and language of a file; None if no extractor reads such files."""
    if entry.mode == GITLINK:
        return None
    language = "symlink" if entry.mode == SYMLINK else language_of(path)
    return (entry.blob, language) if language else None


@cache
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
