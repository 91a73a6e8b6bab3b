# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs git on a repository without its hooks and without anybody's configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

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
    words = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = ["git", *words, "--git-dir", repository.path, *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        command, input=feed, capture_output=True, env={**clean, **_NOBODY, **(environment or {})}, check=False
    )
    if done.returncode:
        raise GitFailedError(done.stderr.decode(errors="replace").strip())
    return done.stdout
