# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Puts SBOMs into a wheel, where PEP 770 wants them: `.dist-info/sboms/`, with the RECORD mended.

The wheel is replaced in one step or not at all. All other members stay as they are, in their order; writing the
same SBOM twice gives the same bytes.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from keima_audit.errors import ArtefactError, UsageError
from keima_cli.atomic import open_atomic

_RECORD = ".dist-info/RECORD"
_SIGNATURES = (".dist-info/RECORD.jws", ".dist-info/RECORD.p7s")
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


def put_into_wheel(wheel: Path, sboms: Mapping[str, str]) -> list[str]:
    """Write each SBOM (file name -> text) into the wheel; returns their paths in it.

    Raises `UsageError` for anything but a wheel, `ArtefactError` for one that is broken, has no RECORD, or is signed:
    its signature would no longer hold.
    """
    if wheel.suffix != ".whl":
        raise UsageError(f"{wheel}: an SBOM goes into a wheel (.whl)", hint="--output writes it to a file of its own")
    try:
        with zipfile.ZipFile(wheel) as source:
            record = _record_of(source, wheel)
            folder = record.removesuffix("RECORD") + "sboms/"
            added = {folder + name: text.encode() for name, text in sorted(sboms.items())}
            with open_atomic(wheel, mode=wheel.stat().st_mode & 0o777) as target:
                _write(source, target, record, added)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ArtefactError(f"{wheel.name}: not a readable wheel: {error}") from error
    except FileNotFoundError as error:
        raise ArtefactError(f"{wheel}: no such file") from error
    return list(added)


def _record_of(source: zipfile.ZipFile, wheel: Path) -> str:
    names = source.namelist()
    records = [name for name in names if name.endswith(_RECORD) and name.count("/") == 1]
    if len(records) != 1:
        raise ArtefactError(f"{wheel.name}: expected one {_RECORD}, found {len(records)}")
    if any(name.endswith(_SIGNATURES) for name in names):
        raise ArtefactError(f"{wheel.name}: is signed; put the SBOM in before signing")
    return records[0]


def _write(source: zipfile.ZipFile, target: BinaryIO, record: str, added: Mapping[str, bytes]) -> None:
    rows = list(csv.reader(io.StringIO(source.read(record).decode("utf-8"))))
    kept = [row for row in rows if row and row[0] not in (*added, record)]
    listed = [*kept, *([path, _digest(data), str(len(data))] for path, data in added.items()), [record, "", ""]]
    page = io.StringIO()
    csv.writer(page, lineterminator="\n").writerows(listed)
    with zipfile.ZipFile(target, "w") as copy:
        for info in source.infolist():
            if info.filename not in (*added, record):
                _copy(source, info, copy)
        for path, data in (*added.items(), (record, page.getvalue().encode())):
            info = zipfile.ZipInfo(path, _FIRST_DAY)
            info.external_attr = 0o100644 << 16
            copy.writestr(info, data, zipfile.ZIP_DEFLATED)


def _copy(source: zipfile.ZipFile, info: zipfile.ZipInfo, target: zipfile.ZipFile) -> None:
    fresh = zipfile.ZipInfo(info.filename, info.date_time)
    fresh.compress_type, fresh.external_attr, fresh.create_system = (
        info.compress_type,
        info.external_attr,
        info.create_system,
    )
    fresh.file_size = info.file_size
    with source.open(info) as old, target.open(fresh, "w") as new:
        while chunk := old.read(_CHUNK):
            new.write(chunk)


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
