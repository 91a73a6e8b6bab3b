# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Decides which licence each file is under, and why: the chain of evidence that `explain` prints.

Order: a person's clarification, pinned to the content; what the file and its declarations say; the source of
a generated file; the declared licence of its third-party folder; the nearest licence file above it. A
vendored folder never inherits from the project around it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from keima_audit.datafiles import load_table
from keima_audit.declarations import Declaration
from keima_audit.detect.scan import Match
from keima_audit.expressions import Node, conjunction
from keima_audit.licenses import nodes_of
from keima_audit.policy import Entry, Policy
from keima_audit.tree import FileFacts, Tree


@dataclass(frozen=True)
class Resolved:
    """The licence of one file. how: clarified | own | declared | generated | third-party | inherited | none.

    role: code | license-text | document | sidecar | media | data | config (a file that says what others are).
    """

    facts: FileFacts
    role: str
    how: str
    node: Node | None
    evidence: tuple[str, ...]
    use: str
    vendored: str = ""
    third_party: Entry | None = None
    clarification: Entry | None = None

    @property
    def path(self) -> str:
        """The file's path."""
        return self.facts.path


def role_of(path: str) -> str:
    """What kind of document the file is, by its name alone. `LICENSE.py` is code."""
    folder, _, name = path.rpartition("/")
    if folder == "LICENSES":
        return "license-text"
    if path.endswith(".license"):
        return "sidecar"
    named, by_suffix = _roles()
    upper = name.upper()
    if upper in named:
        return named[upper]
    stem, dot, suffix = name.lower().rpartition(".")
    if stem and dot + suffix in by_suffix:
        return by_suffix[dot + suffix]
    return "config" if name in ("REUSE.toml", "audit.toml") else "code"


@cache
def _roles() -> tuple[dict[str, str], dict[str, str]]:
    """Roles by a file's whole name in upper case, and by its suffix."""
    layout = load_table("layout.toml")
    named = {
        name + suffix.upper(): role
        for role, key in (("document", "document_names"), ("license-text", "license_names"))
        for name in layout[key]
        for suffix in layout["document_suffixes"]
    }
    suffixes = dict.fromkeys(layout["weight_suffixes"], "data") | dict.fromkeys(layout["media_suffixes"], "media")
    return named, suffixes


@cache
def _vendors() -> frozenset[str]:
    return frozenset(load_table("layout.toml")["vendored"])


def vendored_root(path: str) -> str:
    """The folder of somebody else's work that the path lies in, or ""."""
    # Asked several times about every file: pathlib would take a fifth of a warm run.
    parts = path.split("/")
    names = _vendors()
    for index in range(len(parts) - 2):
        if parts[index].lower() in names:
            return "/".join(parts[: index + 2])
    return ""


def own_nodes(facts: FileFacts) -> list[Node]:
    """The licences that a file states of itself."""
    return nodes_of(tuple(match.raw for match in facts.scan.own))


class Resolver:
    """Resolves the files of one tree under one policy."""

    def __init__(self, tree: Tree, policy: Policy) -> None:
        self._tree, self._policy = tree, policy
        self._texts = self._license_files()

    def _license_files(self) -> dict[str, tuple[str, Node]]:
        """For each folder with licence files: their first path, and what they say together."""
        said: dict[str, list[tuple[str, Node]]] = {}
        for facts in self._tree.files:
            if role_of(facts.path) != "license-text" or facts.path.startswith("LICENSES/"):
                continue
            raws = [match.raw for match in facts.scan.own]
            node = conjunction(nodes_of(tuple(dict.fromkeys(raws))))
            clarified = self._clarification(facts)
            if clarified:
                node = conjunction(nodes_of((clarified.get("license"),)))
            if node is not None:
                folder = facts.path.rpartition("/")[0]
                said.setdefault(folder, []).append((facts.path, node))
        return {folder: (found[0][0], _all(found)) for folder, found in said.items()}

    def license_file(self, folder: str) -> tuple[str, Node] | None:
        """The licence files directly in a folder, and what they say together."""
        return self._texts.get(folder)

    def resolve(self, facts: FileFacts) -> Resolved:
        """The licence of one file."""
        use, _ = self._policy.use_of(facts.path)
        third = self._policy.matching("third-party", facts.path)
        base = Resolved(facts, role_of(facts.path), "none", None, (), use, vendored_root(facts.path))
        base = replace(base, third_party=third[-1] if third else None)
        for step in (self._clarified, self._own, self._generated, self._of_third_party, self._inherited):
            found = step(base)
            if found is not None:
                return found
        return replace(base, evidence=("nothing in the file, beside it or above it states a licence",))

    def _clarification(self, facts: FileFacts) -> Entry | None:
        for entry in self._policy.entries["clarification"]:
            if entry.get("path") == facts.path and entry.get("sha256") == facts.sha256:
                return entry
        return None

    def _clarified(self, base: Resolved) -> Resolved | None:
        entry = self._clarification(base.facts)
        if entry is None:
            return None
        why = f"audit.toml:{entry.line} clarifies this content as {entry.get('license')}: {entry.get('reason')}"
        node = conjunction(nodes_of((entry.get("license"),)))
        return replace(base, how="clarified", node=node, evidence=(why,), clarification=entry)

    def _own(self, base: Resolved) -> Resolved | None:
        if base.role in ("license-text", "document"):
            return None
        own = base.facts.scan.own
        if self._source_of_generated(base) is not None:
            # The generator's own notice is not its output's licence; without the source, nothing else speaks.
            own = tuple(match for match in own if match.origin == "tag")
        evidence = [_say(match) for match in own]
        raws = [match.raw for match in own]
        how = "own"
        for declaration in base.facts.declared:
            if declaration.precedence == "override" and declaration.raws:
                raws, how = list(declaration.raws), "declared"
            elif declaration.precedence == "aggregate" or not raws:
                raws += declaration.raws
                how = "own" if own else "declared"
            else:
                continue
            evidence.append(_say_declared(declaration))
            break
        node = conjunction(nodes_of(tuple(dict.fromkeys(raws))))
        return replace(base, how=how, node=node, evidence=tuple(evidence)) if node is not None else None

    def _generated(self, base: Resolved) -> Resolved | None:
        found = self._source_of_generated(base)
        if found is None:
            return None
        remarks = [remark for remark in base.facts.scan.remarks if remark.code == "generated"]
        inner = self.resolve(found)
        by = remarks[0].text if remarks else "a generator"
        why = f"written by {by} from {found.path}, whose licence it takes"
        return replace(base, how="generated", node=inner.node, evidence=(why, *inner.evidence))

    def _source_of_generated(self, base: Resolved) -> FileFacts | None:
        if base.facts.scan.kind == "archive":
            return None
        for source in generated_from(base.facts, self._policy):
            found = self._tree.file(source)
            if found is not None and found.path != base.path and found.sha256:
                return found
        return None

    def _of_third_party(self, base: Resolved) -> Resolved | None:
        if base.third_party is None:
            return None
        entry = base.third_party
        why = f"audit.toml:{entry.line} declares {entry.get('name')} as {entry.get('license')}"
        node = conjunction(nodes_of((entry.get("license"),)))
        return replace(base, how="third-party", node=node, evidence=(why,))

    def _inherited(self, base: Resolved) -> Resolved | None:
        folder = base.path
        while folder:
            folder = folder.rpartition("/")[0]
            if base.vendored and not (folder + "/").startswith(base.vendored + "/"):
                return None
            found = self._texts.get(folder)
            if found:
                why = f"inherits from {found[0]}, which states {found[1]}"
                return replace(base, how="inherited", node=found[1], evidence=(why,))
        why = f"audit.toml: the project's licence is {self._policy.outbound}"
        return replace(base, how="inherited", node=self._policy.outbound, evidence=(why,))


def generated_from(facts: FileFacts, policy: Policy) -> list[str]:
    """Where a generated file's source may be: as audit.toml says, or beside it under the generator's rule."""
    named = [str(e.get("generated-from")) for e in policy.matching("paths", facts.path) if e.get("generated-from")]
    by = {remark.text for remark in facts.scan.remarks if remark.code == "generated"}
    for generator in load_table("notices.toml")["generator"]:
        if generator["name"] in by:
            for ending, source in generator["endings"].items():
                if facts.path.endswith(ending):
                    named.append(facts.path.removesuffix(ending) + source)
    return named


def _all(found: list[tuple[str, Node]]) -> Node:
    joined = conjunction([node for _, node in found])
    assert joined is not None, "a folder is only listed with a licence"
    return joined


def _say(match: Match) -> str:
    where = f"line {match.start}" if match.start == match.end else f"lines {match.start}-{match.end}"
    return f"{where}: {match.raw} ({match.origin}, {match.rule}, score {match.score:g})"


def _say_declared(declaration: Declaration) -> str:
    return f"{declaration.source} declares {' AND '.join(declaration.raws)} ({declaration.precedence})"
