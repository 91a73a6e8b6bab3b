# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The generator of deletions of benchmarks/sync, on a tree whose references are written down here."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from benchmarks.sync.mutation import GOAL, mutate, opened
from benchmarks.sync.oracle import read_edges
from keima_sync.references.comparison import Comparison
from tests.sync.references.conftest import MakeTree

FILES = {
    "CMakeLists.txt": "project(x)\ninclude(cmake/a.cmake) # cmake/b.cmake\nadd_subdirectory(src)\n",
    "cmake/a.cmake": "include(${CMAKE_CURRENT_LIST_DIR}/b.cmake)\n",
    "cmake/b.cmake": "",
    "src/CMakeLists.txt": 'add_library(x "main.cc" ${PROJECT_SOURCE_DIR}/src/other.cc)\n',
    "src/main.cc": '/* #include "other.cc" */\n#include "main.h" // "far.h"\n#include <string.h>\n',
    "src/other.cc": '#include <own/far.h>\nchar const* s = "/*";\n#include "main.h"\n',
    "src/main.h": "",
    "src/string.h": "",
    "include/own/far.h": "",
    "pkg/__init__.py": "from .one import f\n",
    "pkg/one.py": "import pkg.two as two, json\n",
    "pkg/one.pyi": "from pkg import two\n",
    "pkg/two.py": "",
    "pkg/two.pyi": "",
    "pkg/json.py": "",
    "README.md": "`[no](src/main.h)` [yes](docs/guide.rst#x)\n\n<img src='docs/pic.png'>\n",
    "docs/guide.rst": ".. toctree::\n   :maxdepth: 1\n\n   Title <more/page>\n   other\n\n.. image:: pic.png\n",
    "docs/pic.png": "",
    "docs/more/page.rst": "",
    "docs/other.rst": "",
}
EDGES = {
    "cmake/a.cmake": {"CMakeLists.txt"},
    "cmake/b.cmake": {"cmake/a.cmake"},
    "src/CMakeLists.txt": {"CMakeLists.txt"},
    "src/main.cc": {"src/CMakeLists.txt"},
    "src/other.cc": {"src/CMakeLists.txt"},
    "src/main.h": {"src/main.cc", "src/other.cc"},
    "include/own/far.h": {"src/other.cc"},
    "pkg/one.py": {"pkg/__init__.py"},
    "pkg/__init__.py": {"pkg/one.py", "pkg/one.pyi"},
    "pkg/two.py": {"pkg/one.py"},
    "pkg/two.pyi": {"pkg/one.pyi"},
    "docs/guide.rst": {"README.md"},
    "docs/pic.png": {"README.md", "docs/guide.rst"},
    "docs/more/page.rst": {"docs/guide.rst"},
    "docs/other.rst": {"docs/guide.rst"},
}


def test_the_oracle_reads_what_is_written(make_tree: MakeTree) -> None:
    read = read_edges(make_tree("tree", FILES)).referrers
    assert {target: who for target, who in read.items() if who} == EDGES


@pytest.mark.parametrize("seed", range(3))
def test_every_referrer_is_named_for_any_seed(make_tree: MakeTree, seed: int) -> None:
    score = mutate(make_tree("tree", FILES), 500, seed)
    assert (score.missed, score.missed_together, score.baseline) == ([], [], 0)
    assert score.expected == sum(map(len, EDGES.values()))
    assert mutate(make_tree("tree", FILES), 8, seed, referred=True).together > 0


def test_a_blind_check_is_seen(make_tree: MakeTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Comparison, "lost", lambda self, paths=None: iter(()))
    score = mutate(make_tree("tree", FILES), 5, 0, referred=True)
    assert score.recall < GOAL and len(score.missed) == score.expected > 0


def test_archives_are_opened_beside(make_tree: MakeTree, tmp_path: Path) -> None:
    tree = make_tree("tree-1.0", FILES)
    with tarfile.open(tmp_path / "tree-1.0.tar.gz", "w:gz") as archive:
        archive.add(tree, "tree-1.0")
    with opened(tmp_path / "tree-1.0.tar.gz") as root:
        assert root.name == "tree-1.0" and (root / "README.md").is_file()
