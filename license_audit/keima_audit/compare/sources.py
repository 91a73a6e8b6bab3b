# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a word on the command line names: a folder, a wheel or sdist, a saved report, or a git revision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keima_audit.artefact_report import audit_artefacts
from keima_audit.compare.revisions import checked_out
from keima_audit.compare.snapshot import Snapshot, of_report, of_saved
from keima_audit.policy import Policy
from keima_audit.session import POLICY, Options, load_policy, read


def snapshot_of(word: str, options: Options, policy: Policy | None) -> Snapshot:
    """The state that a word names. Without a policy, only a saved report can be read.

    Raises `UsageError` for a word that names nothing.
    """
    path = Path(word)
    if path.is_file() and path.suffix == ".json":
        return of_saved(path)
    policy = policy or load_policy(options)
    if path.is_dir():
        return of_report(word, read(replace(options, root=path), policy).judge(policy))
    if path.is_file():
        return of_report(path.name, audit_artefacts(options.root, policy, [path]))
    with checked_out(options.root, word) as folder:
        return of_report(word, read(replace(options, root=folder, passing=True), policy).judge(policy))


def policy_for(old: str, new: str, options: Options) -> Policy | None:
    """Both sides are judged by one policy: that of ROOT, else that of the new folder, else of the old one."""
    places = [options.policy or options.root / POLICY, Path(new) / POLICY, Path(old) / POLICY]
    found = next((place for place in places if place.is_file()), None)
    return None if found is None else load_policy(replace(options, policy=found))
