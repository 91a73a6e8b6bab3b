# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The sub-commands about what is shipped: wheels and sdists, their notices and SBOMs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keima_audit.artefact_report import audit_artefacts
from keima_audit.artefacts import read_artefact
from keima_audit.components import Bill, bill_inside, bill_of_artefact, bill_of_tree
from keima_audit.delivery import Format, Output, deliver, write
from keima_audit.errors import UsageError
from keima_audit.formats import checked_format
from keima_audit.notice import notice_text
from keima_audit.policy import USES, Policy
from keima_audit.sbom import cyclonedx, spdx
from keima_audit.session import Options, load_policy, load_tree, run
from keima_audit.wheel_sbom import put_into_wheel

Artefact = Annotated[Path | None, typer.Argument(help="A wheel or sdist; without it, the source tree.")]


def wheel(
    ctx: typer.Context,
    artefacts: Annotated[list[Path], typer.Argument(help="Wheels or sdists.")],
    trace: Annotated[bool, typer.Option(help="Trace every file to the source tree ROOT.")] = False,
    form: Format = "text",
    output: Output = None,
) -> None:
    """Audit wheels and sdists: what they carry, whether it may be, whether the texts travel along."""
    _audit(ctx.obj, artefacts, checked_format(form), output, trace=trace)


def sdist(
    ctx: typer.Context,
    artefacts: Annotated[list[Path], typer.Argument(help="Source archives.")],
    form: Format = "text",
    output: Output = None,
) -> None:
    """Audit source archives; every file in them is traced to the source tree ROOT."""
    _audit(ctx.obj, artefacts, checked_format(form), output, trace=True)


def _audit(options: Options, artefacts: list[Path], form: str, output: Path | None, *, trace: bool) -> None:
    policy = load_policy(options)
    tree = load_tree(options, policy) if trace else None
    deliver(audit_artefacts(options.root, policy, artefacts, tree), form, output)


def notice(
    ctx: typer.Context,
    artefact: Artefact = None,
    use: Annotated[str | None, typer.Option(help=f"One of {', '.join(USES)}; binary for a wheel, else source.")] = None,
    output: Output = None,
) -> None:
    """Write the third-party notices of the source tree, or of a wheel."""
    options: Options = ctx.obj
    if use is not None and use not in USES:
        raise UsageError(f"--use {use!r} is none of {', '.join(USES)}")
    policy = load_policy(options)
    by_default = "binary" if artefact is not None and artefact.suffix == ".whl" else "source"
    write(notice_text(_bill(options, policy, artefact), policy, use or by_default), output)


_SBOMS = {"spdx": spdx, "cyclonedx": cyclonedx}
_SUFFIXES = {"spdx": ".spdx.json", "cyclonedx": ".cdx.json"}
Into = Annotated[Path | None, typer.Option(help="Put it into this wheel's .dist-info/sboms/ (PEP 770).")]


def sbom(
    ctx: typer.Context,
    artefact: Artefact = None,
    form: Annotated[str, typer.Option("--format", help="spdx (2.3) or cyclonedx (1.6).")] = "spdx",
    into: Into = None,
    output: Output = None,
) -> None:
    """Write an SBOM of the source tree, or of a wheel; with --into, put the wheel's own into the wheel."""
    options: Options = ctx.obj
    if form not in _SBOMS:
        raise UsageError(f"--format {form!r} is none of {', '.join(_SBOMS)}")
    if into is None:
        write(_SBOMS[form](_bill(options, load_policy(options), artefact)), output)
        return
    if artefact is not None or output is not None:
        raise UsageError("--into takes the wheel that it describes: no ARTEFACT and no --output beside it")
    policy = load_policy(options)
    bill = bill_inside(read_artefact(into, policy), policy)
    for path in put_into_wheel(into, {f"keima-audit{_SUFFIXES[form]}": _SBOMS[form](bill)}):
        typer.echo(f"{into.name}: {path}")


def _bill(options: Options, policy: Policy, artefact: Path | None) -> Bill:
    if artefact is not None:
        return bill_of_artefact(read_artefact(artefact, policy), policy)
    report = run(options)
    return bill_of_tree(options.root, load_tree(options, policy), report.resolved, policy)
