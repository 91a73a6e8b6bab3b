# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A wheel of the ground: some of its files, libraries as auditwheel would graft them, texts, RECORD and SBOM."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path
from random import Random

from keima_audit.artefacts import read_artefact
from keima_audit.components import bill_of_artefact
from keima_audit.expressions import terms
from keima_audit.licenses import expression_of
from keima_audit.notice import notice_text
from keima_audit.sbom import spdx
from keima_audit.session import load_policy

from .changes import Change
from .elf_file import shared_object
from .ground import BUNDLED, Ground

INFO = "planted-1.0.dist-info/"
SBOM = INFO + "sboms/planted.spdx.json"
NOTICES = INFO + "licenses/THIRD-PARTY.txt"
TEXTS = INFO + "licenses/LICENSES/"
LIBRARIES = {"libgomp": ".so.1.0.0", "libz": ".so.1", "libopenblas": ".so.0", "libcudart": ".so.12"}
_DATES = ((1980, 1, 1, 0, 0, 0), (2026, 2, 3, 4, 5, 6))


def graft(rng: Random, name: str, soname: str = "") -> dict[str, bytes]:
    """A library under the name that auditwheel gives it."""
    stem, _, suffix = name.partition(".so")
    file = f"{stem}-{rng.getrandbits(32):08x}.so{suffix}"
    return {f"planted.libs/{file}": shared_object(soname or file, rng.randbytes(300))}


def members(ground: Ground, folder: Path, seed: str) -> dict[str, bytes]:
    """The members of a wheel that passes, without its RECORD."""
    rng = Random(f"{seed}/wheel")
    own = [f"{ground.here}/own{i}.py" for i in range(4)]
    bare = [item.path for item in ground.clean if item.how == "inherited"]
    files = own + rng.sample(bare, min(5, len(bare)))
    found = {f"planted/{path}": ground.read(path) for path in files}
    for name, suffix in LIBRARIES.items():
        found |= graft(rng, name + suffix)
    licences = {
        name for text in (ground.outbound, *BUNDLED) for term in terms(expression_of(text)) for name in _names(term)
    }
    found |= {f"{TEXTS}{name}.txt": b"The text.\n" for name in licences}
    found[INFO + "METADATA"] = (
        f"Metadata-Version: 2.4\nName: planted\nVersion: 1.0\nLicense-Expression: {ground.outbound}\n".encode()
    )
    found[INFO + "WHEEL"] = b"Wheel-Version: 1.0\nTag: py3-none-any\n"
    policy = load_policy(ground.options)
    bill = bill_of_artefact(read_artefact(pack(found, folder, Change({})), policy), policy)
    return {**found, NOTICES: notice_text(bill, policy, "binary").encode(), SBOM: spdx(bill).encode()}


def _names(term) -> list[str]:
    return [term.license, term.exception] if term.exception else [term.license]


def pack(found: dict[str, bytes], folder: Path, change: Change) -> Path:
    """Write the wheel with a change in it."""
    edits = change.wheel or {}
    content = {path: data for path, data in {**found, **edits}.items() if isinstance(data, bytes)}
    record = INFO + "RECORD"
    if record not in edits:
        content[record] = _record(content if change.mended else found)
    names = list(content)
    dice = Random(change.seed)
    if change.seed:
        dice.shuffle(names)
    path = folder / "planted-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if change.seed % 2 else zipfile.ZIP_STORED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, _DATES[change.seed % 2]), content[name])
    return path


def _record(content: dict[str, bytes]) -> bytes:
    rows = []
    for name, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join([*rows, INFO + "RECORD,,", ""]).encode()
