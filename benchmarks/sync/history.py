# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Times an export of a whole history and the check of every commit's references by the same rules.

`python -m benchmarks.sync.history REPOSITORY [--exclude PATH ...] [--move OLD NEW]` runs the export, the check over
history with nothing known, with one commit more and with all blobs known, the check of the tip alone, against its
parent and with symbols, and git-filter-repo for the same selection. Seconds of processors are those of all processes:
on a busy machine they say more than those of the clock.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.peers import machine, write_figures
from benchmarks.sync.replay import Run, add_selection, configuration, filter_repo, git, print_runs, timed


def measured(name: str, *words: str) -> Run:
    """Run `keima sync`; an exit code over 1 ends the benchmark."""
    return timed(name, [sys.executable, "-m", "keima_cli", "sync", *words], good=(0, 1))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    add_selection(parser)
    parser.add_argument("--output", type=Path, default=Path("build/bench/sync-history.json"))
    arguments = parser.parse_args()
    head = machine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy = folder / "origin"  # what is remembered goes into its git folder, not into the user's
        git(folder, "clone", "-q", "--bare", "--shared", str(arguments.repository.resolve()), str(copy))
        git(folder, "init", "-q", "-b", "main", str(folder / "public"))
        arguments.repository = copy
        config = folder / "sync.toml"
        config.write_text(configuration(arguments, folder / "public"))
        check = ("check", "--json", "--config", str(config), "--at")
        tip = (*check, arguments.branch)
        runs = [
            measured("export", "export", "--json", "--config", str(config)),
            measured("check of all but the tip", *check, f"{arguments.branch}~1", "--history"),
            measured(".. and one more commit", *tip, "--history"),
            measured(".. and nothing new", *tip, "--history"),
            measured("check of the tip", *tip),
            measured(".. against its parent", *tip, "--against", f"{arguments.branch}~1"),
            measured(".. with symbols", *tip, "--symbols"),
        ]
        for file in (copy / "keima").glob("history-*"):
            file.unlink()
        runs.insert(4, measured("every commit, blobs known", *tip, "--history"))
        runs.append(measured("symbols of every commit", *tip, "--history", "--symbols"))  # the rest is remembered
        theirs, _ = filter_repo(arguments, folder / "oracle")
        runs.append(theirs)
        commits = int(git(copy, "rev-list", "--count", arguments.branch))
    print(f"{commits} commits")
    print_runs(runs)
    write_figures(arguments.output, {**head, "commits": commits, "runs": [asdict(run) for run in runs]})


if __name__ == "__main__":
    main()
