# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Opens zip and tar archives within limits. Members are read in memory, never written to disk.

A zip bomb, an absolute or climbing name, too many members or a cut-off archive is an `ArtefactError` or a
remark, never an endless run.
"""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from keima_audit.detect.contents import merged, read_content, reader_of
from keima_audit.detect.scan import Match, Remark, Scan
from keima_audit.errors import ArtefactError

_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
)
_MAX_RATIO = 200
"""Unpacked bytes for each packed one; text reaches 30, a zip bomb 1,000 and more."""
_SLACK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One file in an archive."""

    path: str
    data: bytes
    link: str = ""


class _Detect(Protocol):
    def __call__(self, text: str, *, python: bool) -> Scan: ...


def members(path: Path, limits: Mapping[str, int]) -> Iterator[Member]:
    """Every file of a zip or tar archive, in the archive's order.

    Raises `ArtefactError` for a broken archive, one that unpacks to more than `archive-bytes` or
    `archive-files`, one that is packed more than 200 times, or one with a name outside of it.
    """
    try:
        source = _zip_members(path) if zipfile.is_zipfile(path) else _tar_members(path)
        total = 0
        ceiling = min(limits["archive-bytes"], path.stat().st_size * _MAX_RATIO + _SLACK)
        for number, (name, size, link, read) in enumerate(source):
            total += size
            if number >= limits["archive-files"] or total > ceiling:
                raise ArtefactError(f"{path.name}: unpacks to more than the limits allow (at member {name!r})")
            pure = PurePosixPath(name)
            if pure.is_absolute() or ".." in pure.parts:
                raise ArtefactError(f"{path.name}: member {name!r} would land outside of the archive")
            data = b"" if link else read(size)
            if len(data) > size:
                raise ArtefactError(f"{path.name}: member {name!r} is longer than it says")
            yield Member(pure.as_posix(), data, link)
    except _BROKEN as error:
        raise ArtefactError(f"{path.name}: not a readable archive: {error}") from error


class _Read(Protocol):
    def __call__(self, size: int) -> bytes: ...


def _zip_members(path: Path) -> Iterator[tuple[str, int, str, _Read]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue

            def read(size: int, info: zipfile.ZipInfo = info) -> bytes:
                with archive.open(info) as file:
                    return file.read(size + 1)

            yield info.filename, info.file_size, "", read


def _tar_members(path: Path) -> Iterator[tuple[str, int, str, _Read]]:
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if info.isdir():
                continue
            link = info.linkname if info.issym() or info.islnk() else ""

            def read(size: int, info: tarfile.TarInfo = info) -> bytes:
                file = archive.extractfile(info)
                return file.read(size + 1) if file else b""

            yield info.name, info.size, link, read


def scan_archive(path: Path, limits: Mapping[str, int], detect: _Detect, *, prefilter: bool) -> Scan:
    """The statements of all members as one scan; each names its member."""
    matches: list[Match] = []
    remarks: list[Remark] = []
    copyrights: dict[str, None] = {}
    try:
        for member in members(path, limits):
            if len(member.data) > limits["file-bytes"]:
                remarks.append(Remark("file-too-large", 0, f"member {member.path}: {len(member.data)} bytes"))
                continue
            content = read_content(member.data, reader_of(member.path), prefilter=prefilter)
            scan = content.scan
            if content.text is not None:
                scan = merged(scan, detect(content.text, python=content.python))
            matches += [replace(match, rule=f"{member.path}: {match.rule}") for match in scan.matches]
            remarks += [replace(remark, text=f"{member.path}: {remark.text}") for remark in scan.remarks]
            copyrights.update(dict.fromkeys(scan.copyrights))
    except ArtefactError as error:
        return Scan("archive", remarks=(Remark("archive", 0, str(error)),))
    return Scan("archive", tuple(matches), tuple(remarks), tuple(copyrights))
