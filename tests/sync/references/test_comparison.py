# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Trees that change step by step give what a comparison of whole trees gives, whatever the changes are."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from keima_sync.references.check import is_dangling, references
from keima_sync.references.comparison import Comparison, compared
from keima_sync.references.following import Change
from keima_sync.references.languages import Extractions
from keima_sync.references.lone import Lone
from keima_sync.references.model import Strength
from keima_sync.references.store import stored_in
from keima_sync.references.tree import GITLINK, SYMLINK, Entry, Tree

FOLDERS = ["", "a/", "a/b/", "pkg/", "pkg/inner/", "docs/"]
NAMES = ["x.h", "y.cc", "__init__.py", "mod.py", "mod.pyi", "CMakeLists.txt", "read.md", "run.sh", "link", "b"]
INCLUDES = ["", '#include "x.h"\n#include <b/x.h>\n', '#include "../b/x.h"\n#include "link/x.h"\n']
IMPORTS = ["", "import pkg.inner.mod\nfrom . import mod\n", "from .inner import mod\nimport mod\n"]
CONTENTS = {
    "h": INCLUDES,
    "cc": INCLUDES,
    "py": IMPORTS,
    "pyi": IMPORTS,
    "txt": ["add_subdirectory(b)\nadd_library(x y.cc b/y.cc)\n"],
    "md": ["[one](x.h) ![two](a/b/read.md) [three](../link)\n"],
    "sh": [". a/run.sh\nsource ./link/run.sh\n"],
}
LINKS = ["a", "../pkg", "b", "nowhere", "x.h", "/abs"]


class _Drawn:
    """Pairs of trees drawn step by step, a third of the public files under other names."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.blobs: dict[str, bytes] = {}
        self.internal: dict[bytes, Entry] = {}
        self.public: dict[bytes, Entry] = {}
        self.origins: dict[bytes, bytes] = {}

    def tree(self, files: dict[bytes, Entry]) -> Tree:
        made = Tree(lambda path, entry: self.blobs.get(entry.blob))
        for path, entry in files.items():
            made.add(path, entry)
        return made

    def origin(self, path: bytes) -> bytes:
        return self.origins.get(path, path)

    def step(self) -> Change:
        internal = dict(self.internal)
        for _ in range(self._rng.choice([1, 1, 2, 6])):
            self._edit(internal)
        public, origins = {}, {}
        cut = self._rng.choice([b"a/b/", b"pkg/", b"pkg/inner/__init__.py", b"docs/", b"none"])
        for path, entry in internal.items():
            if path.startswith(cut):
                continue
            target = b"moved/" + path[2:] if path.startswith(b"a/") else path
            public[target] = entry
            if target != path:
                origins[target] = path
        change = Change(*(_difference(old, new) for old, new in [
            (self.internal, internal), (self.public, public), (self.origins, origins)
        ]))  # fmt: skip
        self.internal, self.public, self.origins = internal, public, origins
        return change

    def _edit(self, files: dict[bytes, Entry]) -> None:
        path = (self._rng.choice(FOLDERS) + self._rng.choice(NAMES)).encode()
        for other in list(files):
            if other.startswith(path + b"/") or path.startswith(other + b"/"):
                del files[other]
        kind = self._rng.random()
        if kind < 0.3:
            files.pop(path, None)
            return
        mode = SYMLINK if kind < 0.4 else GITLINK if kind < 0.43 else 0o100644
        ending = path.decode().rpartition(".")[2]
        data = self._rng.choice(LINKS if mode == SYMLINK else CONTENTS.get(ending, [""]))
        blob = f"{mode}{data}"
        self.blobs[blob] = data.encode()
        files[path] = Entry(mode, blob)


def _difference(old, new):
    return {path: new.get(path) for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


@pytest.mark.parametrize("seed", range(40))
def test_steps_give_what_a_whole_comparison_gives(seed: int) -> None:
    drawn = _Drawn(seed)
    running = Comparison(drawn.tree({}), drawn.tree({}), Extractions())
    seen = 0
    before: dict[bytes, list[object]] = {}
    for _ in range(30):
        changed = running.change(drawn.step())
        fresh = compared(
            drawn.tree(drawn.internal),
            drawn.tree(drawn.public),
            Extractions(),
            drawn.origin,
        )
        found = list(running.lost())
        assert found == list(fresh.lost())
        seen += len(found)
        now = {path: list(running.lost_by(path)) for path in drawn.public}
        assert {path for path in now.keys() | before.keys() if now.get(path, []) != before.get(path, [])} <= changed
        before = now
    assert seen > 0, "the drawn trees lose nothing: the test shows nothing"


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_only_when_needed_differs_in_nothing(seed: int, stored: bool, tmp_path: Path) -> None:
    drawn, news = _Drawn(seed), 0
    with stored_in(tmp_path) as store:
        for _ in range(25):
            drawn.step()
            whole = Change(dict(drawn.internal), dict(drawn.public), dict(drawn.origins))
            before = _losses(_begun(drawn, whole, Extractions(store)))  # which fills the store
            running = _begun(drawn, whole, Extractions(store if stored else None))
            for _ in range(2):
                changed = running.change(drawn.step())
                now = _losses(
                    compared(drawn.tree(drawn.internal), drawn.tree(drawn.public), Extractions(), drawn.origin)
                )
                differ = {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}
                assert differ <= changed
                assert list(running.lost(changed)) == [loss for path in sorted(changed) for loss in now.get(path, ())]
                before, news = now, news + len(differ)
            assert list(running.lost()) == [loss for path in sorted(before) for loss in before[path]]
    assert news > 0, "the drawn steps change nothing: the test shows nothing"


def test_what_is_read_only_when_needed_is_found_through_a_symlink_of_another_name(tmp_path: Path) -> None:
    drawn = _Drawn(0)
    contents = {b"a.c": b'#include "other.h"\n', b"other.h": b"real.h", b"real.h": b""}
    for path, data in contents.items():
        drawn.blobs[path.decode()] = data
        drawn.internal[path] = Entry(SYMLINK if path == b"other.h" else 0o100644, path.decode())
    whole = Change(drawn.internal, drawn.internal)
    with stored_in(tmp_path) as store:
        assert list(_begun(drawn, whole, Extractions(store)).lost()) == []
        running = _begun(drawn, whole, Extractions(store))
        assert b"a.c" in running.change(Change({}, {b"real.h": None}))
        assert [(path, lost.before) for path, _, lost in running.lost([b"a.c"])] == [(b"a.c", b"real.h")]


def _begun(drawn: _Drawn, whole: Change, extractions: Extractions) -> Comparison:
    made = Comparison(drawn.tree({}), drawn.tree({}), extractions)
    made.begin_with(whole)
    return made


def _losses(comparison: Comparison) -> dict[bytes, list[object]]:
    found: dict[bytes, list[object]] = {}
    for loss in comparison.lost():
        found.setdefault(loss[0], []).append(loss)
    return found


@pytest.mark.parametrize("seed", range(10))
def test_firm_references_of_a_tree_alone_are_those_that_a_look_at_it_finds(seed: int) -> None:
    drawn, extractions = _Drawn(seed), Extractions()
    running, seen = Lone(drawn.tree({}), extractions), 0
    for _ in range(30):
        running.change(drawn.step().internal)
        tree = drawn.tree(drawn.internal)
        firm = [
            found for found in references(tree, extractions, tree.files) if found.reference.strength is Strength.FIRM
        ]
        dangling = [(found.referrer, found.reference) for found in firm if is_dangling(found, tree)]
        assert [(path, reference) for path, reference, _ in running.lost()] == dangling
        seen += len(dangling)
    assert seen > 0, "nothing dangles in the drawn trees: the test shows nothing"
