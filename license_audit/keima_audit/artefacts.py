# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads a wheel or sdist: files, metadata, libraries, licence texts, SBOMs. Nothing is unpacked to disk."""

from __future__ import annotations

import base64
import csv
import email.parser
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path, PurePosixPath
from typing import Any

from keima_audit.archives import Member, members
from keima_audit.attribution import Passage, passages
from keima_audit.bundled import Bundled, by_marker, by_name, declared, is_library
from keima_audit.dependencies import license_in
from keima_audit.detect.contents import merged, read_content, reader_of
from keima_audit.detect.decoding import decode
from keima_audit.detect.notices import scan_text, texts_in
from keima_audit.detect.scan import Scan
from keima_audit.elf import MAGIC, Elf, read_elf
from keima_audit.errors import ArtefactError
from keima_audit.policy import Entry, Policy
from keima_audit.resolve import role_of

_WHEEL_LIMITS = {"archive-bytes": 8 << 30, "archive-files": 200_000}
"""Wheels carry hundreds of megabytes of libraries; members are read one at a time."""
_TEXT_LIMIT = 4 << 20


@dataclass
class Artefact:
    """What was found in a wheel or sdist."""

    path: Path
    name: str = ""
    version: str = ""
    license: str = ""
    license_exact: bool = True
    """False where the metadata has but a classifier, which stands for a family of texts."""
    files: dict[str, str] = field(default_factory=dict)
    libraries: list[Bundled] = field(default_factory=list)
    modules: dict[str, Elf] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)
    passages: list[Passage] = field(default_factory=list)
    notices: dict[str, str] = field(default_factory=dict)
    sboms: dict[str, Any] = field(default_factory=dict)
    record_problems: list[tuple[str, str]] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    statements: dict[str, Scan] = field(default_factory=dict)


def read_artefact(path: Path, policy: Policy) -> Artefact:
    """Read a wheel (.whl) or sdist (.tar.gz, .zip). Raises `ArtefactError` if it is neither or is broken."""
    if not path.is_file():
        raise ArtefactError(f"{path}: no such file")
    artefact = Artefact(path)
    record: dict[str, str] = {}
    for member in members(path, {**policy.limits, **_WHEEL_LIMITS}):
        digest = hashlib.sha256(member.data).hexdigest()
        artefact.files[member.path] = digest
        if member.path.endswith(".dist-info/RECORD"):
            record = _record(member.data)
        _take(artefact, member, digest, policy)
    if path.suffix == ".whl":
        artefact.record_problems = list(_compare_record(artefact.files, record))
    if not artefact.name:
        raise ArtefactError(f"{path.name}: neither a wheel nor an sdist: no METADATA and no PKG-INFO in it")
    return artefact


def _take(artefact: Artefact, member: Member, digest: str, policy: Policy) -> None:
    pure = PurePosixPath(member.path)
    top = len(pure.parts) <= 2
    if (pure.name == "METADATA" and pure.parent.name.endswith(".dist-info")) or (pure.name == "PKG-INFO" and top):
        _metadata(artefact, member.data)
    elif ".dist-info/sboms/" in member.path and pure.suffix == ".json":
        _sbom(artefact, member)
    elif member.data.startswith(MAGIC) or is_library(member.path):
        _library(artefact, member, digest, policy)
    elif _is_legal(member.path):
        _legal(artefact, member)
    else:
        _statements(artefact, member)


def _metadata(artefact: Artefact, data: bytes) -> None:
    message: Message = email.parser.BytesParser().parsebytes(data, headersonly=True)
    artefact.name, artefact.version = str(message.get("Name", "")), str(message.get("Version", ""))
    stated = license_in(message)
    artefact.license, artefact.license_exact = stated.text, stated.exact
    artefact.required = [str(value) for value in message.get_all("Requires-Dist") or []]


def _sbom(artefact: Artefact, member: Member) -> None:
    try:
        artefact.sboms[member.path] = json.loads(member.data)
    except (ValueError, RecursionError):
        artefact.record_problems.append((member.path, "an SBOM that is no valid JSON"))


def _is_legal(path: str) -> bool:
    named = role_of(path) in ("license-text", "document") or ".dist-info/licenses/" in path
    upper = PurePosixPath(path).name.upper()
    return named or upper.startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "THIRD", "EULA"))


def _legal(artefact: Artefact, member: Member) -> None:
    decoded = decode(member.data[:_TEXT_LIMIT])
    if decoded is None:
        return
    artefact.notices[member.path] = decoded[0]
    scan = scan_text(decoded[0])
    artefact.texts |= texts_in(scan)
    artefact.passages += passages(member.path, decoded[0], scan)
    if "LICENSES" in member.path.split("/") or ".dist-info/licenses/" in member.path:
        artefact.texts.add(PurePosixPath(member.path).stem)


def _statements(artefact: Artefact, member: Member) -> None:
    """What a member says of itself: sources and weights that a wheel carries have licences too."""
    content = read_content(member.data[:_TEXT_LIMIT], reader_of(member.path))
    scan = content.scan
    if content.text is not None:
        scan = merged(scan, scan_text(content.text, python=content.python))
    if scan.own or any(match.origin == "partial" for match in scan.matches):
        artefact.statements[member.path] = scan


def _library(artefact: Artefact, member: Member, digest: str, policy: Policy) -> None:
    elf = read_elf(member.data) or Elf()
    if not is_library(member.path):
        artefact.modules[member.path] = elf
    entry = declared(member.path, policy)
    if entry is not None:
        artefact.libraries.append(_declared(member.path, entry, digest, elf))
    found = _named(member.path, elf) if entry is None else []
    if entry is None and not found and is_library(member.path):
        artefact.unknown.append(member.path)
    # A text of a library that is loaded from a file of its own says that it is called, not that it is inside.
    named = [library for library, _ in found] + [by_name(needed) for needed in elf.needed]
    inside = [library for library in by_marker(member.data) if library not in named]
    found += [(library, "marker") for library in inside if entry is None or library["name"] != entry.get("name")]
    artefact.libraries += [_known(member.path, library, how, digest, elf) for library, how in found]


def _named(path: str, elf: Elf) -> list[tuple[Mapping[str, Any], str]]:
    """The known libraries that the file's name and the name inside it stand for; two when they disagree."""
    known = by_name(path)
    found: list[tuple[Mapping[str, Any], str]] = [] if known is None else [(known, "name")]
    inner = by_name(elf.soname) if elf.soname else None
    if inner is not None and inner is not known:
        found.append((inner, "soname"))
    return found


def _declared(path: str, entry: Entry, digest: str, elf: Elf) -> Bundled:
    said = entry.get("copyright", ())
    return Bundled(
        path=path,
        name=str(entry.get("name")),
        license=str(entry.get("license")),
        how="declared",
        source=str(entry.get("origin", "")),
        sha256=digest,
        soname=elf.soname,
        build_id=elf.build_id,
        static=entry.get("linkage") == "static",
        version=str(entry.get("version", "")),
        copyrights=(said,) if isinstance(said, str) else tuple(said),
        entry=entry,
    )


def _known(path: str, known: Mapping[str, Any], how: str, digest: str, elf: Elf) -> Bundled:
    return Bundled(
        path=path,
        name=known["name"],
        license=known["license"],
        how=how,
        source=known["source"],
        sha256=digest,
        soname=elf.soname,
        build_id=elf.build_id,
        static=how == "marker",
    )


def _record(data: bytes) -> dict[str, str]:
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8")))
        return {row[0]: row[1] if len(row) > 1 else "" for row in rows if row}
    except (UnicodeDecodeError, csv.Error):
        return {}


def _compare_record(files: dict[str, str], record: dict[str, str]) -> Iterator[tuple[str, str]]:
    for path, digest in files.items():
        if path.endswith((".dist-info/RECORD", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s")):
            continue
        listed = record.get(path)
        encoded = base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode()
        if listed is None:
            yield path, "is in the wheel and not in its RECORD"
        elif listed.startswith("sha256=") and listed.removeprefix("sha256=") != encoded:
            yield path, "differs from its hash in RECORD"
    for path in record:
        if path not in files and not path.endswith("/"):
            yield path, "is in RECORD and not in the wheel"
