# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The licences of what a project depends on: Python packages with all they need, and CMake downloads.

Versions and licences are those of the installed packages: a manifest cannot know what is inside. A package
that is not installed here has to be declared in audit.toml, or it is a finding.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from keima_audit.expressions import parse
from keima_audit.licenses import nodes_of
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


def dependency_findings(packages: list[Package], policy: Policy, usage: Usage) -> tuple[Finding, ...]:
    """What speaks against the project's dependencies."""
    found: list[Finding] = []
    for package in packages:
        where = package.origin
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


def packages_of(root: Path, policy: Policy, usage: Usage) -> list[Package]:
    """Every Python dependency with what it needs in turn, and every CMake download, sorted by name."""
    declared = {canonicalize_name(entry.get("name")): entry for entry in policy.entries["dependency"]}
    packages = {package.name: package for package in _python_packages(root, declared)}
    for package in (*_cmake_packages(root, declared), *_meson_packages(root, declared)):
        packages.setdefault(package.name, package)
    for name, entry in declared.items():
        if name in packages:
            usage.mark("dependency", entry)
    return [packages[name] for name in sorted(packages)]


def _python_packages(root: Path, declared: dict[Any, Entry]) -> Iterator[Package]:
    manifest = root / "pyproject.toml"
    if not manifest.is_file():
        return
    try:
        table = tomllib.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        yield Package("pyproject.toml", "", "", "source", "the project", "pyproject.toml")
        return
    own = canonicalize_name(table.get("project", {}).get("name", ""))
    seen: dict[str, frozenset[str]] = {}
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
        found = distribution(name)
    except PackageNotFoundError:
        version = str(entry.get("version", "")) if entry else ""
        why = declared or "it is not installed here, and audit.toml declares no licence for it"
        return Package(name, version, given, _use(entry, use), via, "pyproject.toml", because=why), []
    said, why = license_in(found.metadata)
    package = Package(
        name,
        found.version,
        given or said,
        _use(entry, use),
        via,
        "pyproject.toml",
        notice_of(found),
        f"{declared}; {why}" if declared else why,
    )
    return package, list(found.requires or [])


def _use(entry: Entry | None, use: str) -> str:
    return str(entry.get("use", use)) if entry else use


def license_in(meta: Message | PackageMetadata) -> tuple[str, str]:
    """A package's licence and where its METADATA says so: the SPDX expression, a classifier, or a known phrase."""
    if "License-Expression" in meta:
        said = str(meta["License-Expression"])
        return said, f"its metadata has License-Expression: {said}"
    lines = [str(line) for line in meta.get_all("Classifier") or []]
    named = [line.split("::")[-1].strip() for line in lines if "License ::" in line]
    mapped = [_CLASSIFIERS[name] for name in named if name in _CLASSIFIERS]
    # A field with letters beyond ASCII comes as an object of its own.
    text = str(meta["License"]).strip() if "License" in meta else ""
    first = text.split("\n", 1)[0]
    precise = _PHRASES.get(text.lower(), text)
    if precise and "\n" not in precise and parse(precise).node and not parse(precise).problems:
        return precise, f"its metadata has License: {first}"
    if mapped:
        return " AND ".join(dict.fromkeys(mapped)), f"its metadata has the classifiers {', '.join(named)}"
    return first, f"its metadata has License: {first[:80]}" if first else "its metadata names no licence"


def notice_of(found: Distribution) -> str:
    """The text of the package's NOTICE file, where it ships one."""
    for file in found.files or []:
        if file.name.upper().startswith("NOTICE") and "dist-info" in str(file):
            try:
                return Path(str(file.locate())).read_text(encoding="utf-8", errors="replace")
            except OSError:
                return ""
    return ""


def _cmake_packages(root: Path, declared: dict[Any, Entry]) -> Iterator[Package]:
    for path in sorted([*root.glob("**/CMakeLists.txt"), *root.glob("**/*.cmake")]):
        relative = path.relative_to(root)
        if any(part.startswith(".") or part == "build" for part in relative.parts):
            continue
        for name in _CMAKE_FETCH.findall(path.read_text(encoding="utf-8", errors="replace")):
            entry = declared.get(canonicalize_name(name))
            given = str(entry.get("license", "")) if entry else ""
            version = str(entry.get("version", "")) if entry else ""
            yield Package(canonicalize_name(name), version, given, _use(entry, "binary"), "CMake", relative.as_posix())


def _meson_packages(root: Path, declared: dict[Any, Entry]) -> Iterator[Package]:
    """Meson's wrap files name what the build fetches; a subproject that lies there already is read as files."""
    for path in sorted(root.glob("subprojects/*.wrap")):
        if path.is_symlink() or (path.parent / path.stem).is_dir():
            continue
        name = canonicalize_name(path.stem)
        entry = declared.get(name)
        given = str(entry.get("license", "")) if entry else ""
        version = str(entry.get("version", "")) if entry else ""
        where = path.relative_to(root).as_posix()
        yield Package(name, version, given, _use(entry, "binary"), "Meson", where)
