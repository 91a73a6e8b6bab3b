# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Differences of trees are those that git tells, and damaged trees are said to be."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pygit2
import pytest
from pygit2.enums import ObjectType

from keima_cli.errors import BrokenInputError
from keima_sync.references.tree import Entry, differences
from tests.sync.conftest import git


def _of_git(folder: Any, before: str, after: str) -> dict[bytes, Entry | None]:
    fields = git(folder, "diff-tree", "-r", "-z", "--no-renames", before, after).split(b"\0")[:-1]
    found: dict[bytes, Entry | None] = {}
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, blob, status = head.split()
        found[path] = None if status == b"D" else Entry(int(mode, 8), blob.decode())
    return found


@pytest.mark.parametrize("seed", range(3))
def test_they_are_those_that_git_tells(draw: Callable[..., Any], seed: int) -> None:
    folder = draw(seed, 25).internal
    repository = pygit2.Repository(str(folder))
    trees = git(folder, "log", "--format=%T", "main").decode().split()
    pairs = [*pairwise(trees), ("4b825dc642cb6eb9a060e54bf8d69288fbee4904", trees[0])]
    told = 0
    for before, after in pairs:
        found = differences(repository, pygit2.Oid(hex=before), pygit2.Oid(hex=after))
        assert found == _of_git(folder, before, after)
        told += len(found)
    assert told > 50
    assert differences(repository, None, pygit2.Oid(hex=trees[0])) == found


def test_a_missing_tree_and_one_that_is_none_are_said_to_be(project: Any) -> None:
    project.commit(a_dot_txt="a")
    repository = pygit2.Repository(str(project.internal))
    blob = repository.create_blob(b"x")
    lost = repository.odb.write(ObjectType.TREE, b"40000 folder\0" + b"\1" * 20)
    for tree, said in ((blob, "is not a tree"), (lost, "missing or damaged")):
        with pytest.raises(BrokenInputError, match=said):
            differences(repository, None, tree)
