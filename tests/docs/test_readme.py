# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The READMEs: the example runs, the folders exist, and both languages show the same commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)


def folders(path: Path) -> list[str]:
    return re.findall(r"^\| `(\w+)/` \|", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_both_languages_show_the_same_code_and_folders() -> None:
    english, chinese = READMES
    for language in ("sh", "python"):
        assert blocks(english, language) == blocks(chinese, language) != []
    assert folders(english) == folders(chinese) != []


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_folders_and_links_exist(path: Path) -> None:
    links = re.findall(r"\]\(([^):]+)\)", path.read_text(encoding="utf-8"))
    assert [name for name in [*folders(path), *links] if not (ROOT / name).exists()] == []


def test_the_example_prints_a_gradient() -> None:
    (example,) = blocks(READMES[0], "python")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Tensor(")
