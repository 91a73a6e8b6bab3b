# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a tree or an artefact is made of, as one list: the base of notices and of both SBOM formats."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from keima_audit.artefacts import Artefact
from keima_audit.dependencies import needs_of
from keima_audit.expressions import Node
from keima_audit.licenses import nodes_of
from keima_audit.policy import Policy
from keima_audit.resolve import Resolved, role_of
from keima_audit.tree import Tree
from keima_audit.verdicts import Usage, chosen

_IN_FLUX = re.compile(r"\.dist-info/(?:RECORD$|sboms/)")


@dataclass(frozen=True)
class Component:
    """One part. `license` is an SPDX expression after recorded choices, or NOASSERTION."""

    name: str
    version: str
    license: str
    kind: str
    path: str = ""
    origin: str = ""
    sha256: str = ""
    copyrights: tuple[str, ...] = ()
    notice: str = ""
    purl: str = ""


@dataclass(frozen=True)
class Bill:
    """A project or artefact with its parts and the licence texts at hand, by id.

    `sha256` is the artefact's own; `content` tells bills apart that cannot know it.
    """

    name: str
    version: str
    license: str
    parts: tuple[Component, ...]
    texts: dict[str, str]
    sha256: str = ""
    content: str = ""


def bill_of_tree(root: Path, tree: Tree, resolved: tuple[Resolved, ...], policy: Policy) -> Bill:
    """The project with its vendored parts, its foreign files and what it depends on."""
    usage = Usage()
    parts = [*_third_parties(resolved, policy, usage), *_foreign_files(resolved, policy, usage)]
    parts += _packages(root, tree, policy, usage, ("binary",))
    return Bill(
        name=str(policy.project.get("name", root.resolve().name)),
        version="",
        license=str(policy.outbound),
        parts=_ordered(parts),
        texts=_texts(root, tree),
    )


def bill_of_artefact(artefact: Artefact, policy: Policy) -> Bill:
    """A wheel or sdist with the libraries that it carries."""
    usage = Usage()
    parts = [
        Component(
            name=library.name,
            version=library.version,
            license=_settled(library.license, policy, usage),
            kind="library",
            path=library.path,
            origin=library.source,
            sha256=library.sha256,
            copyrights=library.copyrights,
        )
        for library in artefact.libraries
    ]
    license_text = _settled(artefact.license, policy, usage)
    texts, digest = dict(artefact.notices), _digest(artefact.path)
    return Bill(artefact.name, artefact.version, license_text, _ordered(parts), texts, digest)


def bill_inside(artefact: Artefact, policy: Policy) -> Bill:
    """The bill that lies in the wheel itself: it cannot know the hash of the file that it is a part of.

    `content` is the hash of all other members together, so that a bill is told from that of another build.
    """
    others = {path: digest for path, digest in artefact.files.items() if not _IN_FLUX.search(path)}
    told = "".join(f"{digest} {path}\n" for path, digest in sorted(others.items()))
    return replace(bill_of_artefact(artefact, policy), sha256="", content=hashlib.sha256(told.encode()).hexdigest())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _third_parties(resolved: tuple[Resolved, ...], policy: Policy, usage: Usage) -> Iterable[Component]:
    for entry in policy.entries["third-party"]:
        inside = [item for item in resolved if item.third_party is entry]
        said = [line for item in inside for line in item.facts.scan.copyrights]
        yield Component(
            name=str(entry.get("name")),
            version=str(entry.get("version", "")),
            license=_settled(str(entry.get("license")), policy, usage),
            kind="vendored",
            path=entry.paths[0],
            origin=str(entry.get("origin", "")),
            copyrights=tuple(sorted(set(said))),
        )


def _foreign_files(resolved: tuple[Resolved, ...], policy: Policy, usage: Usage) -> Iterable[Component]:
    """Files that are not under the project's own licence and belong to no declared third party."""
    for item in resolved:
        skipped = item.role in ("license-text", "document", "sidecar", "config") or item.third_party
        if skipped or item.node is None or item.node == policy.outbound or item.use not in ("source", "binary"):
            continue
        yield Component(
            name=PurePosixPath(item.path).name,
            version="",
            license=_settled(item.node, policy, usage),
            kind="file",
            path=item.path,
            sha256=item.facts.sha256,
            copyrights=item.facts.scan.copyrights,
        )


def _packages(root: Path, tree: Tree, policy: Policy, usage: Usage, uses: tuple[str, ...]) -> Iterable[Component]:
    for package in needs_of(root, tree.paths, policy, usage).packages:
        if package.use in uses:
            yield Component(
                name=package.name,
                version=package.version,
                license=_settled(package.license, policy, usage),
                kind="dependency",
                notice=package.notice,
                purl=package.purl,
            )


def _settled(license_text: str | Node, policy: Policy, usage: Usage) -> str:
    if isinstance(license_text, str):
        nodes = nodes_of((license_text,))
        if not nodes:
            return "NOASSERTION"
        license_text = nodes[0]
    return str(chosen(license_text, policy, usage)[0])


def _ordered(parts: Iterable[Component]) -> tuple[Component, ...]:
    return tuple(sorted(parts, key=lambda part: (part.kind, part.name, part.path, part.version)))


def _texts(root: Path, tree: Tree) -> dict[str, str]:
    """The texts of LICENSES/, by id, and of the other licence files, by path."""
    texts = {}
    for facts in tree.files:
        if facts.entry.kind == "file" and role_of(facts.path) == "license-text":
            key = PurePosixPath(facts.path).stem if facts.path.startswith("LICENSES/") else facts.path
            texts[key] = (root / facts.path).read_text(encoding="utf-8", errors="replace")
    return texts
