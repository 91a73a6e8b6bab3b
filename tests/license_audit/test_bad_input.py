# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Bad input, one test for each kind by name: a clear message, the right exit code, never a silent pass."""

from __future__ import annotations

import io
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.license_audit.sabotage import wheel as wheel_kit
from benchmarks.license_audit.sabotage.changes import Change
from benchmarks.license_audit.sabotage.ground import prepare
from keima_audit import tree as tree_module
from keima_cli.errors import ExitCode
from keima_cli.main import app as program

TAG = "SPDX-License-" + "Identifier:"
GIB = 1 << 30


@pytest.fixture
def audit(tree, tmp_path: Path):
    """Runs `keima audit` on the tree in this process, as the program does: errors become exit codes and messages."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(
            program, ["audit", "-C", str(tree.root), "--cache", str(tmp_path / "cache"), *arguments]
        )

    return run


@pytest.mark.parametrize(
    ("raw", "rule", "says"),
    [
        ("MIT/Apache-2.0", "expression-invalid", "write MIT OR Apache-2.0"),
        ("(MIT OR", "expression-invalid", "is not an SPDX expression"),
        ("Apache-2", "expression-invalid", "Apache-2.0"),
        ("GPL-2.0-only WITH Foo-exception", "exception-unknown", "is no SPDX exception"),
        ("MIT AND", "expression-invalid", "is not an SPDX expression"),
    ],
)
def test_broken_tag(tree, audit, raw: str, rule: str, says: str) -> None:
    tree.write({"a.py": f"# {TAG} {raw}\n"})
    done = audit()
    assert done.exit_code == ExitCode.FINDINGS
    assert rule in done.stdout and says in done.stdout


def test_unreadable_file(tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.write({"a.py": "x = 1\n", "b.py": "y = 1\n"})
    read = tree_module._hash

    def refuse(path: Path, keep: int) -> tuple[str, bytes]:
        if path.name == "a.py":
            raise PermissionError(13, "Permission denied")
        return read(path, keep)

    monkeypatch.setattr(tree_module, "_hash", refuse)
    assert tree.rules("a.py") == {"unreadable"}
    assert "Permission denied" in tree.message("unreadable")
    assert tree.rules("b.py") == set()


def test_file_that_is_no_file(tree, audit) -> None:
    os.mkfifo(tree.root / "pipe")
    done = audit()
    assert done.exit_code == ExitCode.FINDINGS
    assert "is no regular file" in done.stdout


def test_zip_bomb(tree, audit) -> None:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * (64 << 20))
    tree.write({"bomb.zip": page.getvalue()})
    done = audit()
    assert done.exit_code == ExitCode.FINDINGS
    assert "unpacks to more than the limits allow" in done.stdout


def test_symlink_loop(tree, audit) -> None:
    (tree.root / "a").symlink_to("b")
    (tree.root / "b").symlink_to("a")
    (tree.root / "self").symlink_to(".")
    done = audit("--notes")
    assert done.exit_code == ExitCode.GOOD
    assert done.stdout.count("listed and not followed") == 3


def test_file_beyond_the_limit(tree, audit) -> None:
    tree.more("[limits]\nfile-bytes = 1000\n")
    tree.write({"a.csv": "1,2\n" * 400})
    done = audit()
    assert done.exit_code == ExitCode.FINDINGS
    assert "1600 bytes, limit 1000" in done.stdout


@pytest.mark.slow
def test_file_of_a_gigabyte_in_bounded_memory(tree) -> None:
    with (tree.root / "big.csv").open("wb") as file:
        file.write(b"1,2\n" * 5000)
        file.seek(GIB - 1)
        file.write(b"\n")
    half = GIB // 2
    command = [sys.executable, "-m", "keima_cli", "audit", "-C", str(tree.root), "--cache", str(tree.root.parent / "c")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (half, half)),
    )
    assert done.returncode == ExitCode.FINDINGS, done.stderr
    assert "big.csv" in done.stdout


def test_wheel_with_wrong_hashes(tree, audit, tmp_path: Path) -> None:
    ground = prepare(tree.root, tmp_path / "ground", "1")
    members = wheel_kit.members(ground, tmp_path, "1")
    source = next(path for path in members if path.endswith(".py"))
    path = wheel_kit.pack(members, tmp_path, Change({}, wheel={source: b"evil = 1\n"}, mended=False))
    done = audit("-C", str(ground.root), "wheel", str(path))
    assert done.exit_code == ExitCode.FINDINGS
    assert "differs from its hash in RECORD" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[use.source]", "[use.sauce]", ("audit.toml:5:", "source")),
        ("detector =", "detektor =", ("audit.toml:3: unknown key 'detektor'", "detector")),
        ('"MIT"', '"MITT"', ("'MITT' is no SPDX licence id", "MIT")),
        ('"MIT"', '"BSD-3-Clauses"', ("is no SPDX licence id", "BSD-3-Clause")),
        ('license = "Apache-2.0"', 'license = "Apache-2.0', ("not valid TOML",)),
    ],
)
def test_policy_with_a_mistake(tree, audit, old: str, new: str, says: tuple[str, ...]) -> None:
    policy = (tree.root / "audit.toml").read_text()
    assert old in policy
    tree.policy(policy.replace(old, new, 1))
    done = audit()
    assert done.exit_code == ExitCode.WRONG_USE
    assert all(word in done.stderr for word in says), done.stderr


def test_policy_that_is_not_there(tree, audit) -> None:
    (tree.root / "audit.toml").unlink()
    done = audit()
    assert done.exit_code == ExitCode.WRONG_USE
    assert "keima audit init" in done.stderr


def test_cache_of_another_version(tree, audit, tmp_path: Path) -> None:
    tree.write({"a.py": f"# {TAG} GPL-3.0-only\n"})
    first = audit()
    base = sqlite3.connect(tmp_path / "cache" / "audit.sqlite")
    base.execute("PRAGMA user_version=99")
    base.commit()
    base.close()
    again = audit()
    assert (again.exit_code, again.stdout) == (first.exit_code, first.stdout) == (ExitCode.FINDINGS, first.stdout)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9])
def test_cache_cut_short(tree, audit, tmp_path: Path, share: float) -> None:
    tree.write({f"f{i}.py": f"# {TAG} {'MIT' if i % 2 else 'GPL-3.0-only'}\n# {i}\n" for i in range(40)})
    first = audit()
    cache = tmp_path / "cache" / "audit.sqlite"
    cache.write_bytes(cache.read_bytes()[: int(cache.stat().st_size * share)])
    again = audit()
    assert (again.exit_code, again.stdout) == (ExitCode.FINDINGS, first.stdout), again.stderr


def test_cache_that_is_something_else(tree, audit, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "audit.sqlite").write_bytes(b"not a database at all" * 500)
    assert audit().exit_code == ExitCode.GOOD


def test_kill_leaves_the_cache_usable(tree, audit, tmp_path: Path) -> None:
    tree.write({f"f{i}.py": f"# {TAG} GPL-3.0-only\n# {i}\n" for i in range(300)})
    command = [sys.executable, "-m", "keima_cli", "audit", "-C", str(tree.root), "--cache", str(tmp_path / "killed")]
    dice = random.Random(3)
    killed = 0
    for _ in range(5):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while not (tmp_path / "killed" / "audit.sqlite").exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed >= 1
    fresh = audit()
    after = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (after.returncode, after.stdout) == (fresh.exit_code, fresh.stdout)
    assert fresh.exit_code == ExitCode.FINDINGS


def test_scancode_is_not_installed(audit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEIMA_SCANCODE_PYTHON", "/nowhere/python")
    done = audit("--detector", "scancode")
    assert done.exit_code == ExitCode.BROKEN
    assert "keima[audit-scan]" in done.stderr
