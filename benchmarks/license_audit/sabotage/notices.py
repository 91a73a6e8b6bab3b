# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Licence statements as people write them, at random: wording, comment style, line length, place, encoding."""

from __future__ import annotations

import textwrap
from random import Random

# REUSE-IgnoreStart
TAG = "SPDX-License-" + "Identifier:"
_STYLES = {
    ".c": ("/*", " * ", " */"),
    ".cc": ("//", "// ", "//"),
    ".h": ("/" + "*" * 70, " * ", " " + "*" * 70 + "/"),
    ".py": ("#", "# ", "#"),
    ".sh": ("##", "## ", "##"),
    ".js": ("/**", " * ", " */"),
    ".sql": ("--", "-- ", "--"),
    ".el": (";;", ";; ", ";;"),
    ".tex": ("%", "% ", "%"),
    ".m4": ("dnl", "dnl ", "dnl"),
    ".bat": ("REM", "REM ", "REM"),
    ".f90": ("!", "! ", "!"),
    ".vim": ('"', '" ', '"'),
    ".bas": ("'", "' ", "'"),
    ".html": ("<!--", "  ", "-->"),
    ".ml": ("(*", "   ", "*)"),
    ".hs": ("{-", "   ", "-}"),
    ".1": ('.\\"', '.\\" ', '.\\"'),
}
SUFFIXES = tuple(_STYLES)
_COPYLEFT = (
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
)
NON_COMMERCIAL = ("cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0")


def copyleft(rng: Random, allowed: frozenset[str]) -> str:
    """A copyleft id that the policy does not allow."""
    return rng.choice([name for name in _COPYLEFT if name not in allowed])


def comment(rng: Random, text: str, suffix: str) -> str:
    """`text` wrapped at a random width into the comment of a language, sometimes boxed or indented."""
    opening, prefix, closing = _STYLES[suffix]
    boxed = suffix in (".c", ".h") and rng.random() < 0.3
    width = rng.randint(46, 100)
    lines = []
    for paragraph in text.split("\n"):
        for line in textwrap.wrap(paragraph, width, break_long_words=False, break_on_hyphens=False) or [""]:
            end = " " * max(1, width - len(line)) + "*" if boxed else ""
            lines.append((prefix + line + end).rstrip())
    return "\n".join([opening, *lines, closing]) + "\n"


def gnu_notice(rng: Random, name: str) -> str:
    """The notice that the FSF recommends for a GPL, AGPL or LGPL id, in one of its usual wordings."""
    family, version, *later = name.split("-", 2)
    kind = {"GPL": "", "AGPL": "Affero ", "LGPL": "Lesser "}[family]
    number = version.removesuffix(".0")
    what = rng.choice(["This program", "This file", "This library", f"{word(rng).title()}"])
    license_word = rng.choice(["License", "License", "Licence"])
    if later == ["or-later"]:
        which = f"either version {number} of the {license_word}, or (at your option) any later version."
    else:
        which = rng.choice([f"version {number}.", f"version {number} of the {license_word}."])
    published = "as published by the Free Software Foundation"
    both = rng.choice([f"{published}{rng.choice([';', ','])} {which}", f"version {number} {published}."])
    if later == ["or-later"]:
        both = f"{published}; {which}"
    semicolon = rng.choice([";", ":"])
    notice = (
        f"{what} is free software{semicolon} you can redistribute it and/or modify it under the terms of the "
        f"GNU {kind}General Public {license_word} {both}"
    )
    warranty = f"\n\n{what} is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY."
    return _copyright(rng) + notice + rng.choice(["", warranty])


def short_notice(rng: Random, name: str) -> str:
    """One sentence that puts a file under a GNU licence."""
    family, version, *later = name.split("-", 2)
    number = version.removesuffix(".0")
    verb = rng.choice(["Licensed", "Released", "Distributed", "This code is licensed"])
    plus = rng.choice(["+", " or later", " or any later"]) if later == ["or-later"] else ""
    license_name = f"{rng.choice(['', 'GNU '])}{family} {rng.choice(['v', 'version '])}{number}{plus}"
    return f"{_copyright(rng)}{verb} under the {license_name}."


def _copyright(rng: Random) -> str:
    if rng.random() < 0.4:
        return ""
    mark = rng.choice(["(c)", "(C)", "©"])
    return f"Copyright {mark} {rng.randint(1991, 2026)} {word(rng).title()} {word(rng).title()}\n\n"


def tag(name: str, suffix: str) -> str:
    """A comment with an SPDX tag."""
    opening, prefix, closing = _STYLES[suffix]
    if prefix.strip():
        return f"{prefix}{TAG} {name}\n"
    return f"{opening} {TAG} {name} {closing}\n"


def word(rng: Random) -> str:
    """A name that means nothing."""
    return "".join(rng.choice("bdfklmnprst") + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))


def code(rng: Random, suffix: str, lines: int = 12) -> str:
    """Something that looks like the content of a source file and says nothing about licences."""
    if suffix == ".py":
        return "".join(f"{word(rng)} = {rng.randint(0, 999)}\n" for _ in range(lines))
    if suffix in (".c", ".cc", ".h", ".js"):
        return "".join(f"int {word(rng)}_{i} = {rng.randint(0, 999)};\n" for i in range(lines))
    return "".join(f"{word(rng)} {word(rng)} {rng.randint(0, 99)}\n" for _ in range(lines))


MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
    'documentation files (the "Software"), to deal in the Software without restriction, including without limitation '
    "the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and "
    "to permit persons to whom the Software is furnished to do so, subject to the following conditions:\n\n"
    "The above copyright notice and this permission notice shall be included in all copies or substantial portions of "
    'the Software.\n\nTHE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND.\n'
)
APACHE = "Apache License\nVersion 2.0, January 2004\nhttp://www.apache.org/licenses/\n\nTERMS AND CONDITIONS FOR USE\n"
BSD = (
    "Redistribution and use in source and binary forms, with or without modification, are permitted provided that the "
    "following conditions are met: 1. Redistributions of source code must retain the above copyright notice. "
    "2. Redistributions in binary form must reproduce the above copyright notice. 3. Neither the name of the holder "
    "nor the names of its contributors may be used to endorse or promote products.\n"
)
GPL_TEXT = {
    "2": "GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991\n\nCopyright (C) 1989, 1991 The Foundation\n",
    "3": "GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007\n\nCopyright (C) 2007 The Foundation\n",
}
# REUSE-IgnoreEnd


def reflowed(rng: Random, text: str) -> str:
    """The same words on other lines."""
    width = rng.randint(40, 110)
    return "\n\n".join(textwrap.fill(part, width) for part in text.split("\n\n")) + "\n"
