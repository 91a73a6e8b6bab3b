# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The `keima` command: finds its sub-commands through the entry-point group `keima.commands`.

A sub-command is an entry point whose object is a `typer.Typer`. Its module is imported when it is run or
asked for help itself, never before: `keima audit --help` works where the native library is absent.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup
from typer.main import get_command

from keima_cli.errors import KeimaCommandError, MissingExtraError

GROUP = "keima.commands"


class CommandIndex(TyperGroup):
    """A command group whose members are entry points, loaded one at a time."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(entry.name for entry in entry_points(group=GROUP))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = [entry for entry in entry_points(group=GROUP) if entry.name == cmd_name]
        return get_command(_load(found[0])) if found else None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeimaCommandError as error:
            _report(error)
            raise typer.Exit(int(error.exit_code)) from error


def _load(entry: EntryPoint) -> typer.Typer:
    try:
        loaded = entry.load()
    except ModuleNotFoundError as error:
        extra = entry.extras[0] if entry.extras else "all"
        raise MissingExtraError(entry.name, extra, error.name or "unknown") from error
    assert isinstance(loaded, typer.Typer), f"entry point {entry.value} is not a typer.Typer"
    return loaded


def _report(error: KeimaCommandError) -> None:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(f"error: {error}", style="red", markup=False)
    if error.hint:
        console.print(f"  try: {error.hint}", markup=False)


app = typer.Typer(cls=CommandIndex, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"keima {version('keima')}")
        raise typer.Exit


@app.callback()
def keima(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train and use models, audit licences, sync repositories, publish releases."""


def main() -> None:
    """Run `keima` with the process's own arguments."""
    app(prog_name="keima")


if __name__ == "__main__":
    main()
