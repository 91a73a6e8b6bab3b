# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The exceptions of `keima audit`; all derive from `AuditError`, which the command prints in one line."""

from __future__ import annotations

from keima_cli.errors import BrokenInputError, KeimaCommandError, WrongUseError


class AuditError(KeimaCommandError):
    """Base of everything that `keima audit` raises on purpose."""


class PolicyError(AuditError, WrongUseError):
    """`audit.toml` asks for something that does not exist. The message begins with `file:line`."""

    exit_code = WrongUseError.exit_code


class UsageError(AuditError, WrongUseError):
    """The command line names a path, revision or package that is not there."""

    exit_code = WrongUseError.exit_code


class EnvironmentBrokenError(AuditError, BrokenInputError):
    """Something that the audit needs is missing or unusable: ScanCode, git, the cache folder."""


class ArtefactError(AuditError, BrokenInputError):
    """A wheel, sdist or archive cannot be read within its limits."""
