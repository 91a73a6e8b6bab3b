# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima audit`: licence compliance of source, dependencies, binaries and weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keima_audit.artefact_cli import notice, sbom, sdist, wheel
from keima_audit.compare.cli import diff
from keima_audit.delivery import Format, Output, deliver, reading_progress, write
from keima_audit.errors import UsageError
from keima_audit.explain import explain_file, explain_package
from keima_audit.fix import annotate, correct, corrections, headerless
from keima_audit.formats import checked_format
from keima_audit.policy import DETECTORS
from keima_audit.review.cli import review
from keima_audit.session import BASELINE, Options, first_policy, run
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
    corpus: Annotated[
        list[Path] | None, typer.Option(help="Look for near copies of what lies in this folder; may be repeated.")
    ] = None,
    notes: Annotated[bool, typer.Option(help="Show notes too.")] = False,
    form: Format = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Output = None,
) -> None:
    """Audit a source tree; the options stand before a sub-command and hold for it too.

    Exit code 1 if anything is found that `fail-on` names.
    """
    hear = ctx.with_resource(reading_progress())
    corpora = tuple(corpus or ())
    options = Options(root, policy, cache, detector, prefilter, rehash, since, dependencies, corpora, progress=hear)
    ctx.obj = options
    form = checked_format("json" if as_json else form)
    if ctx.invoked_subcommand is None:
        deliver(run(options), form, output, notes=notes)


for _command in (wheel, sdist, notice, sbom, review, diff):
    app.command()(_command)


@app.command()
def explain(
    ctx: typer.Context, subject: Annotated[str, typer.Argument(help="A file of the tree, or a dependency.")]
) -> None:
    """Print the chain of evidence for one file or package."""
    report = run(ctx.obj)
    lines = explain_file(report, subject) or explain_package(report, subject)
    if not lines:
        hint = "a path below the root with forward slashes, or a dependency's name"
        raise UsageError(f"{subject}: the tree has no such file, and the project no such dependency", hint=hint)
    typer.echo("\n".join(lines))


@app.command()
def baseline(ctx: typer.Context) -> None:
    """Write ROOT/audit-baseline.json: from now on only new findings fail."""
    options: Options = ctx.obj
    target = options.root / BASELINE
    report = run(options)
    fresh = [f for f in report.findings if not f.waived or f.waived.startswith("baseline")]
    write(baseline_text(fresh), target)
    typer.echo(f"{target}: {len(fresh)} findings")


@app.command()
def init(ctx: typer.Context) -> None:
    """Write a first ROOT/audit.toml: deny by default, with what the tree already states."""
    options: Options = ctx.obj
    target = options.policy or options.root / "audit.toml"
    if target.exists():
        raise UsageError(f"{target} is there already")
    write(first_policy(options), target)
    typer.echo(f"{target}: now run `keima audit`")


@app.command()
def fix(
    ctx: typer.Context,
    copyright_line: Annotated[str | None, typer.Option("--copyright", help="The holder, for new headers.")] = None,
    write: Annotated[bool, typer.Option(help="Change the files; without it they are only listed.")] = False,
) -> None:
    """Add SPDX headers where there are none (by reuse, as a process), and replace deprecated ids in those there are.

    Exit code 1 if something is left to do.
    """
    options: Options = ctx.obj
    report = run(options)
    wrong, bare = corrections(report), headerless(report)
    if write:
        if bare and copyright_line is None:
            raise UsageError(f"{len(bare)} files get a header, which names a holder", hint="--copyright 'A. Holder'")
        wrong = correct(options.root, wrong)
        annotate(options.root, bare, str(report.policy.outbound), copyright_line or "")
        bare = headerless(run(options)) if bare else []
    for item in wrong:
        typer.echo(f"{item.path}:{item.line}: {item.old} -> {item.new}")
    for path in bare:
        typer.echo(f"{path}: no header")
    if wrong or bare:
        typer.echo(f"{len(wrong)} ids to replace, {len(bare)} headers to add{'' if write else '; --write does it'}")
        raise typer.Exit(int(ExitCode.FINDINGS))
