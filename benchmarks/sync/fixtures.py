# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Small internal trees, what is right to publish of them, and what somebody should be told: for any tool that trims."""

from __future__ import annotations

from dataclasses import dataclass

BEGIN, END = "BEGIN-INTERNAL", "END-INTERNAL"
CUT = "internal"  # the folder that is not published


@dataclass(frozen=True)
class File:
    """Content, or the target of a symlink."""

    data: bytes
    mode: int = 0o100644


@dataclass(frozen=True)
class Fixture:
    """`public` None: nothing right can be published. `tell` is a file that the tool should name."""

    name: str
    internal: dict[bytes, File]
    public: dict[bytes, File] | None
    tell: str = ""


def _text(text: str, encoding: str = "utf-8") -> File:
    return File(text.encode(encoding))


SECRET = {b"internal/secret.h": _text("int secret;\n")}
_BLOCK = f"# {BEGIN}\nhidden\n# {END}\n"
_LINK = 0o120000


def _kept(name: str, files: dict[bytes, File], public: dict[bytes, File] | None = None, tell: str = "") -> Fixture:
    return Fixture(name, {**SECRET, **files}, files if public is None else public, tell)


def _refused(name: str, text: str) -> Fixture:
    return Fixture(name, {**SECRET, b"a.py": _text(text)}, None, "a.py")


FIXTURES = (
    _kept("a folder is cut", {b"README": _text("hello\n"), b"src/a.c": _text("int a;\n")}),
    _kept(
        "a block is cut, Latin-1 and CRLF around it stay",
        {b"a.py": _text(f"# gr\u00fcn\r\n{_BLOCK}x = 1\r\ny = 2", "latin-1")},
        {b"a.py": _text("# gr\u00fcn\r\nx = 1\r\ny = 2", "latin-1")},
    ),
    _kept(
        "two blocks and blank lines around them",
        {b"a.py": _text(f"a = 1\n\n{_BLOCK}\n\nb = 2\n{_BLOCK}")},
        {b"a.py": _text("a = 1\n\n\n\nb = 2\n")},
    ),
    _kept(
        "bytes, modes and links",
        {
            b"zero": File(b"\0\xff\r\n"),
            b"run.sh": File(b"#!/bin/sh\n", 0o100755),
            b"link": File(b"run.sh", _LINK),
        },
    ),
    _kept("names", {"\u6842 \u99ac.txt".encode(): _text("x"), b'quo"te': _text("y"), b"raw\xff": _text("z")}),
    _kept("a .gitignore that names a tracked file", {b".gitignore": _text("kept.txt\n"), b"kept.txt": _text("kept\n")}),
    _kept("an include of what was cut", {b"src/a.c": _text('#include "../internal/secret.h"\n')}, tell="src/a.c"),
    Fixture(
        "an import of what was cut",
        {b"internal/__init__.py": _text(""), b"internal/tool.py": _text(""), b"a.py": _text("import internal.tool\n")},
        {b"a.py": _text("import internal.tool\n")},
        "a.py",
    ),
    _kept("a link into what was cut", {b"link": File(b"internal/secret.h", _LINK)}, tell="link"),
    _kept(
        "a block that takes an opening brace along",
        {b"a.c": _text(f"// {BEGIN}\nint f() {{\n// {END}\n}}\n")},
        {b"a.c": _text("}\n")},
        tell="a.c",
    ),
    _refused("a marker that is never closed", f"# {BEGIN}\nhidden\n"),
    _refused("a marker that closes nothing", f"hidden\n# {END}\n"),
    _refused("a block inside a block", f"# {BEGIN}\n# {BEGIN}\nhidden\n# {END}\n# {END}\n"),
    _refused("both markers on one line", f"x = 1  # {BEGIN} {END}\nhidden\n"),
)
