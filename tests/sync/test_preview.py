# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync check --config`: what an export would break, before it does, and by which rule."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_sync.cli import app
from tests.sync.conftest import CHECK_RULES


def _check(project: Any, monkeypatch: pytest.MonkeyPatch, *flags: str) -> tuple[int, list[dict[str, Any]]]:
    monkeypatch.chdir(project.folder)
    project.write_config(CHECK_RULES)
    ran = CliRunner().invoke(app, ["check", "--config", "sync.toml", "--json", *flags])
    return ran.exit_code, json.loads(ran.stdout)["findings"]


def test_a_reference_into_what_is_cut_names_the_rule(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '#include "a.h"\n#include "../internal/secret.h"\n'
    project.commit(internal__secret_dot_h="", core__a_dot_h="", core__a_dot_c=text)
    code, found = _check(project, monkeypatch)
    assert code == 1
    assert [(f["path"], f["line"]) for f in found] == [("lib/a.c", 2)]
    assert "sync.toml:10: exclude /internal/: not published" in found[0]["hint"]


def test_a_reference_in_a_marked_block_is_gone_with_it(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text = 'int x;\n// BEGIN-INTERNAL\n#include "../internal/secret.h"\n// END-INTERNAL\n'
    project.commit(internal__secret_dot_h="", core__a_dot_c=text)
    assert _check(project, monkeypatch) == (0, [])


def test_what_moves_together_still_finds_itself(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit(core__a_dot_h="", core__a_dot_c='#include "a.h"\n', README_dot_md="[core](core/a.c)\n")
    code, found = _check(project, monkeypatch)
    assert code == 1
    assert [(f["path"], f["line"]) for f in found] == [("README.md", 1)]
    assert "move core to lib makes it lib/a.c" in found[0]["hint"]


def test_stripping_that_breaks_the_syntax_is_found(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit(a_dot_c="#if X\n// BEGIN-INTERNAL\nint f() {\n// END-INTERNAL\n}\n#endif\n")
    code, found = _check(project, monkeypatch)
    assert code == 1 and [f["path"] for f in found] == ["a.c"]


def test_against_another_revision_only_news_are_reported(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit(internal__a_dot_h="", internal__b_dot_h="", x_dot_c='#include "internal/a.h"\n')
    subprocess.run(["git", "-C", project.internal, "checkout", "-qb", "topic"], check=True)
    project.commit(x_dot_c='\n#include "internal/a.h"\n')
    assert _check(project, monkeypatch, "--against", "main") == (0, [])
    project.commit(y_dot_c='#include "internal/b.h"\n')
    code, found = _check(project, monkeypatch, "--against", "main")
    assert code == 1 and [f["path"] for f in found] == ["y.c"]
    assert _check(project, monkeypatch, "--at", "main", "--against", "topic") == (0, [])
