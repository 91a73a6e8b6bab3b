# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""SBOMs: judged by the validators of SPDX and CycloneDX, the same bytes each time, and put into wheels."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.license_audit.sabotage import wheel as wheel_kit
from benchmarks.license_audit.sabotage.changes import Change
from benchmarks.license_audit.sabotage.ground import prepare
from keima_audit import wheel_sbom
from keima_audit.artefacts import read_artefact
from keima_audit.cli import app
from keima_audit.errors import ArtefactError, UsageError
from keima_audit.policy_reader import read_policy

# Both validators run as processes: rdflib and others warn on import, and warnings are errors here.
CYCLONEDX = """\
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1], encoding="utf-8").read())
sys.exit(str(problem) if problem else 0)
"""
SPDX = """\
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
problems = validate_full_spdx_document(parse_file(sys.argv[1]))
sys.exit("\\n".join(problem.validation_message for problem in problems) if problems else 0)
"""
VALIDATORS = {"spdx": (SPDX, ".spdx.json"), "cyclonedx": (CYCLONEDX, ".cdx.json")}
OWN = '[license."LicenseRef-Acme"]\nfamily = "permissive"\nreason = "ours"\nlink = "https://a.test"\n'
THIRD = (
    '[[third-party]]\npath = "third_party/foo/**"\nname = "foo & co"\nlicense = "MIT"\norigin = "https://foo.test"\n'
)


def complaint(text: str, form: str, folder: Path) -> str:
    """What the format's own validator says; "" when the document is valid."""
    code, suffix = VALIDATORS[form]
    path = folder / f"document{suffix}"
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, path], capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode else ""


@pytest.fixture
def rich(tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A tree with a vendored part, files under other licences, a LicenseRef with its text, and dependencies."""
    monkeypatch.setenv("KEIMA_AUDIT_CACHE", str(tmp_path / "audit-cache"))
    tag = "SPDX-License-" + "Identifier:"
    tree.allow("LicenseRef-Acme", "GPL-2.0-only WITH Classpath-exception-2.0")
    tree.more(OWN + THIRD)
    tree.write(
        {
            "a b.py": f"# SPDX-FileCopyright{'Text'}: 2026 Ö. Äcme\n# {tag} LicenseRef-Acme\n",
            "LICENSES/LicenseRef-Acme.txt": "Do as you like.\n",
            "c.py": f"# {tag} GPL-2.0-only WITH Classpath-exception-2.0\n",
            "d.py": f"# {tag} MIT AND (BSD-3-Clause OR Apache-2.0)\n",
            "third_party/foo/x.c": f"// Copyright (c) 2020 Foo\n// {tag} MIT\n",
            "pyproject.toml": '[project]\nname = "demo"\ndependencies = ["typer", "packaging", "nowhere-to-be"]\n',
        }
    )
    return tree


@pytest.fixture
def wheel(tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A wheel with grafted libraries and no SBOM, and the tree whose policy it goes by."""
    monkeypatch.setenv("KEIMA_AUDIT_CACHE", str(tmp_path / "audit-cache"))
    ground = prepare(tree.root, tmp_path / "ground", "3")
    members = wheel_kit.members(ground, tmp_path, "3")
    del members[wheel_kit.SBOM]
    return wheel_kit.pack(members, tmp_path, Change({})), ground.root


def sbom(root: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["-C", str(root), "sbom", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.parametrize("form", VALIDATORS)
def test_the_validator_of_the_format_accepts_the_sbom_of_a_tree(rich, tmp_path: Path, form: str) -> None:
    text = sbom(rich.root, "--format", form)
    assert complaint(text, form, tmp_path) == ""
    assert "LicenseRef-Acme" in text and "foo & co" in text and "Ö. Äcme" in text


@pytest.mark.parametrize("form", VALIDATORS)
def test_the_validator_of_the_format_accepts_the_sbom_of_a_wheel(wheel, tmp_path: Path, form: str) -> None:
    text = sbom(wheel[1], str(wheel[0]), "--format", form)
    assert complaint(text, form, tmp_path) == ""
    assert "GPL-3.0-or-later WITH GCC-exception-3.1" in text


@pytest.mark.parametrize(
    ("form", "key", "value"), [("spdx", "documentNamespace", "no uri"), ("cyclonedx", "serialNumber", "no urn")]
)
def test_the_validators_do_complain(rich, tmp_path: Path, form: str, key: str, value: str) -> None:
    document: dict[str, Any] = json.loads(sbom(rich.root, "--format", form))
    document[key] = value
    assert complaint(json.dumps(document), form, tmp_path) != ""


def test_a_license_ref_carries_its_text(rich) -> None:
    document = json.loads(sbom(rich.root))
    assert [entry["extractedText"] for entry in document["hasExtractedLicensingInfos"]] == ["Do as you like.\n"]


@pytest.mark.parametrize("form", VALIDATORS)
def test_two_processes_write_the_same_bytes(rich, form: str) -> None:
    command = [sys.executable, "-m", "keima_cli", "audit", "-C", str(rich.root), "sbom", "--format", form]
    first, second = (
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    )
    assert first == second != b""


@pytest.mark.parametrize("form", VALIDATORS)
def test_an_sbom_goes_into_the_wheel_and_record_lists_it(wheel, tmp_path: Path, form: str) -> None:
    path, root = wheel
    with zipfile.ZipFile(path) as archive:
        before = {name: archive.read(name) for name in archive.namelist()}
    inside = f"{wheel_kit.INFO}sboms/keima-audit{VALIDATORS[form][1]}"
    assert sbom(root, "--format", form, "--into", str(path)) == f"{path.name}: {inside}\n"
    with zipfile.ZipFile(path) as archive:
        after = {name: archive.read(name) for name in archive.namelist()}
        rows = {row[0]: row[1:] for row in csv.reader(after[f"{wheel_kit.INFO}RECORD"].decode().splitlines())}
    assert complaint(after[inside].decode(), form, tmp_path) == ""
    assert {name: data for name, data in after.items() if name not in (inside, wheel_kit.INFO + "RECORD")} == {
        name: data for name, data in before.items() if name != wheel_kit.INFO + "RECORD"
    }
    assert set(rows) == set(after)
    for name, data in after.items():
        encoded = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        assert rows[name] == (["", ""] if name.endswith("RECORD") else [f"sha256={encoded}", str(len(data))])
    assert read_artefact(path, read_policy(root / "audit.toml")).record_problems == []


def test_putting_it_in_twice_changes_nothing(wheel) -> None:
    path, root = wheel
    sbom(root, "--into", str(path))
    once = path.read_bytes()
    sbom(root, "--into", str(path))
    assert path.read_bytes() == once


def test_the_audit_of_the_wheel_finds_the_sbom_complete(wheel) -> None:
    path, root = wheel

    def rules() -> set[str]:
        said = CliRunner().invoke(app, ["-C", str(root), "wheel", str(path), "--format", "json"]).stdout
        return {finding["rule"] for finding in json.loads(said)["findings"]}

    assert "sbom-missing" in rules()
    sbom(root, "--into", str(path))
    assert not rules() & {"sbom-missing", "sbom-incomplete"}


def test_a_wheel_is_replaced_whole_or_not_at_all(wheel, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = wheel
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(wheel_sbom, "_copy", fail)
    with pytest.raises(ZeroDivisionError):
        wheel_sbom.put_into_wheel(path, {"a.spdx.json": "{}"})
    assert path.read_bytes() == before
    assert [file for file in path.parent.iterdir() if ".partial" in file.name] == []


def test_a_signed_wheel_a_broken_one_and_something_else_are_refused(wheel, tmp_path: Path) -> None:
    path, _ = wheel
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(wheel_kit.INFO + "RECORD.jws", "{}")
    with pytest.raises(ArtefactError, match="is signed"):
        wheel_sbom.put_into_wheel(path, {})
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ArtefactError, match="not a readable wheel"):
        wheel_sbom.put_into_wheel(path, {})
    with pytest.raises(UsageError, match="goes into a wheel"):
        wheel_sbom.put_into_wheel(tmp_path / "x.tar.gz", {})
    with pytest.raises(ArtefactError, match="no such file"):
        wheel_sbom.put_into_wheel(tmp_path / "x.whl", {})
