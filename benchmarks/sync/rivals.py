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

RULES = (
    '[origin]\nrepository = "source"\n[destination]\nrepository = "public.git"\n[paths]\nunmatched = "include"\n'
    f'[[paths.rules]]\nexclude = ["/{CUT}/"]\n[[blocks]]\nbegin = "{BEGIN}"\nend = "{END}"\n'
)
"""The sync.toml beside the repositories."""
_NAMES = ("copybarista", "pubgate")
_OWN = {b".pubgate-staged", b".pubgate-absorbed"}  # pubgate's own record
_IDENTITY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Ann"), ("EMAIL", "ann@corp.example"))
}
_NO_CONFIG = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
_ENVIRONMENT = {**os.environ, **_IDENTITY, **_NO_CONFIG}


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
    for words in (("init", "-q", "-b", "main"), ("add", "-A", "-f"), ("commit", "-q", "-m", "one")):
        command("git", *words, folder=source)
    command("git", "remote", "add", "origin", "../origin.git", folder=source)
    command("git", "push", "-q", "-u", "origin", "main", folder=source)
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
    (folder / "sync.toml").write_text(RULES)
    program = (sys.executable, "-m", "keima_cli", "sync")
    checked, told = command(*program, "check", "--config", "sync.toml", folder=folder)
    exported, said = command(*program, "export", "--config", "sync.toml", folder=folder)
    command("git", "clone", "-q", "public.git", "out", folder=folder)
    return Ran((checked, exported), told + said, read(folder / "out"))


def copybarista(program: Path, source: Path, folder: Path) -> Ran:
    """Its strip_block cuts from text to text in the files that are named, so it is told which, and how they comment.

    Markers that are left over are forbidden by its leak policy.
    """
    marked = [path for path, file in read(source).items() if BEGIN.encode() in file.data or END.encode() in file.data]
    (folder / "copy.barista.toml").write_text(
        f'[workflow]\nname = "w"\nmode = "squash"\nsource_root = "."\n[destination.folder]\npath = "{folder}/out"\n'
        f'[files]\ninclude = ["**"]\nexclude = ["{CUT}/**", ".git/**"]\n'
        + "".join(_strip_block(path.decode()) for path in sorted(marked))
        + f'[[leak_check.forbidden_text]]\nid = "marker"\npattern = "{BEGIN}|{END}"\n'
    )
    words = (program, "export", "copy.barista.toml", source, "--folder-dir", folder / "out")
    code, said = command(*words, folder=folder)
    return Ran((code,), said, read(folder / "out"))


def _strip_block(path: str) -> str:
    comment = "//" if path.endswith(".c") else "#"
    return (
        f'[[transform]]\ntype = "strip_block"\npath = "{path}"\nstart = "{comment} {BEGIN}\\n"\n'
        f'end = "{comment} {END}\\n"\nrequired = false\n'
    )


def pubgate(program: Path, source: Path, folder: Path) -> Ran:
    """Its way from an empty public repository to a branch of the origin for review, which is read, by its README."""
    command("git", "clone", "-q", "public.git", "empty", folder=folder)
    for words in (("commit", "-q", "--allow-empty", "-m", "begin"), ("push", "-q", "origin", "HEAD:main")):
        command("git", *words, folder=folder / "empty")
    (source / "pubgate.toml").write_text(f'public_url = "{folder}/public.git"\nignore = ["{CUT}/*"]\n')
    for words in (("add", "pubgate.toml"), ("commit", "-q", "-m", "pubgate"), ("push", "-q")):
        command("git", *words, folder=source)
    absorbed, told = command(program, "--repo-dir", source, "absorb", "--no-pr", folder=folder)
    for words in (("fetch", "-q"), ("merge", "-q", "--ff-only", "origin/pubgate/absorb"), ("push", "-q")):
        command("git", *words, folder=source)
    staged, said = command(program, "--repo-dir", source, "stage", "--no-pr", folder=folder)
    command("git", "clone", "-q", "-b", "pubgate/stage", "origin.git", "out", folder=folder)
    return Ran((absorbed, staged), told + said, read(folder / "out"))


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
