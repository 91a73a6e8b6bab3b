# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Extractions on the disk: they come back as they were, and nothing that happens to the file does harm."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from keima_sync.references.languages import Extractions, extract
from keima_sync.references.store import Store, stored_in
from keima_sync.references.tree import Entry, Tree

SAMPLES = {
    "c": b'#include "a\xff.h"\n#include <b/c.h>\n#include M\nPYBIND11_MODULE(x, m)\n',
    "python": b"from . import a\nimport b.c\nimport importlib\nimportlib.import_module(x)\n",
    "cmake": b"add_subdirectory(a)\nset(MODULE_NAME y)\ninclude(b.cmake OPTIONAL)\n",
    "markdown": "[\u6842](\u99ac.md)\n".encode(),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_what_was_put_in_comes_out(tmp_path: Path, language: str) -> None:
    made = extract(language, SAMPLES[language])
    assert made.references
    with stored_in(tmp_path) as store:
        store.put(("0" * 40, language), made)
    with stored_in(tmp_path) as store:
        assert store.get(("0" * 40, language)) == made
        assert store.get(("1" * 40, language)) is None


def _reads(store: Store) -> list[bytes]:
    """Paths that are read, of a tree of one file that is asked for twice."""
    read: list[bytes] = []

    def reader(path: bytes, entry: Entry) -> bytes:
        read.append(path)
        return SAMPLES["c"]

    tree = Tree(reader)
    tree.add(b"a.c", Entry(0o100644, "0" * 40))
    extractions = Extractions(store)
    assert extractions.of(tree, b"a.c") == extract("c", SAMPLES["c"]) == extractions.of(tree, b"a.c")
    store.close()
    return read


def test_a_blob_is_read_once_in_its_life(tmp_path: Path) -> None:
    assert _reads(Store(tmp_path / "store")) == [b"a.c"]
    assert _reads(Store(tmp_path / "store")) == []


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"no database" * 1000)
    assert _reads(Store(tmp_path / "store")) == [b"a.c"]
    assert _reads(Store(tmp_path / "store")) == []


@pytest.mark.parametrize(
    "row", ["", "[", "[[[1]], []]", '[[[1,"nothing","",[],[],0,""]],[]]', '[[[1,"link","",[5],[],0,""]],[]]']
)
def test_a_damaged_entry_is_read_again(tmp_path: Path, row: str) -> None:
    assert _reads(Store(tmp_path / "store")) == [b"a.c"]
    with sqlite3.connect(tmp_path / "store") as table:
        table.execute("UPDATE extractions SET found = ?", (row,))
    table.close()
    assert _reads(Store(tmp_path / "store")) == [b"a.c"]


def test_where_nothing_can_be_written_everything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for _ in range(2):
        assert _reads(Store(tmp_path / "file" / "store")) == [b"a.c"]
        assert _reads(Store(tmp_path)) == [b"a.c"]
