# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The licences of what a project depends on: Python packages with all they need, lock files, CMake downloads.

Licences are those of the installed packages: a manifest cannot know what is inside. A package that is not installed
here has to be declared in audit.toml, or it is a finding, and so is one that is locked in another version.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.message import Message
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from keima_audit.expressions import parse
from keima_audit.licenses import nodes_of
from keima_audit.lockfiles import Lock, Locked, is_lock, read_lock, requirements_use
from keima_audit.policy import Entry, Policy
from keima_audit.rules import Finding
from keima_audit.verdicts import Subject, Usage, judge

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
}
_PHRASES = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "mit license": "MIT",
    "the mit license": "MIT",
    "mpl 2.0": "MPL-2.0",
    "psf": "PSF-2.0",
    "public domain": "LicenseRef-scancode-public-domain",
}
_CMAKE_FETCH = re.compile(r"(?:FetchContent_Declare|ExternalProject_Add|CPMAddPackage)\s*\(\s*\"?([\w.+-]+)", re.I)


@dataclass(frozen=True)
class Package:
    """One dependency: its use is that of the requirement that leads to it."""

    name: str
    version: str
    license: str
    use: str
    via: str
    origin: str
    notice: str = ""
    because: str = ""
    locked: str = ""
    """The lock file that names the version, if one does."""
    read_from: str = ""
    """The version that is installed here, whose metadata the licence was read from."""

    @property
    def purl(self) -> str:
        """The package's URL, for those of a registry."""
        ecosystem, _, name = self.name.rpartition(":")
        if not ecosystem and self.origin != "pyproject.toml" and not is_lock(self.origin):
            return ""
        return f"pkg:{ecosystem or 'pypi'}/{quote(name, safe='/')}@{quote(self.version)}"


def dependency_findings(packages: list[Package], policy: Policy, usage: Usage) -> tuple[Finding, ...]:
    """What speaks against the project's dependencies."""
    found: list[Finding] = []
    for package in packages:
        where = package.origin
        if package.read_from not in ("", package.version):
            message = f"{package.name} is locked as {package.version}, its licence was read from {package.read_from}"
            found.append(Finding("lock-mismatch", message, package.locked, subject=package.name, package=package.name))
        nodes = nodes_of((package.license,))
        if not nodes:
            said = f"its metadata says {package.license[:80]!r}" if package.license else "nothing is known of it"
            message = f"{package.name} {package.version} (needed by {package.via}): {said}"
            found.append(Finding("dependency-unknown", message, where, subject=package.name, package=package.name))
            continue
        why = (f"{package.via} needs {package.name} {package.version}; {package.because}",)
        subject = Subject(package.name, package.use, where, evidence=why, package=package.name)
        for finding in judge(nodes[0], subject, policy, usage):
            found.append(_named(finding, package))
    return tuple(found)


def _named(finding: Finding, package: Package) -> Finding:
    return replace(finding, message=f"{package.name} {package.version}: {finding.message}", package=package.name)


class Needs(NamedTuple):
    """What the files of a tree lead to, and the lock files among them."""

    packages: list[Package]
    locks: list[Lock]


def needs_of(root: Path, files: Iterable[str], policy: Policy, usage: Usage) -> Needs:
    """Every dependency, with what it needs in turn, sorted by name."""
    files = sorted(files)
    declared = {canonicalize_name(entry.get("name")): entry for entry in policy.entries["dependency"]}
    locks = locks_of(root, files, policy)
    packages = {package.name: package for package in _python_packages(root, declared, locks)}
    for lock in locks:
        for item in lock.packages:
            _take_up(item, lock.path, packages, declared)
    for package in (*_cmake_packages(root, files, declared), *_meson_packages(root, files, declared)):
        packages.setdefault(package.name, package)
    names = {canonicalize_name(package.name) for package in packages.values()}
    for name, entry in declared.items():
        if name in names:
            usage.mark("dependency", entry)
    return Needs([packages[name] for name in sorted(packages)], locks)


def locks_of(root: Path, files: Iterable[str], policy: Policy) -> list[Lock]:
    """The lock files of a tree, but for those of declared third parties: what those need is their own affair."""
    paths = (path for path in files if is_lock(path) and not policy.matching("third-party", path))
    locks = [read_lock(root, path, policy.limits["file-bytes"]) for path in paths]
    for lock in locks:
        use, entry = policy.use_of(lock.path)
        if entry is not None and use != "source":
            lock.packages = [replace(item, use=use) for item in lock.packages]
    return locks


def lock_findings(locks: list[Lock]) -> tuple[Finding, ...]:
    """The lock files that could not be read, whole or in part."""
    return tuple(
        Finding("lock-unread", problem, lock.path, subject=problem)
        for lock in locks
        for problem in dict.fromkeys(lock.problems)
    )


def _take_up(item: Locked, path: str, packages: dict[str, Package], declared: dict[Any, Entry]) -> None:
    """Add a package of a lock file, or tell one that is known already in which version it is locked."""
    key, known = item.key, packages.get(item.key)
    if known is not None and known.locked and known.version != item.version:
        key = f"{item.key} {item.version}"
        known = packages.get(key)
    if known is None:
        entry = declared.get(canonicalize_name(item.key))
        found = _look_up(item.key, item.use, path, entry)[0]
        known = replace(found, origin=path)
        if not known.license and item.license:
            known = replace(known, license=item.license, because=f"{path} says {item.license}")
    packages[key] = replace(known, version=item.version or known.version, locked=path) if not known.locked else known


def _python_packages(root: Path, declared: dict[Any, Entry], locks: list[Lock]) -> Iterator[Package]:
    seen: dict[str, frozenset[str]] = {}
    yield from _of_manifest(root, declared, seen)
    for lock in locks:
        for text in lock.loose:
            for package in _resolve(text, requirements_use(lock.path), lock.path, declared, seen, ""):
                yield replace(package, origin=lock.path)


def _of_manifest(root: Path, declared: dict[Any, Entry], seen: dict[str, frozenset[str]]) -> Iterator[Package]:
    manifest = root / "pyproject.toml"
    if not manifest.is_file():
        return
    try:
        table = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        yield Package("pyproject.toml", "", "", "source", "the project", "pyproject.toml")
        return
    own = canonicalize_name(table.get("project", {}).get("name", ""))
    # Run-time needs first: what is needed at run time and for tests is judged as run time.
    for requirement, use, via in _requirements(table):
        yield from _resolve(requirement, use, via, declared, seen, own)


def _requirements(table: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    project = table.get("project", {})
    for text in project.get("dependencies", []):
        yield text, "binary", "the project"
    for extra, texts in project.get("optional-dependencies", {}).items():
        for text in texts:
            yield text, "binary", f"extra {extra}"
    for text in table.get("build-system", {}).get("requires", []):
        yield text, "build-only", "the build"
    for group, texts in table.get("dependency-groups", {}).items():
        for text in texts:
            if isinstance(text, str):
                yield text, "test-only", f"group {group}"


def _resolve(
    text: str, use: str, via: str, declared: dict[Any, Entry], seen: dict[str, frozenset[str]], own: str
) -> Iterator[Package]:
    pending = [(text, via, frozenset[str]())]
    while pending:
        wanted, needed_by, extras = pending.pop()
        try:
            requirement = Requirement(wanted)
        except InvalidRequirement:
            yield Package(wanted, "", "", use, needed_by, "pyproject.toml")
            continue
        if requirement.marker and not any(requirement.marker.evaluate({"extra": e}) for e in extras | {""}):
            continue
        name = canonicalize_name(requirement.name)
        asked = frozenset(requirement.extras)
        if name == own or (name in seen and asked <= seen[name]):
            continue
        package, needs = _look_up(name, use, needed_by, declared.get(name))
        if name not in seen:
            yield package
        seen[name] = seen.get(name, frozenset()) | asked
        pending += [(need, name, asked) for need in needs]


def _look_up(name: str, use: str, via: str, entry: Entry | None) -> tuple[Package, list[str]]:
    given = str(entry.get("license", "")) if entry else ""
    declared = f"audit.toml:{entry.line} declares {given}" if entry and given else ""
    try:
        if ":" in name:
            raise PackageNotFoundError  # of another registry than PyPI
        found = distribution(name)
    except PackageNotFoundError:
        version = str(entry.get("version", "")) if entry else ""
        why = declared or "it is not installed here, and audit.toml declares no licence for it"
        return Package(name, version, given, _use(entry, use), via, "pyproject.toml", because=why), []
    said, why, _ = license_in(found.metadata)
    package = Package(
        name,
        found.version,
        given or said,
        _use(entry, use),
        via,
        "pyproject.toml",
        notice_of(found),
        f"{declared}; {why}" if declared else why,
        read_from="" if given else found.version,
    )
    return package, list(found.requires or [])


def _use(entry: Entry | None, use: str) -> str:
    return str(entry.get("use", use)) if entry else use


class Stated(NamedTuple):
    """A licence as METADATA states it, and where. A classifier is not exact: it stands for a family of texts."""

    text: str
    why: str
    exact: bool = True


def license_in(meta: Message | PackageMetadata) -> Stated:
    """A package's licence and where its METADATA says so: the SPDX expression, a classifier, or a known phrase."""
    if "License-Expression" in meta:
        said = str(meta["License-Expression"])
        return Stated(said, f"its metadata has License-Expression: {said}")
    lines = [str(line) for line in meta.get_all("Classifier") or []]
    named = [line.split("::")[-1].strip() for line in lines if "License ::" in line]
    mapped = [_CLASSIFIERS[name] for name in named if name in _CLASSIFIERS]
    # A field with letters beyond ASCII comes as an object of its own.
    text = str(meta["License"]).strip() if "License" in meta else ""
    first = text.split("\n", 1)[0]
    precise = _PHRASES.get(text.lower(), text)
    if precise and "\n" not in precise and parse(precise).node and not parse(precise).problems:
        return Stated(precise, f"its metadata has License: {first}")
    if mapped:
        why = f"its metadata has the classifiers {', '.join(named)}"
        return Stated(" AND ".join(dict.fromkeys(mapped)), why, exact=False)
    return Stated(first, f"its metadata has License: {first[:80]}" if first else "its metadata names no licence")


def notice_of(found: Distribution) -> str:
    """The text of the package's NOTICE file, where it ships one."""
    for file in found.files or []:
        if file.name.upper().startswith("NOTICE") and "dist-info" in str(file):
            try:
                return Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")
            except OSError:
                return ""
    return ""


def _cmake_packages(root: Path, files: Iterable[str], declared: dict[Any, Entry]) -> Iterator[Package]:
    for path in files:
        if path.rpartition("/")[2] == "CMakeLists.txt" or path.endswith(".cmake"):
            for name in _CMAKE_FETCH.findall((root / path).read_text(encoding="utf-8", errors="replace")):
                yield _fetched(name, "CMake", path, declared)


def _meson_packages(root: Path, files: Iterable[str], declared: dict[Any, Entry]) -> Iterator[Package]:
    """Meson's wrap files name what the build fetches; a subproject that lies there already is read as files."""
    for path in files:
        if not path.startswith("subprojects/") or not path.endswith(".wrap"):
            continue
        wrap = PurePosixPath(path)
        if wrap.parent.as_posix() == "subprojects" and not (root / wrap.with_suffix("")).is_dir():
            yield _fetched(wrap.stem, "Meson", path, declared)


def _fetched(said: str, by: str, path: str, declared: dict[Any, Entry]) -> Package:
    name = canonicalize_name(said)
    entry = declared.get(name)
    given, version = (str(entry.get(key, "")) if entry else "" for key in ("license", "version"))
    return Package(name, version, given, _use(entry, "binary"), by, path)
