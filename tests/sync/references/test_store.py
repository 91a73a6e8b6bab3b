# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Extractions on the disk: they come back as they were, and nothing that happens to the file does harm."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path

import pytest

from keima_sync.references import store as store_module
from keima_sync.references.encoding import Decoder, encoded
from keima_sync.references.languages import Extractions, extract
from keima_sync.references.store import FOLDER, Store, stored_in
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
        store.put(("0" * 40, language), encoded(made))
    with stored_in(tmp_path) as store:
        found = store.get(("0" * 40, language))
        assert found is not None and Decoder().decoded(found) == made
        assert store.get(("1" * 40, language)) is None


def test_what_waits_to_be_written_is_known(tmp_path: Path) -> None:
    with stored_in(tmp_path) as store:
        store.put(("0" * 40, "c"), b"found")
        assert store.get(("0" * 40, "c")) == b"found"


def test_equal_references_of_two_blobs_share_what_they_say() -> None:
    decoder = Decoder()
    one, two = (decoder.decoded(encoded(extract("c", text))) for text in (b'#include "a.h"', b'\n#include "a.h"'))
    assert one is not None and two is not None
    assert (one.references[0].line, two.references[0].line) == (1, 2)
    assert one.references[0].candidates is two.references[0].candidates


def test_files_of_other_checkers_and_a_file_beyond_its_limit_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stored_in(tmp_path) as store:
        store.put(("0" * 40, "c"), b"x" * 100_000)
    other, alien = tmp_path / FOLDER / "references-0.sqlite", tmp_path / FOLDER / "notes"
    for file in (other, alien):
        file.write_text("")
    with stored_in(tmp_path) as store:
        assert store.get(("0" * 40, "c")) is not None
    assert not other.exists() and alien.exists()
    monkeypatch.setattr(store_module, "LIMIT_BYTES", 50_000)
    with stored_in(tmp_path) as store:
        assert store.get(("0" * 40, "c")) is None


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
    "row",
    [
        b"",
        b"no deflated bytes",
        zlib.compress(b"["),
        zlib.compress(b"[1]"),
        zlib.compress(b'[]\n1\t["nothing","",[],[],0,""]'),
        zlib.compress(b'[]\n1\t["link","",[5],[],0,""]'),
        zlib.compress(b'[]\none\t["link","",[],[],0,""]'),
        zlib.compress(b"[]" + b" " * 5000)[:-5],
        "text",
    ],
)
def test_a_damaged_entry_is_read_again(tmp_path: Path, row: bytes | str) -> None:
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
