# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The ground that is sabotaged: a copy of any tree with a policy, a baseline, and things worth breaking planted in it.

Whatever the tree's own findings are, the baseline covers them, so that each change stands alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random

import tomllib

from keima_audit.expressions import terms
from keima_audit.inventory import list_tree
from keima_audit.licenses import expression_of
from keima_audit.report import Report
from keima_audit.resolve import Resolved
from keima_audit.session import BASELINE, Options, first_policy, run, today
from keima_audit.waivers import baseline_text

from . import notices
from .changes import put

_LARGEST = 4 << 20
_RARE = ("NCSA", "PostgreSQL", "W3C", "UPL-1.0", "ICU", "SMLNJ", "TCL", "curl")
BUNDLED = ("MIT", "Zlib", "BSD-3-Clause", "GPL-3.0-or-later WITH GCC-exception-3.1", "LicenseRef-NVIDIA-CUDA-EULA")
_EDITABLE = {".py", ".c", ".cc", ".h", ".sh", ".js"}
VENDORED_NOTICE = "Planted Things\nCopyright 2020 The Planters\n"


@dataclass(frozen=True)
class Ground:
    """A copy that passes the audit. `here` is the folder of what was planted, `clean` are files without a finding."""

    root: Path
    options: Options
    outbound: str
    here: str
    rare: str
    allowed: frozenset[str]
    clean: tuple[Resolved, ...] = ()

    @property
    def corpus(self) -> Path:
        """The folder, beside the tree, of a corpus under the GPL."""
        return self.root.parent / "corpus"

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return (self.root / path).read_bytes()

    def text(self, path: str) -> str:
        """The content of a text file."""
        return self.read(path).decode("utf-8")

    def place(self, rng: Random, suffix: str) -> str:
        """A path for a new file, beside a file of the project's own."""
        folder = rng.choice([item.path.rpartition("/")[0] for item in self.clean])
        while (self.root / (path := f"{folder}/{notices.word(rng)}{suffix}".lstrip("/"))).exists():
            pass
        return path

    def edit_policy(self, old: str, new: str) -> dict[str, bytes]:
        """The edit that replaces one text of the policy."""
        policy = self.text("audit.toml")
        assert old in policy, f"the policy does not say {old!r}"
        return {"audit.toml": policy.replace(old, new, 1).encode()}


def prepare(source: Path, folder: Path, seed: str) -> Ground:
    """Copy `source` into `folder` and make it a ground. Raises `RuntimeError` when that does not pass the audit."""
    root = folder / "tree"
    root.mkdir(parents=True)
    _copy(source, root)
    options = Options(root, cache=folder / "cache", detector="notices")
    if not (root / "LICENSE").exists():
        put(root / "LICENSE", notices.APACHE.encode())
    project = tomllib.loads(first_policy(options))["project"]["license"]
    if project == "NOASSERTION":
        put(root / "LICENSE", notices.APACHE.encode())
        project = "Apache-2.0"
    here = next(name for i in range(100) if not (root / (name := f"planted{i}")).exists())
    rng = Random(f"{seed}/ground")
    said = tomllib.loads(first_policy(options))["use"]["source"]["allow"]
    held = {str(term) for term in terms(expression_of(project))}
    rare = rng.choice([name for name in _RARE if name not in said])
    allowed = frozenset(said) | held | {"MIT", "BSD-3-Clause", "Apache-2.0", rare}
    ground = Ground(root, options, project, here, rare, allowed)
    _plant(ground, rng)
    put(root / "audit.toml", _policy(ground, rng).encode())
    put(root / BASELINE, baseline_text(list(run(options).findings)).encode())
    return replace(ground, clean=_clean(ground, run(options)))


def _copy(source: Path, root: Path) -> None:
    for entry in list_tree(source):
        # The tree's own tables and decisions would speak for what is planted.
        skipped = entry.path in ("REUSE.toml", "audit.toml", BASELINE) or entry.size > _LARGEST
        if entry.kind == "file" and not skipped:
            (root / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / entry.path, root / entry.path)


def _clean(ground: Ground, report: Report) -> tuple[Resolved, ...]:
    if report.failing or any(f.severity == "warning" for f in report.open):
        raise RuntimeError(f"the ground does not pass: {report.open[0]}")
    spoken_of = {finding.path for finding in report.findings}
    return tuple(
        item
        for item in report.resolved
        if item.how in ("own", "inherited")
        and (item.role, item.use, item.facts.scan.kind) == ("code", "source", "text")
        and not (item.vendored or item.third_party or item.facts.scan.remarks or item.facts.declared)
        and item.path not in spoken_of
        and Path(item.path).suffix in _EDITABLE
        and _is_plain(ground, item.path)
    )


def _is_plain(ground: Ground, path: str) -> bool:
    try:
        return len(ground.text(path)) < 200_000
    except UnicodeDecodeError:
        return False


def safetensors(**metadata: str) -> bytes:
    """A weights file with this metadata and one small tensor."""
    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"__metadata__": metadata, "w": tensor}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * 8


def notebook(source: str, output: str = "") -> bytes:
    """A notebook with one cell."""
    cell = {"cell_type": "code", "source": [source], "metadata": {}, "outputs": [{"text": [output]}]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def waived_file() -> str:
    """A file that needs a waiver."""
    return "# from https://stackoverflow.com/a/32095106\nx = 1\n"


def unclear_file() -> str:
    """A file that needs a clarification."""
    return "/* This program is free software; you can redistribute it as you like. */\nint a;\n"


def _plant(ground: Ground, rng: Random) -> None:
    here, root = ground.here, ground.root
    header = "# Copyright 2026 The Planters\n# " + notices.TAG
    files = {
        f"{here}/third_party/apache/LICENSE": notices.APACHE,
        f"{here}/third_party/apache/NOTICE": VENDORED_NOTICE,
        f"{here}/third_party/apache/a.c": notices.code(rng, ".c"),
        f"{here}/third_party/declared/b.c": f"// {notices.TAG} MIT\n" + notices.code(rng, ".c"),
        f"{here}/waived.py": waived_file(),
        f"{here}/clarified.c": unclear_file(),
        f"{here}/lab/copyleft.c": notices.comment(rng, notices.gnu_notice(rng, "GPL-3.0-only"), ".c"),
        f"{here}/rare.py": f"{header} {ground.rare}\n" + notices.code(rng, ".py"),
        f"{here}/dual.py": f"{header} MIT OR GPL-2.0-only\n" + notices.code(rng, ".py"),
        f"{here}/api.proto": f"// {notices.TAG} MIT\n",
    }
    files |= {f"{here}/own{i}.py": f"{header} {ground.outbound}\n" + notices.code(rng, ".py") for i in range(4)}
    files |= {f"{here}/bare{i}.py": notices.code(rng, ".py") for i in range(4)}
    files[f"LICENSES/{ground.rare}.txt"] = "The text.\n"
    files["LICENSES/MIT.txt"] = notices.MIT
    notice = root / "NOTICE"
    files["NOTICE"] = (notice.read_text(errors="replace") if notice.exists() else "") + "\n" + VENDORED_NOTICE
    for path, text in files.items():
        put(root / path, text.encode())
    put(root / f"{here}/good.safetensors", safetensors(license="mit"))


def _policy(ground: Ground, rng: Random) -> str:
    here = ground.here
    listed = "\n".join(f'    "{name}",' for name in sorted(ground.allowed))
    waived, unclear = (hashlib.sha256(text.encode()).hexdigest() for text in (waived_file(), unclear_file()))
    binary = json.dumps([*{str(t): 0 for t in terms(expression_of(ground.outbound))}, *BUNDLED])
    return f"""\
[project]
license = "{ground.outbound}"
detector = "notices"
[use.source]
allow = [
{listed}
]
[use.binary]
allow = {binary}
[use.test-only]
allow = ["GPL-3.0-only"]
[use.weights]
allow = ["MIT", "Apache-2.0"]
[[paths]]
path = "{here}/lab/**"
use = "test-only"
[[third-party]]
path = "{here}/third_party/declared/**"
name = "declared"
license = "MIT"
[[choice]]
expression = "MIT OR GPL-2.0-only"
choose = "MIT"
[[met]]
obligation = "source-offer"
subject = "gcc-libs"
how = "SOURCES.md"
[[dependency]]
name = "copyleft-thing"
license = "GPL-3.0-only"
[[clarification]]
path = "{here}/clarified.c"
sha256 = "{unclear}"
license = "MIT"
reason = "a letter of its author"
[[waiver]]
rule = "provenance"
path = "{here}/waived.py"
sha256 = "{waived}"
reason = "accepted-risk"
text = "one line"
reviewer = "A. Lawyer"
expires = {today() + timedelta(days=rng.randint(0, 400))}
"""
