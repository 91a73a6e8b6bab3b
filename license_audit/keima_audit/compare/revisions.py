# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A git revision as a folder: its blobs as they are, without filters, hooks or anything else that runs."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from keima_audit.errors import ArtefactError, UsageError

_LINK = "120000"
_SUBMODULE = "160000"
_FORBIDDEN = {"", ".", "..", ".git"}


@contextmanager
def checked_out(repository: Path, revision: str) -> Iterator[Path]:
    """The tree of a revision below `repository` in a folder of its own, which is gone after the block.

    Raises `UsageError` when git knows no such revision.
    """
    listed = _listing(repository, revision)
    with tempfile.TemporaryDirectory(prefix="keima-audit-") as name:
        folder = Path(name)
        _git(folder, "init", "--quiet", "--template=")
        # The index lists what the revision has, submodules and ignored files too: the walk reads it.
        _git(folder, "update-index", "-z", "--index-info", given=listed)
        _write_blobs(repository, folder, listed)
        yield folder


def _listing(repository: Path, revision: str) -> bytes:
    """`ls-tree`'s lines for the folder, separated by NUL."""
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no revision")
    command = ["git", "-C", str(repository), "ls-tree", "-r", "-z", revision]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise UsageError(f"git does not run: {error}") from error
    if done.returncode != 0:
        raise UsageError(
            f"{revision!r} is no folder, wheel, sdist, report in JSON or revision that git knows in {repository}",
            hint="-C names the repository; options stand before the sub-command",
        )
    return done.stdout


def _git(folder: Path, *arguments: str, given: bytes = b"") -> None:
    done = subprocess.run(["git", "-C", str(folder), *arguments], input=given, capture_output=True, check=False)
    if done.returncode != 0:
        raise ArtefactError(f"git cannot list the revision: {done.stderr.decode('utf-8', 'replace').strip()[:300]}")


def _write_blobs(repository: Path, folder: Path, listed: bytes) -> None:
    command = ["git", "-C", str(repository), "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None and process.stdout is not None, "both are pipes"
        for line in listed.split(b"\0"):
            if not line:
                continue
            about, _, raw = line.partition(b"\t")
            mode, _, blob = about.decode().split()
            if mode == _SUBMODULE:
                continue
            process.stdin.write(blob.encode() + b"\n")
            process.stdin.flush()
            target = _place(folder, raw.decode("utf-8", "surrogateescape"))
            _write(process.stdout, target, blob, link=mode == _LINK)
        process.stdin.close()


def _place(folder: Path, path: str) -> Path:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or any(part.lower() in _FORBIDDEN for part in parts):
        raise ArtefactError(f"the revision has a path that no checkout may have: {path!r}")
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _write(source: IO[bytes], target: Path, blob: str, *, link: bool) -> None:
    header = source.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        raise ArtefactError(f"git has no content for {target.name} ({blob}): a shallow or partial clone?")
    size = int(header[2])
    if link:
        target.symlink_to(source.read(size).decode("utf-8", "surrogateescape"))
    else:
        with target.open("xb") as file:
            while size > 0:
                size -= file.write(source.read(min(size, 1 << 20)))
    source.read(1)
