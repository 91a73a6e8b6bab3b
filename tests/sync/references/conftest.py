# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Small trees written from a mapping of paths to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

MakeTree = Callable[[str, Mapping[str, str]], Path]


@pytest.fixture
def make_tree(tmp_path: Path) -> MakeTree:
    def make(name: str, files: Mapping[str, str]) -> Path:
        for path, content in files.items():
            target = tmp_path / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        return tmp_path / name

    return make
