# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Findings and their written forms; SARIF is read back by models made from the official schema."""

from __future__ import annotations

import io
import json
import random
from xml.etree import ElementTree

import pytest
from pydantic import ValidationError
from pydantic_sarif import model as sarif_model
from rich.console import Console

from keima_cli.errors import ExitCode
from keima_cli.findings import Finding, Report, Rule, Severity, Spot, print_findings, to_junit, to_sarif

RULES = (
    Rule("unused", "A waiver that covers nothing", "Remove it.", Severity.WARNING),
    Rule("copyleft", "A licence that the policy forbids", "Replace the file.", url="https://example.org/copyleft"),
    Rule("quiet", "Never found here", "Nothing."),
)
FINDINGS = (
    Finding(
        "copyleft",
        "GPL-3.0-only is not allowed",
        path="src/名 a.c",
        line=3,
        column=5,
        hint="ask legal",
        evidence=(Spot("LICENSE", 1, message="the text"), Spot(message="no file")),
        properties=(("licence", "GPL-3.0-only"),),
    ),
    Finding("unused", "covers nothing", Severity.WARNING, path="audit.toml", line=9),
    Finding("copyleft", "known", path="old.c", waived="bought"),
    Finding("unused", "the project has no name\x01", Severity.NOTE),
)


def report() -> Report:
    return Report.of("keima-audit", "1.2.3", RULES, FINDINGS)


def test_sarif_is_valid_and_says_all() -> None:
    text = to_sarif(report())
    log = sarif_model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate_json(text)
    assert log.runs is not None
    results = json.loads(text)["runs"][0]["results"]
    assert len(results) == 4
    by_path = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: result
        for result in results
        if "locations" in result
    }
    found = by_path["src/%E5%90%8D%20a.c"]
    assert found["level"] == "error"
    assert found["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 5}
    assert by_path["old.c"]["suppressions"][0]["justification"] == "bought"


def test_the_sarif_models_do_refuse() -> None:
    log = json.loads(to_sarif(report()))
    log["runs"][0]["results"][0]["severity"] = "bad"
    with pytest.raises(ValidationError):
        sarif_model.StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(log)


def test_bytes_do_not_depend_on_the_order_of_finding() -> None:
    shuffled = list(FINDINGS) * 2
    random.Random(1).shuffle(shuffled)
    other = Report.of("keima-audit", "1.2.3", reversed(RULES), shuffled)
    for written in (to_sarif, to_junit, Report.to_json):
        assert written(other) == written(report())


def test_junit_has_a_case_a_rule_and_path() -> None:
    root = ElementTree.fromstring(to_junit(report()))  # noqa: S314 -- our own text
    suite = root[0]
    assert {key: suite.get(key) for key in ("tests", "failures", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "skipped": "1",
    }
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "src/名 a.c:3:5" in str(failure.text)


def test_json_counts_and_fingerprints() -> None:
    data = json.loads(report().to_json())
    assert data["counts"] == {"error": 1, "warning": 1, "note": 1}
    assert len({finding["fingerprint"] for finding in data["findings"]}) == 4


def test_a_fingerprint_stays_when_lines_move() -> None:
    first = Finding("copyleft", "line 3 says GPL", path="a.c", line=3, key="GPL")
    moved = Finding("copyleft", "line 7 says GPL", path="a.c", line=7, key="GPL")
    other = Finding("copyleft", "line 7 says GPL", path="b.c", line=7, key="GPL")
    assert first.fingerprint == moved.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("fail_on", "keep", "code"),
    [
        (Severity.ERROR, slice(None), ExitCode.FINDINGS),
        (Severity.ERROR, slice(1, None), ExitCode.GOOD),
        (Severity.WARNING, slice(1, None), ExitCode.FINDINGS),
        (Severity.NOTE, slice(2, 3), ExitCode.GOOD),
    ],
)
def test_exit_code_by_severity(fail_on: Severity, keep: slice, code: ExitCode) -> None:
    assert Report.of("t", "1", RULES, FINDINGS[keep]).exit_code(fail_on) == code


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="no-such"):
        Report.of("t", "1", RULES, [Finding("no-such", "x")])


def test_the_terminal_shows_open_findings_and_sums_up() -> None:
    out = io.StringIO()
    print_findings(report(), Console(file=out, width=200), at_least=Severity.WARNING)
    text = out.getvalue()
    assert "3:5: error copyleft" in text
    assert "old.c" not in text
    assert "no name" not in text
    assert text.rstrip().endswith("1 error, 1 warning, 1 note, 1 waived")
