# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Edge cases and bad input that no other test has; and that pages of docs/sync name tests that there are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keima_cli.locks import LockedError, hold
from keima_sync.config import read_config
from keima_sync.errors import BlockedError, RepositoryError, SyncUsageError, TransformError
from keima_sync.export import export
from keima_sync.outside import import_outside

TESTS = Path(__file__).parent
PAGES = TESTS.parents[1] / "docs" / "sync"
ALL = '[paths]\nunmatched = "include"\n'
BLOCKS = ALL + '[[blocks]]\nbegin = "BEGIN-INTERNAL"\nend = "END-INTERNAL"\n'


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Olga", "-c", "user.email=olga@outside.example"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, check=True)
    return done.stdout.decode(errors="backslashreplace").strip()


def _export(project: Any, rules: str = ALL) -> Any:
    return export(read_config(project.write_config(rules)))


@pytest.mark.parametrize(("page", "least"), [("edge-cases.md", 40), ("comparison.md", 20)])
def test_the_page_names_tests_that_there_are(page: str, least: int) -> None:
    named = re.findall(r"`(test_\w+)`", (PAGES / page).read_text())
    known = {
        name for path in TESTS.rglob("test_*.py") for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    assert len(named) >= least and set(named) - known == set()


def test_rules_that_publish_nothing_are_an_error(project: Any) -> None:
    project.commit(internal__a="1")
    with pytest.raises(SyncUsageError, match="publish nothing"):
        _export(project, '[paths]\nunmatched = "exclude"')
    assert _git(project.public, "for-each-ref") == ""


def test_a_commit_that_shows_nothing_is_pruned(project: Any) -> None:
    project.commit(a="1")
    hidden = project.commit(internal__a="1")
    done = _export(project, ALL + '[[paths.rules]]\nexclude = "/internal/"')
    assert done.pruned == [hidden] and len(done.made) == 1


def test_an_origin_that_was_rewritten(project: Any) -> None:
    project.commit(a="1")
    project.commit(a="2")
    _export(project)
    tip = _git(project.public, "rev-parse", "main")
    _git(project.internal, "reset", "-q", "--hard", "HEAD~")
    project.commit(a="3")
    with pytest.raises(BlockedError, match="does not lead on from"):
        _export(project)
    _git(project.internal, "reflog", "expire", "--expire=now", "--all")
    _git(project.internal, "gc", "-q", "--prune=now")
    with pytest.raises(RepositoryError, match="origins that the origin does not have"):
        _export(project)
    assert _git(project.public, "rev-parse", "main") == tip


def test_an_origin_that_went_back_moves_nothing_back(project: Any) -> None:
    project.commit(a="1")
    project.commit(a="2")
    _export(project)
    tip = _git(project.public, "rev-parse", "main")
    _git(project.internal, "reset", "-q", "--hard", "HEAD~")
    with pytest.raises(BlockedError, match="does not lead on from"):
        _export(project)
    assert _git(project.public, "rev-parse", "main") == tip


def test_an_origin_named_twice(project: Any) -> None:
    oid = project.commit(a="1")
    _export(project)
    _git(project.public, "reset", "-q", "--hard", "main")
    _git(project.public, "commit", "-q", "--allow-empty", "-m", f"x\n\nKeima-Origin: {oid}")
    with pytest.raises(RepositoryError, match="both name the origin"):
        _export(project)


def test_globs_and_gitignore_do_not_reach_git_itself(project: Any) -> None:
    project.commit(deep__HEAD="cut", a_dot_log="kept", _dot_gitignore="")
    (project.internal / ".gitignore").write_text("*.log\n")
    project.commit()
    head = (project.internal / ".git" / "HEAD").read_text()
    _export(project, ALL + '[[paths.rules]]\nexclude = "**/HEAD"')
    assert set(project.public_files()) == {"a.log", ".gitignore"}
    assert (project.internal / ".git" / "HEAD").read_text() == head


def test_symlinks_that_lead_out_stay_links(project: Any) -> None:
    outside = project.folder / "outside"
    outside.write_text("BEGIN-INTERNAL\n")  # would be an error, were it read
    project.commit(dir__a="1")
    for name, target in (("up", "../outside"), ("absolute", str(outside)), ("dangling", "nowhere")):
        (project.internal / name).symlink_to(target)
    project.commit()
    _export(project, BLOCKS)
    files = project.public_files()
    assert (
        files["up"] == b"../outside" and files["absolute"] == os.fsencode(outside) and files["dangling"] == b"nowhere"
    )
    assert outside.read_text() == "BEGIN-INTERNAL\n"


def test_names_that_differ_in_case_only_and_names_that_are_not_utf8(project: Any) -> None:
    project.commit(a="1", A="2", Src__x="3", src__X="4")
    odd = os.fsdecode(os.fsencode(project.internal) + b'/caf\xe9 "q\\')
    Path(odd).write_bytes(b"\xff\r\nno end")
    project.commit()
    _export(project, BLOCKS)
    listed = subprocess.run(
        ["git", "-C", project.public, "ls-tree", "-r", "-z", "--name-only", "main"], capture_output=True, check=True
    ).stdout
    assert set(listed.split(b"\0")[:-1]) == {b"a", b"A", b"Src/x", b"src/X", b'caf\xe9 "q\\'}


def test_nothing_of_the_repositories_runs(project: Any) -> None:
    trap = f"touch {project.folder}/ran-"
    project.commit(_dot_gitattributes="* filter=evil diff=evil merge=evil text eol=crlf\n", a="1\n2\n3\n4\n5\n")
    for side in (project.internal, project.public):
        with (side / ".git" / "config").open("a") as file:
            file.write(f'[filter "evil"]\nsmudge = {trap}smudge\nclean = {trap}clean\nrequired = true\n')
            file.write(f'[merge "evil"]\ndriver = {trap}merge\n[diff "evil"]\ncommand = {trap}diff\n')
            file.write(
                f'[core]\nfsmonitor = {trap}fsmonitor\nsshCommand = {trap}ssh\n[alias]\nfetch = "!{trap}alias"\n'
            )
        hooks = side / ".git" / "hooks"
        hooks.mkdir(exist_ok=True)
        for name in (
            "reference-transaction",
            "post-checkout",
            "pre-receive",
            "post-merge",
            "pre-auto-gc",
            "post-commit",
        ):
            (hooks / name).write_text(f"#!/bin/sh\n{trap}{name}\n")
            (hooks / name).chmod(0o755)
    _export(project, BLOCKS)
    assert project.public_files()["a"] == b"1\n2\n3\n4\n5\n"
    raw = (
        subprocess.run(
            ["git", "-C", project.public, "hash-object", "-w", "-t", "blob", "--stdin", "--no-filters"],
            input=b"one\n2\n3\n4\n5\n",
            capture_output=True,
            check=True,
        )
        .stdout.decode()
        .strip()
    )
    made = _git(project.public, "ls-tree", "main").replace(_git(project.public, "rev-parse", "main:a"), raw)
    tree = (
        subprocess.run(
            ["git", "-C", project.public, "mktree"], input=made.encode() + b"\n", capture_output=True, check=True
        )
        .stdout.decode()
        .strip()
    )
    oid = _git(project.public, "commit-tree", tree, "-p", "main", "-m", "from outside")
    (project.public / ".git" / "refs" / "heads" / "main").write_text(oid + "\n")
    done = import_outside(read_config(project.config), "keima-import")
    assert set(done.made) == {oid}
    assert list(project.folder.glob("ran-*")) == []


def test_a_text_too_large_for_content_rules_is_one_clear_error(project: Any) -> None:
    project.commit(big_dot_txt="x" * (2 << 20), small_dot_txt="x")
    rules = BLOCKS + "[contents]\nlimit-mib = 1\n"
    with pytest.raises(TransformError, match=r"big.txt: 2097152 bytes of text, expected at most 1048576"):
        _export(project, rules)
    done = _export(project, rules + 'on-error = "drop-file"')
    assert done.dropped == ["big.txt"] and set(project.public_files()) == {"small.txt"}


def test_a_large_file_that_no_rule_touches_is_not_read(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keima_sync.tree_filter.TreeFilter._content", lambda *_: pytest.fail("it was read"))
    project.commit(big_dot_bin="\0" * (4 << 20))
    _export(project, BLOCKS + 'paths = ["*.c"]\n')
    assert set(project.public_files()) == {"big.bin"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("binary", [True, False])
def test_a_file_of_2_gib_is_handled_without_holding_it(project: Any, binary: bool) -> None:
    size = 2 << 30
    with (project.internal / "big.c").open("wb") as file:
        if binary:
            file.truncate(size)
        else:
            file.writelines([b"a line of text\n" * (1 << 20)] * (size // 15 // (1 << 20) + 1))
    project.commit(a_dot_c='#include "big.c"\n#include "internal/x.h"\n', internal__x_dot_h="")
    blob = _git(project.internal, "rev-parse", "HEAD:big.c")
    assert int(_git(project.internal, "cat-file", "-s", blob)) >= size
    rules = BLOCKS + '[[paths.rules]]\nexclude = "/internal/"\n[proof]\nroom = "bare"\nsteps = ["test -s big.c"]\n'
    project.write_config(rules)
    code, said, peak = _keima(project, "check", "--symbols")
    told = "internal/x.h" if binary else "big.c: 2"  # its blocks cannot be looked for without reading it
    assert code == (1 if binary else 3) and told in said
    assert peak < 512 << 20
    code, said, peak = _keima(project, "export")
    assert peak < 512 << 20
    if binary:
        assert code == 0 and _git(project.public, "rev-parse", "main:big.c") == blob
        code, said, peak = _keima(project, "prove")
        assert code == 0, said
        assert peak < 512 << 20
    else:
        assert code == 3 and "big.c" in said and "bytes of text, expected at most" in said
        assert _git(project.public, "for-each-ref") == ""
        project.write_config(rules + '[contents]\non-error = "drop-file"\n')
        code, said, peak = _keima(project, "export")
        assert code == 0 and "big.c" in said and set(project.public_files()) == {"a.c"}
    assert peak < 512 << 20


def _keima(project: Any, *words: str) -> tuple[int, str, int]:
    """Exit code, words, and bytes of memory at the peak."""
    log = project.folder / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "keima_cli", "sync", *words, "--config", str(project.config)]
        environment = {**os.environ, "XDG_CACHE_HOME": str(project.folder / "cache")}
        with subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, log.read_text(), used.ru_maxrss << 10


def test_a_pattern_that_would_explode_elsewhere_takes_linear_time(project: Any) -> None:
    project.commit(a="a" * 200_000 + "!")
    _export(project, ALL + '[[replacements]]\npattern = "(a+)+$"\nwith = "b"')
    assert project.public_files()["a"] == b"a" * 200_000 + b"!"


def test_two_runs_at_once_are_locked_out(project: Any) -> None:
    project.commit(a="1")
    with (
        hold(project.public / ".git" / "keima-sync.lock", "another export"),
        pytest.raises(LockedError, match="another export"),
    ):
        _export(project)
    _export(project)
    with hold(project.internal / ".git" / "keima-sync.lock", "another import"), pytest.raises(LockedError):
        import_outside(read_config(project.config), "keima-import")
