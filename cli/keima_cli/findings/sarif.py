# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""SARIF 2.1.0, which code hosts and editors read (OASIS standard, 2023 errata)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from keima_cli.findings.model import Finding, Report, Rule, Spot

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT = "keima/v1"


def to_sarif(report: Report) -> str:
    """The report as a SARIF log of one run, the same bytes for the same findings."""
    driver: dict[str, Any] = {
        "name": report.tool,
        "semanticVersion": report.version,
        "rules": [_rule(rule) for rule in report.rules],
    }
    positions = {rule.id: position for position, rule in enumerate(report.rules)}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"ROOT": {"description": {"text": "The root of the checked tree."}}},
        "results": [_result(finding, positions[finding.rule]) for finding in report.findings],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "help": {"text": rule.help},
        "defaultConfiguration": {"level": str(rule.severity)},
    }
    return written | ({"helpUri": rule.url} if rule.url else {})


def _result(finding: Finding, position: int) -> dict[str, Any]:
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    written: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": position,
        "level": str(finding.severity),
        "message": {"text": text},
        "partialFingerprints": {_FINGERPRINT: finding.fingerprint},
    }
    if finding.path:
        written["locations"] = [_location(finding.spot)]
    if finding.evidence:
        written["relatedLocations"] = [_location(spot) for spot in dict.fromkeys(finding.evidence)]
    if finding.waived:
        written["suppressions"] = [{"kind": "external", "justification": finding.waived}]
    if finding.properties:
        written["properties"] = dict(finding.properties)
    return written


def _location(spot: Spot) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if spot.path:
        artifact = {"uri": quote(spot.path), "uriBaseId": "ROOT"}
        written["physicalLocation"] = {"artifactLocation": artifact} | _region(spot)
    if spot.message:
        written["message"] = {"text": spot.message}
    return written


def _region(spot: Spot) -> dict[str, Any]:
    if not spot.line:
        return {}
    column = {"startColumn": spot.column} if spot.column else {}
    return {"region": {"startLine": spot.line} | column}
