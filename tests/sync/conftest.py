# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Repositories for the tests of export: drawn histories, written by git fast-import."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MESSAGES = [b"change %d", b"change %d\n\nwith a body\n", b"change %d\n\nReviewed-by: Ann <a@b.c>"]
FOLDERS = [b"", b"src/", b"src/deep/", b"internal/", b"src/internal/", b"docs/", "b\u00fccher/".encode(), b"b\xff/"]
NAMES = [b"a.txt", b"b.c", b"with space", b'quo"te', b"secret.key", "\u6842\u99ac".encode()]
CONTENTS = [b"", b"one\n", b"crlf\r\nno end", b"\xff\xfe latin \xe9\n", b"\0binary\0", b"x" * 5000]


def tree_rules(excluded: str, old: str, new: str) -> str:
    """Rules of a tree that leaves out some paths and all marked blocks, and moves one folder."""
    return f"""
[paths]
unmatched = "include"
[[paths.rules]]
exclude = [{excluded}]
[[paths.rules]]
move = "{old}"
to = "{new}"
[[blocks]]
begin = "BEGIN-INTERNAL"
end = "END-INTERNAL"
"""


CHECK_RULES = tree_rules('"/internal/"', "core", "lib")
# Of the tests of import; HIDDEN is one stripped block.
IMPORT_RULES = tree_rules('"/internal/", "/lib/secret/"', "src", "lib")
HIDDEN = "# BEGIN-INTERNAL\nhidden\n# END-INTERNAL\n"
ENVIRONMENT = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C.UTF-8"}


def git(folder: Path, *arguments: str, feed: bytes | None = None) -> bytes:
    """Run git in a folder; fails the test if git does."""
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=feed, capture_output=True, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout


@dataclass
class _Draft:
    """The stream of a history, and the files of each commit so far."""

    rng: random.Random
    stream: list[bytes] = field(default_factory=list)
    files: list[dict[bytes, tuple[bytes, bytes]]] = field(default_factory=list)

    def commit(self, parents: list[int]) -> None:
        mark = len(self.files) + 1
        files = dict(self.files[parents[0]]) if parents else {}
        self.change(files, parents)
        who = self.rng.choice([b"Ann <ann@corp.example>", b"B\xf6b <bob@corp.example>", b"C. D <c@other.example>"])
        when = b"%d %s" % (1_600_000_000 + 60 * mark, self.rng.choice([b"+0000", b"+0530", b"-0800"]))
        message = self.rng.choice(MESSAGES) % mark
        lines = [
            b"commit refs/heads/main",
            b"mark :%d" % mark,
            b"author %s %s" % (who, when),
            b"committer %s %s" % (who, when),
        ]
        lines.append(b"data %d\n%s" % (len(message), message))
        if parents:
            lines.append(b"from :%d" % (parents[0] + 1))
        lines += [b"merge :%d" % (parent + 1) for parent in parents[1:]]
        lines.append(b"deleteall")
        for path, (mode, data) in sorted(files.items()):
            quoted = b'"' + path.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
            if mode == b"160000":
                lines.append(b"M 160000 %s %s" % (data, quoted))
            else:
                lines.append(b"M %s inline %s\ndata %d\n%s" % (mode, quoted, len(data), data))
        self.stream.append(b"\n".join(lines) + b"\n\n")
        self.files.append(files)

    def change(self, files: dict[bytes, tuple[bytes, bytes]], parents: list[int]) -> None:
        rng = self.rng
        for parent in parents[1:]:
            if rng.random() < 0.8:  # otherwise as by "-s ours"
                files.update(self.files[parent])
        for _ in range(rng.choice([0, 1, 1, 2, 4])):
            path = rng.choice(FOLDERS) + rng.choice(NAMES)
            for other in list(files):
                if other.startswith(path + b"/") or path.startswith(other + b"/"):
                    del files[other]
            kind = rng.random()
            if kind < 0.2:
                files.pop(path, None)
            elif kind < 0.3:
                files[path] = (b"120000", rng.choice([b"../a.txt", b"/etc/passwd", b"nowhere"]))
            elif kind < 0.35:
                files[path] = (b"160000", b"%040x" % rng.getrandbits(150))
            else:
                files[path] = (rng.choice([b"100644", b"100755"]), rng.choice(CONTENTS) + b"%d" % rng.randrange(3))


def draw_history(folder: Path, seed: int, commits: int, roots: float, *, linear: bool) -> None:
    """A repository of drawn commits: merges, roots, empty ones, links, submodules, names and contents of any bytes.

    `roots` is the share of further roots.
    """
    draft = _Draft(random.Random(seed))
    for number in range(commits):
        nearest = list(range(max(0, number - (1 if linear else 4)), number))
        count = 1 if linear else draft.rng.choice([1, 1, 1, 1, 2, 2, 3])
        parents = draft.rng.sample(nearest, min(count, len(nearest)))
        draft.commit(parents if number and draft.rng.random() >= roots else [])
    # Everything must be reached from the branch.
    heads = set(range(commits))
    for block in draft.stream:
        for word in block.split(b"\n"):
            if word.startswith((b"from :", b"merge :")):
                heads.discard(int(word.partition(b":")[2]) - 1)
    draft.commit(sorted(heads, reverse=True)[:15])
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "fast-import", "--quiet", "--force", feed=b"".join(draft.stream))


@dataclass(frozen=True)
class Project:
    """An internal repository, an empty public one, and a sync.toml between them."""

    folder: Path

    @property
    def internal(self) -> Path:
        return self.folder / "internal"

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def config(self) -> Path:
        return self.folder / "sync.toml"

    def write_config(self, rules: str) -> Path:
        self.config.write_text(
            f'[origin]\nrepository = "internal"\n[destination]\nrepository = "public"\nbranch = "main"\n{rules}\n'
        )
        return self.config

    def commit(self, message: str = "change", **files: str | None) -> str:
        """Write files ("__" stands for "/", "_dot_" for "."; None removes) and commit them in the internal one."""
        for name, text in files.items():
            path = self.internal / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_bytes(text.encode())
        git(self.internal, "add", "-A")
        git(
            self.internal,
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@corp.example",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            message,
        )
        return git(self.internal, "rev-parse", "HEAD").decode().strip()

    def public_files(self) -> dict[str, bytes]:
        """Contents by path of the public branch's tip."""
        names = git(self.public, "ls-tree", "-r", "-z", "--name-only", "main").split(b"\0")[:-1]
        return {name.decode(errors="replace"): git(self.public, "show", f"main:{os.fsdecode(name)}") for name in names}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    for folder in (made.internal, made.public):
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
    return made


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., Project]:
    """A project whose internal history is drawn from a seed."""

    def make(seed: int, commits: int, roots: float = 0.0, *, linear: bool = False) -> Project:
        made = Project(tmp_path / str(seed))
        draw_history(made.internal, seed, commits, roots, linear=linear)
        made.public.mkdir()
        git(made.public, "init", "-q", "-b", "main")
        return made

    return make
