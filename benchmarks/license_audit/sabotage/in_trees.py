# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What nobody may do to a source tree: each function draws one violation of its kind."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from datetime import timedelta
from random import Random

from keima_audit.session import today

from . import notices
from .changes import Change, Kinds, Link, breach
from .ground import Ground, notebook, safetensors

KINDS = Kinds()
DENIED = ("license-not-allowed", "license-unclassified")


@KINDS.add
def new_file_with_a_notice(ground: Ground, rng: Random) -> Change:
    suffix = rng.choice(notices.SUFFIXES)
    text = notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed))
    content = notices.comment(rng, text, suffix) + notices.code(rng, suffix)
    return breach({ground.place(rng, suffix): content.encode()}, *DENIED)


@KINDS.add
def new_file_with_one_sentence(ground: Ground, rng: Random) -> Change:
    suffix = rng.choice(notices.SUFFIXES)
    text = notices.short_notice(rng, notices.copyleft(rng, ground.allowed))
    content = notices.comment(rng, text, suffix) + notices.code(rng, suffix)
    return breach({ground.place(rng, suffix): content.encode()}, *DENIED)


@KINDS.add
def new_file_with_a_tag(ground: Ground, rng: Random) -> Change:
    suffix = rng.choice(notices.SUFFIXES)
    content = notices.tag(notices.copyleft(rng, ground.allowed), suffix) + notices.code(rng, suffix)
    return breach({ground.place(rng, suffix): content.encode()}, *DENIED)


@KINDS.add
def tag_behind_a_copyright_line(ground: Ground, rng: Random) -> Change:
    name = notices.copyleft(rng, ground.allowed)
    line = f"# Copyright (c) {rng.randint(1999, 2026)} {notices.word(rng).title()}. {notices.TAG} {name}\n"
    return breach({ground.place(rng, ".py"): (line + notices.code(rng, ".py")).encode()}, *DENIED)


@KINDS.add
def notice_added_to_a_file(ground: Ground, rng: Random) -> Change:
    path, suffix = _victim(ground, rng)
    text = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), suffix)
    old = ground.text(path)
    content = text + old if rng.random() < 0.5 and not old.startswith("#!") else old.rstrip("\n") + "\n\n" + text
    return breach({path: content.encode()}, *DENIED)


@KINDS.add
def header_replaced(ground: Ground, rng: Random) -> Change:
    tagged = re.compile(rf"{notices.TAG} *[^\n*]+")
    fitting = [item.path for item in ground.clean if item.how == "own" and tagged.search(ground.text(item.path))]
    path = rng.choice(fitting)
    name = notices.copyleft(rng, ground.allowed)
    content = tagged.sub(f"{notices.TAG} {name}", ground.text(path))
    return breach({path: content.encode()}, *DENIED)


@KINDS.add
def second_tag(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/own{rng.randrange(4)}.py"
    content = f"# {notices.TAG} {notices.copyleft(rng, ground.allowed)}\n" + ground.text(path)
    return breach({path: content.encode()}, *DENIED)


@KINDS.add
def choice_between_denied_licences(ground: Ground, rng: Random) -> Change:
    content = f"# {notices.TAG} AGPL-3.0-only OR {rng.choice(['SSPL-1.0', 'AGPL-3.0-or-later', 'BUSL-1.1'])}\n"
    return breach({ground.place(rng, ".py"): content.encode()}, *DENIED)


@KINDS.add
def notice_in_another_encoding(ground: Ground, rng: Random) -> Change:
    text = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), ".c").replace(
        "©", "(c)"
    )
    encoding = rng.choice(["utf-16", "utf-16-le", "utf-16-be", "gb18030", "utf-8-sig", "utf-32"])
    if encoding == "gb18030":
        text = "/* 这个文件 */\n" + text
    content = (text + notices.code(rng, ".c")).encode(encoding)
    return breach({ground.place(rng, ".c"): content}, *DENIED)


@KINDS.add
def notice_far_below(ground: Ground, rng: Random) -> Change:
    filler = notices.code(rng, ".c", 60) * rng.randint(900, 1600)
    text = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), ".c")
    return breach({ground.place(rng, ".c"): (filler + text).encode()}, *DENIED)


@KINDS.add
def tag_in_a_minified_line(ground: Ground, rng: Random) -> Change:
    body = f"var {notices.word(rng)}={rng.randint(0, 9)};" * rng.randint(10_000, 60_000)
    content = f"/*! {notices.TAG} {notices.copyleft(rng, ground.allowed)} */{body}"
    return breach({ground.place(rng, ".js"): content.encode()}, *DENIED)


@KINDS.add
def name_that_is_often_skipped(ground: Ground, rng: Random) -> Change:
    name = rng.choice(["LICENSE.py", "COPYING.js", "LICENCE.c", f"{notices.word(rng)}.spdx.json", "COPYRIGHT.sh"])
    content = f"# {notices.TAG} {notices.copyleft(rng, ground.allowed)}\n" + notices.code(rng, ".sh")
    return breach({f"{ground.here}/{name}": content.encode()}, *DENIED)


@KINDS.add
def disguised_as_generated(ground: Ground, rng: Random) -> Change:
    notice = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), ".h")
    head = rng.choice(
        [
            "Generated by the protocol buffer compiler. DO NOT EDIT!",
            "automatically generated by the FlatBuffers compiler",
        ]
    )
    content = f"// {head}\n{notice}" + notices.code(rng, ".h")
    return breach({ground.place(rng, ".pb.h"): content.encode()}, *DENIED)


@KINDS.add
def folder_under_copyleft(ground: Ground, rng: Random) -> Change:
    folder = f"{ground.here}/{notices.word(rng)}"
    text = notices.GPL_TEXT["2" if "GPL-2.0-only" not in ground.allowed else "3"]
    name = rng.choice(["LICENSE", "COPYING", "COPYING.txt", "LICENSE.md", "LICENCE"])
    inside = f"{folder}/{notices.word(rng)}.c"
    return breach({inside: notices.code(rng, ".c").encode(), f"{folder}/{name}": text.encode()}, *DENIED)


@KINDS.add
def sidecar_hides_a_notice(ground: Ground, rng: Random) -> Change:
    path = ground.place(rng, ".c")
    content = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), ".c")
    sidecar = f"{notices.TAG} {ground.outbound}\n"
    return breach({path: content.encode(), f"{path}.license": sidecar.encode()}, "hidden-license")


@KINDS.add
def override_hides_a_notice(ground: Ground, rng: Random) -> Change:
    folder = f"{ground.here}/{notices.word(rng)}"
    path = f"{folder}/{notices.word(rng)}.py"
    table = (
        'version = 1\n[[annotations]]\npath = "**"\nprecedence = "override"\n'
        f'SPDX-FileCopyrightText = "A"\nSPDX-License-{"Identifier"} = "{ground.outbound}"\n'
    )
    content = notices.tag(notices.copyleft(rng, ground.allowed), ".py")
    return breach({path: content.encode(), f"{folder}/REUSE.toml": table.encode()}, "hidden-license")


@KINDS.add
def vendored_without_a_licence(ground: Ground, rng: Random) -> Change:
    folder = f"{ground.here}/{rng.choice(['third_party', 'vendor', 'extern', '3rdparty'])}/{notices.word(rng)}x"
    edits = {f"{folder}/{notices.word(rng)}.c": notices.code(rng, ".c").encode()}
    return breach(edits, "vendored-without-license", path=folder)


@KINDS.add
def vendored_licence_deleted(ground: Ground, rng: Random) -> Change:
    folder = f"{ground.here}/third_party/apache"
    return breach({f"{folder}/LICENSE": None}, "vendored-without-license", path=folder)


@KINDS.add
def notice_deleted(ground: Ground, rng: Random) -> Change:
    kept = b"\n".join(line for line in ground.read("NOTICE").splitlines() if b"Planters" not in line)
    edits = {"NOTICE": rng.choice([None, kept])}
    return breach(edits, "notice-missing", path=f"{ground.here}/third_party/apache/NOTICE")


@KINDS.add
def other_licence_in_a_declared_folder(ground: Ground, rng: Random) -> Change:
    name = rng.choice(["BSD-3-Clause", "Apache-2.0"])
    path = f"{ground.here}/third_party/declared/{notices.word(rng)}.c"
    return breach({path: f"// {notices.TAG} {name}\n".encode()}, "third-party-mismatch")


@KINDS.add
def waiver_expired(ground: Ground, rng: Random) -> Change:
    expires = re.search(r"expires = \S+", ground.text("audit.toml"))
    assert expires, "the policy has a waiver"
    day = today() - timedelta(days=rng.randint(1, 1000))
    edits = ground.edit_policy(expires.group(), f"expires = {day}")
    return breach(dict(edits), "waiver-expired", path=f"{ground.here}/waived.py")


@KINDS.add
def waived_file_changed(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/waived.py"
    return breach({path: (ground.text(path) + notices.code(rng, ".py", 1)).encode()}, "waiver-stale")


@KINDS.add
def clarified_file_changed(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/clarified.c"
    return breach(
        {path: (ground.text(path) + notices.code(rng, ".c", 1)).encode()}, "needs-review", "clarification-stale"
    )


@KINDS.add
def notice_cut_off(ground: Ground, rng: Random) -> Change:
    full = rng.choice([notices.gnu_notice(rng, "GPL-3.0-or-later"), notices.MIT, notices.BSD])
    words = re.split(r"\s+", full[max(full.find("free software") - 16, 0) :])
    kept = " ".join(words[: rng.randint(10, 14)])
    content = notices.comment(rng, kept, ".c") + notices.code(rng, ".c")
    return breach({ground.place(rng, ".c"): content.encode()}, "needs-review")


@KINDS.add
def invalid_expression(ground: Ground, rng: Random) -> Change:
    raw = rng.choice(["MIT/GPL-2.0-only", "MIT, GPL-2.0-only", "MIT OR", "GPLv3ish", "MIT AND AND ISC", "(MIT"])
    return breach({ground.place(rng, ".py"): f"# {notices.TAG} {raw}\n".encode()}, "expression-invalid")


@KINDS.add
def unknown_exception(ground: Ground, rng: Random) -> Change:
    raw = f"GPL-2.0-only WITH {notices.word(rng).title()}-exception"
    return breach({ground.place(rng, ".py"): f"# {notices.TAG} {raw}\n".encode()}, "exception-unknown")


@KINDS.add
def licence_that_nobody_classified(ground: Ground, rng: Random) -> Change:
    name = rng.choice(["QPL-1.0", "Watcom-1.0", "RPSL-1.0", "Sleepycat", "JSON", "Hippocratic-2.1", "APSL-2.0"])
    return breach({ground.place(rng, ".c"): f"// {notices.TAG} {name}\n".encode()}, "license-unclassified")


@KINDS.add
def reference_without_a_text(ground: Ground, rng: Random) -> Change:
    name = f"LicenseRef-{notices.word(rng).title()}"
    edits = {ground.place(rng, ".c"): f"// {notices.TAG} {name}\n".encode()}
    return breach(edits, "licenseref-without-text")


@KINDS.add
def licence_text_deleted(ground: Ground, rng: Random) -> Change:
    return breach({f"LICENSES/{ground.rare}.txt": None}, "text-missing", path=f"{ground.here}/rare.py")


@KINDS.add
def project_licence_swapped(ground: Ground, rng: Random) -> Change:
    names = [
        path.name
        for path in ground.root.iterdir()
        if path.name.upper().startswith(("LICEN", "COPYING", "UNLIC", "COPYRIGHT"))
    ]
    edits: dict[str, bytes | Link | None] = {name: None for name in names if (ground.root / name).is_file()}
    other = notices.MIT if "MIT" not in ground.outbound else notices.BSD
    return breach({**edits, "LICENSE": notices.reflowed(rng, other).encode()}, "header-mismatch", path="LICENSE")


@KINDS.add
def copyleft_moved_out_of_the_lab(ground: Ground, rng: Random) -> Change:
    old = f"{ground.here}/lab/copyleft.c"
    return breach({ground.place(rng, ".c"): ground.read(old), old: None}, *DENIED)


@KINDS.add
def copied_lines_of_a_non_commercial_work(ground: Ground, rng: Random) -> Change:
    path, _ = _victim(ground, rng, (".py", ".sh"))
    lines = f"# SPDX-Snippet{'Begin'}\n# {notices.TAG} CC-BY-NC-4.0\nx=1\n# SPDX-Snippet{'End'}\n"
    return breach({path: (ground.text(path).rstrip("\n") + "\n" + lines).encode()}, *DENIED)


@KINDS.add
def copied_from_a_forum(ground: Ground, rng: Random) -> Change:
    path, suffix = _victim(ground, rng)
    where = rng.choice(["stackoverflow.com/a/", "stackoverflow.com/questions/", "math.stackexchange.com/a/"])
    line = notices.comment(rng, f"https://{where}{rng.randint(10**6, 10**8)}", suffix)
    return breach({path: (ground.text(path).rstrip("\n") + "\n" + line).encode()}, "provenance")


@KINDS.add
def non_commercial_weights(ground: Ground, rng: Random) -> Change:
    key = rng.choice(["license", "License", "modelspec.license"])
    content = safetensors(**{key: rng.choice(notices.NON_COMMERCIAL)})
    return breach({ground.place(rng, ".safetensors"): content}, *DENIED)


@KINDS.add
def weights_without_a_licence(ground: Ground, rng: Random) -> Change:
    return breach({ground.place(rng, ".safetensors"): safetensors(format="pt")}, "weights-without-license")


@KINDS.add
def non_commercial_model_card(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/{notices.word(rng)}/README.md"
    content = f"---\nlicense: {rng.choice(notices.NON_COMMERCIAL)}\ntags:\n- {notices.word(rng)}\n---\n# A model\n"
    return breach({path: content.encode()}, *DENIED)


@KINDS.add
def notebook_with_a_tag(ground: Ground, rng: Random) -> Change:
    source = f"# {notices.TAG} {notices.copyleft(rng, ground.allowed)}\nprint(1)\n"
    return breach({ground.place(rng, ".ipynb"): notebook(source)}, *DENIED)


@KINDS.add
def link_out_of_the_tree(ground: Ground, rng: Random) -> Change:
    target = rng.choice(["/etc/passwd", "../" * rng.randint(9, 20) + "etc/passwd", "../../../.."])
    return breach({f"{ground.here}/{notices.word(rng)}": Link(target)}, "symlink-outside")


@KINDS.add
def opaque_binary(ground: Ground, rng: Random) -> Change:
    magic = rng.choice([b"\x7fELF\x02\x01\x01", b"MZ\x90", b"!<arch>\n", b"\0asm\1\0\0\0"])
    suffix = rng.choice([".so", ".bin", ".o", ".dat", ".exe", ""])
    return breach({ground.place(rng, suffix): magic + rng.randbytes(500) + b"\0\0"}, "binary-undeclared")


@KINDS.add
def copyleft_in_an_archive(ground: Ground, rng: Random) -> Change:
    inside = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), ".c").encode()
    page = io.BytesIO()
    if rng.random() < 0.5:
        with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("src/a.c", inside)
        return breach({ground.place(rng, ".zip"): page.getvalue()}, *DENIED)
    with tarfile.open(fileobj=page, mode="w:gz") as tar:
        info = tarfile.TarInfo("src/a.c")
        info.size = len(inside)
        tar.addfile(info, io.BytesIO(inside))
    return breach({ground.place(rng, ".tar.gz"): page.getvalue()}, *DENIED)


@KINDS.add
def archive_that_cannot_be_opened(ground: Ground, rng: Random) -> Change:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * rng.randint(3 << 20, 9 << 20))
    content = page.getvalue()
    return breach({ground.place(rng, ".zip"): rng.choice([content, content[: len(content) // 2]])}, "archive")


@KINDS.add
def dependency_that_nobody_knows(ground: Ground, rng: Random) -> Change:
    call = rng.choice(["FetchContent_Declare", "ExternalProject_Add", "CPMAddPackage"])
    path = f"{ground.here}/{notices.word(rng)}/CMakeLists.txt"
    return breach({path: f"{call}({notices.word(rng)}x GIT_TAG v1)\n".encode()}, "dependency-unknown")


@KINDS.add
def copyleft_dependency(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/{notices.word(rng)}.cmake"
    return breach({path: b"FetchContent_Declare(copyleft-thing GIT_TAG v1)\n"}, *DENIED)


def _victim(ground: Ground, rng: Random, suffixes: tuple[str, ...] = ()) -> tuple[str, str]:
    paths = [item.path for item in ground.clean]
    path = rng.choice([path for path in paths if not suffixes or path.endswith(suffixes)])
    return path, "." + path.rpartition(".")[2]
