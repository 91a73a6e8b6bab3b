# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The sub-command `keima audit diff`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from keima_audit.compare.difference import as_json, difference, lines_of
from keima_audit.compare.sources import policy_for, snapshot_of
from keima_audit.delivery import Output, write
from keima_audit.session import Options
from keima_cli.errors import ExitCode


def diff(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(help="A folder, wheel, sdist, report saved with --json, or git revision.")],
    new: Annotated[str | None, typer.Argument(help="The same, for what came after; the tree by default.")] = None,
    json_form: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    output: Output = None,
) -> None:
    """Show what a change or a release brings in licences; both sides are judged by one policy.

    Exit code 1 if it brings a finding that `fail-on` names.
    """
    options: Options = ctx.obj
    new = str(options.root) if new is None else new
    policy = policy_for(old, new, options)
    found = difference(snapshot_of(old, options, policy), snapshot_of(new, options, policy))
    if json_form:
        write(json.dumps(as_json(found), indent=1, sort_keys=True, ensure_ascii=False) + "\n", output)
    else:
        write("".join(f"{line}\n" for line in lines_of(found)), output)
    fail_on = policy.project.get("fail-on", "error") if policy else "error"
    if found.failing(str(fail_on)):
        raise typer.Exit(int(ExitCode.FINDINGS))
