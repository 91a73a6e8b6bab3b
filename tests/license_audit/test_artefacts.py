# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Wheels: bundled libraries, texts, vendors' lists, RECORD, SBOMs; the cases that are about artefacts."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from benchmarks.license_audit.sabotage.elf_file import shared_object
from keima_audit.artefact_rules import Shipment, artefact_findings
from keima_audit.artefacts import read_artefact
from keima_audit.bundled import base_name
from keima_audit.components import bill_of_artefact
from keima_audit.errors import ArtefactError
from keima_audit.notice import notice_text
from keima_audit.policy_reader import parse_policy
from keima_audit.sbom import cyclonedx, spdx
from keima_audit.verdicts import Usage

POLICY = """\
[project]
license = "Apache-2.0"
detector = "notices"
[use.binary]
allow = ["Apache-2.0", "GPL-3.0-or-later WITH GCC-exception-3.1", "LGPL-2.1-or-later",
         "LicenseRef-scancode-issl-2022", "LicenseRef-NVIDIA-CUDA-EULA"]
"""
THIRD = {
    "demo-1.0.dist-info/licenses/THIRD-PARTY.txt": b"Name: GCC runtime library\nFiles: libgomp*.so\nName: libquadmath\n"
}
GCC = "LICENSES/GPL-3.0-or-later.txt", "LICENSES/GCC-exception-3.1.txt"


def make_wheel(
    folder: Path,
    files: list[str],
    record: dict[str, bytes] | None = None,
    content: dict[str, bytes] | None = None,
    license_text: str = "Apache-2.0",
) -> Path:
    path = folder / "demo-1.0-py3-none-any.whl"
    info = "demo-1.0.dist-info/"
    members = {name: b"\x7fELF" if ".so" in name else b"x" for name in files}
    metadata = f"Metadata-Version: 2.4\nName: demo\nVersion: 1.0\nLicense-Expression: {license_text}\n"
    members[info + "METADATA"] = metadata.encode()
    members[info + "licenses/LICENSES/Apache-2.0.txt"] = b"x"
    members |= content or {}
    rows = []
    for name, data in {**members, **(record or {})}.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}")
    members[info + "RECORD"] = "\n".join([*rows, info + "RECORD,,"]).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def rules_of(path: Path, more: str = "", policy_text: str = POLICY) -> set[str]:
    policy = parse_policy(Path("audit.toml"), policy_text + more)
    found = artefact_findings(Shipment(read_artefact(path, policy), policy, Usage()))
    return {finding.rule for finding in found} - {"sbom-missing"}


def met(obligation: str, library: str) -> str:
    return f'[[met]]\nobligation = "{obligation}"\nsubject = "{library}"\nhow = "SOURCES.md"\n'


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "libgfortran.so"),
        ("scipy.libs/libquadmath-96973f99.so.0.0.0", "libquadmath.so"),
        ("x/libcudart-a7b20f20.so.12", "libcudart.so"),
        ("x/libz.so", "libz.so"),
    ],
)
def test_base_name_of_grafted_libraries(path: str, name: str) -> None:
    assert base_name(path) == name


def test_case_05_libgomp_needs_both_texts(tmp_path: Path) -> None:
    library = "demo.libs/libgomp-e985bcbb.so.1.0.0"
    offer = met("source-offer", "gcc-libs")
    assert rules_of(make_wheel(tmp_path, [library]), offer) == {"text-missing"}
    assert rules_of(make_wheel(tmp_path, [library, GCC[0]]), offer) == {"text-missing"}
    assert rules_of(make_wheel(tmp_path, [library, *GCC]), offer) == {"text-missing"}
    assert rules_of(make_wheel(tmp_path, [library, *GCC], content=THIRD), offer) == set()


def test_case_06_libquadmath_needs_text_and_source_offer(tmp_path: Path) -> None:
    library = "demo.libs/libquadmath-96973f99.so.0.0.0"
    assert rules_of(make_wheel(tmp_path, [library])) == {"text-missing", "obligation-unmet"}
    wheel = make_wheel(tmp_path, [library, "LICENSES/LGPL-2.1-or-later.txt"], content=THIRD)
    assert rules_of(wheel, met("source-offer", "libquadmath")) == set()


def test_case_09_intel_runtime_is_binary_only(tmp_path: Path) -> None:
    text = "LICENSES/LicenseRef-scancode-issl-2022.txt"
    wheel = make_wheel(tmp_path, ["demo/libmkl_core.so.2", text])
    assert rules_of(wheel) == {"obligation-unmet"}
    assert rules_of(wheel, met("redistribution-terms", "intel-runtime")) == set()


def test_case_10_cuda_only_what_attachment_a_names(tmp_path: Path) -> None:
    text = "LICENSES/LicenseRef-NVIDIA-CUDA-EULA.txt"
    assert rules_of(make_wheel(tmp_path, ["demo.libs/libcudart-a7b20f20.so.12", text])) == set()
    found = rules_of(make_wheel(tmp_path, ["demo.libs/libcuda.so.1", text]))
    assert found == {"redistribution-list", "obligation-unmet"}


def test_unknown_library_and_a_declared_one(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, ["demo/libmystery.so"])
    assert rules_of(wheel) == {"binary-undeclared"}
    declared = '[[bundled]]\npath = "demo/*.so"\nname = "mystery"\nlicense = "Apache-2.0"\n'
    assert rules_of(wheel, declared) == set()


def test_record_that_names_another_content(tmp_path: Path) -> None:
    assert rules_of(make_wheel(tmp_path, ["demo/a.py"])) == set()
    assert rules_of(make_wheel(tmp_path, ["demo/a.py"], {"demo/a.py": b"other"})) == {"record-mismatch"}


def test_broken_wheel_and_zip_bomb(tmp_path: Path) -> None:
    policy = parse_policy(Path("audit.toml"), POLICY)
    cut = make_wheel(tmp_path, ["demo/a.py"])
    cut.write_bytes(cut.read_bytes()[:200])
    with pytest.raises(ArtefactError, match="not a readable archive"):
        read_artefact(cut, policy)
    bomb = tmp_path / "bomb-1.0.whl"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * (300 << 20))
    with pytest.raises(ArtefactError, match="more than the limits"):
        read_artefact(bomb, policy)


def test_bill_notice_and_sboms_are_complete_and_repeat(tmp_path: Path) -> None:
    policy = parse_policy(Path("audit.toml"), POLICY)
    wheel = make_wheel(tmp_path, ["demo.libs/libgomp-e985bcbb.so.1.0.0", *GCC])
    bill = bill_of_artefact(read_artefact(wheel, policy), policy)
    assert [(part.name, part.license) for part in bill.parts] == [
        ("gcc-libs", "GPL-3.0-or-later WITH GCC-exception-3.1")
    ]
    assert "gcc-libs" in notice_text(bill, policy, "binary")
    again = bill_of_artefact(read_artefact(wheel, policy), policy)
    for write in (spdx, cyclonedx):
        assert write(bill) == write(again)
        assert json.loads(write(bill))


def test_files_of_the_wheel_that_say_another_licence(tmp_path: Path) -> None:
    # REUSE-IgnoreStart
    gpl = b"# SPDX-License-Identifier: GPL-3.0-only\n"
    # REUSE-IgnoreEnd
    wheel = make_wheel(tmp_path, [], content={"demo/a.py": gpl, "demo/b.py": gpl + b"x = 1\n"})
    policy = parse_policy(Path("audit.toml"), POLICY)
    found = artefact_findings(Shipment(read_artefact(wheel, policy), policy, Usage()))
    assert [(f.rule, f.path) for f in found] == [("license-not-allowed", "demo/a.py")]
    assert "and 1 more files" in found[0].message
    mine = make_wheel(tmp_path, [], content={"demo/a.py": gpl.replace(b"GPL-3.0-only", b"Apache-2.0")})
    assert rules_of(mine) == set()


def test_metadata_that_names_a_licence_which_is_not_allowed(tmp_path: Path) -> None:
    assert "license-not-allowed" in rules_of(make_wheel(tmp_path, [], license_text="GPL-3.0-only"))
    assert rules_of(make_wheel(tmp_path, [])) == set()


def test_library_whose_own_name_is_another_library(tmp_path: Path) -> None:
    path = "demo.libs/libz-a7b20f20.so.1"
    content = {path: shared_object("libz-a7b20f20.so.1")}
    policy = POLICY.replace('"Apache-2.0",', '"Apache-2.0", "Zlib",')
    assert rules_of(make_wheel(tmp_path, [], content=content), "", policy) == set()
    content = {path: shared_object("libx264.so.164")}
    assert "license-not-allowed" in rules_of(make_wheel(tmp_path, [], content=content), "", policy)


def test_sbom_that_leaves_a_library_out(tmp_path: Path) -> None:
    libraries = ["demo.libs/libgomp-e985bcbb.so.1.0.0", "demo.libs/libcudart-a7b20f20.so.12"]
    texts = dict.fromkeys((*GCC, "LICENSES/LicenseRef-NVIDIA-CUDA-EULA.txt"), b"x")
    sbom = "demo-1.0.dist-info/sboms/auditwheel.cdx.json"
    both = b'{"components": [{"name": "libgomp"}, {"purl": "pkg:generic/libcudart-a7b20f20.so.12"}]}'
    wheel = make_wheel(tmp_path, libraries, content={**texts, **THIRD, sbom: both})
    assert rules_of(wheel, met("source-offer", "gcc-libs")) == set()
    one = b'{"components": [{"name": "libgomp"}, {"name": "libcudart-of-another-day"}]}'
    wheel = make_wheel(tmp_path, libraries, content={**texts, **THIRD, sbom: one})
    assert rules_of(wheel, met("source-offer", "gcc-libs")) == {"sbom-incomplete"}


def test_a_notice_in_the_wheel_is_not_the_text_that_has_to_travel(tmp_path: Path) -> None:
    """What NumPy's and scikit-learn's wheels do: the exception's text without that of the GPL, a notice of the LGPL."""
    library = "demo.libs/libgomp-e985bcbb.so.1.0.0"
    exception = b"GCC RUNTIME LIBRARY EXCEPTION\nVersion 3.1, 31 March 2009\n"
    text = b"GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n"
    place = "demo-1.0.dist-info/licenses/COPYING"
    offer = met("source-offer", "gcc-libs")
    assert rules_of(make_wheel(tmp_path, [library], content={place: exception}), offer) == {"text-missing"}
    whole = {place: text + b"word " * 99 + exception}
    assert rules_of(make_wheel(tmp_path, [library], content=THIRD | whole), offer) == set()


def test_text_of_a_library_is_inside_unless_that_library_is_a_file_of_its_own(tmp_path: Path) -> None:
    module, text = "demo/_x.abi3.so", b"libiconv_open_into\0"
    inside = rules_of(make_wheel(tmp_path, [], content={module: shared_object("x", text)}))
    assert {"text-missing", "obligation-unmet"} <= inside
    called = shared_object("x", text, needed="libiconv.so.2")
    assert rules_of(make_wheel(tmp_path, [], content={module: called})) == set()


def test_a_declared_library_is_looked_into_too(tmp_path: Path) -> None:
    own = '[[bundled]]\npath = "demo/*.so"\nname = "demo"\nlicense = "Apache-2.0"\n'
    plain = make_wheel(tmp_path, [], content={"demo/libdemo.so": shared_object("libdemo.so")})
    assert rules_of(plain, own) == set()
    hidden = shared_object("libdemo.so", b"libiconv_open_into\0")
    assert "obligation-unmet" in rules_of(make_wheel(tmp_path, [], content={"demo/libdemo.so": hidden}), own)


def test_a_licence_that_only_a_classifier_names(tmp_path: Path) -> None:
    metadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nLicense: see LICENSE, \u00a9 us\n"
    classifier = "Classifier: License :: OSI Approved :: Apache Software License\n"
    place = "demo-1.0.dist-info/METADATA"
    assert rules_of(make_wheel(tmp_path, [], content={place: (metadata + classifier).encode()})) == set()
    assert rules_of(make_wheel(tmp_path, [], content={place: metadata.encode()})) == {"expression-invalid"}


BSD = """\
Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met: redistributions in binary form must reproduce the above copyright notice. The name of the
author may not be used to endorse or promote products.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED.
"""
TWO = "".join(BSD.partition(" The name of the\nauthor may not be used to endorse or promote products.")[::2])
OPENBLAS, LIBAEC = "demo.libs/libopenblas-a7b20f20.so.0", "demo.libs/libaec-b7b20f20.so.0"
ALLOWED = POLICY.replace('"Apache-2.0",', '"Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "MIT",', 1)


def about(tmp_path: Path, notice: str, *libraries: str, place: str = "licenses/THIRD-PARTY.txt") -> list[str]:
    wheel = make_wheel(tmp_path, list(libraries), content={f"demo-1.0.dist-info/{place}": notice.encode()})
    policy = parse_policy(Path("audit.toml"), ALLOWED)
    found = artefact_findings(Shipment(read_artefact(wheel, policy), policy, Usage()))
    return [f"{finding.rule} {finding.path}" for finding in found if finding.rule != "sbom-missing"]


@pytest.mark.parametrize(
    "notice",
    [
        "Name: OpenBLAS\nFiles: demo.libs/libopenblas*.so\nLicense: BSD-3-Clause\n  Copyright 2011 them\n" + BSD,
        "===== openblas =====\n\nCopyright 2011 them\n" + BSD,
        "This wheel has libopenblas, under BSD-3-Clause.\n\n---\n\nBSD-3-Clause\n\n" + "word " * 500 + BSD,
    ],
)
def test_a_text_about_the_library_in_any_of_the_usual_forms(tmp_path: Path, notice: str) -> None:
    assert about(tmp_path, notice, OPENBLAS) == []


def test_the_name_of_a_licence_file_says_whose_it_is(tmp_path: Path) -> None:
    assert about(tmp_path, "Copyright 2011 them\n" + BSD, OPENBLAS, place="licenses/OpenBLAS/LICENSE") == []
    missing = [f"text-missing {OPENBLAS}"]
    assert about(tmp_path, "Copyright 2011 them\n" + BSD, OPENBLAS, place="licenses/scipy/LICENSE") == missing


def test_the_text_of_one_library_is_none_for_another(tmp_path: Path) -> None:
    """h5py 3.16 carries libaec, and its only BSD texts are about HDF5 and others."""
    first = "Name: OpenBLAS\nCopyright 2011 them\n" + BSD
    libaec = "Name: libaec\nCopyright 2012 others\n"
    assert about(tmp_path, first, OPENBLAS, LIBAEC) == [f"text-missing {LIBAEC}"]
    assert about(tmp_path, first + libaec + TWO, OPENBLAS, LIBAEC) == []
    # Named, and what follows is the text of yet another part.
    third = "Thanks to libaec.\n" + BSD + "Name: other\nCopyright 2013\n" + TWO
    assert about(tmp_path, first + third, OPENBLAS, LIBAEC) == [f"text-missing {LIBAEC}"]


def test_a_classifier_asks_for_no_certain_text(tmp_path: Path) -> None:
    """matplotlib's licence is based on that of the PSF, and a classifier has no word for that."""
    metadata = b"Metadata-Version: 2.1\nName: demo\nVersion: 1\n"
    classifier = b"Classifier: License :: OSI Approved :: Python Software Foundation License\n"
    content = {"demo-1.0.dist-info/METADATA": metadata + classifier, "demo-1.0.dist-info/LICENSE": b"Our own terms.\n"}
    policy = POLICY.replace('"Apache-2.0",', '"Apache-2.0", "PSF-2.0",', 1)
    assert rules_of(make_wheel(tmp_path, [], content=content), "", policy) == set()
    del content["demo-1.0.dist-info/LICENSE"]
    assert rules_of(make_wheel(tmp_path, [], content=content), "", policy) == {"text-missing"}
    exact = {"demo-1.0.dist-info/METADATA": metadata + b"License-Expression: PSF-2.0\n"}
    content = {**exact, "demo-1.0.dist-info/LICENSE": b"Our own terms.\n"}
    assert rules_of(make_wheel(tmp_path, [], content=content), "", policy) == {"text-missing"}


def test_our_own_notice_names_a_declared_library_with_its_holder(tmp_path: Path) -> None:
    text = ALLOWED + (
        f'[[bundled]]\npath = "{OPENBLAS}"\nname = "openblas"\nlicense = "BSD-3-Clause"\n'
        'copyright = "Copyright 2011 The OpenBLAS Project"\n'
    )
    policy = parse_policy(Path("audit.toml"), text)
    wheel = make_wheel(tmp_path, [OPENBLAS, "LICENSES/BSD-3-Clause.txt"])
    notice = notice_text(bill_of_artefact(read_artefact(wheel, policy), policy), policy, "binary")
    assert "Copyright 2011 The OpenBLAS Project" in notice
    assert about(tmp_path, notice + BSD, OPENBLAS) == []
