# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The exceptions of `keima sync`; all derive from `SyncError`, which the command prints in one line."""

from __future__ import annotations

from keima_cli.errors import BrokenInputError, ExitCode, KeimaCommandError, WrongUseError


class SyncError(KeimaCommandError):
    """Base of everything that `keima sync` raises on purpose."""


class SyncUsageError(SyncError, WrongUseError):
    """The command line or sync.toml names a revision, path or repository that is not there."""

    exit_code = WrongUseError.exit_code


class RepositoryError(SyncError, BrokenInputError):
    """A repository is missing, shallow, damaged, or not in the state that the export left it in."""


class TransformError(SyncError, BrokenInputError):
    """A content rule cannot be applied to a file: markers that do not pair, a count that is not met."""

    def __init__(self, path: bytes, line: int, problem: str, *, hint: str | None = None) -> None:
        place = f"{shown(path)}:{line}" if line else shown(path)
        self._parts = (path, line, problem, hint)
        super().__init__(f"{place}: {problem}", hint=hint)

    def of_commit(self, commit: str, author: str) -> TransformError:
        """The same, which names the commit too."""
        path, line, problem, hint = self._parts
        return TransformError(path, line, f"{problem} (in commit {commit[:12]} of {author})", hint=hint)


class MetadataError(SyncError, BrokenInputError):
    """A commit's people or message break the rules for them."""

    def __init__(self, commit: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"commit {commit[:12]}: {problem}", hint=hint)


class ImportRefusedError(SyncError):
    """An outside commit cannot become an internal one; the message says why."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, commit: str, problem: str, *, hint: str | None = None) -> None:
        self.problem = problem
        super().__init__(f"public commit {commit[:12]}: {problem}", hint=hint)


class PatchRefusedError(SyncError):
    """A patch of a series cannot become an internal commit; the message says which, and why."""

    exit_code = ExitCode.FINDINGS

    def __init__(self, patch: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"patch {patch}: {problem}", hint=hint)


class RoomError(SyncError, BrokenInputError):
    """A clean room for a proof cannot be had or made on this machine."""

    exit_code = BrokenInputError.exit_code


class BlockedError(SyncError):
    """The export would overwrite or lose something that only the destination has."""

    exit_code = ExitCode.FINDINGS


def shown(path: bytes) -> str:
    """A path for people: bytes that are not UTF-8 and control characters as escapes."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
