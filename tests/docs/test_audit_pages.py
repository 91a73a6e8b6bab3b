# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The pages for lawyers name rules, ways and files that there are, and both languages name the same ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from keima_audit.policy import USES
from keima_audit.rules import rules

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs/audit" / name for name in ("for-lawyers.md", "for-lawyers.zh-CN.md")]
WORD = re.compile(r"`([a-z]+(?:-[a-z]+)+)`")


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text().splitlines() if line.startswith("| `")]
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_rules_uses_and_files_exist(page: Path) -> None:
    text = page.read_text()
    named = {rule for row in rows(page) for rule in row}
    assert named == set(rules())
    assert [word for word in WORD.findall(text) if word not in {*rules(), *USES, "third-party"}] == []
    assert [use for use in USES if f"`{use}`" not in text] == []
    for file in re.findall(r"`(license_audit/[^`]+)`", text):
        assert (ROOT / file).is_file()


def test_both_languages_explain_the_same_rules() -> None:
    assert rows(PAGES[0]) == rows(PAGES[1])
