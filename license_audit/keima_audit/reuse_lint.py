# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs `reuse lint` as a process of its own and turns what it says into findings.

reuse is GPL-3.0-or-later: it is run, never imported (docs/decisions/audit-01-reuse-as-a-process.md).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from keima_audit.errors import EnvironmentBrokenError
from keima_audit.rules import Finding

_SECONDS = 600


def reuse_findings(root: Path, command: str = "reuse") -> tuple[Finding, ...]:
    """What `reuse lint` finds in the tree. Raises `EnvironmentBrokenError` when it cannot run."""
    try:
        done = subprocess.run(
            [command, "--root", str(root), "lint", "--json"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout)
    except FileNotFoundError as error:
        raise EnvironmentBrokenError(
            "audit.toml asks for `reuse = true`, and there is no command `reuse`", hint="pip install reuse"
        ) from error
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise EnvironmentBrokenError(f"reuse lint gave no answer: {error}") from error
    return tuple(findings_of(answer["non_compliant"]))


def findings_of(said: dict[str, Any]) -> list[Finding]:
    """The findings in the `non_compliant` part of reuse's JSON."""
    found = []
    for kind, names in sorted(said.items()):
        label = kind.replace("_", " ")
        if isinstance(names, dict):
            found += [
                Finding("reuse", f"{label}: {key}", str(at)) for key, value in names.items() for at in _each(value)
            ]
        else:
            found += [Finding("reuse", label, str(name)) for name in names]
    return found


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
