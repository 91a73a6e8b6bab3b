# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exports against git-filter-repo on drawn histories, and case by case."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_cli.errors import ConfigError, KeimaCommandError
from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.errors import BlockedError, MetadataError, RepositoryError, TransformError
from keima_sync.export import export

SELECTION = """
[paths]
unmatched = "include"
[[paths.rules]]
exclude = ["/internal/", "/src/internal/", "/docs/b.c"]
[[paths.rules]]
move = "src/deep"
to = "lib"
[[paths.rules]]
move = "docs"
to = "manual/public"
"""
FILTER_REPO = ["--invert-paths", "--path", "internal/", "--path", "src/internal/", "--path", "docs/b.c"]
RENAMES = ["--path-rename", "src/deep/:lib/", "--path-rename", "docs/:manual/public/"]


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def _filtered(project: Any) -> tuple[Path, dict[str, str | None]]:
    """What git-filter-repo makes of the internal repository: the repository, and new commits by old ones."""
    other = project.folder / "oracle"
    subprocess.run(["git", "clone", "-q", "--bare", "--no-local", project.internal, other], check=True)
    command = [sys.executable, "-m", "git_filter_repo", "--force", "--quiet", *FILTER_REPO, *RENAMES]
    subprocess.run(command, cwd=other, check=True, capture_output=True)
    return other, _commit_map(other)


def _commit_map(repository: Path) -> dict[str, str | None]:
    lines = (repository / "filter-repo" / "commit-map").read_text().splitlines()[1:]
    pairs = (line.split() for line in lines)
    return {old: None if set(new) == {"0"} else new for old, new in pairs}


def _graph(repository: Path, branch: str = "main") -> dict[str, tuple[str, list[str]]]:
    """Tree and parents of each commit."""
    lines = _git(repository, "log", "--format=%H %T %P", branch).splitlines()
    return {line.split()[0]: (line.split()[1], line.split()[2:]) for line in lines}


def _astray(project: Any, wanted: dict[str, str | None]) -> set[str]:
    """Commits whose trees git-filter-repo gets wrong: merges whose first parent it pruned, and all that follow them.

    It applies the changes against the pruned parent to another tree, so that files of the internal commit are missing.
    """
    astray: set[str] = set()
    for line in _git(project.internal, "rev-list", "--topo-order", "--reverse", "--parents", "main").splitlines():
        oid, *parents = line.split()
        if (len(parents) > 1 and wanted[parents[0]] is None) or astray & set(parents):
            astray.add(oid)
    return astray


@pytest.mark.parametrize(("seed", "linear"), [(0, True), (1, True), (2, True), *((seed, False) for seed in range(6))])
def test_every_commit_is_git_filter_repos(draw: Callable[..., Any], seed: int, linear: bool) -> None:
    project = draw(seed, 60, linear=linear)
    done = export(read_config(project.write_config(SELECTION)))
    oracle, wanted = _filtered(project)
    ours, theirs = _graph(project.public), _graph(oracle)
    kept = {old: new for old, new in wanted.items() if new}
    assert set(kept) == set(done.made)
    by_new = {new: done.made[old] for old, new in kept.items()}
    astray = _astray(project, wanted)
    for old, new in kept.items():
        tree, parents = ours[done.made[old]]
        assert parents == [by_new[parent] for parent in theirs[new][1]], old
        assert old in astray or tree == theirs[new][0], old
    assert len(kept) > 25 and set(kept) - astray
    assert not (linear and astray)
    assert _git(project.public, "fsck", "--full", "--strict") == ""


def _public_name(path: bytes) -> bytes | None:
    """What SELECTION makes of a path, said again in another way."""
    if path.startswith((b"internal/", b"src/internal/")) or path == b"docs/b.c":
        return None
    for old, new in ((b"src/deep/", b"lib/"), (b"docs/", b"manual/public/")):
        if path.startswith(old):
            return new + path[len(old) :]
    return path


def _listing(folder: Path, oid: str) -> dict[bytes, bytes]:
    """Mode, kind and id of every file by its path."""
    done = subprocess.run(["git", "-C", str(folder), "ls-tree", "-r", "-z", oid], capture_output=True, check=True)
    return {entry.partition(b"\t")[2]: entry.partition(b"\t")[0] for entry in done.stdout.split(b"\0")[:-1]}


@pytest.mark.parametrize(("seed", "roots"), [(0, 0.0), (4, 0.0), (100, 0.1), (101, 0.1)])
def test_every_tree_is_the_internal_one_filtered(draw: Callable[..., Any], seed: int, roots: float) -> None:
    project = draw(seed, 60, roots)
    done = export(read_config(project.write_config(SELECTION)))
    assert len(done.made) > 25
    for old, new in done.made.items():
        entries = _listing(project.internal, old).items()
        assert _listing(project.public, new) == {name: entry for path, entry in entries if (name := _public_name(path))}


@pytest.mark.parametrize("seed", [11, 12])
def test_an_export_in_parts_ends_as_an_export_at_once(draw: Callable[..., Any], seed: int) -> None:
    project = draw(seed, 40)
    rules = read_config(project.write_config(SELECTION))
    whole = export(rules, dry_run=True)
    order = _git(project.internal, "rev-list", "--reverse", "--first-parent", "main").split()
    tip = order[-1]
    for oid in [*order[5::7], tip]:
        _git(project.internal, "update-ref", "refs/heads/main", oid)
        export(rules)
    made = _git(project.public, "rev-parse", "main").strip()
    assert made == whole.after
    assert export(rules).made == {}


def test_metadata_bytes_and_trailer(project: Any) -> None:
    oid = project.commit("Subject\n\nBody.\n\nSigned-off-by: Ann <a@b.c>", a_dot_txt="x\r\ny")
    done = export(read_config(project.write_config('[paths]\nunmatched = "include"')))
    raw = _git(project.public, "cat-file", "commit", done.made[oid])
    assert raw.endswith(f"Body.\n\nSigned-off-by: Ann <a@b.c>\nKeima-Origin: {oid}\n")
    assert "author Ann <ann@corp.example>" in raw
    assert project.public_files() == {"a.txt": b"x\r\ny"}


def test_blocks_and_replacements(project: Any) -> None:
    project.commit(
        src__a_dot_c="one\n// BEGIN-INTERNAL\nsecret\n// END-INTERNAL\nhost.corp.example\nend",
        src__b_dot_txt="host.corp.example",
    )
    rules = """
[paths]
unmatched = "include"
[[blocks]]
begin = "BEGIN-INTERNAL"
end = "END-INTERNAL"
[[replacements]]
text = "host.corp.example"
with = "example.org"
count = "1+"
paths = ["*.c"]
"""
    export(read_config(project.write_config(rules)))
    assert project.public_files() == {"src/a.c": b"one\nexample.org\nend", "src/b.txt": b"host.corp.example"}


def test_a_block_that_is_not_closed_names_commit_file_and_line(project: Any) -> None:
    oid = project.commit(a_dot_py="x\n# BEGIN-INTERNAL\ny\n")
    rules = '[paths]\nunmatched = "include"\n[[blocks]]\nbegin = "BEGIN-INTERNAL"\nend = "END-INTERNAL"'
    with pytest.raises(
        TransformError, match=rf"a.py:2: BEGIN-INTERNAL is never closed \(in commit {oid[:12]} of Ann\)"
    ):
        export(read_config(project.write_config(rules)))
    assert _git(project.public, "for-each-ref") == ""


def test_a_count_that_is_not_met_stops_the_export(project: Any) -> None:
    project.commit(a_dot_txt="no match")
    rules = '[paths]\nunmatched = "include"\n[[replacements]]\ntext = "x"\nwith = "y"\ncount = 2'
    with pytest.raises(TransformError, match=r"expected 2 matches of the replacement at sync.toml:8, found 0"):
        export(read_config(project.write_config(rules)))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('[commits]\nallowed = ["@other.example"]', "not among the allowed"),
        ('[[commits.scrub]]\npattern = "TICKET-\\\\d+"\nrequired = true', "must match its message"),
        ('[[commits.scrub]]\npattern = "(?s).*"', "empty after scrubbing"),
    ],
)
def test_metadata_fails_closed(project: Any, rules: str, message: str) -> None:
    project.commit("subject", a="1")
    with pytest.raises(MetadataError, match=message):
        export(read_config(project.write_config('[paths]\nunmatched = "include"\n' + rules)))
    assert _git(project.public, "for-each-ref") == ""


def test_people_are_mapped(project: Any) -> None:
    project.commit("subject", a="1")
    rules = '[paths]\nunmatched = "include"\n[commits]\nallowed = ["@public.example"]\n'
    rules += '[commits.people]\n"ann@corp.example" = "Ann A. <ann@public.example>"'
    export(read_config(project.write_config(rules)))
    assert _git(project.public, "log", "-1", "--format=%an <%ae> %cn <%ce>", "main").strip() == (
        "Ann A. <ann@public.example> Ann A. <ann@public.example>"
    )


def test_public_commits_of_others_block_the_export(project: Any) -> None:
    project.commit(a="1")
    rules = read_config(project.write_config('[paths]\nunmatched = "include"'))
    export(rules)
    _git(project.public, "-c", "user.name=X", "-c", "user.email=x@y.z", "reset", "-q", "--hard", "main")
    _git(
        project.public,
        "-c",
        "user.name=X",
        "-c",
        "user.email=x@y.z",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "from outside",
    )
    foreign = _git(project.public, "rev-parse", "main").strip()
    project.commit(a="2")
    with pytest.raises(BlockedError, match=foreign[:12]):
        export(rules)
    assert _git(project.public, "rev-parse", "main").strip() == foreign


def test_two_places_that_move_to_one_are_refused(project: Any) -> None:
    project.commit(a__x="1", b__x="2")
    rules = (
        '[paths]\nunmatched = "include"\n[[paths.rules]]\nmove = "a"\nto = "c"\n[[paths.rules]]\nmove = "b"\nto = "c"'
    )
    with pytest.raises(RepositoryError, match="c/x is published from two places"):
        export(read_config(project.write_config(rules)))


def test_hooks_of_the_destination_do_not_run(project: Any) -> None:
    project.commit(a="1")
    for name in ("reference-transaction", "post-update", "update", "pre-receive", "post-merge"):
        hook = project.public / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {project.folder}/ran-{name}\n")
        hook.chmod(0o755)
    export(read_config(project.write_config('[paths]\nunmatched = "include"')))
    assert project.public_files() == {"a": b"1"}
    assert list(project.folder.glob("ran-*")) == []


@pytest.mark.parametrize(
    ("rules", "line", "message"),
    [
        ("[path]", 6, "unknown key 'path'"),
        ('[paths]\nunmatched = "maybe"', 7, "one of include, exclude"),
        ('[[paths.rules]]\ninclude = "a"\nexclude = "b"', 6, "one of include, exclude and move"),
        ('[[paths.rules]]\nmove = "../x"\nto = "y"', 7, "a path inside the repository"),
        ('[[blocks]]\nbegin = "A"\nend = "AB"', 7, "neither inside the other"),
        ('[[replacements]]\npattern = "(?=x)"\nwith = ""', 7, "RE2"),
        ('[[replacements]]\ntext = "a"\nwith = ""\ncount = "3-1"', 9, "from the smaller to the larger"),
        ('[commits]\ntrailer = "no spaces"', 7, "letters, digits"),
        ('[commits.people]\n"a@b" = "nobody"', 7, "Name <mail>"),
    ],
)
def test_a_wrong_configuration_names_its_line(project: Any, rules: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"sync.toml:{line}: .*{message}"):
        read_config(project.write_config(rules))


@pytest.mark.parametrize("broken", ["missing", "shallow", "branch"])
def test_an_origin_that_cannot_be_read(project: Any, broken: str) -> None:
    project.commit(a="1")
    project.commit(a="2")
    config = project.write_config('[paths]\nunmatched = "include"')
    if broken == "missing":
        shutil.rmtree(project.internal)
    elif broken == "shallow":
        shutil.move(project.internal, project.folder / "deep")
        subprocess.run(
            ["git", "clone", "-q", "--depth=1", f"file://{project.folder}/deep", project.internal], check=True
        )
    else:
        config.write_text(
            config.read_text().replace('repository = "internal"', 'repository = "internal"\nbranch = "gone"')
        )
    with pytest.raises(KeimaCommandError, match=r"not a git repository|shallow clone|no revision 'gone'"):
        export(read_config(config))


def test_the_commands(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    oid = project.commit(src__deep__a="1", internal__b="2")
    project.write_config(SELECTION)
    monkeypatch.chdir(project.folder)
    runner = CliRunner()
    assert json.loads(runner.invoke(app, ["status", "--json"]).stdout)["waiting"] == 1
    tried = json.loads(runner.invoke(app, ["export", "--dry-run", "--json"]).stdout)
    assert _git(project.public, "for-each-ref") == ""
    done = json.loads(runner.invoke(app, ["export", "--json"]).stdout)
    assert done["made"] == tried["made"] == {oid: done["after"]}
    assert any("docs" in rule for rule in done["unused"])
    assert project.public_files() == {"lib/a": b"1"}
    assert json.loads(runner.invoke(app, ["status", "--json"]).stdout)["waiting"] == 0
    told = runner.invoke(app, ["explain", "src/deep/a"]).stdout
    assert "no rule names it" in told and "sync.toml:12: move src/deep to lib makes it lib/a" in told
    assert "sync.toml:10: exclude /internal/" in runner.invoke(app, ["explain", "internal/b"]).stdout


def _killed_runs(project: Any, config: Path, kills: int, whole: float) -> int:
    """Kill exports at moments spread over their length; returns how many were hit while running."""
    hit = 0
    for number in range(kills):
        running = subprocess.Popen(
            [sys.executable, "-m", "keima_cli", "sync", "export", "--quiet", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(whole * (number + 0.5) / kills)
        hit += running.poll() is None
        running.send_signal(signal.SIGKILL)
        running.wait()
        tip = _git(project.public, "for-each-ref", "--format=%(objectname)", "refs/heads/main").strip()
        assert tip == "" or _git(project.public, "fsck", "--connectivity-only", tip) == ""
    return hit


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_a_kill_at_any_moment_leaves_all_or_nothing(draw: Callable[..., Any], kills: int) -> None:
    project = draw(21, 300)
    config = project.write_config(SELECTION)
    whole = export(read_config(config), dry_run=True).after
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "keima_cli", "sync", "status", "--config", str(config)], capture_output=True, check=False
    )
    length = 2 * (time.monotonic() - begun)
    hit = _killed_runs(project, config, kills, length)
    assert hit > kills // 3
    assert export(read_config(config)).after == _git(project.public, "rev-parse", "main").strip() == whole
