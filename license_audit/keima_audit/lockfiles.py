# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads lock files: which packages a project resolved, in which version, and what for.

pylock.toml (PEP 751), poetry.lock, pdm.lock, uv.lock, Pipfile.lock, requirements files, package-lock.json and
Cargo.lock. They come from anywhere: they are read within limits, nothing in them is run or fetched, and one that cannot
be read, or is of a kind that is not known here, is a problem and never passed over.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_UNKNOWN = frozenset(
    (
        *("yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb", "go.sum", "Gemfile.lock", "composer.lock"),
        *("conda-lock.yml", "pixi.lock", "pubspec.lock", "Podfile.lock", "packages.lock.json", "gradle.lockfile"),
        *("mix.lock", "environment.lock"),
    )
)
"""Lock files of kinds that are not read."""
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml\Z")
_REQUIREMENTS = re.compile(r"(?:\A|/)(?:[\w.-]*requirements[\w.-]*\.txt|requirements/[\w.-]+\.txt)\Z")
_NAME = re.compile(r"@?[A-Za-z0-9_](?:[\w./-]{0,212}\w)?\Z", re.ASCII)
_VERSION = re.compile(r"[\w.!+-]{0,128}\Z", re.ASCII)
_OPTION = re.compile(r"\s--hash[= ]\S+")
_MAX_INCLUDES = 20
_FOR_TESTS = {
    "test",
    "tests",
    "testing",
    "dev",
    "lint",
    "style",
    "doc",
    "docs",
    "ci",
    "bench",
    "benchmarks",
    "examples",
}


@dataclass(frozen=True)
class Locked:
    """One package. `version` is "" where none is pinned; `license` is what the lock file says, if it says it."""

    ecosystem: str
    name: str
    version: str
    use: str = "binary"
    license: str = ""

    @property
    def key(self) -> str:
        """Its name in audit.toml and in reports: that of PyPI alone stands without its ecosystem."""
        return self.name if self.ecosystem == "pypi" else f"{self.ecosystem}:{self.name}"


@dataclass
class Lock:
    """What one lock file says. `loose` are requirements without a pinned version, which lead to further packages."""

    path: str
    packages: list[Locked] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, ecosystem: str, name: Any, version: Any, use: str = "binary", license_text: Any = "") -> None:
        """Take a package up, or say what is wrong with it."""
        said = str(version or "")
        if not isinstance(name, str) or not _NAME.match(name) or not _VERSION.match(said):
            self.problems.append(f"names a package {str(name)[:60]!r} in a version {said[:40]!r}, which cannot be")
            return
        name = canonicalize_name(name) if ecosystem == "pypi" else name
        stated = license_text[:200] if isinstance(license_text, str) else ""
        self.packages.append(Locked(ecosystem, name, said, use, stated))


Reader = Callable[[Lock, Any], None]


def _reader(path: str) -> tuple[str, Reader] | None:
    name = path.rpartition("/")[2]
    if _PYLOCK.match(name):
        return "toml", _pylock
    return _READERS.get(name)


def is_lock(path: str) -> bool:
    """Whether a path is a lock file by its name, of a kind that is read or not."""
    name = path.rpartition("/")[2]
    return name in _UNKNOWN or _reader(path) is not None or bool(_REQUIREMENTS.search(path))


def read_lock(root: Path, path: str, limit: int) -> Lock:
    """Read a lock file of up to `limit` bytes."""
    lock, found = Lock(path), _reader(path)
    if found is None and not _REQUIREMENTS.search(path):
        lock.problems.append("a lock file of a kind that is not read")
        return lock
    text = _text(root, path, limit, lock)
    if text is None:
        return lock
    if found is None:
        _requirements(lock, root, text, limit)
        return lock
    kind, reader = found
    try:
        reader(lock, tomllib.loads(text) if kind == "toml" else json.loads(text))
    except (ValueError, RecursionError) as error:
        lock.problems.append(f"no valid {kind.upper()}: {str(error)[:120]}")
    except (AttributeError, KeyError, TypeError) as error:
        lock.problems.append(f"not of the form that its name promises ({type(error).__name__}: {str(error)[:80]})")
    return lock


def _text(root: Path, path: str, limit: int, lock: Lock) -> str | None:
    try:
        size = (root / path).stat().st_size
        if size > limit:
            lock.problems.append(f"{size} bytes, limit {limit}")
            return None
        return (root / path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        lock.problems.append("is not UTF-8")
    except OSError as error:
        lock.problems.append(f"cannot be read: {error.strerror or error}")
    return None


def _packages(table: Any, key: str, *beside: str) -> list[dict[str, Any]]:
    """An array of tables. It is empty in a file that has a key `beside` it, and else it has to be there."""
    found = table.get(key, [] if set(beside) & set(table) else None)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise TypeError(f"expected an array of tables {key!r}")
    return found


def _pylock(lock: Lock, table: Any) -> None:
    for package in _packages(table, "packages"):
        if package.get("directory") is None:  # the project itself, or a folder beside it
            lock.add("pypi", package.get("name"), package.get("version"))


def _poetry(lock: Lock, table: Any) -> None:
    for package in _packages(table, "package", "metadata"):
        groups = package.get("groups")
        shipped = package.get("category", "main") == "main" and (not groups or {"main", "default"} & set(groups))
        lock.add("pypi", package.get("name"), package.get("version"), "binary" if shipped else "test-only")


def _pdm(lock: Lock, table: Any) -> None:
    """Extras and groups of tools stand side by side in it: only the words of a group's name tell them apart."""
    for package in _packages(table, "package", "metadata"):
        groups = package.get("groups") or ["default"]
        tests = all(set(re.split(r"[^a-z]+", str(group).lower())) & _FOR_TESTS for group in groups)
        lock.add("pypi", package.get("name"), package.get("version"), "test-only" if tests else "binary")


def _uv(lock: Lock, table: Any) -> None:
    packages = _packages(table, "package", "version")
    roots = [package for package in packages if {"virtual", "editable"} & set(package.get("source", {}))]
    shipped = _reached([need for root in roots for need in _needs(root)], packages)
    only_tests = _reached([need for root in roots for need in _named(root.get("dev-dependencies", {}))], packages)
    for package in packages:
        if package not in roots:
            tests = package.get("name") in only_tests - shipped
            lock.add("pypi", package.get("name"), package.get("version"), "test-only" if tests else "binary")


def _needs(package: dict[str, Any]) -> list[str]:
    plain = [str(need["name"]) for need in package.get("dependencies", [])]
    return plain + _named(package.get("optional-dependencies", {}))


def _named(groups: dict[str, list[dict[str, Any]]]) -> list[str]:
    return [str(need["name"]) for group in groups.values() for need in group]


def _reached(pending: list[str], packages: list[dict[str, Any]]) -> set[str]:
    needs: dict[str, list[str]] = {}
    for package in packages:
        needs.setdefault(str(package.get("name")), []).extend(_needs(package))
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(needs.get(name, ()))
    return seen


def _pipfile(lock: Lock, table: Any) -> None:
    if "default" not in table and "develop" not in table:
        raise KeyError("default")
    for section, use in (("default", "binary"), ("develop", "test-only")):
        for name, package in table.get(section, {}).items():
            lock.add("pypi", name, str(package.get("version", "")).removeprefix("=="), use)


def _npm(lock: Lock, table: Any) -> None:
    if "packages" not in table:
        _npm_nested(lock, table["dependencies"] if "lockfileVersion" not in table else table.get("dependencies", {}))
        return
    for path, package in table["packages"].items():
        # What lies outside node_modules is the project's own; a link leads to it.
        if "node_modules/" in path and not package.get("link"):
            name = package.get("name") or path.rpartition("node_modules/")[2]
            use = "test-only" if package.get("dev") else "binary"
            lock.add("npm", name, package.get("version"), use, package.get("license", ""))


def _npm_nested(lock: Lock, first: Any) -> None:
    pending = [first]
    while pending:
        for name, package in pending.pop().items():
            lock.add("npm", name, package.get("version"), "test-only" if package.get("dev") else "binary")
            if package.get("dependencies"):
                pending.append(package["dependencies"])


def _cargo(lock: Lock, table: Any) -> None:
    for package in _packages(table, "package", "version"):
        if "source" in package:  # a package without one is the project's own
            lock.add("cargo", package.get("name"), package.get("version"))


_READERS: dict[str, tuple[str, Reader]] = {
    "poetry.lock": ("toml", _poetry),
    "pdm.lock": ("toml", _pdm),
    "uv.lock": ("toml", _uv),
    "Pipfile.lock": ("json", _pipfile),
    "package-lock.json": ("json", _npm),
    "npm-shrinkwrap.json": ("json", _npm),
    "Cargo.lock": ("toml", _cargo),
}


def _requirements(lock: Lock, root: Path, text: str, limit: int) -> None:
    use = requirements_use(lock.path)
    seen, pending = {lock.path}, [(lock.path, text)]
    while pending:
        path, text = pending.pop()
        for line in _joined_lines(text):
            option = re.match(r"(?:-[rc]\s*|--(?:requirement|constraint)[= ]\s*)(\S+)", line)
            if option:
                inner = (PurePosixPath(path).parent / option.group(1)).as_posix()
                if inner not in seen and not is_lock(inner):
                    seen.add(inner)
                    pending += [(inner, more) for more in _included(lock, root, inner, limit, len(seen))]
            elif not _is_own(root, line) and (not re.match(r"--?[a-z]", line) or re.match(r"-e\s|--editable", line)):
                _requirement(lock, line, use)


def _included(lock: Lock, root: Path, path: str, limit: int, number: int) -> Iterator[str]:
    """The text of a file that a requirements file includes; one of a lock file's name is read by itself."""
    place = (root / path).resolve()
    if number > _MAX_INCLUDES or not place.is_relative_to(root.resolve()):
        lock.problems.append(f"includes {path}: outside of the tree, or too many files")
        return
    text = _text(root, path, limit, lock)
    if text is not None:
        yield text


def _joined_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = _OPTION.sub("", re.sub(r"(?:\A|\s)#.*", "", line)).strip()
        if line:
            yield line


def _is_own(root: Path, line: str) -> bool:
    """Whether a requirement is a folder of the tree, which pip takes from where it is run: at the tree's root."""
    folder = re.match(r"(?:-e\s+|--editable[= ]\s*)?(\.[^\s\[;]*)", line)
    if not folder:
        return False
    place = (root / folder.group(1)).resolve()
    return place.is_dir() and place.is_relative_to(root.resolve())


def _requirement(lock: Lock, line: str, use: str) -> None:
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        lock.problems.append(f"{line[:80]!r}: no package can be told from that")
        return
    pins = [item.version for item in wanted.specifier if item.operator in ("==", "===") and "*" not in item.version]
    if pins:
        lock.add("pypi", wanted.name, pins[0], use)
    else:
        lock.loose.append(line)


def requirements_use(path: str) -> str:
    """What a requirements file is for, by the words in its path."""
    words = set(re.split(r"[^a-z]+", path.lower()))
    if words & _FOR_TESTS:
        return "test-only"
    return "build-only" if "build" in words else "binary"
