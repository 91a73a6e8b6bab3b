# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync`: trims internal code and proves that nothing dangles."""

from __future__ import annotations

import typer

from keima_sync import export_cli
from keima_sync.check_cli import check
from keima_sync.graph_cli import graph
from keima_sync.init_cli import init
from keima_sync.prove_cli import prove

app = typer.Typer(
    help="Trim internal code and replay commits to the public repository.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(check)
app.command()(init)
app.command()(prove)
app.command()(export_cli.export)
app.command("import")(export_cli.import_commits)
app.command()(export_cli.status)
app.command()(export_cli.explain)
app.command()(graph)


@app.callback()
def sync() -> None:
    """Trim internal code and replay commits to the public repository."""
