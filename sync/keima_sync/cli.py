# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync`: trims internal code and proves that nothing dangles."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

_COMMANDS = {
    "check": "keima_sync.check_cli:check",
    "init": "keima_sync.init_cli:init",
    "prove": "keima_sync.prove_cli:prove",
    "export": "keima_sync.export_cli:export",
    "import": "keima_sync.export_cli:import_commits",
    "status": "keima_sync.export_cli:status",
    "explain": "keima_sync.export_cli:explain",
    "graph": "keima_sync.graph_cli:graph",
}


class Commands(TyperGroup):
    """Commands whose modules are imported when one is run or all are listed: a check before each merge starts soon."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module, _, function = _COMMANDS[cmd_name].partition(":")
        alone = typer.Typer(add_completion=False)
        alone.command(cmd_name)(getattr(import_module(module), function))
        return get_command(alone)


app = typer.Typer(cls=Commands, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


@app.callback()
def sync() -> None:
    """Trim internal code and replay commits to the public repository."""
