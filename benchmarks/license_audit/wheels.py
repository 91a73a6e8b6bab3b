# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Audits well-known wheels: what they carry, which texts are missing, and what their own SBOMs say of it.

`python -m benchmarks.license_audit.wheels FOLDER --download` fetches the wheels of `WHEELS` with pip first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keima_audit.artefact_rules import Shipment, artefact_findings
from keima_audit.artefacts import Artefact, read_artefact
from keima_audit.policy_reader import read_policy
from keima_audit.verdicts import Usage

WHEELS = (
    "h5py==3.16.0",
    "lxml==6.1.3",
    "matplotlib==3.11.2",
    "numpy==2.4.6",
    "onnxruntime==1.32.0",
    "opencv-python-headless==5.0.0.93",
    "pillow==13.0.0",
    "pyarrow==26.0.1",
    "scikit-learn==1.9.1",
    "scipy==1.17.1",
    "torch==2.13.0",
)
_SHOWN = ("text-missing", "obligation-unmet", "binary-undeclared", "sbom-incomplete", "redistribution-list")
_HEAD = """\
<!-- SPDX-FileCopyrightText: 2026 The Keima Authors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- REUSE-IgnoreStart: the licences below are those of other people's wheels. -->
# What eleven wheels carry and lack

Written by `python -m benchmarks.license_audit.wheels FOLDER --list FILE`, under the policy `wheels.toml`. How a library
was found: by its file's name, its soname, a text of its own inside a binary (marker), or the policy's declaration.
"""


def download(folder: Path) -> None:
    """Fetch the wheels for this Python; what is there already stays."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(folder)]
    for wheel in WHEELS:
        subprocess.run([*command, wheel], check=True)


def listed(artefact: Artefact) -> list[str]:
    """The components that the wheel's own SBOMs name, but for the wheel itself and its extension modules."""
    names = {str(item.get("name")) for document in artefact.sboms.values() for item in _items(document)}
    return sorted(name for name in names if name.lower().replace("-", "_") != artefact.name.lower().replace("-", "_"))


def _items(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from document.get("components", ())
    yield from document.get("packages", ())


def figures(path: Path) -> dict[str, Any]:
    """What the audit says of one wheel."""
    policy = read_policy(Path(__file__).with_name("wheels.toml"))
    artefact = read_artefact(path, policy)
    found = artefact_findings(Shipment(artefact, policy, Usage()))
    carried = {(item.name, item.license, item.how) for item in artefact.libraries}
    return {
        "wheel": f"{artefact.name} {artefact.version}",
        "license": artefact.license,
        "files": len(artefact.files),
        "libraries": sorted(f"{name} ({license_text}, {how})" for name, license_text, how in carried),
        "rules": dict(Counter(finding.rule for finding in found)),
        "findings": [[f.rule, f.path, f.message] for f in found],
        "sbom": listed(artefact) if artefact.sboms else None,
    }


def lines(wheel: dict[str, Any]) -> Iterator[str]:
    """One wheel as a list of Markdown."""
    yield f"## {wheel['wheel']}\n"
    named = ", ".join(wheel["sbom"] or ()) or "nothing: it has none"
    yield f"{wheel['license']}, {wheel['files']} files. Its SBOMs name {named}.\n"
    yield from (f"- carries {library}" for library in wheel["libraries"])
    for rule, path, message in wheel["findings"]:
        if rule in _SHOWN:
            yield f"- `{rule}`: {message.split(' Its source')[0]} (`{path}`)"
    counts = ", ".join(f"{rule} {count}" for rule, count in sorted(wheel["rules"].items()))
    yield f"\nFindings: {counts or 'none'}.\n"


def main() -> int:
    """Print what each wheel carries and lacks; write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the wheels are")
    parser.add_argument("--download", action="store_true", help="fetch them first")
    parser.add_argument("--list", type=Path, help="what was found as Markdown")
    parser.add_argument("--output", type=Path, help="the figures as JSON")
    arguments = parser.parse_args()
    if arguments.download:
        download(arguments.folder)
    wheels = []
    for path in sorted(arguments.folder.glob("*.whl")):
        wheels.append(figures(path))
        print(*lines(wheels[-1]), sep="\n", flush=True)
    if arguments.list:
        page = [_HEAD, *(line for wheel in wheels for line in lines(wheel)), "<!-- REUSE-IgnoreEnd -->", ""]
        arguments.list.write_text("\n".join(page))
    if arguments.output:
        arguments.output.write_text(json.dumps(wheels, indent=1) + "\n")
    return 0 if wheels else 2


if __name__ == "__main__":
    raise SystemExit(main())
