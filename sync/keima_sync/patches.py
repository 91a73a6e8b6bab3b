# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Patches against the public tree, as `git format-patch` writes them, become internal commits.

Each is applied to git objects alone (an index in a scratch repository): no file is written, so no link is followed, no
attribute, filter or hook of any repository has a say, and git itself refuses paths that lead out. The commits that
this gives are imported like outside commits of the public branch.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2

from keima_cli.errors import WrongUseError
from keima_cli.locks import hold
from keima_sync.config import Config
from keima_sync.errors import ImportRefusedError, PatchRefusedError, RepositoryError, shown
from keima_sync.export import open_side, standing, workshop
from keima_sync.git_command import GitFailedError, git
from keima_sync.outside import Homes, Imported, Importer

_MAX_BYTES = 64 << 20  # of all mails
_MAX_PATCHES = 1000
_COVER_LETTER = re.compile(rb"^Subject:.*\[[^\]]*\b0+/\d+\]", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Patch:
    """One mail of a series, taken apart; the diff is bytes as they came."""

    name: str
    author: str
    mail: str
    date: str
    message: bytes
    diff: bytes


def import_patches(config: Config, place: Path, branch: str) -> Imported:
    """Import a series, a mailbox or a folder of .patch files, to a new branch of the origin.

    Raises PatchRefusedError for the first patch that cannot come home, having changed nothing.
    """
    origin = open_side(config.origin, "origin")
    with hold(Path(origin.path) / "keima-sync.lock", "keima sync import"), workshop(config) as scratch:
        state = standing(config)
        if origin.references.get(f"refs/heads/{branch}") is not None:
            raise RepositoryError(f"the origin has a branch {branch} already", hint="merge it, or name another")
        if state.tip is None or state.foreign:
            raise RepositoryError(
                "the public branch is empty, or has commits that were not imported",
                hint="keima sync status lists them; export or import first",
            )
        homes = Homes(origin, scratch, state)
        importer = Importer(config, origin, scratch, homes, trailer=False)
        tip = state.tip
        for patch in read_series(scratch, place):
            tip = _committed(scratch, tip, patch)
            try:
                importer.one(tip)
            except ImportRefusedError as error:
                raise PatchRefusedError(patch.name, error.problem, hint=error.hint) from error
        if homes.made:
            origin.references.create(f"refs/heads/{branch}", homes.made[tip])
    return Imported(branch, homes.made)


def read_series(scratch: pygit2.Repository, place: Path) -> Iterator[Patch]:
    """The patches of a mailbox or folder, in order; a cover letter is left out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for mail, label in _mails(scratch, place, folder):
            raw = mail.read_bytes()
            patch = _taken_apart(scratch, raw, label, folder)
            if patch.diff.strip():
                yield patch
            elif not _COVER_LETTER.search(raw.partition(b"\n\n")[0]):
                raise PatchRefusedError(label, "it changes nothing", hint="is it a mail of git format-patch?")


def _mails(scratch: pygit2.Repository, place: Path, folder: Path) -> list[tuple[Path, str]]:
    files = sorted(place.glob("*.patch")) if place.is_dir() else [place]
    if not files or not all(file.is_file() for file in files):
        raise WrongUseError(
            f"expected a mailbox, or a folder of .patch files, found none at {place}",
            hint="git format-patch writes both",
        )
    size = sum(file.stat().st_size for file in files)
    if size > _MAX_BYTES:
        raise WrongUseError(f"{place} has {size} bytes, expected at most {_MAX_BYTES}", hint="import it in parts")
    made: list[tuple[Path, str]] = []
    for number, file in enumerate(files):
        into = folder / f"mails-{number}"
        into.mkdir()
        _git(file.name, scratch, "mailsplit", "--keep-cr", f"-o{into}", "--", str(file.absolute()))
        mails = sorted(into.iterdir())
        made += [(mail, file.name if len(mails) == 1 else f"{file.name}:{mail.name.lstrip('0')}") for mail in mails]
    if len(made) > _MAX_PATCHES:
        raise WrongUseError(f"{place} has {len(made)} patches, expected at most {_MAX_PATCHES}", hint="import in parts")
    return made


def _taken_apart(scratch: pygit2.Repository, raw: bytes, label: str, folder: Path) -> Patch:
    body, diff = folder / "message", folder / "diff"
    told = _git(label, scratch, "mailinfo", "--no-scissors", "--encoding=UTF-8", str(body), str(diff), feed=raw)
    try:
        head = dict(line.split(": ", 1) for line in told.decode().splitlines() if ": " in line)
        message = body.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PatchRefusedError(label, "its header or message is not in the encoding that it names") from error
    missing = [field for field in ("Author", "Email", "Date", "Subject") if not head.get(field, "").strip()]
    if missing:
        raise PatchRefusedError(label, f"it names no {missing[0].lower()}", hint="is it a mail of git format-patch?")
    text = f"{head['Subject']}\n\n{message}".rstrip("\n") + "\n"
    return Patch(label, head["Author"], head["Email"], head["Date"], text.encode(), diff.read_bytes())


def _committed(scratch: pygit2.Repository, parent: str, patch: Patch) -> str:
    """The commit that the patch makes of its parent; its author is its committer too, at the same time."""
    index = {"GIT_INDEX_FILE": str(Path(scratch.path, "patches.index"))}
    _git(patch.name, scratch, "read-tree", parent, environment=index)
    _git(patch.name, scratch, "apply", "--cached", "--whitespace=nowarn", "-", feed=patch.diff, environment=index)
    tree = _git(patch.name, scratch, "write-tree", environment=index).decode().strip()
    person = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", patch.author), ("EMAIL", patch.mail), ("DATE", patch.date))
    }
    made = _git(patch.name, scratch, "commit-tree", tree, "-p", parent, feed=patch.message, environment=person)
    return made.decode().strip()


def _git(
    label: str,
    scratch: pygit2.Repository,
    *arguments: str,
    feed: bytes = b"",
    environment: dict[str, str] | None = None,
) -> bytes:
    try:
        return git(scratch, *arguments, feed=feed, environment=environment)
    except GitFailedError as error:
        said = shown(str(error).encode()).replace("\\n", "; ")
        reason = "it does not apply to the public tree" if arguments[0] == "apply" else f"git {arguments[0]} refuses it"
        raise PatchRefusedError(label, f"{reason}: {said}", hint="rebase it on the public branch") from error
