# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Trees of any names are written byte for byte; hostile ones are refused, and nothing outside is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType

from keima_sync.errors import RepositoryError
from keima_sync.proof.materialise import materialise, remove
from keima_sync.tree_filter import Item, tree_bytes


@pytest.fixture
def repository(tmp_path: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(tmp_path / "repository"), bare=True)


def _tree(repository: pygit2.Repository, *entries: tuple[int, bytes, bytes | pygit2.Oid]) -> pygit2.Oid:
    items = [
        Item(mode, name, repository.create_blob(held) if isinstance(held, bytes) else held)
        for mode, name, held in entries
    ]
    return repository.odb.write(ObjectType.TREE, tree_bytes(items))


def test_bytes_modes_links_and_names(repository: pygit2.Repository, tmp_path: Path) -> None:
    deep = _tree(repository, (0o100644, b'\xff\n"', b"\0\r\n\xff"))
    module = pygit2.Oid(hex="1" * 40)
    root = _tree(
        repository,
        (0o100755, b"run", b"#!"),
        (0o120000, b"link", b"/etc/passwd"),
        (0o040000, b"deep", deep),
        (0o160000, b"module", module),
    )
    out = tmp_path / "out"
    out.mkdir()
    materialise(repository, root, out)
    assert Path(os.fsdecode(os.fsencode(out) + b'/deep/\xff\n"')).read_bytes() == b"\0\r\n\xff"
    assert (out / "run").stat().st_mode & 0o777 == 0o755
    assert str((out / "link").readlink()) == "/etc/passwd"
    assert list((out / "module").iterdir()) == []


@pytest.mark.parametrize("name", [b"..", b".", b"", b".git", b".GIT", b"a/b"])
def test_names_that_lead_elsewhere_are_refused(repository: pygit2.Repository, tmp_path: Path, name: bytes) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(RepositoryError, match="is not a name for a file"):
        materialise(repository, _tree(repository, (0o100644, name, b"x")), out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("second", [0o100644, 0o040000])
def test_a_link_is_never_written_through(repository: pygit2.Repository, tmp_path: Path, second: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    held = _tree(repository, (0o100644, b"x", b"evil")) if second == 0o040000 else b"evil"
    twice = _tree(repository, (0o120000, b"a", os.fsencode(outside)), (second, b"a", held))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(RepositoryError, match="are one file on this file system"):
        materialise(repository, twice, out)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("target", [b"", b"a\0b"])
def test_a_link_without_a_possible_target(repository: pygit2.Repository, tmp_path: Path, target: bytes) -> None:
    with pytest.raises(RepositoryError, match="no target that a link can have"):
        materialise(repository, _tree(repository, (0o120000, b"a", target)), tmp_path)


def test_a_very_deep_tree(repository: pygit2.Repository, tmp_path: Path) -> None:
    tree = _tree(repository, (0o100644, b"x", b""))
    for _ in range(400):
        tree = _tree(repository, (0o040000, b"d", tree))
    out = tmp_path / "out"
    out.mkdir()
    try:
        materialise(repository, tree, out)
        assert (out / "/".join(["d"] * 400) / "x").is_file()
    finally:
        remove(out)
    assert not out.exists()


def test_remove_takes_what_a_build_has_locked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    inner = out / "locked" / "inner"
    inner.mkdir(parents=True)
    (out / "away").symlink_to(tmp_path)
    (out / "locked").chmod(0)
    remove(out)
    assert not out.exists() and tmp_path.exists()
