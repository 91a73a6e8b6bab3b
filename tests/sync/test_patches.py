# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Patch series come home as commits, with authors and dates; each that cannot is refused with one clear reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_cli.errors import KeimaCommandError, WrongUseError
from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.errors import PatchRefusedError, RepositoryError
from keima_sync.export import export
from keima_sync.patches import import_patches
from tests.sync.conftest import HIDDEN, IMPORT_RULES, git

LINES = "one\ntwo\nthree\nfour\nfive\nsix\n"
WHO = ("-c", "user.name=Olga Außen", "-c", "user.email=olga@outside.example")
DATE = "2026-01-02T03:04:05+0530"


@pytest.fixture
def published(project: Any) -> Any:
    project.commit(src__a_dot_py=LINES + HIDDEN + LINES, README="hello\n", internal__x="hidden")
    export(read_config(project.write_config(IMPORT_RULES)))
    git(project.folder, "clone", "-q", str(project.public), str(project.folder / "clone"))
    return project


def _change(project: Any, message: str = "from outside", **files: str) -> None:
    clone = project.folder / "clone"
    for name, text in files.items():
        path = clone / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    git(clone, "add", "-A")
    git(clone, *WHO, "commit", "-q", "-m", message, f"--date={DATE}")


def _series(project: Any, *options: str) -> Path:
    out = project.folder / "series"
    git(project.folder / "clone", "format-patch", "-q", "-o", str(out), *options, "origin/main")
    return out


def _refused(project: Any, place: Path) -> str:
    refs = git(project.internal, "for-each-ref")
    with pytest.raises(PatchRefusedError) as caught:
        import_patches(read_config(project.config), place, "series")
    assert git(project.internal, "for-each-ref") == refs
    return str(caught.value)


@pytest.mark.parametrize("mailbox", [False, True])
def test_a_series_comes_home_and_exports_to_what_the_patches_make(published: Any, mailbox: bool) -> None:
    _change(published, "Größe: the first\n\nWith a body.", lib__a_dot_py=LINES.replace("two", "zwei") + LINES)
    _change(published, "the second", lib__new_dot_py="new\r\nno end", README="bye\n")
    place = _series(published, "--cover-letter")
    if mailbox:
        box = published.folder / "box"
        box.write_bytes(b"".join(file.read_bytes() for file in sorted(place.iterdir())))
        place = box
    done = import_patches(read_config(published.config), place, "series")
    assert len(done.made) == 2
    git(published.internal, "merge", "-q", "--ff-only", "series")
    assert (published.internal / "src/a.py").read_text() == LINES.replace("two", "zwei") + HIDDEN + LINES
    assert (published.internal / "src/new.py").read_bytes() == b"new\r\nno end"
    told = git(published.internal, "log", "-2", "--format=%an <%ae> %aI%n%B", "--reverse").decode()
    assert told.startswith(
        "Olga Außen <olga@outside.example> 2026-01-02T03:04:05+05:30\nGröße: the first\n\nWith a body.\n"
    )
    assert "Keima-Public" not in told
    export(read_config(published.config))
    wanted = git(published.folder / "clone", "rev-parse", "HEAD^{tree}")
    assert git(published.public, "rev-parse", "main^{tree}") == wanted


def test_a_patch_that_does_not_apply_names_itself_and_the_place(published: Any) -> None:
    _change(published, lib__a_dot_py="all\nelse\n")
    place = _series(published)
    published.commit(src__a_dot_py="another\n")
    export(read_config(published.config))
    said = _refused(published, place)
    assert said.startswith("patch 0001-from-outside.patch: it does not apply to the public tree: ")
    assert "lib/a.py" in said


def test_a_patch_to_what_is_excluded_or_meets_a_stripped_part_is_refused(published: Any) -> None:
    _change(published, internal__y="mine")
    assert "no internal path is published as internal/y" in _refused(published, _series(published))


def test_a_patch_around_a_stripped_part_is_refused(published: Any) -> None:
    _change(published, lib__a_dot_py=LINES[:-4] + "SIX\nONE\n" + LINES[4:])
    assert "meets a part that was stripped" in _refused(published, _series(published))


HEAD = (
    "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: O <o@x.example>\n"
    "Date: Fri, 2 Jan 2026 03:04:05 +0000\nSubject: [PATCH] s\n"
)


def _added(path: str, mode: str = "100644", text: str = "x") -> str:
    names = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
    return f"\n---\n{names}@@ -0,0 +1 @@\n+{text}\n"


@pytest.mark.parametrize("path", ["../out", "/etc/out", ".git/hooks/post-merge", "lib/.git/config", "lib/../../out"])
def test_a_path_that_leads_out_is_refused(published: Any, path: str) -> None:
    place = published.folder / "one.patch"
    place.write_text(HEAD + _added(path))
    said = _refused(published, place)
    assert "one.patch" in said
    assert not (published.folder / "out").exists()


def test_nothing_is_written_through_a_link_that_a_patch_makes(published: Any) -> None:
    target = published.folder / "victim"
    target.mkdir()
    place = published.folder / "one.patch"
    place.write_text(HEAD + _added("link", "120000", str(target)) + _added("link/file").lstrip("\n").lstrip("-\n"))
    _refused(published, place)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (HEAD.replace("From: O <o@x.example>\n", ""), "names no author"),
        (HEAD.replace("Date: Fri, 2 Jan 2026 03:04:05 +0000\n", ""), "names no date"),
        (HEAD.replace("Fri, 2 Jan 2026 03:04:05 +0000", "some day"), "git commit-tree refuses"),
        (HEAD + "Content-Type: text/plain; charset=x-no-such\n\nGr\xf6\xdfe\n", "not in the encoding that it names"),
    ],
)
def test_a_mail_without_what_a_commit_needs_is_refused(published: Any, head: str, said: str) -> None:
    place = published.folder / "one.patch"
    place.write_bytes((head + _added("lib/x")).encode("latin-1"))
    assert said in _refused(published, place)


def test_a_mail_that_changes_nothing_is_refused(published: Any) -> None:
    place = published.folder / "one.patch"
    place.write_text(HEAD + "\nonly words\n")
    assert "it changes nothing" in _refused(published, place)


def test_hooks_and_attributes_have_no_say(published: Any) -> None:
    marker = published.folder / "ran"
    for folder in (published.internal, published.public):
        for hook in ("applypatch-msg", "pre-applypatch", "post-applypatch", "commit-msg", "reference-transaction"):
            script = folder / ".git" / "hooks" / hook
            script.parent.mkdir(exist_ok=True)
            script.write_text(f"#!/bin/sh\ntouch {marker}\n")
            script.chmod(0o755)
        git(folder, "config", "filter.evil.clean", f"touch {marker}")
        git(folder, "config", "filter.evil.smudge", f"touch {marker}")
    _change(published, _dot_gitattributes="* filter=evil\n", README="changed\n")
    place = _series(published)
    marker.unlink(missing_ok=True)
    assert len(import_patches(read_config(published.config), place, "series").made) == 1
    assert not marker.exists()


def test_what_is_no_series_and_a_public_branch_with_more_are_refused(published: Any) -> None:
    rules = read_config(published.config)
    for place in (published.folder / "nothing", published.internal):
        with pytest.raises(WrongUseError, match="expected a mailbox"):
            import_patches(rules, place, "series")
    _change(published, README="changed\n")
    place = _series(published)
    git(published.internal, "branch", "series")
    with pytest.raises(RepositoryError, match="has a branch series already"):
        import_patches(rules, place, "series")
    git(published.folder / "clone", "push", "-q", "origin", "HEAD:refs/heads/side")
    git(published.public, "reset", "-q", "--hard", "side")
    with pytest.raises(KeimaCommandError, match="not imported"):
        import_patches(rules, place, "other")


def test_the_command(published: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _change(published, README="changed\n")
    place = _series(published)
    monkeypatch.chdir(published.folder)
    ran = CliRunner().invoke(app, ["import", "--patches", str(place), "--branch", "series", "--json"])
    assert ran.exit_code == 0 and len(json.loads(ran.stdout)["made"]) == 1
    assert git(published.internal, "show", "series:README") == b"changed\n"
