# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exports a whole history and compares every commit's tree with git-filter-repo's for the same selection."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import with_bytecode


@dataclass(frozen=True)
class Run:
    """What one command took, with all its processes; `peak_mib` is that of the largest."""

    name: str
    seconds: float
    processor_seconds: float
    peak_mib: float
    exit_code: int


def timed(
    name: str, command: list[str], *, folder: Path | None = None, good: tuple[int, ...] = (0,)
) -> tuple[Run, str]:
    """What a command took and said; an exit code that is not good ends the benchmark."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as errors:
        with subprocess.Popen(command, cwd=folder, stdout=said, stderr=errors, env=with_bytecode()) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        for file in (said, errors):
            file.seek(0)
        if process.returncode not in good:
            why = errors.read().decode(errors="replace")
            raise SystemExit(f"{name} failed with exit code {process.returncode}: {why}")
        run = Run(name, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode)
        return run, said.read().decode()


def print_runs(runs: list[Run]) -> None:
    print(f"{'':27}{'seconds':>9}{'of processors':>15}{'peak MiB':>10}")
    for run in runs:
        print(f"{run.name:27}{run.seconds:9.1f}{run.processor_seconds:15.1f}{run.peak_mib:10.0f}")


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


def filter_repo(arguments: argparse.Namespace, folder: Path) -> tuple[Run, dict[str, str]]:
    """What git-filter-repo took, and the tree of each commit by its origin."""
    subprocess.run(["git", "clone", "-q", "--bare", "--no-local", arguments.repository, folder], check=True)
    words = ["--force", "--refs", arguments.branch]
    words += ["--invert-paths"] if arguments.exclude else []
    words += [word for path in arguments.exclude for word in ("--path", path)]
    words += [word for old, new in arguments.move for word in ("--path-rename", f"{old}/:{new}/")]
    run, _ = timed("git-filter-repo", [sys.executable, "-m", "git_filter_repo", *words], folder=folder)
    by_new = trees(folder, arguments.branch)
    lines = (line.split() for line in (folder / "filter-repo" / "commit-map").read_text().splitlines()[1:])
    return run, {old: by_new[new] for old, new in lines if new in by_new}


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
        first, said = timed("keima sync export", command)
        made = json.loads(said)["made"]
        again, _ = timed(".. with nothing new", command)
        ours = trees(public, "main")
        their, theirs = filter_repo(arguments, folder / "oracle")
    different = [old for old in set(made) | set(theirs) if ours.get(made.get(old, "")) != theirs.get(old)]
    print(f"{os.uname().machine}, {os.cpu_count()} processors; {len(made)} commits made")
    print_runs([first, again, their])
    print(f"commits whose trees differ, or that one has and the other has not: {len(different)}")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
