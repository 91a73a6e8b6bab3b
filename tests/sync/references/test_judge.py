# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a tree that is checked alone is blamed for, and what may well come from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from keima_cli.findings import Severity
from keima_sync.references.check import judge
from keima_sync.references.languages import Extractions
from keima_sync.references.tree import GITLINK, Entry, Tree, from_folder
from tests.sync.references.conftest import MakeTree


def _blamed(root: Path) -> set[str]:
    found = judge(from_folder(root), Extractions())
    return {str(finding.spot) for finding in found if finding.severity >= Severity.WARNING}


IMPORT = {"pkg/__init__.py": "from ._native import f\n"}


def test_a_module_that_nothing_makes_is_missing(make_tree: MakeTree) -> None:
    assert _blamed(make_tree("tree", IMPORT)) == {"pkg/__init__.py:1"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CMakeLists.txt", "set(MODULE_NAME _native)\n"),
        ("CMakeLists.txt", "pybind11_add_module(_native src.cc)\n"),
        ("CMakeLists.txt", "add_library(_native MODULE src.cc)\n"),
        ("src.cc", "PYBIND11_MODULE(_native, m) {}\n"),
        ("src.c", "PyMODINIT_FUNC PyInit__native(void) {}\n"),
        ("setup.py", "setup(ext_modules=[Extension(\n    'pkg._native', [])])\n"),
        ("meson.build", "py.extension_module('_native', [])\n"),
    ],
)
def test_an_extension_module_is_made_by_the_build(make_tree: MakeTree, name: str, text: str) -> None:
    assert _blamed(make_tree("tree", {**IMPORT, name: text})) == set()


@pytest.mark.parametrize(("folder", "blamed"), [("include", True), ("sdk-stub", False), ("third_party/x", False)])
def test_a_stand_in_for_another_project_need_not_be_whole(make_tree: MakeTree, folder: str, blamed: bool) -> None:
    root = make_tree("tree", {f"{folder}/sdk/a.h": "", "main.cc": '#include "sdk/a.h"\n#include "sdk/b.h"\n'})
    assert _blamed(root) == ({"main.cc:2"} if blamed else set())


def test_a_submodule_may_hold_the_headers_of_its_name() -> None:
    files = {b"gemm/own.h": b"", b"main.cc": b'#include "gemm/outer.h"\n'}
    tree = Tree(lambda path, entry: files[path])
    for path in files:
        tree.add(path, Entry(0o100644, path.decode()))
    assert [finding.path for finding in judge(tree, Extractions())] == ["main.cc"]
    tree.add(b"third_party/gemm", Entry(GITLINK, "0" * 40))
    assert list(judge(tree, Extractions())) == []
