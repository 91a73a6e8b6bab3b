# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What the checking tools find: the finding itself, and its SARIF, JUnit, JSON and terminal forms."""

from keima_cli.findings.junit import to_junit
from keima_cli.findings.model import Finding, Report, Rule, Severity, Spot
from keima_cli.findings.sarif import to_sarif
from keima_cli.findings.terminal import print_findings

__all__ = ["Finding", "Report", "Rule", "Severity", "Spot", "print_findings", "to_junit", "to_sarif"]
