# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The audit of wheels and sdists as one report."""

from __future__ import annotations

from pathlib import Path

from keima_audit.artefact_rules import Shipment, artefact_findings
from keima_audit.artefacts import Artefact, read_artefact
from keima_audit.policy import Policy
from keima_audit.report import Part, Report, finish
from keima_audit.rules import Finding
from keima_audit.session import today
from keima_audit.tree import Tree
from keima_audit.verdicts import Usage


def audit_artefacts(root: Path, policy: Policy, artefacts: list[Path], tree: Tree | None = None) -> Report:
    """Judge what is shipped; with `tree`, every file in it is traced to a source file."""
    usage = Usage()
    found: list[Finding] = []
    parts: list[Part] = []
    for path in artefacts:
        shipment = Shipment(read_artefact(path, policy), policy, usage, tree)
        found += artefact_findings(shipment)
        parts += _parts(shipment.artefact, shipment.use)
    # Waivers for the source tree are no business of an artefact: only those that fit count here.
    findings = tuple(f for f in finish(found, policy, today()) if f.rule != "waiver-unused")
    names = ", ".join(path.name for path in artefacts)
    return Report(root.resolve(), policy, names, findings, parts=tuple(parts))


def _parts(artefact: Artefact, use: str) -> list[Part]:
    own = Part("artefact", artefact.name, artefact.version, artefact.license or "NOASSERTION", use)
    carried = [Part("library", item.name, item.version, item.license, use) for item in artefact.libraries]
    return [own, *dict.fromkeys(carried)]
