# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Contents of files by their size: what is larger than the caller can use is not loaded."""

from __future__ import annotations

import pygit2
from pygit2.enums import ObjectType


def size_of(repository: pygit2.Repository, oid: pygit2.Oid | str) -> int | None:
    """How many bytes a blob has; None for what is missing, damaged or no blob."""
    key = pygit2.Oid(hex=oid) if isinstance(oid, str) else oid
    try:
        if hasattr(repository.odb, "read_header"):
            kind, size = repository.odb.read_header(key)
            return int(size) if kind == ObjectType.BLOB else None
        found = repository.get(key)  # an older pygit2 must load it
    except (KeyError, ValueError, pygit2.GitError):
        return None
    return found.size if isinstance(found, pygit2.Blob) else None


def content(repository: pygit2.Repository, oid: pygit2.Oid | str, limit: int) -> bytes | None:
    """A blob's bytes; None for what is missing, damaged or no blob, and for more than `limit` bytes."""
    size = size_of(repository, oid)
    if size is None or size > limit:
        return None
    try:
        found = repository.get(oid)
    except (ValueError, pygit2.GitError):
        return None
    return found.data if isinstance(found, pygit2.Blob) else None
