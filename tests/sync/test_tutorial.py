# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs docs/sync/tutorial.md, block by block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TUTORIAL = Path(__file__).parents[2] / "docs" / "sync" / "tutorial.md"
BLOCK = re.compile(r"^```(?P<kind>sh|toml)(?: (?P<word>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Ann",
        "GIT_AUTHOR_EMAIL": "ann@example.org",
        "GIT_COMMITTER_NAME": "Ann",
        "GIT_COMMITTER_EMAIL": "ann@example.org",
    }
    output = ""
    blocks = list(BLOCK.finditer(TUTORIAL.read_text()))
    assert len(blocks) > 8
    for block in blocks:
        if block["kind"] == "toml":
            (tmp_path / block["word"]).write_text(block["text"])
            continue
        # "fails" is said of a block's last command; those before it must succeed.
        lines = block["text"].strip().split("\n")
        first, last = ("\n".join(lines[:-1]), lines[-1]) if block["word"] == "fails" else (block["text"], "true")
        for script, codes in ((first, {0}), (last, {1} if block["word"] == "fails" else {0})):
            done = subprocess.run(
                ["bash", "-e", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            output += done.stdout + done.stderr
            assert done.returncode in codes, f"{script}\n{done.stdout}{done.stderr}"
    for said in (
        "../secret/key.h is secret/key.h, which was cut",
        "sync.toml:9: exclude /secret/: not published",
        "a word in the commit's message",
        "public commits name no origin",
        "meets a part that was stripped",
        "1 commits imported to keima-import",
        "0 commits to export",
    ):
        assert said in output, said
