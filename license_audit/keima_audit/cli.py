# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima audit`: licence compliance of source, dependencies, binaries and weights."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from keima_audit.artefact_rules import Shipment, artefact_findings
from keima_audit.artefacts import read_artefact
from keima_audit.components import bill_of_artefact, bill_of_tree
from keima_audit.errors import UsageError
from keima_audit.explain import explain_file
from keima_audit.fix import annotate, headerless
from keima_audit.formats import FORMATS
from keima_audit.notice import notice_text
from keima_audit.policy import DETECTORS, USES
from keima_audit.report import Report, finish
from keima_audit.sbom import cyclonedx, spdx
from keima_audit.session import BASELINE, Options, first_policy, load_policy, load_tree, run, today
from keima_audit.terminal import print_report
from keima_audit.verdicts import Usage
from keima_audit.waivers import baseline_text
from keima_cli.errors import ExitCode

app = typer.Typer(
    help="Audit licences of source, dependencies, binaries and weights.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Root = Annotated[Path, typer.Option("--root", "-C", help="The tree to audit.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="The policy; ROOT/audit.toml by default.")]
Cache = Annotated[Path | None, typer.Option("--cache", help="The folder of the cache.")]
Detector = Annotated[str | None, typer.Option(help=f"{' or '.join(DETECTORS)}; overrides audit.toml.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")]
Format = Annotated[str, typer.Option("--format", help=f"text, {', '.join(FORMATS)}.")]


@app.callback()
def check(
    ctx: typer.Context,
    root: Root = Path(),
    policy: PolicyFile = None,
    cache: Cache = None,
    detector: Detector = None,
    rehash: Annotated[bool, typer.Option(help="Read every file again; release gates always do.")] = False,
    prefilter: Annotated[bool, typer.Option(help="Scan only texts that can hold a licence.")] = True,
    since: Annotated[str | None, typer.Option("--changed-since", help="Only what differs from it.")] = None,
    dependencies: Annotated[bool, typer.Option(help="Audit dependencies too.")] = True,
    notes: Annotated[bool, typer.Option(help="Show notes too.")] = False,
    form: Format = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Output = None,
) -> None:
    """Audit a source tree; the options stand before a sub-command and hold for it too.

    Exit code 1 if anything is found that `fail-on` names.
    """
    options = Options(root, policy, cache, detector, prefilter, rehash, since, dependencies)
    ctx.obj = options
    if ctx.invoked_subcommand is None:
        _deliver(run(options), "json" if as_json else form, output, notes=notes)


def _deliver(report: Report, form: str, output: Path | None, *, notes: bool = False) -> None:
    if form == "text":
        print_report(report, Console(file=sys.stdout, soft_wrap=True), notes=notes)
    elif form in FORMATS:
        _write(FORMATS[form](report), output)
    else:
        raise UsageError(f"--format {form!r} is none of text, {', '.join(FORMATS)}")
    if report.failing:
        raise typer.Exit(int(ExitCode.FINDINGS))


def _write(text: str, output: Path | None) -> None:
    """To the output, or to a file that is complete or not there at all."""
    if output is None:
        sys.stdout.write(text)
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=output.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(output)


@app.command()
def wheel(
    ctx: typer.Context,
    artefacts: Annotated[list[Path], typer.Argument(help="Wheels or sdists.")],
    trace: Annotated[bool, typer.Option(help="Trace every file to the source tree ROOT.")] = False,
    form: Format = "text",
    output: Output = None,
) -> None:
    """Audit wheels and sdists: what they carry, whether it may be, whether the texts travel along."""
    options: Options = ctx.obj
    policy = load_policy(options)
    tree = load_tree(options, policy) if trace else None
    usage = Usage()
    found = []
    for path in artefacts:
        found += artefact_findings(Shipment(read_artefact(path, policy), policy, usage, tree))
    # Waivers for the source tree are no business of an artefact: only those that fit count here.
    findings = tuple(f for f in finish(found, policy, today()) if f.rule != "waiver-unused")
    detector = ", ".join(path.name for path in artefacts)
    _deliver(Report(options.root.resolve(), policy, detector, findings), form, output)


@app.command()
def sdist(ctx: typer.Context, artefacts: Annotated[list[Path], typer.Argument(help="Source archives.")]) -> None:
    """Audit source archives; the same as `wheel --trace`."""
    wheel(ctx, artefacts, trace=True)


@app.command()
def notice(
    ctx: typer.Context,
    artefact: Annotated[Path | None, typer.Argument(help="A wheel; without it, the source tree.")] = None,
    use: Annotated[str, typer.Option(help=f"One of {', '.join(USES)}.")] = "source",
    output: Output = None,
) -> None:
    """Write the third-party notices of the source tree, or of a wheel."""
    options: Options = ctx.obj
    if use not in USES:
        raise UsageError(f"--use {use!r} is none of {', '.join(USES)}")
    policy = load_policy(options)
    if artefact is not None:
        _write(notice_text(bill_of_artefact(read_artefact(artefact, policy), policy), policy, "binary"), output)
        return
    report = run(options)
    bill = bill_of_tree(options.root, load_tree(options, policy), report.resolved, policy)
    _write(notice_text(bill, policy, use), output)


@app.command()
def sbom(
    ctx: typer.Context,
    artefact: Annotated[Path | None, typer.Argument(help="A wheel; without it, the source tree.")] = None,
    form: Annotated[str, typer.Option("--format", help="spdx (2.3) or cyclonedx (1.6).")] = "spdx",
    output: Output = None,
) -> None:
    """Write an SBOM of the source tree, or of a wheel."""
    options: Options = ctx.obj
    writers = {"spdx": spdx, "cyclonedx": cyclonedx}
    if form not in writers:
        raise UsageError(f"--format {form!r} is none of {', '.join(writers)}")
    policy = load_policy(options)
    if artefact is not None:
        bill = bill_of_artefact(read_artefact(artefact, policy), policy)
    else:
        report = run(options)
        bill = bill_of_tree(options.root, load_tree(options, policy), report.resolved, policy)
    _write(writers[form](bill), output)


@app.command()
def explain(ctx: typer.Context, path: Annotated[str, typer.Argument(help="A file of the tree.")]) -> None:
    """Print the chain of evidence for one file."""
    typer.echo("\n".join(explain_file(run(ctx.obj), path)))


@app.command()
def baseline(ctx: typer.Context) -> None:
    """Write ROOT/audit-baseline.json: from now on only new findings fail."""
    options: Options = ctx.obj
    target = options.root / BASELINE
    report = run(options)
    fresh = [f for f in report.findings if not f.waived or f.waived.startswith("baseline")]
    _write(baseline_text(fresh), target)
    typer.echo(f"{target}: {len(fresh)} findings")


@app.command()
def init(ctx: typer.Context) -> None:
    """Write a first ROOT/audit.toml: deny by default, with what the tree already states."""
    options: Options = ctx.obj
    target = options.policy or options.root / "audit.toml"
    if target.exists():
        raise UsageError(f"{target} is there already")
    _write(first_policy(options), target)
    typer.echo(f"{target}: now run `keima audit`")


@app.command()
def fix(
    ctx: typer.Context,
    copyright_line: Annotated[str, typer.Option("--copyright", help="The copyright holder.")],
    write: Annotated[bool, typer.Option(help="Change the files; without it they are only listed.")] = False,
) -> None:
    """Add SPDX headers to source files that state no licence of their own (by reuse, as a process)."""
    options: Options = ctx.obj
    report = run(options)
    paths = headerless(report)
    for path in paths:
        typer.echo(path)
    if write:
        annotate(options.root, paths, str(report.policy.outbound), copyright_line)
    elif paths:
        typer.echo(f"{len(paths)} files; --write adds the headers")
