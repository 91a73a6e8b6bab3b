# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The findings on a wheel or sdist: what it carries, whether it may, and whether the texts travel with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from keima_audit.artefacts import Artefact
from keima_audit.attribution import has_own_text, speakers
from keima_audit.bundled import EXTENSION_MODULE, Bundled, aliases, base_name, may_be_redistributed, same_name
from keima_audit.datafiles import load_table
from keima_audit.detect.scan import Scan
from keima_audit.expressions import Node, Term, conjunction, terms
from keima_audit.licenses import nodes_of
from keima_audit.policy import Policy
from keima_audit.rules import Finding
from keima_audit.tree import Tree
from keima_audit.tree_rules import is_met, one_text_serves
from keima_audit.verdicts import Subject, Usage, chosen, judge

_WORD = re.compile(r"[a-z0-9_.+-]+")
_OWN_TEXT = re.compile(r"\.dist-info/(?:licenses/)?(?:licen[cs]e|copying)[^/]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Shipment:
    """An artefact under a policy. `tree` is the source it was built from, where it is known."""

    artefact: Artefact
    policy: Policy
    usage: Usage
    tree: Tree | None = None

    @property
    def use(self) -> str:
        """Wheels are `binary`, sdists are `source`."""
        return "binary" if self.artefact.path.suffix == ".whl" else "source"


def artefact_findings(shipment: Shipment) -> list[Finding]:
    """Everything that speaks against passing the artefact on."""
    found: list[Finding] = []
    for concern in (_record, _own_license, _files, _libraries, _obligations, _vendor_lists, _untraced, _sboms):
        found.extend(concern(shipment))
    return found


def _record(shipment: Shipment) -> Iterator[Finding]:
    for path, problem in shipment.artefact.record_problems:
        yield Finding("record-mismatch", problem, path)


def _own_license(shipment: Shipment) -> Iterator[Finding]:
    artefact = shipment.artefact
    nodes = nodes_of((artefact.license,))
    if not nodes:
        said = repr(artefact.license[:60]) if artefact.license else "nothing"
        yield Finding("expression-invalid", f"the metadata of {artefact.name} states {said}", "METADATA")
        return
    if artefact.license_exact or not any(_OWN_TEXT.search(path) for path in artefact.notices):
        for term in terms(nodes[0]):
            yield from _missing_text(shipment, term, "METADATA", artefact.name)
    if nodes[0] != shipment.policy.outbound:
        subject = Subject(artefact.name, shipment.use, "METADATA", evidence=("the artefact's own metadata says so",))
        yield from judge(nodes[0], subject, shipment.policy, shipment.usage)


def _files(shipment: Shipment) -> Iterator[Finding]:
    """What the files say of themselves has to be allowed too: one finding for a licence, at its first file."""
    said: dict[tuple[str, Node], list[str]] = {}
    unclear: dict[str, list[str]] = {}
    for path, scan in sorted(shipment.artefact.statements.items()):
        clarified = _clarification(shipment, path)
        raws = (clarified,) if clarified else tuple(dict.fromkeys(match.raw for match in scan.own))
        node = conjunction(nodes_of(raws))
        if node is not None:
            said.setdefault((_use_of_file(shipment, path, scan), node), []).append(path)
        else:
            unclear.setdefault(scan.matches[0].rule, []).append(path)
    for (use, node), paths in said.items():
        digest = shipment.artefact.files[paths[0]]
        why = (f"{paths[0]}{_and_others(paths)} say {node} of themselves",)
        subject = Subject(paths[0], use, paths[0], sha256=digest, evidence=why)
        for finding in judge(node, subject, shipment.policy, shipment.usage):
            yield replace(finding, message=finding.message + _and_others(paths))
    for rule, paths in unclear.items():
        message = f"{rule}, and no licence that could be named{_and_others(paths)}"
        yield Finding("needs-review", message, paths[0], sha256=shipment.artefact.files[paths[0]], subject=rule)


def _and_others(paths: list[str]) -> str:
    return f" (and {len(paths) - 1} more files)" if len(paths) > 1 else ""


def _use_of_file(shipment: Shipment, path: str, scan: Scan) -> str:
    use = shipment.use
    if use == "source":
        # An sdist has the tree's paths below a folder of its own.
        use, _ = shipment.policy.use_of(path.partition("/")[2])
    return "weights" if scan.kind == "weights" and use in ("source", "binary") else use


def _clarification(shipment: Shipment, path: str) -> str:
    digest = shipment.artefact.files[path]
    for entry in shipment.policy.entries["clarification"]:
        if entry.get("sha256") == digest:
            shipment.usage.mark("clarification", entry)
            return str(entry.get("license"))
    return ""


def _libraries(shipment: Shipment) -> Iterator[Finding]:
    for library in shipment.artefact.libraries:
        if library.entry is not None:
            shipment.usage.mark("bundled", library.entry)
        for node in nodes_of((library.license,)):
            subject = Subject(
                library.name,
                shipment.use,
                library.path,
                sha256=library.sha256,
                evidence=(_why(library),),
                package=library.name,
            )
            yield from judge(node, subject, shipment.policy, shipment.usage)
    for path in shipment.artefact.unknown:
        message = "a shared library that nobody has declared and no list names"
        yield Finding("binary-undeclared", message, path, sha256=shipment.artefact.files[path])


def _why(library: Bundled) -> str:
    ways = {
        "declared": "audit.toml declares it",
        "name": "its file name is known",
        "soname": "its file name says another library, the name inside it says this one",
        "marker": "its own text stands inside the binary",
    }
    return f"{library.path} is {library.name} ({library.license}): {ways[library.how]}"


def _obligations(shipment: Shipment) -> Iterator[Finding]:
    """Each licence that the artefact carries: its text, and what only a person can do."""
    says = {key: entry["says"] for key, entry in load_table("obligations.toml")["obligation"].items()}
    done: set[tuple[str, str]] = set()
    for library in shipment.artefact.libraries:
        for node in nodes_of((library.license,)):
            settled, is_open = chosen(node, shipment.policy, shipment.usage)
            for term in () if is_open else terms(settled):
                if (library.name, str(term)) in done:
                    continue
                done.add((library.name, str(term)))
                missing = list(_missing_text(shipment, term, library.path, library.name))
                yield from missing or _texts_of_others(shipment, term, library)
                yield from _unmet(shipment, term, library, says)


def _unmet(shipment: Shipment, term: Term, library: Bundled, says: dict[str, str]) -> Iterator[Finding]:
    for obligation in shipment.policy.catalogue.obligations_for(term, shipment.use):
        if obligation.met_by != "statement":
            continue
        if obligation.key == "replaceable-library" and not library.static:
            continue  # a shared library of its own in the wheel can be replaced
        if obligation.key == "redistribution-terms" and _listed(shipment, library):
            continue
        if not is_met(shipment.policy, shipment.usage, obligation.key, str(term), library.name):
            message = f"{library.name}, {term}: {says[obligation.key]}"
            if library.source:
                message += f" Its source: {library.source}"
            yield Finding("obligation-unmet", message, library.path, subject=f"{library.name} {obligation.key}")


def _missing_text(shipment: Shipment, term: Term, path: str, who: str) -> Iterator[Finding]:
    wanted = {key.key for key in shipment.policy.catalogue.obligations_for(term, shipment.use)}
    if "license-text" not in wanted and not (shipment.use == "source" and "license-text-source" in wanted):
        return
    names = [term.license] + ([term.exception] if term.exception else [])
    missing = [name for name in names if not one_text_serves(name, shipment.artefact.texts)]
    if missing:
        message = f"{who} is under {term}; no text of {' or '.join(missing)} in {shipment.artefact.path.name}"
        yield Finding("text-missing", message, path, subject=f"{who} {term}")


def _texts_of_others(shipment: Shipment, term: Term, library: Bundled) -> Iterator[Finding]:
    """The licence's text is there. Is it this library's, and does a notice say that the library is there at all?"""
    artefact, facts = shipment.artefact, shipment.policy.catalogue.facts_of(term)
    wanted = {key.key for key in shipment.policy.catalogue.obligations_for(term, shipment.use)}
    # The project's own libraries are under its own licence file.
    if facts is None or "copyright-notice" not in wanted or same_name(library.name, artefact.name):
        return
    documents = speakers(library, artefact.passages)
    if not documents:
        if facts.text == "holder" or facts.family != "permissive":
            message = f"no licence file speaks of {library.name}, which is under {term}"
            yield Finding("text-missing", message, library.path, subject=f"{library.name} {term}")
    elif facts.text == "holder" and not has_own_text(library, term.license, artefact.passages):
        message = f"{library.name} is under {term}; {documents[0]} speaks of it without that text"
        yield Finding("text-missing", message, library.path, subject=f"{library.name} {term}")


def _listed(shipment: Shipment, library: Bundled) -> bool:
    lists = _list_of(shipment, library)
    return lists is not None and may_be_redistributed(library.path, lists)


def _list_of(shipment: Shipment, library: Bundled) -> str | None:
    for node in nodes_of((library.license,)):
        for term in terms(node):
            facts = shipment.policy.catalogue.facts_of(term)
            if facts is not None and facts.lists:
                return facts.lists
    return None


def _vendor_lists(shipment: Shipment) -> Iterator[Finding]:
    for library in shipment.artefact.libraries:
        table = _list_of(shipment, library)
        if table is not None and not may_be_redistributed(library.path, table):
            terms_of = load_table("redistribution.toml")[table]
            message = f"{PurePosixPath(library.path).name} is not in {terms_of['terms']}; {terms_of['link']}"
            yield Finding("redistribution-list", message, library.path, sha256=library.sha256)


def _untraced(shipment: Shipment) -> Iterator[Finding]:
    """Every file comes from the source tree, is a known library, an extension module, or metadata."""
    if shipment.tree is None:
        return
    sources = {facts.sha256 for facts in shipment.tree.files if facts.sha256}
    known = {library.path for library in shipment.artefact.libraries} | set(shipment.artefact.unknown)
    for path, digest in shipment.artefact.files.items():
        metadata = ".dist-info/" in path or path.endswith(("PKG-INFO", ".egg-info"))
        if metadata or path in known or digest in sources or EXTENSION_MODULE.search(path):
            continue
        entries = shipment.policy.matching("bundled", path)
        for entry in entries:
            shipment.usage.mark("bundled", entry)
        if not entries:
            yield Finding("untraced-file", "no source file has this content", path, sha256=digest)


def _sboms(shipment: Shipment) -> Iterator[Finding]:
    """A wheel that carries libraries carries an SBOM that names them (PEP 770)."""
    artefact = shipment.artefact
    if not artefact.libraries or shipment.use != "binary":
        return
    if not artefact.sboms:
        yield Finding("sbom-missing", f"{len(artefact.libraries)} libraries and no SBOM", "METADATA")
        return
    text = json.dumps(list(artefact.sboms.values())).lower()
    words = frozenset(_WORD.findall(text))
    for library in artefact.libraries:
        if not _is_listed(library, words, text):
            message = f"{library.name} ({library.path}) is in no SBOM of the wheel"
            yield Finding("sbom-incomplete", message, library.path, sha256=library.sha256, subject=library.name)


def _is_listed(library: Bundled, words: frozenset[str], text: str) -> bool:
    """Whether an SBOM names it: distributions say `openblas-threads` or `openssl-libs`, some say "Little CMS 2"."""
    named = any(name.lower() in words for name in _names_of(library))
    packaged = any(word.startswith(f"{library.name}-") for word in words)
    return named or packaged or any(f'"{alias.lower()}"' in text for alias in aliases(library.name))


def _names_of(library: Bundled) -> set[str]:
    """What an SBOM may call the library: its file, its file without auditwheel's hash, its name, its content."""
    stem = base_name(library.path).partition(".so")[0]
    return {PurePosixPath(library.path).name, stem, library.name, library.sha256}
