# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What anybody may do to a source tree: each function draws one innocent change, about which nothing may be said."""

from __future__ import annotations

import io
import re
import zipfile
from random import Random

from keima_audit.session import today

from . import notices
from .changes import Change, Kinds, Link
from .ground import VENDORED_NOTICE, Ground, notebook, safetensors

KINDS = Kinds()


def _one(ground: Ground, rng: Random, how: str = "") -> str:
    return rng.choice([item.path for item in ground.clean if not how or item.how == how])


@KINDS.add
def code_appended(ground: Ground, rng: Random) -> Change:
    path = _one(ground, rng)
    suffix = "." + path.rpartition(".")[2]
    return Change({path: (ground.text(path).rstrip("\n") + "\n" + notices.code(rng, suffix)).encode()})


@KINDS.add
def file_renamed(ground: Ground, rng: Random) -> Change:
    path = _one(ground, rng)
    folder, _, name = path.rpartition("/")
    return Change({path: None, f"{folder}/{notices.word(rng)}_{name}".lstrip("/"): ground.read(path)})


@KINDS.add
def file_deleted(ground: Ground, rng: Random) -> Change:
    return Change({_one(ground, rng, "inherited"): None})


@KINDS.add
def new_file_with_the_header(ground: Ground, rng: Random) -> Change:
    suffix = rng.choice(notices.SUFFIXES)
    content = notices.tag(ground.outbound, suffix) + notices.code(rng, suffix)
    return Change({ground.place(rng, suffix): content.encode()})


@KINDS.add
def new_file_without_a_header(ground: Ground, rng: Random) -> Change:
    suffix = rng.choice(notices.SUFFIXES)
    return Change({f"{ground.here}/{notices.word(rng)}{suffix}": notices.code(rng, suffix).encode()})


@KINDS.add
def new_file_under_an_allowed_notice(ground: Ground, rng: Random) -> Change:
    suffix = rng.choice(notices.SUFFIXES)
    content = notices.comment(rng, notices.MIT, suffix) + notices.code(rng, suffix)
    return Change({ground.place(rng, suffix): content.encode()})


@KINDS.add
def tag_in_a_string(ground: Ground, rng: Random) -> Change:
    tag = f"{notices.TAG} {notices.copyleft(rng, ground.allowed)}"
    forms = {
        ".py": f'HEADER = "{tag}"\n',
        ".c": f'const char *header = "{tag}";\n',
        ".js": f"const header = `{tag}`;\n",
    }
    suffix = rng.choice(list(forms))
    return Change({ground.place(rng, suffix): forms[suffix].encode()})


@KINDS.add
def notice_in_a_python_string(ground: Ground, rng: Random) -> Change:
    text = notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed))
    return Change({ground.place(rng, ".py"): f'EXPECTED = """\n{text}\n"""\n'.encode()})


@KINDS.add
def region_that_is_ignored(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/own{rng.randrange(4)}.py"
    inside = notices.comment(rng, notices.gnu_notice(rng, notices.copyleft(rng, ground.allowed)), ".py")
    lines = f"# REUSE-Ignore{'Start'}\n{inside}# REUSE-Ignore{'End'}\n"
    return Change({path: (ground.text(path) + lines).encode()})


@KINDS.add
def other_line_endings(ground: Ground, rng: Random) -> Change:
    path = _one(ground, rng)
    return Change({path: ground.read(path).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")})


@KINDS.add
def byte_order_mark(ground: Ground, rng: Random) -> Change:
    path = _one(ground, rng)
    return Change({path: b"\xef\xbb\xbf" + ground.read(path).removeprefix(b"\xef\xbb\xbf")})


@KINDS.add
def other_encoding(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/own{rng.randrange(4)}.py"
    return Change({path: ground.text(path).encode(rng.choice(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]))})


@KINDS.add
def made_executable(ground: Ground, rng: Random) -> Change:
    return Change({}, modes={_one(ground, rng): rng.choice([0o755, 0o700])})


@KINDS.add
def touched(ground: Ground, rng: Random) -> Change:
    path = _one(ground, rng)
    return Change({path: ground.read(path)})


@KINDS.add
def link_inside_the_tree(ground: Ground, rng: Random) -> Change:
    target = rng.choice([f"own{rng.randrange(4)}.py", "../LICENSE", ".", "lab"])
    return Change({f"{ground.here}/{notices.word(rng)}": Link(target)})


@KINDS.add
def picture(ground: Ground, rng: Random) -> Change:
    magic, suffix = rng.choice([(b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff\xe0", ".jpg"), (b"GIF89a", ".gif")])
    return Change({f"{ground.here}/{notices.word(rng)}{suffix}": magic + rng.randbytes(400) + b"\0"})


@KINDS.add
def empty_file(ground: Ground, rng: Random) -> Change:
    return Change({f"{ground.here}/{notices.word(rng)}{rng.choice(['.py', '.txt', ''])}": b""})


@KINDS.add
def copyleft_test_data_in_the_lab(ground: Ground, rng: Random) -> Change:
    content = notices.comment(rng, notices.gnu_notice(rng, "GPL-3.0-only"), ".c") + notices.code(rng, ".c")
    return Change({f"{ground.here}/lab/{notices.word(rng)}.c": content.encode()})


@KINDS.add
def notebook_whose_output_has_a_tag(ground: Ground, rng: Random) -> Change:
    output = f"# {notices.TAG} {notices.copyleft(rng, ground.allowed)}\n"
    return Change({ground.place(rng, ".ipynb"): notebook("print(1)\n", output)})


@KINDS.add
def weights_under_an_allowed_licence(ground: Ground, rng: Random) -> Change:
    content = safetensors(license=rng.choice(["mit", "apache-2.0", "MIT", "Apache-2.0"]), format="pt")
    return Change({f"{ground.here}/{notices.word(rng)}.safetensors": content})


@KINDS.add
def vendored_folder_with_its_licence(ground: Ground, rng: Random) -> Change:
    folder = f"{ground.here}/{rng.choice(['third_party', 'vendor', 'extern'])}/{notices.word(rng)}x"
    licence = f"Copyright 2020 {notices.word(rng).title()}\n\n" + notices.reflowed(rng, notices.MIT)
    return Change({f"{folder}/LICENSE": licence.encode(), f"{folder}/a.c": notices.code(rng, ".c").encode()})


@KINDS.add
def licence_text_reflowed(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/third_party/apache/LICENSE"
    return Change({path: notices.reflowed(rng, ground.text(path)).encode()})


@KINDS.add
def notice_reflowed_and_longer(ground: Ground, rng: Random) -> Change:
    words = " ".join(VENDORED_NOTICE.split())
    kept = ground.text("NOTICE").replace(VENDORED_NOTICE, "")
    return Change({"NOTICE": f"{kept}\n{words}\n\n{notices.word(rng)}\n".encode()})


@KINDS.add
def generated_file_beside_its_source(ground: Ground, rng: Random) -> Change:
    notice = notices.comment(rng, notices.gnu_notice(rng, "GPL-3.0-only"), ".h")
    content = "// Generated by the protocol buffer compiler. DO NOT EDIT!\n" + notice + notices.code(rng, ".h")
    return Change({f"{ground.here}/api.pb.h": content.encode()})


@KINDS.add
def choice_that_is_recorded(ground: Ground, rng: Random) -> Change:
    said = rng.choice(["MIT OR GPL-2.0-only", "GPL-2.0-only OR MIT"])
    return Change({ground.place(rng, ".py"): f"# {notices.TAG} {said}\n".encode()})


@KINDS.add
def waiver_on_its_last_day(ground: Ground, rng: Random) -> Change:
    expires = re.search(r"expires = \S+", ground.text("audit.toml"))
    assert expires, "the policy has a waiver"
    return Change(dict(ground.edit_policy(expires.group(), f"expires = {today()}")))


@KINDS.add
def archive_with_allowed_content(ground: Ground, rng: Random) -> Change:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.c", notices.comment(rng, notices.MIT, ".c"))
        archive.writestr("b.c", notices.code(rng, ".c"))
    return Change({ground.place(rng, ".zip"): page.getvalue()})


@KINDS.add
def year_of_a_copyright_line(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/own{rng.randrange(4)}.py"
    return Change(
        {path: ground.text(path).replace("Copyright 2026", f"Copyright {rng.randint(2020, 2025)}-2026").encode()}
    )


@KINDS.add
def author_added(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/own{rng.randrange(4)}.py"
    line = f"# SPDX-FileCopyright{'Text'}: 2026 {notices.word(rng).title()}\n"
    return Change({path: (line + ground.text(path)).encode()})


@KINDS.add
def large_file_of_numbers(ground: Ground, rng: Random) -> Change:
    row = ",".join(str(rng.randint(0, 10**6)) for _ in range(50)) + "\n"
    return Change({ground.place(rng, rng.choice([".csv", ".txt", ".py"])): (row * rng.randint(2_000, 9_000)).encode()})


@KINDS.add
def minified_under_an_allowed_licence(ground: Ground, rng: Random) -> Change:
    body = f"var {notices.word(rng)}={rng.randint(0, 9)};" * rng.randint(10_000, 60_000)
    return Change({ground.place(rng, ".js"): f"/*! {notices.TAG} MIT */{body}".encode()})


@KINDS.add
def link_to_a_page_that_holds_no_code(ground: Ground, rng: Random) -> Change:
    page = rng.choice(
        ["https://stackoverflow.com/help", "https://stackoverflow.com/users/1", "https://example.org/a/123"]
    )
    return Change({ground.place(rng, ".py"): f"# see {page}\n".encode()})


@KINDS.add
def words_of_the_law_as_names(ground: Ground, rng: Random) -> Change:
    lines = ["license = None", "def copyright_year(gnu): return gnu", "# may the license be null?", "MIT = APACHE = 1"]
    lines += ["# permission to read is asked below", "raise PermissionError('all rights are reserved for root')"]
    return Change({ground.place(rng, ".py"): ("\n".join(rng.sample(lines, len(lines))) + "\n").encode()})


@KINDS.add
def allowed_snippet(ground: Ground, rng: Random) -> Change:
    path = f"{ground.here}/own{rng.randrange(4)}.py"
    lines = f"# SPDX-Snippet{'Begin'}\n# {notices.TAG} MIT\nx = 1\n# SPDX-Snippet{'End'}\n"
    return Change({path: (ground.text(path) + lines).encode()})
