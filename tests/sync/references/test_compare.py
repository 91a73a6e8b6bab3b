# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Cuts one file of a tree and expects its referrers, and nothing else, to be named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from keima_sync.references import syntax
from keima_sync.references.check import DANGLING, UNKNOWN, compare, judge
from keima_sync.references.languages import Extractions
from keima_sync.references.tree import MAX_BYTES, from_folder

FILES = {
    "CMakeLists.txt": "add_subdirectory(src)\nset(EXTRA ${PROJECT_SOURCE_DIR}/src/extra.cc)\nadd_library(x ${EXTRA}\n"
    '  src/plain.cc) # src/comment.cc\nif(MLIR)\n  add_subdirectory("tools/mlir")\nendif()\ninclude(cmake/a.cmake)\n'
    "configure_file(src/v.h.in v.h)\n",
    "cmake/a.cmake": "include(${CMAKE_CURRENT_LIST_DIR}/b.cmake)\n",
    "cmake/b.cmake": "",
    "tools/mlir/CMakeLists.txt": "",
    "src/CMakeLists.txt": "target_sources(x PRIVATE main.cc)\n",
    "src/main.cc": '#include "near.h"\n// #include "comment.h"\n'
    "#  include <own/far.h>\n#include <string.h>\n"
    "#include M\n",
    "src/near.h": "",
    "src/extra.cc": "",
    "src/plain.cc": "",
    "src/comment.cc": "",
    "src/comment.h": "",
    "src/string.h": "",
    "src/v.h.in": "",
    "include/own/far.h": "",
    "py/pkg/__init__.py": "from . import leaf\n",
    "py/pkg/leaf.py": "def lazy():\n    from pkg.deep import thing\n",
    "py/pkg/deep/__init__.py": "",
    "py/pkg/deep/thing.py": "import importlib\nimportlib.import_module('pkg.named')\n",
    "py/pkg/named.py": "import random\n",
    "py/pkg/random.py": "",
    "setup.py": "from setuptools import setup\nsetup(entry_points={'a': ['run = tool.main:go']})\n",
    "tool/main.py": "",
    "README.md": "[guide](docs/guide.md#top)\n\n```\n[no](docs/code.md)\n```\n<img src='docs/pic.png'>\n",
    "docs/guide.md": "",
    "docs/code.md": "",
    "docs/pic.png": "",
    "docs/index.rst": ".. include:: part.rst\n\n:doc:`page`\n",
    "docs/part.rst": "",
    "docs/page.rst": "",
    "Makefile": "include build/rules.mk\nall:\n\tsh scripts/run.sh\n",
    "build/rules.mk": "",
    "scripts/run.sh": 'source "$(dirname "$0")"/env.sh\n. scripts/lib.sh\n',
    "scripts/env.sh": "",
    "scripts/lib.sh": "",
    "Dockerfile": "COPY conf/app.conf /etc/\n",
    "conf/app.conf": "",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: python tool/ci.py\n",
    "tool/ci.py": "",
    "Cargo.toml": '[workspace]\nmembers = [\n  "crates/one",\n]\n',
    "crates/one/Cargo.toml": "",
    "package.json": '{\n  "workspaces": ["js/one"]\n}\n',
    "js/one/package.json": "{}",
    "BUILD": 'cc_library(name = "x", deps = ["//lib/sub:thing"])\n',
    "lib/sub/BUILD": "",
}

# What is cut, and the places that then lead nowhere (or to something else).
CUTS = {
    "src/CMakeLists.txt": {"CMakeLists.txt:1"},
    "src/extra.cc": {"CMakeLists.txt:2", "CMakeLists.txt:3"},
    "src/plain.cc": {"CMakeLists.txt:4"},
    "src/comment.cc": set(),
    "tools/mlir/CMakeLists.txt": {"CMakeLists.txt:6"},
    "cmake/a.cmake": {"CMakeLists.txt:8"},
    "cmake/b.cmake": {"cmake/a.cmake:1"},
    "src/v.h.in": {"CMakeLists.txt:9"},
    "src/main.cc": {"src/CMakeLists.txt:1"},
    "src/near.h": {"src/main.cc:1"},
    "src/comment.h": set(),
    "src/string.h": set(),
    "include/own/far.h": {"src/main.cc:3"},
    "py/pkg/leaf.py": {"py/pkg/__init__.py:1"},
    "py/pkg/deep/__init__.py": {"py/pkg/leaf.py:2"},
    "py/pkg/deep/thing.py": {"py/pkg/leaf.py:2"},
    "py/pkg/named.py": {"py/pkg/deep/thing.py:2"},
    "tool/main.py": {"setup.py:2"},
    "docs/guide.md": {"README.md:1"},
    "docs/code.md": set(),
    "docs/pic.png": {"README.md:6"},
    "docs/part.rst": {"docs/index.rst:1"},
    "docs/page.rst": {"docs/index.rst:3"},
    "build/rules.mk": {"Makefile:1"},
    "scripts/run.sh": {"Makefile:3"},
    "scripts/lib.sh": {"scripts/run.sh:2"},
    "conf/app.conf": {"Dockerfile:1"},
    "tool/ci.py": {".github/workflows/ci.yml:4"},
    "crates/one/Cargo.toml": {"Cargo.toml:3"},
    "js/one/package.json": {"package.json:2"},
    "lib/sub/BUILD": {"BUILD:1"},
}


def places_after(internal: Path, public: Path) -> set[str]:
    found = compare(from_folder(internal), from_folder(public), Extractions())
    return {str(finding.spot) for finding in found if finding.rule != "unknown-reference"}


@pytest.mark.parametrize("cut", CUTS)
def test_every_referrer_of_a_cut_file_is_named(make_tree, tmp_path, cut):
    internal = make_tree("internal", FILES)
    public = tmp_path / "public"
    shutil.copytree(internal, public)
    (public / cut).unlink()
    assert places_after(internal, public) == CUTS[cut]


def test_an_uncut_tree_has_no_findings_and_unknowns_say_so(make_tree):
    tree = from_folder(make_tree("same", FILES))
    found = list(compare(tree, tree, Extractions()))
    assert {finding.rule for finding in found} == {"unknown-reference"}
    assert "src/main.cc:5" in {str(finding.spot) for finding in found}


def test_truth_of_the_compiler_and_the_interpreter(make_tree, tmp_path):
    """The fixture is as we say: the compiler reads near.h and far.h, and no file that stands in a comment."""
    root = make_tree("real", FILES)
    call = ["c++", "-M", "-D", "M=<stdlib.h>", "-I", "include", "src/main.cc"]
    read = subprocess.run(call, cwd=root, capture_output=True, text=True, check=True).stdout
    assert "src/near.h" in read and "include/own/far.h" in read
    assert "comment.h" not in read and "src/string.h" not in read
    code = "import pkg, pkg.leaf; pkg.leaf.lazy(); import sys; print(*sorted(n for n in sys.modules if 'pkg.' in n))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=root / "py", capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["pkg.deep", "pkg.deep.thing", "pkg.leaf", "pkg.named"]


def test_a_moved_file_is_compared_with_its_origin(make_tree):
    internal = make_tree("in", {"old/a.cc": '#include "b.h"\n#include "c.h"\n', "old/b.h": "", "old/c.h": ""})
    public = make_tree("out", {"new/a.cc": '#include "b.h"\n#include "c.h"\n', "new/b.h": ""})
    found = list(
        compare(
            from_folder(internal), from_folder(public), Extractions(), lambda path: path.replace(b"new/", b"old/", 1)
        )
    )
    assert [(str(finding.spot), finding.evidence[0].path) for finding in found] == [("new/a.cc:2", "old/c.h")]


def test_another_file_of_the_same_name_is_a_warning(make_tree):
    files = {"a/x.cc": '#include "same.h"\n', "a/same.h": "", "b/same.h": ""}
    internal = make_tree("in", files)
    public = make_tree("out", {path: data for path, data in files.items() if path != "a/same.h"})
    found = list(compare(from_folder(internal), from_folder(public), Extractions()))
    assert [(finding.rule, str(finding.spot)) for finding in found] == [("retargeted-reference", "a/x.cc:1")]


def test_symlinks_and_submodules(make_tree):
    root = make_tree("links", {"real/file.h": "", "a.cc": '#include "alias/file.h"\n'})
    (root / "alias").symlink_to("real")
    (root / "gone").symlink_to("../outside")
    (root / "lost").symlink_to("nothing")
    (root / "loop").symlink_to("loop")
    found = [finding for finding in judge(from_folder(root), Extractions()) if finding.severity > 0]
    assert {finding.path for finding in found} == {"gone", "lost", "loop"}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.py", "if x:\n    y = 1\n", "if x:\n"),
        ("a.cc", "#if A\nint a;\n#endif\n", "#if A\nint a;\n"),
        ("a.h", "#if A\n#endif\n", "#endif\n"),
        ("a.cpp", "void f() {\n  g('{', \"}\");  // {\n}\n", "void f() {\n  g('{', \"}\");  // {\n"),
        ("a.c", "int f() { return (1); }", "int f() { return 1); }"),
    ],
)
def test_what_stripping_broke(make_tree, name, before, after):
    whole, stripped = from_folder(make_tree("in", {name: before})), from_folder(make_tree("out", {name: after}))
    assert [finding.path for finding in syntax.compare(whole, stripped)] == [name]
    assert not list(syntax.compare(stripped, stripped)) and not list(syntax.compare(stripped, whole))


def test_what_is_too_large_to_be_read_is_unknown_and_never_taken_for_sound(tmp_path: Path) -> None:
    (tmp_path / "big.md").write_text("[a](absent.md)\n" + "x" * MAX_BYTES)
    (tmp_path / "small.md").write_text("[a](absent.md)\n")
    found = {finding.path: finding.rule for finding in judge(from_folder(tmp_path), Extractions())}
    assert found == {"big.md": UNKNOWN.id, "small.md": DANGLING.id}
