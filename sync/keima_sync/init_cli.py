# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync init`: writes a first sync.toml."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from keima_cli.atomic import explained
from keima_cli.console import Output
from keima_cli.errors import WrongUseError
from keima_sync.config import NAME
from keima_sync.references.tree import find_commit, open_repository
from keima_sync.setup.first_config import first_config
from keima_sync.setup.survey import survey


def init(
    repository: Annotated[Path, typer.Argument(file_okay=False, help="The internal repository.")] = Path(),
    destination: Annotated[str, typer.Option(help="The public repository, relative to the file.")] = "../public",
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="By default sync.toml in the repository.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Write a commented sync.toml from a look at the repository: internal folders, markers and hosts are guessed.

    A file that is there is never overwritten.
    """
    found = open_repository(str(repository))
    seen = survey(found, find_commit(found, "HEAD"))
    place = output or repository / NAME
    origin = os.path.relpath(found.workdir or found.path, place.parent)
    branch = "main" if found.head_is_detached else found.head.shorthand
    text = first_config(seen, origin, branch, destination)
    with explained(place):
        try:
            with place.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError as error:
            raise WrongUseError(f"{place} is there already", hint="remove it, or name another with --output") from error
    told = {
        "config": str(place),
        "folders": list(seen.folders),
        "markers": [f"{begin} ... {end}" for begin, end, _ in seen.markers],
        "hosts": [host for host, _ in seen.hosts],
        "steps": list(seen.builds),
    }
    lines = [f"{place} is written. Guessed: "]
    lines += [f"  {key}: {', '.join(told[key]) or 'none'}" for key in ("folders", "markers", "hosts", "steps")]
    Output(as_json=as_json).result("\n".join([*lines, "Look at each before the first export."]), told)
