# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Names whose only definition was cut while uses are left, and names that only look so."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from keima_sync.cli import app
from keima_sync.references.symbols import suspicions
from keima_sync.references.tree import from_folder
from tests.sync.references.conftest import MakeTree


def _suspected(make_tree: MakeTree, cut: dict[str, str], left: dict[str, str]) -> dict[tuple[str, str], str]:
    internal, public = make_tree("in", {**cut, **left}), make_tree("out", left)
    found = suspicions(from_folder(internal), from_folder(public), {})
    return {(str(finding.spot), finding.key): str(finding.severity) for finding in found}


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ("int fastPath(int a,\n  int b) const {\n}\n", "fastPath"),
        ("namespace x { class Engine final : public Base {}; }\n", "Engine"),
        ("enum class Mode2 : int { A };\n", "Mode2"),
        ("#  define CHECK_IT(x) x\n", "CHECK_IT"),
        ("void Engine::run_all() { }\n", "run_all"),
    ],
)
def test_c_definitions(make_tree: MakeTree, definition: str, name: str) -> None:
    left = {"b.cc": f'// {name}\n"{name}";\nint y = use({name});\n'}
    assert _suspected(make_tree, {"a.cc": definition}, left) == {("b.cc:3", name): "warning"}
    assert _suspected(make_tree, {"a.cc": definition}, {**left, "c.h": definition}) == {}


@pytest.mark.parametrize("text", ["if (a) {\n}\n", "#define inline\n", "x = other(1);\n", "// class Engine {\n"])
def test_what_is_no_definition_in_c(make_tree: MakeTree, text: str) -> None:
    assert _suspected(make_tree, {"a.cc": text}, {"b.cc": "inline if a x other Engine\n"}) == {}


def test_python(make_tree: MakeTree) -> None:
    cut = {"cut.py": "class Engine:\n    pass\ndef run_all(): pass\ndef go(): pass\n"}
    left = {"a.py": '"""Engine"""\nfrom x import Engine as E\nrun_all(go)\n', "b.py": "def f(go): go()\nEngine = 1\n"}
    assert _suspected(make_tree, cut, {"a.py": left["a.py"]}) == {
        ("a.py:2", "Engine"): "warning",
        ("a.py:3", "run_all"): "warning",
        ("a.py:3", "go"): "note",
    }


def test_python_names_that_are_bound_elsewhere_are_not_lost(make_tree: MakeTree) -> None:
    cut = {"cut.py": "class Engine:\n    pass\n"}
    assert _suspected(make_tree, cut, {"b.py": "Engine = 1\nprint(Engine)\n"}) == {}


def test_the_flag(make_tree: MakeTree) -> None:
    left = {"b.cc": "Engine e;\n"}
    trees = ["--internal", str(make_tree("in", {"a.cc": "class Engine {};\n", **left}))]
    trees += ["--public", str(make_tree("out", left)), "--json"]
    assert json.loads(CliRunner().invoke(app, ["check", *trees]).stdout)["findings"] == []
    [found] = json.loads(CliRunner().invoke(app, ["check", *trees, "--symbols"]).stdout)["findings"]
    assert found["properties"] == {"symbol": "Engine", "suspicion": "likely"}
