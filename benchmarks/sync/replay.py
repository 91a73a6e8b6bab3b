# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exports a whole history and compares every commit's tree with git-filter-repo's for the same selection."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(command: list[str], folder: Path) -> tuple[float, float, str]:
    """Seconds, and peak MiB of the largest process so far, of a command; raises for a failure."""
    begun = time.monotonic()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed: {done.stderr}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return time.monotonic() - begun, peak, done.stdout


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


def configuration(arguments: argparse.Namespace, public: Path) -> str:
    lines = [
        f'[origin]\nrepository = "{arguments.repository.resolve()}"\nbranch = "{arguments.branch}"',
        f'[destination]\nrepository = "{public}"\n[paths]\nunmatched = "include"',
    ]
    if arguments.exclude:
        lines.append("[[paths.rules]]\nexclude = " + json.dumps(["/" + path for path in arguments.exclude]))
    lines += [f'[[paths.rules]]\nmove = "{old}"\nto = "{new}"' for old, new in arguments.move]
    return "\n".join(lines) + "\n"


def trees(repository: Path, branch: str) -> dict[str, str]:
    return dict(line.split() for line in git(repository, "log", "--format=%H %T", branch).splitlines())


def filter_repo(arguments: argparse.Namespace, folder: Path) -> tuple[float, float, dict[str, str]]:
    """git-filter-repo's time, peak MiB, and the tree of each commit by its origin."""
    subprocess.run(["git", "clone", "-q", "--bare", "--no-local", arguments.repository, folder], check=True)
    words = ["--force", "--refs", arguments.branch]
    words += ["--invert-paths"] if arguments.exclude else []
    words += [word for path in arguments.exclude for word in ("--path", path)]
    words += [word for old, new in arguments.move for word in ("--path-rename", f"{old}/:{new}/")]
    seconds, peak, _ = timed([sys.executable, "-m", "git_filter_repo", *words], folder)
    by_new = trees(folder, arguments.branch)
    lines = (line.split() for line in (folder / "filter-repo" / "commit-map").read_text().splitlines()[1:])
    return seconds, peak, {old: by_new[new] for old, new in lines if new in by_new}


def add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that say which repository, and what of it is published."""
    parser.add_argument("repository", type=Path)
    parser.add_argument("--branch", default="master")
    parser.add_argument("--exclude", nargs="*", default=[], metavar="PATH")
    parser.add_argument("--move", nargs=2, action="append", default=[], metavar=("OLD", "NEW"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_selection(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        public = folder / "public"
        git(folder, "init", "-q", "-b", "main", str(public))
        config = folder / "sync.toml"
        config.write_text(configuration(arguments, public))
        command = [sys.executable, "-m", "keima_cli", "sync", "export", "--json", "--config", str(config)]
        seconds, peak, said = timed(command, folder)
        made = json.loads(said)["made"]
        again, _, _ = timed(command, folder)
        ours = trees(public, "main")
        their_seconds, their_peak, theirs = filter_repo(arguments, folder / "oracle")
    different = [old for old in set(made) | set(theirs) if ours.get(made.get(old, "")) != theirs.get(old)]
    print(f"{os.uname().machine}, {os.cpu_count()} processors; {len(made)} commits made")
    print(f"{'':22}{'seconds':>9}{'peak MiB':>10}")
    print(f"{'keima sync export':22}{seconds:9.1f}{peak:10.0f}")
    print(f"{'.. with nothing new':22}{again:9.1f}")
    print(f"{'git-filter-repo':22}{their_seconds:9.1f}{'<=' + format(their_peak, '.0f'):>10}")
    print(f"commits whose trees differ, or that one has and the other has not: {len(different)}")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
