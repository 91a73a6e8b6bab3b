# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Outside changes come home: what was stripped is put back; the round trip ends in the outside tree, or is refused."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from keima_sync.config import read_config
from keima_sync.errors import BlockedError, ImportRefusedError, RepositoryError
from keima_sync.export import export
from keima_sync.outside import import_outside
from tests.sync.conftest import HIDDEN, IMPORT_RULES

SOURCE = "one\ntwo\nthree\nfour\n# BEGIN-INTERNAL\nhidden\n# END-INTERNAL\nfive\nsix\nseven\neight\n"


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Olga Outside", "-c", "user.email=olga@outside.example"]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _outside(project: Any, changes: dict[str, str | None], message: str = "from outside") -> str:
    """Commit changes on the public branch, as somebody else."""
    _git(project.public, "reset", "-q", "--hard", "main")
    for name, text in changes.items():
        path = project.public / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    _git(project.public, "add", "-A")
    _git(project.public, "commit", "-q", "-m", message)
    return _git(project.public, "rev-parse", "main")


def _bring_home(project: Any) -> dict[str, str]:
    """Import, merge by fast-forward, export again."""
    rules = read_config(project.config)
    done = import_outside(rules, "keima-import")
    _git(project.internal, "reset", "-q", "--hard", "keima-import")
    _git(project.internal, "branch", "-q", "-D", "keima-import")
    before = _git(project.public, "rev-parse", "main")
    again = export(rules)
    assert again.made == {} and again.after == before
    assert set(done.made) <= set(again.taken.values())
    return done.made


@pytest.fixture
def published(project: Any) -> Any:
    project.commit(src__a_dot_py=SOURCE, README="hello\n", internal__x="hidden")
    export(read_config(project.write_config(IMPORT_RULES)))
    return project


def test_a_change_comes_home_and_the_stripped_part_stays(published: Any) -> None:
    text = (
        SOURCE.replace("# BEGIN-INTERNAL\nhidden\n# END-INTERNAL\n", "").replace("two", "zwei").replace("eight", "acht")
    )
    oid = _outside(published, {"lib/a.py": text, "lib/new.py": "new\n", "README": None})
    made = _bring_home(published)
    assert (published.internal / "src/a.py").read_text() == SOURCE.replace("two", "zwei").replace("eight", "acht")
    assert (published.internal / "src/new.py").read_text() == "new\n"
    assert not (published.internal / "README").exists()
    assert (published.internal / "internal/x").read_text() == "hidden"
    shown = _git(published.internal, "log", "-1", "--format=%H %an <%ae>%n%B")
    assert shown.startswith(f"{made[oid]} Olga Outside <olga@outside.example>\nfrom outside")
    assert f"Keima-Public: {oid}" in shown


def test_work_goes_on_after_an_import(published: Any) -> None:
    _outside(published, {"README": "outside\n"})
    _outside(published, {"README": "outside\nmore\n"})
    assert len(_bring_home(published)) == 2
    published.commit(README="inside\n")
    done = export(read_config(published.config))
    assert len(done.made) == 1
    assert published.public_files()["README"] == b"inside\n"
    assert _git(published.public, "rev-list", "--count", "main") == "4"


def _merge(
    project: Any, since: str, side: dict[str, str | None], main: dict[str, str | None], *, evil: str = ""
) -> str:
    """An outside merge on the public branch: `side` branches off at `since`, `main` at the tip."""
    _git(project.public, "reset", "-q", "--hard", "main")
    _git(project.public, "checkout", "-q", "-b", "side", since)
    _change(project.public, side)
    _git(project.public, "checkout", "-q", "main")
    if main:
        _change(project.public, main)
    _git(project.public, "merge", "-q", "--no-ff", "--no-commit", "side")
    if evil:
        (project.public / "lib/a.py").write_text(evil)
    _git(project.public, "add", "-A")
    _git(project.public, "commit", "-q", "-m", "merged")
    _git(project.public, "branch", "-q", "-D", "side")
    return _git(project.public, "rev-parse", "main")


def _change(folder: Path, changes: dict[str, str | None]) -> None:
    for name, text in changes.items():
        (folder / name).write_text(text or "")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "change")


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("main", [{}, {"lib/main.py": "main\n"}])
@pytest.mark.parametrize("evil", ["", SOURCE.replace(HIDDEN, "").replace("eight", "evil")])
def test_outside_merges_come_home(published: Any, older: bool, main: dict[str, str | None], evil: str) -> None:
    since = _git(published.public, "rev-parse", "main")
    published.commit(README="newer\n", internal__x="changed inside")
    export(read_config(published.config))
    since = since if older else _git(published.public, "rev-parse", "main")
    oid = _merge(published, since, {"lib/side.py": "side\n"}, main, evil=evil)
    made = _bring_home(published)
    assert oid in made and len(made) == 2 + bool(main)
    assert len(_git(published.internal, "rev-list", "--parents", "-1", made[oid]).split()) == 3
    assert (published.internal / "internal/x").read_text() == "changed inside"
    assert (published.internal / "src/side.py").read_text() == "side\n"
    assert ("evil" in (published.internal / "src/a.py").read_text()) == bool(evil)
    assert HIDDEN in (published.internal / "src/a.py").read_text()
    published.commit(README="and on\n")
    assert len(export(read_config(published.config)).made) == 1


def test_a_branch_that_merged_the_public_one_keeps_what_is_new_inside(published: Any) -> None:
    since = _git(published.public, "rev-parse", "main")
    published.commit(README="newer\n", internal__x="changed inside")
    export(read_config(published.config))
    _git(published.public, "reset", "-q", "--hard", "main")
    _git(published.public, "checkout", "-q", "-b", "side", since)
    _change(published.public, {"lib/side.py": "side\n"})
    _git(published.public, "merge", "-q", "--no-edit", "main")  # the public tip is the second parent
    _git(published.public, "checkout", "-q", "-B", "main")
    _git(published.public, "branch", "-q", "-D", "side")
    assert len(_bring_home(published)) == 2
    assert (published.internal / "internal/x").read_text() == "changed inside"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"internal/y": "x"}, "no internal path is published as internal/y"),
        ({"src/y": "x"}, "no internal path is published as src/y"),
        ({"lib/a.py": None}, "it deletes src/a.py, of which internal parts remain"),
        ({"lib/a.py": "one\ntwo\nthree\nfour\nbetween\nfive\nsix\nseven\neight\n"}, "meets a part that was stripped"),
        ({"lib/b.py": "# BEGIN-INTERNAL\nx\n# END-INTERNAL\n"}, "would not be the outside commit"),
    ],
)
def test_what_cannot_come_home_is_refused(published: Any, changes: dict[str, str | None], reason: str) -> None:
    before = _git(published.internal, "for-each-ref")
    _outside(published, changes)
    with pytest.raises(ImportRefusedError, match=reason):
        import_outside(read_config(published.config), "keima-import")
    assert _git(published.internal, "for-each-ref") == before


def test_unexported_work_comes_first(published: Any) -> None:
    _outside(published, {"README": "outside\n"})
    published.commit(README="inside\n")
    with pytest.raises(ImportRefusedError, match="does not export to its parent"):
        import_outside(read_config(published.config), "keima-import")
    with pytest.raises(BlockedError, match="name no origin"):
        export(read_config(published.config))


def test_a_branch_that_is_there_is_kept(published: Any) -> None:
    _outside(published, {"README": "outside\n"})
    _git(published.internal, "branch", "keima-import")
    with pytest.raises(RepositoryError, match="has a branch keima-import already"):
        import_outside(read_config(published.config), "keima-import")


def _drawn_change(rng: random.Random, public: Path) -> dict[str, str | None]:
    files = [path for path in public.rglob("*") if path.is_file() and ".git" not in path.parts]
    path = rng.choice(files)
    name = str(path.relative_to(public))
    kind = rng.random()
    if kind < 0.15:
        return {f"lib/new{rng.randrange(1000)}.py": "new\nfile\n"}
    if kind < 0.25:
        return {name: None}
    lines = path.read_text().splitlines(keepends=True)
    at = rng.randrange(len(lines) + 1)
    lines[at : at + rng.choice([0, 1, 2])] = [f"drawn {rng.randrange(10**6)}\n"] * rng.choice([0, 1, 2])
    return {name: "".join(lines)}


@pytest.mark.parametrize("count", [12, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_drawn_changes_make_the_round_trip_or_are_refused(project: Any, count: int) -> None:
    rng = random.Random(7)
    for number in range(6):
        lines = [f"line {number} {i}\n" for i in range(30)]
        for at in sorted(rng.sample(range(30), 3), reverse=True):
            lines.insert(at, HIDDEN)
        (project.internal / "src").mkdir(exist_ok=True)
        (project.internal / f"src/f{number}.py").write_text("".join(lines))
    project.commit()
    export(read_config(project.write_config(IMPORT_RULES)))
    home = refused = 0
    for _ in range(count):
        tip = _git(project.public, "rev-parse", "main")
        change = _drawn_change(rng, _checked_out(project))
        if _unchanged(project, change):
            continue
        _outside(project, change)
        try:
            _bring_home(project)
            home += 1
        except ImportRefusedError:
            refused += 1
            _git(project.public, "reset", "-q", "--hard", tip)
    assert home > count // 2 and refused > 0


def _checked_out(project: Any) -> Path:
    _git(project.public, "reset", "-q", "--hard", "main")
    folder: Path = project.public
    return folder


def _unchanged(project: Any, change: dict[str, str | None]) -> bool:
    now = {name: (project.public / name).read_text() if (project.public / name).exists() else None for name in change}
    return now == change


def _import_killed_after(config: Path, seconds: float) -> bool:
    """Whether an import still ran when it was killed."""
    command = [sys.executable, "-m", "keima_cli", "sync", "import", "--config", str(config)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    hit = running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.wait()
    return hit


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_a_kill_at_any_moment_of_an_import_leaves_all_or_nothing(published: Any, kills: int) -> None:
    for number in range(20):
        _outside(published, {f"lib/new{number}.py": f"{number}\n", "README": f"outside {number}\n"})
    tip = _git(published.internal, "rev-parse", "main")
    begun = time.monotonic()
    whole = import_outside(read_config(published.config), "other").made
    status = [sys.executable, "-m", "keima_cli", "sync", "status", "--config", str(published.config)]
    subprocess.run(status, capture_output=True, check=False)
    length = time.monotonic() - begun
    wanted = _git(published.internal, "rev-parse", "other")
    _git(published.internal, "branch", "-q", "-D", "other")
    hits = 0
    for number in range(kills):
        hits += _import_killed_after(published.config, length * (number + 0.5) / kills)
        made = _git(published.internal, "for-each-ref", "--format=%(objectname)", "refs/heads/keima-import")
        assert made in ("", wanted)
        assert _git(published.internal, "rev-parse", "main") == tip
        _git(published.internal, "fsck", "--connectivity-only", "--no-dangling")
        if made:
            _git(published.internal, "branch", "-q", "-D", "keima-import")
    assert hits > kills // 3
    assert import_outside(read_config(published.config), "keima-import").made == whole
