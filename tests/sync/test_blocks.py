# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Marked blocks: against unifdef where both apply, and by taking out again what was put in."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from keima_sync.config import read_config
from keima_sync.errors import TransformError
from keima_sync.export import export
from keima_sync.transforms import Block, Scope

CUT = Block(b"#ifdef INTERNAL", b"#endif /* INTERNAL */", True, Scope(), 1)
LINES = [b"int f(void) { return 0; }\n", b"\n", b"\t// a comment\n", b"#define A 1\n", b"x\r\n", b"\xe9\xff latin\n"]
MARKS = {
    ".py": ("# BEGIN-INTERNAL\n", "# END-INTERNAL\n"),
    ".h": ("// BEGIN-INTERNAL\n", "// END-INTERNAL\n"),
    ".cc": ("/* BEGIN-INTERNAL */\n", "/* END-INTERNAL */\n"),
    ".md": ("<!-- BEGIN-INTERNAL -->\n", "<!-- END-INTERNAL -->\n"),
    ".txt": ("# BEGIN-INTERNAL: for us\n", "# END-INTERNAL\n"),
    ".toml": ("#BEGIN-INTERNAL\n", "#END-INTERNAL\n"),
    ".cmake": ("# [BEGIN-INTERNAL]\n", "# [END-INTERNAL]\n"),
}
RULES = """
[paths]
unmatched = "include"
[[paths.rules]]
exclude = ["/internal-*"]
[[blocks]]
begin = "BEGIN-INTERNAL"
end = "END-INTERNAL"
"""


@pytest.mark.parametrize("seed", range(20))
def test_cutting_equals_unifdef(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    text = b""
    for _ in range(30):
        text += rng.choice(LINES)
        if rng.random() < 0.2:
            inside = b"".join(rng.choice(LINES) for _ in range(rng.randrange(4)))
            text += b"#ifdef INTERNAL\n" + inside + b"#endif /* INTERNAL */\n"
    source = tmp_path / "a.c"
    source.write_bytes(text)
    oracle = subprocess.run(["unifdef", "-UINTERNAL", source], capture_output=True, check=False)
    assert oracle.returncode in (0, 1), oracle.stderr  # 1: something was cut
    assert CUT.apply(text, b"a.c") == oracle.stdout


def _insert(path: Path, rng: random.Random) -> None:
    """Put a block between two lines of a file, not into one that is there."""
    begin, end = MARKS[path.suffix]
    lines = path.read_bytes().splitlines(keepends=True)
    inside = False
    places = []
    for number, line in enumerate(lines):
        if b"BEGIN-INTERNAL" in line:
            inside = True
        if not inside:
            places.append(number)
        if b"END-INTERNAL" in line:
            inside = False
    if not places:
        return
    block = begin.encode() + b"hidden \xff\n" * rng.randrange(3) + end.encode()
    lines.insert(rng.choice(places), block)
    path.write_bytes(b"".join(lines))


def _own_files(root: Path) -> list[Path]:
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True).stdout
    names = [Path(name) for name in listed.decode().split("\0") if name]
    marked = ("BEGIN-INTERNAL", "END-INTERNAL")
    return [
        name
        for name in names
        if name.suffix in MARKS and not any(mark in (root / name).read_text(errors="replace") for mark in marked)
    ]


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.slow)])
def test_what_was_put_in_comes_out_again(project: Any, count: int) -> None:
    """Blocks and files drawn into a real tree (our own): what is exported equals the tree byte for byte."""
    rng = random.Random(count)
    root = Path(__file__).parents[2]
    originals = {name: (root / name).read_bytes() for name in _own_files(root)}
    for name, data in originals.items():
        place = project.internal / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    names = sorted(originals)
    for number in range(count):
        if rng.random() < 0.2:
            (project.internal / f"internal-{number}.txt").write_text("hidden\n")
        else:
            _insert(project.internal / rng.choice(names), rng)
    project.commit()
    export(read_config(project.write_config(RULES)))
    subprocess.run(["git", "-C", project.public, "reset", "-q", "--hard", "main"], check=True)
    files = [path for path in project.public.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert {path.relative_to(project.public): path.read_bytes() for path in files} == originals


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (b"a\n#ifdef INTERNAL\n", 2, "never closed"),
        (b"#endif /* INTERNAL */\n", 1, "without"),
        (b"#ifdef INTERNAL\n#ifdef INTERNAL\n#endif /* INTERNAL */\n", 2, "inside the block of line 1"),
        (b"#ifdef INTERNAL #endif /* INTERNAL */\n", 1, "both markers"),
    ],
)
def test_markers_that_do_not_pair_name_their_line(text: bytes, line: int, problem: str) -> None:
    with pytest.raises(TransformError, match=rf"^a.c:{line}: .*{problem}"):
        CUT.apply(text, b"a.c")
