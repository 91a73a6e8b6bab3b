# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What an export of a revision would break: the check of references on the tree that the rules would make of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from functools import cache
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
        look = _Look(config, made, Extractions(store), find_commit(origin, revision).tree_id)
        if against is None:
            found = [*look.findings(), *(look.suspicions() if symbols else ())]
        else:
            found = _news(look, find_commit(origin, against).tree_id, symbols=symbols)
        return list(explained(config, found))


def _news(look: _Look, against: pygit2.Oid, *, symbols: bool) -> list[Finding]:
    """The findings at a tree that another has not: only files that may differ in them are looked at, in both."""
    here, suspected = look.tree, list(look.suspicions()) if symbols else []
    paths = look.go_to(against)
    there = [*look.findings(paths), *(look.suspicions() if symbols else ())]
    known = {finding.fingerprint for finding in there}
    look.go_to(here)
    return [finding for finding in (*look.findings(paths), *suspected) if finding.fingerprint not in known]


class _Look:
    """The findings at one tree of the origin and then at another, which costs what differs."""

    def __init__(self, config: Config, made: pygit2.Repository, extractions: Extractions, tree: pygit2.Oid) -> None:
        self._config, self._repository, self._extractions, self.tree = config, made, extractions, tree
        self._publisher = Publisher(made, config)
        self._watch = ExportWatch(made, extractions)
        self._watch.begin(self._publisher.change(differences(made, None, tree)), {})

    def go_to(self, tree: pygit2.Oid) -> set[bytes]:
        """Look at another tree; returns the files whose findings may be others there."""
        paths = self._watch.change(self._publisher.change(differences(self._repository, self.tree, tree)))
        self.tree = tree
        return paths

    def findings(self, paths: Set[bytes] | None = None) -> Iterator[Finding]:
        """Those of some public files, or of all."""
        public, broken = self._watch.public, self._watch.broken
        looked_at = public.files.keys() if paths is None else paths & public.files.keys()
        yield from found_by(self._watch.comparison, paths)
        yield from unknown(public, self._extractions, looked_at)
        for path in sorted(looked_at & broken.keys()):
            yield Finding(syntax.BROKEN.id, broken[path], path=text(path))

    def suspicions(self) -> Iterator[Finding]:
        """Names whose definition was cut."""
        yield from suspicions(self._watch.internal, self._watch.public, _origins(self._config, self._watch.internal))


def _origins(config: Config, internal: Tree) -> dict[bytes, bytes]:
    """Internal paths by public ones."""
    pairs = ((config.paths.verdict(path).target, path) for path in internal.files)
    return {target: path for target, path in pairs if target is not None}


def explained(config: Config, findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings with the rules that cut or moved their targets."""
    rules = cache(lambda path: "; ".join(deciding_rules(config, path.encode())))
    for finding in findings:
        if finding.evidence:
            target = finding.evidence[0].path
            yield replace(finding, hint=f"{HINT}. {target} went by {rules(target)}")
        else:
            yield finding
