# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the TOML tables in `data/`: what is known about licences, as facts that anybody can review."""

from __future__ import annotations

import sys
from functools import cache
from importlib.resources import files
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@cache
def load_table(name: str) -> dict[str, Any]:
    """The parsed content of `data/<name>`."""
    return tomllib.loads((files("keima_audit") / "data" / name).read_text(encoding="utf-8"))
