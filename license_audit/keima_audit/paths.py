# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Path patterns of audit.toml and REUSE.toml: `*` stays within a folder, `**` crosses folders."""

from __future__ import annotations

import re
from functools import lru_cache

_SPECIAL = re.compile(r"\*\*/|/\*\*\Z|\*\*|\*|\?|\\.|[^*?\\]+")


@lru_cache(maxsize=4096)
def pattern(glob: str) -> re.Pattern[str]:
    """The regular expression of a pattern. `dir/**` is everything below, `**/x` is x at any depth."""
    parts = []
    for piece in _SPECIAL.findall(glob.removesuffix("/") + ("/**" if glob.endswith("/") else "")):
        if piece == "**/":
            parts.append(r"(?:.*/)?")
        elif piece == "/**":
            parts.append(r"/.*")
        elif piece == "**":
            parts.append(r".*")
        elif piece == "*":
            parts.append(r"[^/]*")
        elif piece == "?":
            parts.append(r"[^/]")
        else:
            parts.append(re.escape(piece[1:] if piece.startswith("\\") else piece))
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether the path fits any of the patterns."""
    return any(pattern(glob).match(path) for glob in globs)
