# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync check --config --history`: since when an export is broken, by whom, by which rule, and until when."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_cli.errors import WrongUseError
from keima_cli.findings import Finding, Severity
from keima_sync.breakage import breakage, symbol_breakage
from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.preview import preview
from keima_sync.references import reading
from tests.sync.conftest import CHECK_RULES, git


def _shown(finding: Finding) -> tuple[str, ...]:
    known = dict(finding.properties)
    return (str(finding.spot), finding.rule, known["introduced"], known.get("fixed", ""))


def test_a_branch_breaks_the_export_and_another_commit_mends_it(project: Any) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    project.commit(internal__secret_dot_h="", core__a_dot_c="int a;\n")
    git(project.internal, "checkout", "-qb", "topic")
    broke = project.commit(core__a_dot_c='int a;\n#include "../internal/secret.h"\n')
    git(project.internal, "checkout", "-q", "main")
    project.commit(other_dot_txt="x")
    identity = ("-c", "user.name=Bob", "-c", "user.email=bob@corp.example")
    git(project.internal, *identity, "merge", "-q", "--no-ff", "-m", "merge", "topic")
    [found] = breakage(config, "main")
    assert _shown(found) == ("lib/a.c:2", "dangling-reference", broke, "")
    assert found.severity is Severity.ERROR
    assert ("author", "Ann <ann@corp.example>") in found.properties
    assert "sync.toml:10: exclude /internal/: not published" in found.hint
    mended = project.commit(core__a_dot_c="int a;\n")
    [found] = breakage(config, "main")
    assert _shown(found) == ("lib/a.c:2", "dangling-reference", broke, mended)
    assert found.severity is Severity.NOTE
    again = project.commit(core__a_dot_c='#include "../internal/secret.h"\n')
    assert [_shown(found)[2:] for found in breakage(config, "main")] == [(broke, mended), (again, "")]


def test_broken_syntax_has_its_history_too(project: Any) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    project.commit(core__a_dot_c="int a;\n")
    broke = project.commit(core__a_dot_c="// BEGIN-INTERNAL\nint f() {\n// END-INTERNAL\n}\n")
    [found] = breakage(config, "main")
    assert _shown(found) == ("lib/a.c", "broken-by-stripping", broke, "")


@pytest.mark.parametrize("seed", range(4))
def test_what_is_left_at_the_end_is_what_a_look_at_the_end_finds(draw: Callable[..., Any], seed: int) -> None:
    project = draw(seed, 40)
    config = read_config(
        project.write_config('[paths]\nunmatched = "include"\n[[paths.rules]]\nexclude = ["/src/deep/", "a.txt"]\n')
    )
    left = {(f.path, f.evidence) for f in breakage(config, "main") if f.severity >= Severity.WARNING}
    assert left == {(f.path, f.evidence) for f in preview(config, "main") if f.severity >= Severity.WARNING}


def test_processes_read_ahead_what_one_would_read(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    project.commit(internal__a_dot_h="", **{f"f{i}_dot_c": f'int x{i};\n#include "internal/a.h"\n' for i in range(9)})
    monkeypatch.setattr(reading, "_ENOUGH", 4)
    monkeypatch.setattr(reading.os, "cpu_count", lambda: 2)
    found = list(breakage(config, "main"))
    assert [f.line for f in found] == [2] * 9


def test_the_command(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    project.write_config(CHECK_RULES)
    project.commit(internal__a_dot_h="", x_dot_c='#include "internal/a.h"\n')
    ran = CliRunner().invoke(app, ["check", "--config", "sync.toml", "--history", "--json"])
    assert ran.exit_code == 1 and [f["path"] for f in json.loads(ran.stdout)["findings"]] == ["x.c"]
    both = CliRunner().invoke(app, ["check", "--config", "sync.toml", "--history", "--against", "main"])
    assert isinstance(both.exception, WrongUseError)


@pytest.mark.parametrize("seed", range(3))
def test_a_history_that_grows_gives_what_a_look_at_all_of_it_gives(project: Any, seed: int) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    rng = random.Random(seed)
    project.commit(internal__a_dot_h="", internal__b_dot_h="", core__c_dot_h="")
    known, aside = (project.internal / ".git" / name for name in ("keima", "aside"))
    looked: list[int] = []
    for _ in range(12):
        for _ in range(rng.choice([1, 1, 3])):
            include = rng.choice(["internal/a.h", "internal/b.h", "core/c.h"])
            project.commit(**{rng.choice(["x_dot_c", "core__y_dot_c"]): f'#include "{include}"\n// {rng.random()}\n'})
            project.commit(**{rng.choice(["internal__a_dot_h", "core__a_dot_h"]): f"// {rng.random()}\n"})
        looked.clear()
        grown = list(breakage(config, "main", looked.append))
        known.rename(aside)
        fresh = list(breakage(config, "main"))
        shutil.rmtree(known)
        aside.rename(known)
        assert sorted(map(str, grown)) == sorted(map(str, fresh))
    assert fresh and len(looked) in (2, 6)


def test_a_further_commit_is_all_that_is_looked_at(project: Any) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    project.commit(internal__a_dot_h="", x_dot_c='#include "internal/a.h"\n')
    broke = project.commit(core__y_dot_c='#include "../internal/a.h"\n')
    looked: list[int] = []
    assert len(list(breakage(config, "main", looked.append))) == 2 and len(looked) == 2
    mended = project.commit(core__y_dot_c="", z_dot_c='\n#include "internal/a.h"\n')
    looked.clear()
    found = {_shown(finding) for finding in breakage(config, "main", looked.append)}
    assert len(looked) == 1
    assert ("lib/y.c:1", "dangling-reference", broke, mended) in found and len(found) == 3
    project.commit(internal__a_dot_h=None)
    assert [dict(f.properties).get("fixed") is None for f in breakage(config, "main")] == [False] * 3
    [kept] = (project.internal / ".git" / "keima").glob("history-*.json")
    for damaged in ("", "{}", "[]", '{"key": 1}', kept.read_text().replace("dangling-reference", "no-rule")):
        kept.write_text(damaged)
        looked.clear()
        assert len(list(breakage(config, "main", looked.append))) == 3 and len(looked) == 4


def test_other_rules_and_a_rewritten_history_make_what_is_known_void(project: Any) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    first = project.commit(internal__a_dot_h="", x_dot_c='#include "internal/a.h"\n')
    project.commit(y_dot_c='#include "internal/a.h"\n')
    assert len(list(breakage(config, "main"))) == 2
    git(project.internal, "reset", "-q", "--hard", first)
    project.commit(z_dot_h="")
    assert [finding.path for finding in breakage(config, "main")] == ["x.c"]
    other = read_config(project.write_config(CHECK_RULES.replace('"/internal/"', '"/internal/", "/x.c"')))
    assert list(breakage(other, "main")) == []


@pytest.mark.parametrize("seed", range(2))
def test_symbols_over_history_end_as_a_look_at_each_commit_says(project: Any, seed: int) -> None:
    config = read_config(project.write_config(CHECK_RULES))
    rng = random.Random(seed)
    names = ["one_name", "OtherName", "THIRD_NAME", "plain"]
    seen: set[tuple[str, str]] = set()
    for _ in range(10):
        for _ in range(rng.choice([1, 2])):
            name = rng.choice(names)
            text = rng.choice([f"struct {name} {{ int a; }};\n", f"int {name}(int a) {{ }}\n", f"int x = {name}(1);\n"])
            code = rng.choice([f"class {name}:\n    pass\n", f"print({name})\n", f"def {name}():\n    pass\n"])
            place = rng.choice(["internal__a", "internal__b", "core__c", "d"])
            project.commit(**{f"{place}_dot_c": text} if rng.random() < 0.5 else {f"{place}_dot_py": code})
        look = preview(config, "main", symbols=True)
        likely = {(f.path, f.key) for f in look if f.rule == "lost-symbol" and f.severity is Severity.WARNING}
        found = [f for f in symbol_breakage(config, "main") if f.severity is Severity.WARNING]
        assert {(f.path, f.message.partition(" ")[0]) for f in found} == likely
        seen |= likely
    assert seen, "no drawn history loses a symbol: the test shows nothing"
