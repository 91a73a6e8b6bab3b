# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and the exceptions that carry them from any command to the one place that prints them."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a `keima` command's exit status means."""

    GOOD = 0
    FINDINGS = 1
    WRONG_USE = 2
    BROKEN = 3


class KeimaCommandError(Exception):
    """Base of the errors that a command reports in one line: what was expected, what came, what to do."""

    exit_code: ExitCode = ExitCode.BROKEN

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class WrongUseError(KeimaCommandError):
    """The command line or a configuration file asks for something that does not exist or does not fit."""

    exit_code = ExitCode.WRONG_USE


class BrokenInputError(KeimaCommandError):
    """A file, repository or the environment is not in a state that the command can work with."""

    exit_code = ExitCode.BROKEN


class MissingExtraError(KeimaCommandError):
    """A command needs packages of an optional extra that is not installed."""

    exit_code = ExitCode.BROKEN

    def __init__(self, command: str, extra: str, missing: str) -> None:
        super().__init__(
            f"keima {command} needs the package {missing!r}, which is not installed",
            hint=f"pip install 'keima[{extra}]'",
        )
