# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and the exceptions that carry them from any command to the one place that prints them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path


class ExitCode(IntEnum):
    """What a `keima` command's exit status means."""

    GOOD = 0
    FINDINGS = 1
    WRONG_USE = 2
    BROKEN = 3
    INTERRUPTED = 130


class KeimaCommandError(Exception):
    """Base of the errors that a command reports in one line: what was expected, what came, what to do."""

    exit_code: ExitCode = ExitCode.BROKEN

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class WrongUseError(KeimaCommandError):
    """The command line or a configuration file asks for something that does not exist or does not fit."""

    exit_code = ExitCode.WRONG_USE


class ConfigError(WrongUseError):
    """A configuration file is wrong at a known place; the message begins `FILE:LINE: `."""

    def __init__(self, path: Path | str, line: int, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{path}:{line}: {message}", hint=hint)
        self.path = Path(path)
        self.line = line


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


class InterruptedByUserError(KeimaCommandError):
    """The user pressed Ctrl-C (or sent SIGTERM), and the command stopped cleanly; the shell's own code for it."""

    exit_code = ExitCode.INTERRUPTED


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` is probably a slip for, or None."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return close[0] if close else None


def name_hint(word: str, known: Iterable[str]) -> str:
    """What to do about an unknown name: the nearest known one, or the list of them."""
    names = sorted(known)
    guess = nearest(word, names)
    return f"did you mean {guess!r}?" if guess else f"known: {', '.join(names) or 'none'}"
