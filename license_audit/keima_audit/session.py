# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""One run of the audit on a tree: where its policy and cache are, and how it is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timezone
from pathlib import Path

from keima_audit.dependencies import Needs, dependency_findings, lock_findings, needs_of
from keima_audit.expressions import Node, Term, terms
from keima_audit.inventory import changed_since
from keima_audit.nearcopy.findings import NearCopy
from keima_audit.policy import Policy
from keima_audit.policy_reader import parse_policy, read_policy
from keima_audit.report import Part, Report, audit
from keima_audit.resolve import Resolver, own_nodes, role_of
from keima_audit.reuse_lint import reuse_findings
from keima_audit.rules import Finding
from keima_audit.store import Store
from keima_audit.tree import Reading, Tree, read_tree
from keima_audit.verdicts import Usage

POLICY = "audit.toml"
BASELINE = "audit-baseline.json"
_DRAFT = '[project]\nlicense = "NOASSERTION"\ndetector = "notices"\n'


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    root: Path
    policy: Path | None = None
    cache: Path | None = None
    detector: str | None = None
    prefilter: bool = True
    rehash: bool = False
    since: str | None = None
    dependencies: bool = True
    corpora: tuple[Path, ...] = ()
    passing: bool = False
    """The tree will be gone after the run, as a revision in a temporary folder is."""
    progress: Callable[[int, int], None] | None = None
    """What hears (done, of) while files are read."""


def cache_file(given: Path | None) -> Path:
    """The cache: as given, in KEIMA_AUDIT_CACHE, or in the user's cache folder."""
    folder = given or os.environ.get("KEIMA_AUDIT_CACHE")
    if folder is None:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "keima"
    return Path(folder) / "audit.sqlite"


def load_policy(options: Options) -> Policy:
    """The policy of the tree."""
    return read_policy(options.policy or options.root / POLICY)


def load_tree(options: Options, policy: Policy, only: frozenset[str] | None = None) -> Tree:
    """The tree with its scans; with `only`, those that a verdict on these paths rests on."""
    reading = Reading(
        detector=options.detector or policy.project.get("detector", "scancode"),
        prefilter=options.prefilter,
        rehash=options.rehash,
        python=policy.project.get("scancode-python"),
        remember=not options.passing,
    )
    needed = None if only is None else needed_for(only, policy)
    with Store(cache_file(options.cache)) as store:
        return read_tree(options.root.resolve(), policy, store, reading, only=needed, progress=options.progress)


def needed_for(paths: frozenset[str], policy: Policy) -> Callable[[str], bool]:
    """What has to be read to judge `paths`: they themselves, licence files, and what speaks for them.

    A sidecar, or the source of a generated file, has the file's name up to its first dot.
    """
    names = {_stem(path) for path in paths}
    sources = {str(entry.get("generated-from")) for entry in policy.entries["paths"] if entry.get("generated-from")}

    def needed(path: str) -> bool:
        return _stem(path) in names or path in sources or role_of(path) in ("license-text", "document")

    return needed


def _stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.split('.')[0]}"


def today() -> date:
    """The day in UTC, which waivers count in."""
    return datetime.now(timezone.utc).date()


@dataclass(frozen=True)
class Audit:
    """A tree that was read once and can be judged under one policy after another."""

    options: Options
    tree: Tree
    only: frozenset[str] | None = None
    reuse: tuple[Finding, ...] = ()
    copies: tuple[NearCopy, ...] = ()

    def judge(self, policy: Policy) -> Report:
        """The whole audit, but for the reading of files."""
        usage = Usage()
        options = self.options
        needs = needs_of(options.root, self.tree.paths, policy, usage) if options.dependencies else Needs([], [])
        baseline = options.root / BASELINE
        report = audit(
            self.tree,
            policy,
            today(),
            baseline=baseline if baseline.is_file() else None,
            only=self.only,
            extra=dependency_findings(needs.packages, policy, usage) + lock_findings(needs.locks) + self.reuse,
            usage=usage,
            copies=self.copies,
        )
        parts = [Part("dependency", p.name, p.version, p.license or "NOASSERTION", p.use) for p in needs.packages]
        return replace(report, parts=tuple(parts))


def read(options: Options, policy: Policy) -> Audit:
    """Read what the audit of a source tree rests on."""
    only = changed_since(options.root, options.since) if options.since else None
    tree = load_tree(options, policy, only)
    wanted = policy.project.get("reuse", False) and only is None
    reuse = reuse_findings(options.root) if wanted else ()
    return Audit(options, tree, only, reuse, tuple(_copies(options, only)))


def _copies(options: Options, only: frozenset[str] | None) -> list[NearCopy]:
    """Near copies of what lies in the corpora, each with its licence."""
    found: list[NearCopy] = []
    if not options.corpora:
        return found
    # NumPy takes longer to load than the files of a small tree to judge.
    from keima_audit.nearcopy.search import named, near_copies, read_sources

    with Store(cache_file(options.cache)) as store:
        ours = read_sources(options.root, store)
        for folder in options.corpora:
            copies = list(near_copies(ours, [read_sources(folder, store)], only))
            sources = frozenset(copy.likeness.source for copy in copies)
            found += named(copies, folder.resolve(), _licenses_in(options, folder, sources))
    return found


def _licenses_in(options: Options, folder: Path, paths: frozenset[str]) -> dict[str, Node]:
    """What files of a corpus are under, as they and the licence files around them say."""
    draft = parse_policy(Path(POLICY), _DRAFT)
    tree = load_tree(replace(options, root=folder), draft, only=paths)
    resolver = Resolver(tree, draft)
    resolved = [resolver.resolve(facts) for facts in tree.files if facts.path in paths]
    return {item.path: item.node for item in resolved if item.node is not None and item.node != draft.outbound}


def run(options: Options) -> Report:
    """The whole audit of a source tree."""
    policy = load_policy(options)
    return read(options, policy).judge(policy)


_FIRST = """\
# What may be in this project, and what a person decided about the rest. Deny by default: a licence that
# is not named for a use is a finding. `keima audit explain FILE` shows why a file is judged as it is.

[project]
license = "{license}"
detector = "{detector}"

# What is published as source.
[use.source]
allow = [
{allow}]
"""


def first_policy(options: Options) -> str:
    """A first policy: the LICENSE file's licence, and the permissive ones that the tree states already."""
    draft = parse_policy(Path(POLICY), _DRAFT)
    tree = load_tree(options, draft)
    resolver = Resolver(tree, draft)
    stated = resolver.license_file("")
    license_text = str(stated[1]) if stated else "NOASSERTION"
    found = {term for facts in tree.files for node in own_nodes(facts) for term in terms(node)}
    found |= set(terms(stated[1])) if stated else set()
    allow = [term for term in sorted(found, key=str) if _permissive(draft, term)]
    lines = "".join(f'    "{term}",\n' for term in allow)
    return _FIRST.format(license=license_text, detector=options.detector or "scancode", allow=lines)


def _permissive(policy: Policy, term: Term) -> bool:
    facts = policy.catalogue.facts_of(term)
    return facts is not None and facts.family in ("permissive", "public-domain")
