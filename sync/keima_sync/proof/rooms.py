# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Clean rooms, from the strongest to the weakest: a Debian root of its own, the host's programs, a bare folder.

The first two are made by bubblewrap: no network, no file of the host's but those named, no privilege, processes of
their own. What a verdict in a room shows, and what it does not, is said with the verdict.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from keima_cli.locks import hold
from keima_sync.errors import RoomError
from keima_sync.proof.materialise import remove
from keima_sync.proof.rules import ProofRules

_ISOLATED = [
    "bwrap",
    *("--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"),
    *("--die-with-parent", "--new-session", "--hostname", "room"),
]
_HOST_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_HOST_FILES = ("alternatives", "ld.so.cache", "passwd", "group", "ssl", "ca-certificates.conf", "pip.conf")
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_INSIDE = Path("/room")
_WAIT_SECONDS = 3600.0
_EVIDENCE = {
    "debian": "a Debian root of the named packages alone, without network",
    "host": "this machine's programs, without network and without other files of its: what is installed here and not"
    " named may have helped",
    "bare": "a bare folder on this machine, not isolated: files, programs and network of this machine may have helped",
}


@dataclass(frozen=True)
class Room:
    """A place to build in; `installed` is a digest of what is there."""

    kind: str
    root: Path | None
    venv: Path | None
    installed: str
    why: str = ""  # not a stronger one

    @property
    def evidence(self) -> str:
        """What a verdict rests on."""
        return _EVIDENCE[self.kind] + (f" ({self.why})" if self.why else "")

    def command(self, work: Path, words: list[str], *, network: bool = False) -> list[str]:
        """The command that runs `words` in `work`/tree; `work` has the folders tree, home and tmp."""
        if self.kind == "bare":
            return words
        shared = ["--share-net", "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"] if network else []
        mounts = [*_view(self.root), "--proc", "/proc", "--dev", "/dev", "--tmpfs", str(_INSIDE)]
        for name in ("tree", "home"):
            mounts += ["--bind", str(work / name), str(_INSIDE / name)]
        mounts += ["--bind", str(work / "tmp"), "/tmp"]  # noqa: S108 - the room's own
        if self.venv:
            mounts += ["--bind" if network else "--ro-bind", str(self.venv), str(_INSIDE / "venv")]
        return [*_ISOLATED, *mounts, *shared, "--chdir", str(_INSIDE / "tree"), "--", *words]

    def environment(self, work: Path) -> dict[str, str]:
        """All variables that a step sees: none of the caller's."""
        bare = self.kind == "bare"
        home = str(work / "home") if bare else str(_INSIDE / "home")
        venv = None if self.venv is None else self.venv if bare else _INSIDE / "venv"
        path = f"{venv}/bin:{_PATH}" if venv else _PATH
        made = {"PATH": path, "HOME": home, "TMPDIR": str(work / "tmp") if bare else "/tmp", "LANG": "C.UTF-8"}  # noqa: S108
        return {**made, "GIT_CONFIG_NOSYSTEM": "1", "CI": "1"}


def open_room(rules: ProofRules, cache: Path) -> Room:
    """The room that the rules ask for, made in `cache` if it is not there. Raises RoomError where it cannot be had."""
    kind, why = _kind(rules)
    root = _debian_root(rules, cache) if kind == "debian" else None
    installed = _packages(root or Path("/"))
    room = Room(kind, root, None, installed, why)
    return _with_requirements(room, rules.requirements, cache) if rules.requirements else room


def missing_for(kind: str) -> str:
    """Why a kind of room cannot be had here; empty if it can."""
    if kind == "bare":
        return ""
    for program in ("bwrap", "mmdebstrap") if kind == "debian" else ("bwrap",):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    tried = [*_ISOLATED, "--ro-bind", "/", "/", "true"]
    done = subprocess.run(tried, capture_output=True, text=True, errors="replace", timeout=60, check=False)
    return f"bubblewrap may not be used here: {done.stderr.strip()}" if done.returncode else ""


def _kind(rules: ProofRules) -> tuple[str, str]:
    if rules.room != "auto":
        lack = missing_for(rules.room)
        if lack:
            raise RoomError(
                f"no {rules.room} room: {lack}", hint='install it, or allow a weaker one with room = "auto"'
            )
        return rules.room, ""
    why = "" if rules.packages else "[proof] names no packages for a root"
    for kind in ("debian", "host") if rules.packages else ("host",):
        lack = missing_for(kind)
        if not lack:
            return kind, why
        why = lack
    return "bare", why


def _view(root: Path | None) -> list[str]:
    """What of the file system is there, read-only."""
    if root is not None:
        return ["--ro-bind", str(root), "/"]
    words = ["--ro-bind", "/usr", "/usr"]
    for name in _HOST_FOLDERS:
        place = Path("/", name)
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            words += ["--ro-bind", str(place), str(place)]
    for name in _HOST_FILES:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


def _prepared(folder: Path, purpose: str, make: Callable[[], None]) -> Path:
    """`folder`, filled by `make` unless an earlier run filled it; one that was cut short is made again."""
    ready = folder.with_name(folder.name + ".ready")
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with hold(folder.with_name(folder.name + ".lock"), purpose, wait=_WAIT_SECONDS):
        if not ready.exists():
            remove(folder)
            make()
            ready.touch()
    return folder


def _debian_root(rules: ProofRules, cache: Path) -> Path:
    folder = cache / "roots" / _digest(rules.suite, *sorted(rules.packages))
    wanted = ["--include", ",".join(rules.packages)] if rules.packages else []

    def make() -> None:
        _run(["mmdebstrap", "--quiet", "--variant=apt", *wanted, rules.suite, str(folder)], os.environ)
        (folder / _INSIDE.name).mkdir()

    return _prepared(folder, "keima sync prove (a Debian root)", make)


def _with_requirements(room: Room, requirements: tuple[str, ...], cache: Path) -> Room:
    """The room with a virtual environment. Wheels alone are installed: nothing of the packages runs outside a room."""
    folder = cache / "venvs" / _digest(room.kind, room.installed, *sorted(requirements))
    made = Room(room.kind, room.root, folder, room.installed, room.why)
    inside = folder if room.kind == "bare" else _INSIDE / "venv"
    install = [f"{inside}/bin/python", "-m", "pip", "install", "-q", "--only-binary=:all:", "--", *requirements]

    def make() -> None:
        work = folder.with_name(folder.name + ".work")
        for name in ("tree", "home", "tmp"):
            (work / name).mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        try:
            for words in (["python3", "-m", "venv", str(inside)], install):
                _run(made.command(work, words, network=True), {**room.environment(work), **pip}, work / "tree")
        finally:
            remove(work)

    _prepared(folder, "keima sync prove (a virtual environment)", make)
    names = sorted(place.name for place in folder.glob("lib/python*/site-packages/*.dist-info"))
    return Room(room.kind, room.root, folder, _digest(room.installed, *names), room.why)


def _run(command: list[str], environment: Mapping[str, str], folder: Path | None = None) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-5:]
        raise RoomError(f"the room could not be made: {' | '.join(said)}", hint="check [proof], and the network")


def _packages(root: Path) -> str:
    """A digest of the Debian packages of a root, or of what else tells two machines apart."""
    status = root / "var/lib/dpkg/status"
    return _digest(status.read_bytes().hex()) if status.is_file() else _digest(*os.uname())


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]
