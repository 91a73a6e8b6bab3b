# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs git on a repository without its hooks and without anybody's configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import IO

import pygit2

_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    "core.fsmonitor=false",
    "protocol.allow=never",
    "protocol.file.allow=always",
)
_NOBODY = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


class GitFailedError(Exception):
    """git ended with an error; the text is what it said."""


def git(
    repository: pygit2.Repository, *arguments: str, feed: bytes = b"", environment: Mapping[str, str] | None = None
) -> bytes:
    """What git prints; raises GitFailedError. Repository variables of the caller's environment do not count."""
    done = subprocess.run(
        _command(repository, arguments), input=feed, capture_output=True, env=_clean(environment), check=False
    )
    if done.returncode:
        raise GitFailedError(done.stderr.decode(errors="replace").strip())
    return done.stdout


def copy_blob(repository: pygit2.Repository, blob: str, file: IO[bytes]) -> None:
    """Write a blob of any size to a file, without holding it in memory; raises GitFailedError."""
    command = _command(repository, ("cat-file", "blob", blob))
    file.flush()
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, env=_clean(None), check=False
    )
    if done.returncode:
        raise GitFailedError(done.stderr.decode(errors="replace").strip())


def parts_of_blob(repository: pygit2.Repository, blob: str, size: int) -> Iterator[bytes]:
    """A blob of any size in parts of `size` bytes; raises GitFailedError where it ends too early."""
    command = _command(repository, ("cat-file", "blob", blob))
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_clean(None)
    ) as process:
        assert process.stdout is not None
        while part := process.stdout.read(size):
            yield part
    if process.returncode:
        raise GitFailedError(f"git cat-file blob {blob} ended with {process.returncode}")


def _command(repository: pygit2.Repository, arguments: tuple[str, ...]) -> list[str]:
    words = [word for setting in _SETTINGS for word in ("-c", setting)]
    return ["git", *words, "--git-dir", repository.path, *arguments]


def _clean(environment: Mapping[str, str] | None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**clean, **_NOBODY, **(environment or {})}
