# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima release`: says what is coming; there are no commands yet."""

from __future__ import annotations

import typer

app = typer.Typer(add_completion=False, invoke_without_command=True, no_args_is_help=True)


@app.callback()
def release() -> None:
    """Test the trimmed public build, then publish it.

    Coming: the trimmed tree built and tested on clean environments of each supported system and Python, licence audit
    and sync check before it, and wheels and weights published only when all of it passed. No command exists yet.
    """
