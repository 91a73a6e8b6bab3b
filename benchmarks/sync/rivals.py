# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Runs copybarista, pubgate and keima sync on the same small trees and says what each did.

`python -m benchmarks.sync.rivals [--python PYTHON]` installs the two in an environment of their own (copybarista needs
Python 3.12) and runs each with the settings that its documentation gives for the task: one folder cut, marked blocks
stripped. A tool passes a tree if it publishes exactly what is right, and names the file that somebody should look at.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.peers import write_figures
from benchmarks.sync.fixtures import BEGIN, CUT, END, FIXTURES, File, Fixture

_NAMES = ("copybarista", "pubgate")
_OWN = {b".pubgate-staged"}  # pubgate's own record
_ENVIRONMENT = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Outcome:
    """What a tool did with a tree: its commands, exit codes and words, and what that comes to."""

    tool: str
    fixture: str
    verdict: str
    codes: tuple[int, ...]
    said: str


@dataclass(frozen=True)
class Ran:
    """Exit codes, all that was printed, and the published files."""

    codes: tuple[int, ...]
    said: str
    files: dict[bytes, File]


def command(*words: str | Path, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=_ENVIRONMENT, capture_output=True, check=False, timeout=120
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "backslashreplace")


def repository(folder: Path, files: dict[bytes, File]) -> Path:
    """A repository of one commit, with an origin that has it."""
    source = folder / "source"
    source.mkdir()
    for path, file in files.items():
        place = os.fsencode(source) + b"/" + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if stat.S_ISLNK(file.mode):
            os.symlink(file.data, place)
            continue
        with open(place, "wb") as out:
            out.write(file.data)
        os.chmod(place, file.mode & 0o777)
    for name in ("origin.git", "public.git"):
        command("git", "init", "-q", "--bare", "-b", "main", name, folder=folder)
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@corp.example")
    for words in (("init", "-q", "-b", "main"), ("add", "-A", "-f"), (*identity, "commit", "-q", "-m", "one")):
        command("git", *words, folder=source)
    command("git", "remote", "add", "origin", "../origin.git", folder=source)
    command("git", "push", "-q", "origin", "main", folder=source)
    return source


def read(folder: Path) -> dict[bytes, File]:
    """The files below a folder, but git's."""
    found: dict[bytes, File] = {}
    top = os.fsencode(folder)
    for parent, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != b".git"]
        links = [name for name in folders if os.path.islink(parent + b"/" + name)]
        for name in (*names, *links):
            place = parent + b"/" + name
            status = os.lstat(place)
            if name == b".git":
                continue
            if stat.S_ISLNK(status.st_mode):
                found[place[len(top) + 1 :]] = File(os.readlink(place), 0o120000)
            else:
                with open(place, "rb") as file:
                    mode = 0o100755 if status.st_mode & 0o100 else 0o100644
                    found[place[len(top) + 1 :]] = File(file.read(), mode)
    return {path: file for path, file in found.items() if path not in _OWN}


def keima(source: Path, folder: Path) -> Ran:
    (folder / "sync.toml").write_text(
        f'[origin]\nrepository = "source"\n[destination]\nrepository = "public.git"\n[paths]\nunmatched = "include"\n'
        f'[[paths.rules]]\nexclude = ["/{CUT}/"]\n[[blocks]]\nbegin = "{BEGIN}"\nend = "{END}"\n'
    )
    program = (sys.executable, "-m", "keima_cli", "sync")
    checked, told = command(*program, "check", "--config", "sync.toml", folder=folder)
    exported, said = command(*program, "export", "--config", "sync.toml", folder=folder)
    command("git", "clone", "-q", "public.git", "out", folder=folder)
    return Ran((checked, exported), told + said, read(folder / "out"))


def copybarista(program: Path, source: Path, folder: Path) -> Ran:
    (folder / "copy.barista.toml").write_text(
        f'[workflow]\nname = "w"\nmode = "squash"\nsource_root = "."\n[destination.folder]\npath = "{folder}/out"\n'
        f'[files]\ninclude = ["**"]\nexclude = ["{CUT}/**", ".git/**"]\n'
        f'[[transform]]\ntype = "strip_block"\npath = "**"\nstart = "{BEGIN}"\nend = "{END}"\nrequired = false\n'
    )
    words = (program, "export", "copy.barista.toml", source, "--folder-dir", folder / "out")
    code, said = command(*words, folder=folder)
    return Ran((code,), said, read(folder / "out"))


def pubgate(program: Path, source: Path, folder: Path) -> Ran:
    (source / "pubgate.toml").write_text(f'public_url = "{folder}/public.git"\nignore = ["{CUT}/*"]\n')
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@corp.example")
    command("git", "add", "pubgate.toml", folder=source)
    command("git", *identity, "commit", "-q", "-m", "pubgate", folder=source)
    code, said = command(program, "--repo-dir", source, "preview", "--output", folder / "out", folder=folder)
    return Ran((code,), said, read(folder / "out"))


def judged(tool: str, fixture: Fixture, run: Callable[[Path, Path], Ran]) -> Outcome:
    """Run a tool on a tree and compare with what is right."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ran = run(repository(folder, fixture.internal), folder)
        said = ran.said.replace(name, "")
    return Outcome(tool, fixture.name, verdict(fixture, ran), ran.codes, said.strip()[-400:])


def verdict(fixture: Fixture, ran: Ran) -> str:
    """In words: right, or the first thing that is not."""
    failed = any(ran.codes)
    if fixture.public is None:
        if not failed:
            return "wrong: published"
        return "right: refused, names the file" if fixture.tell in ran.said else "refused without the file's name"
    if failed and not ran.files:
        return "right: refused, names the file" if fixture.tell and fixture.tell in ran.said else "wrong: refused"
    if ran.files != fixture.public:
        return "wrong: other bytes"
    if not fixture.tell:
        return "right"
    return "right: told" if failed and fixture.tell in ran.said else "silent"


def environment(folder: Path, python: str) -> Path:
    """The folder of the two programs, installed on first use."""
    if not (folder / "bin" / "pubgate").exists():
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *_NAMES], check=True)
    return folder / "bin"


def versions(programs: Path) -> dict[str, str]:
    said = subprocess.run(
        [programs / "python", "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True
    ).stdout
    return {row["name"]: row["version"] for row in json.loads(said) if row["name"] in _NAMES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default="python3.12", help="that the two are installed for")
    parser.add_argument("--environment", type=Path, default=Path("build/bench/rivals"))
    parser.add_argument("--output", type=Path, default=Path("build/bench/sync-rivals.json"))
    arguments = parser.parse_args()
    programs = environment(arguments.environment, arguments.python).absolute()
    tools: dict[str, Callable[[Path, Path], Ran]] = {
        "copybarista": lambda source, folder: copybarista(programs / "copybarista", source, folder),
        "pubgate": lambda source, folder: pubgate(programs / "pubgate", source, folder),
        "keima": keima,
    }
    print("| tree | " + " | ".join(tools) + " |\n" + "|---" * (len(tools) + 1) + "|", flush=True)
    outcomes = []
    for fixture in FIXTURES:
        row = [judged(tool, fixture, run) for tool, run in tools.items()]
        print(f"| {fixture.name} | " + " | ".join(outcome.verdict for outcome in row) + " |", flush=True)
        outcomes += row
    write_figures(
        arguments.output, {"versions": versions(programs), "outcomes": [asdict(outcome) for outcome in outcomes]}
    )


if __name__ == "__main__":
    main()
