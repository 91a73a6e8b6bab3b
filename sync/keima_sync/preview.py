# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What an export of a revision would break: the check of references on the tree that the rules would make of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pygit2

from keima_cli.findings import Finding
from keima_sync.config import Config
from keima_sync.errors import RepositoryError
from keima_sync.export import common_folder, deciding_rules, open_side, workshop
from keima_sync.references import syntax
from keima_sync.references.check import HINT, compare
from keima_sync.references.languages import Extractions
from keima_sync.references.store import stored_in
from keima_sync.references.symbols import suspicions
from keima_sync.references.tree import Tree, find_commit, from_tree
from keima_sync.tree_filter import TreeFilter


def preview(config: Config, revision: str, against: str | None = None, *, symbols: bool = False) -> list[Finding]:
    """Findings at a revision of the origin; with `against`, those that the other revision does not have.

    `symbols` adds suspicions about names whose definition was cut.
    """
    with stored_in(Path(common_folder(open_side(config.origin, "origin")))) as store:
        extractions = Extractions(store)
        known = set()
        if against is not None:
            known = {finding.fingerprint for finding in _findings(config, against, extractions, symbols=symbols)}
        found = _findings(config, revision, extractions, symbols=symbols)
        return [finding for finding in found if finding.fingerprint not in known]


def _findings(config: Config, revision: str, extractions: Extractions, *, symbols: bool) -> Iterator[Finding]:
    origin = open_side(config.origin, "origin")
    commit = find_commit(origin, revision)
    with workshop(config) as made:
        filtered = made.get(TreeFilter(made, config.paths, config.contents).public(commit.tree_id))
        if not isinstance(filtered, pygit2.Tree):
            raise RepositoryError(f"the public tree of {commit.id} was not written")
        internal, public = from_tree(origin, commit.tree), from_tree(made, filtered)
        names = _origins(config, internal)
        for finding in compare(internal, public, extractions, lambda path: names.get(path, path)):
            yield explained(config, finding)
        yield from syntax.compare(internal, public, names)
        if symbols:
            yield from suspicions(internal, public, names)


def _origins(config: Config, internal: Tree) -> dict[bytes, bytes]:
    """Internal paths by public ones."""
    pairs = ((config.paths.verdict(path).target, path) for path in internal.files)
    return {target: path for target, path in pairs if target is not None}


def explained(config: Config, finding: Finding) -> Finding:
    """The finding with the rule that cut or moved its target."""
    if not finding.evidence:
        return finding
    rules = "; ".join(deciding_rules(config, finding.evidence[0].path.encode()))
    return replace(finding, hint=f"{HINT}. {finding.evidence[0].path} went by {rules}")
