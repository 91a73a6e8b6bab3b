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
from keima_sync.export import common_folder, deciding_rules, open_side, workshop
from keima_sync.publisher import Publisher
from keima_sync.references import syntax
from keima_sync.references.check import HINT, found_by, unknown
from keima_sync.references.languages import Extractions
from keima_sync.references.model import text
from keima_sync.references.store import stored_in
from keima_sync.references.symbols import suspicions
from keima_sync.references.tree import Tree, differences, find_commit
from keima_sync.watching import ExportWatch


def preview(config: Config, revision: str, against: str | None = None, *, symbols: bool = False) -> list[Finding]:
    """Findings at a revision of the origin; with `against`, those that the other revision does not have.

    `symbols` adds suspicions about names whose definition was cut.
    """
    origin = open_side(config.origin, "origin")
    with workshop(config) as made, stored_in(Path(common_folder(origin))) as store:
        look = _Look(config, made, Extractions(store), symbols=symbols)
        known = set()
        if against is not None:
            look.go_to(find_commit(origin, against).tree_id)
            known = {finding.fingerprint for finding in look.findings()}
        look.go_to(find_commit(origin, revision).tree_id)
        return [explained(config, finding) for finding in look.findings() if finding.fingerprint not in known]


class _Look:
    """The findings at one tree of the origin and then at another, which costs what differs."""

    def __init__(self, config: Config, made: pygit2.Repository, extractions: Extractions, *, symbols: bool) -> None:
        self._config, self._repository, self._extractions, self._symbols = config, made, extractions, symbols
        self._publisher = Publisher(made, config)
        self._watch = ExportWatch(made, extractions)
        self._tree: pygit2.Oid | None = None

    def go_to(self, tree: pygit2.Oid) -> None:
        self._watch.step(self._publisher.change(differences(self._repository, self._tree, tree)))
        self._tree = tree

    def findings(self) -> Iterator[Finding]:
        internal, public = self._watch.internal, self._watch.public
        yield from found_by(self._watch.comparison)
        yield from unknown(public, self._extractions)
        for path, fault in sorted(self._watch.broken.items()):
            yield Finding(syntax.BROKEN.id, fault, path=text(path))
        if self._symbols:
            yield from suspicions(internal, public, _origins(self._config, internal))


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
