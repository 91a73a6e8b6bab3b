# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the tutorials of docs/, block by block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(?P<kind>sh|toml)(?: (?P<word>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SAYS = {
    "audit/tutorial.md": (
        "sort.py",
        "vendored-without-license",
        "line 1: GPL-3.0-only (tag",
        "SPDX-FileCopyrightText: 2",
        "answered",
        "waiver-stale",
        "+ MIT (source): 1: new.py",
    ),
    "sync/tutorial.md": (
        "../secret/key.h is secret/key.h, which was cut",
        "sync.toml:9: exclude /secret/: not published",
        "a word in the commit's message",
        "public commits name no origin",
        "meets a part that was stripped",
        "1 commits imported to keima-import",
        "0 commits to export",
        "1 commits imported to patched",
        "(Ann), until",
        "4 commits in 4 lines drawn to migration.html",
        "culprit: ",
    ),
}


def environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
        "KEIMA_AUDIT_CACHE": str(home / ".cache"),
        "XDG_CACHE_HOME": str(home / ".cache"),
    }


@pytest.mark.timeout(1200)  # dozens of processes, 11 s of computing: a busy machine takes minutes
@pytest.mark.parametrize("tutorial", SAYS)
def test_a_tutorial_does_what_it_says(tutorial: str, tmp_path: Path) -> None:
    output = ""
    blocks = list(BLOCK.finditer((DOCS / tutorial).read_text()))
    assert len(blocks) > 8
    for block in blocks:
        if block["kind"] == "toml":
            (tmp_path / block["word"]).write_text(block["text"])
            continue
        # "fails" is said of a block's last command; those before it must succeed.
        fails = block["word"] == "fails"
        lines = block["text"].strip().split("\n")
        script = "\n".join([*lines[:-1], f"({lines[-1]}) || exit $(($? == 1 ? 101 : 1))"]) if fails else block["text"]
        done = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        output += done.stdout + done.stderr
        assert done.returncode == (101 if fails else 0), f"{script}\n{done.stdout}{done.stderr}"
    for said in SAYS[tutorial]:
        assert said in output, f"{said}\n{output}"


@pytest.mark.parametrize(
    "tutorial", sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("tutorial.*-*.md"))
)
def test_a_translation_shows_the_same_commands(tutorial: str) -> None:
    original = (DOCS / tutorial).with_name("tutorial.md")
    blocks = [[match.group() for match in BLOCK.finditer(path.read_text())] for path in (original, DOCS / tutorial)]
    assert blocks[0] == blocks[1]
