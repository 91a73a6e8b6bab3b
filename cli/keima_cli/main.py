# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The `keima` command: finds its sub-commands through the entry-point group `keima.commands`.

A sub-command is an entry point whose object is a `typer.Typer`. Its module is imported when it is run or
asked for help itself, never before: `keima audit --help` works where the native library is absent, and
`keima --help` takes the sub-commands' one-line descriptions from `SUMMARIES`.
"""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from keima_cli.errors import BrokenInputError, KeimaCommandError, MissingExtraError

GROUP = "keima.commands"

# Kept here so that `keima --help` imports no sub-command; a test compares each with the command's own help.
SUMMARIES = {
    "audit": "Audit licences of source, dependencies, binaries and weights.",
    "eval": "Measure a trained model on its recipe's test set.",
    "export": "Write a graph file in another format.",
    "graph": "Show what a graph file holds and costs.",
    "predict": "Say what images show, with a trained model.",
    "profile": "Say where the time of a graph or of a training step goes.",
    "release": "Test the trimmed public build, then publish it.",
    "sync": "Trim internal code and replay commits to the public repository.",
    "train": "Train a model as a recipe says.",
}


class CommandIndex(TyperGroup):
    """A command group whose members are entry points, loaded one at a time."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted({entry.name for entry in entry_points(group=GROUP)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        found = [entry for entry in entry_points(group=GROUP) if entry.name == cmd_name]
        return DeferredCommand(found[0]) if found else None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeimaCommandError as error:
            _report(error)
            raise typer.Exit(int(error.exit_code)) from error
        except MemoryError as error:
            shortage = BrokenInputError("out of memory", hint="a smaller batch, or fewer jobs at once")
            _report(shortage)
            raise typer.Exit(int(shortage.exit_code)) from error


class DeferredCommand(TyperCommand):
    """Stands for an entry point in the index: it knows name and summary, and imports the command to run it."""

    def __init__(self, entry: EntryPoint) -> None:
        summary = SUMMARIES.get(entry.name)
        super().__init__(name=entry.name, help=summary, short_help=summary)
        self._entry = entry

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """The context of the real command: Click runs and completes `context.command`, not this stand-in."""
        try:
            command = get_command(_load(self._entry))
        except KeimaCommandError as error:
            _report(error)
            raise typer.Exit(int(error.exit_code)) from error
        command.name = self.name
        return command.make_context(info_name, args, parent=parent, **extra)


def _load(entry: EntryPoint) -> typer.Typer:
    try:
        loaded = entry.load()
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in _OWN:
            raise
        extra = entry.extras[0] if entry.extras else "all"
        raise MissingExtraError(entry.name, extra, error.name or "unknown") from error
    assert isinstance(loaded, typer.Typer), f"entry point {entry.value} is not a typer.Typer"
    return loaded


# A missing module of ours is a broken installation: no extra would bring it.
_OWN = ("keima", "keima_audit", "keima_cli", "keima_deploy", "keima_release", "keima_sync", "keima_zoo")


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
    sys.exit(app(prog_name="keima"))


if __name__ == "__main__":
    main()
