# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Code that was taken from a copyleft corpus and disguised, and code that was not: each function draws one change."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

from . import notices
from .changes import Change, Kinds, put
from .ground import Ground

VIOLATIONS, INNOCENT = Kinds(), Kinds()
_FILES = 4
_NAME = re.compile(r"\b[a-z]{4,}\b")
_KEYWORDS = {"return", "while", "else", "break", "continue"}
_OPERATORS = ("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>")


def plant(corpus: Path, seed: str) -> None:
    """Write a corpus of programs under the GPL."""
    rng = Random(f"{seed}/corpus")
    put(corpus / "COPYING", notices.GPL_TEXT["3"].encode())
    for number in range(_FILES):
        header = notices.comment(rng, notices.gnu_notice(rng, "GPL-3.0-only"), ".c")
        put(corpus / f"part{number}.c", (header + program(rng)).encode())


def program(rng: Random, functions: int = 10) -> str:
    """A C program that nobody wrote before: its shape is as random as its names."""
    parts = []
    for _ in range(functions):
        arguments = [notices.word(rng) for _ in range(rng.randint(1, 4))]
        body = "".join(_statement(rng, arguments, 1) for _ in range(rng.randint(4, 9)))
        parts.append(f"int {notices.word(rng)}({', '.join('int ' + name for name in arguments)})\n{{\n{body}}}\n")
    return "\n".join(parts)


def _statement(rng: Random, names: list[str], depth: int) -> str:
    indent = "    " * depth
    kind = rng.randrange(6 if depth < 4 else 3)
    if kind == 0:
        return f"{indent}{rng.choice(names)} {rng.choice(['=', '+=', '-=', '^='])} {_value(rng, names, 3)};\n"
    if kind == 1:
        return f"{indent}{notices.word(rng)}({', '.join(_value(rng, names, 2) for _ in range(rng.randint(1, 3)))});\n"
    if kind == 2:
        return f"{indent}if ({_value(rng, names, 2)}) return {_value(rng, names, 2)};\n"
    inner = "".join(_statement(rng, names, depth + 1) for _ in range(rng.randint(1, 3)))
    if kind == 3:
        return f"{indent}while ({_value(rng, names, 2)}) {{\n{inner}{indent}}}\n"
    if kind == 4:
        name = rng.choice(names)
        step = rng.choice(["++", "--", " += 2", " <<= 1"])
        return f"{indent}for ({name} = 0; {_value(rng, names, 1)}; {name}{step}) {{\n{inner}{indent}}}\n"
    other = _statement(rng, names, depth + 1)
    return f"{indent}if ({_value(rng, names, 2)}) {{\n{inner}{indent}}} else {{\n{other}{indent}}}\n"


def _value(rng: Random, names: list[str], depth: int) -> str:
    kind = rng.randrange(5 if depth else 2)
    if kind == 0:
        return rng.choice(names)
    if kind == 1:
        return str(rng.randint(0, 999))
    if kind == 2:
        return f"{notices.word(rng)}[{_value(rng, names, depth - 1)}]"
    if kind == 3:
        return f"({_value(rng, names, depth - 1)} {rng.choice(_OPERATORS)} {_value(rng, names, depth - 1)})"
    return f"{rng.choice('!~-')}{_value(rng, names, depth - 1)}"


def _stolen(ground: Ground, rng: Random) -> str:
    """A file of the corpus without its header."""
    text = (ground.corpus / f"part{rng.randrange(_FILES)}.c").read_text()
    return text[text.index("\nint ") + 1 :]


def _renamed(rng: Random, text: str) -> str:
    new: dict[str, str] = {}
    keep = _KEYWORDS | {"int", "for", "if"}
    return _NAME.sub(lambda found: found[0] if found[0] in keep else new.setdefault(found[0], notices.word(rng)), text)


def _reformatted(rng: Random, text: str) -> str:
    lines = [line.replace("    ", rng.choice(["\t", "  "])) for line in text.splitlines()]
    said = [f"{line}  /* {notices.word(rng)} */" if rng.random() < 0.2 else line for line in lines]
    return "\n".join(said).replace("\n{", " {") + "\n"


def _found(ground: Ground, edits: dict[str, bytes]) -> Change:
    return Change(dict(edits), frozenset({"near-copy"}), next(iter(edits)), corpora=(ground.corpus,))


@VIOLATIONS.add
def copyleft_file_without_its_header(ground: Ground, rng: Random) -> Change:
    return _found(ground, {ground.place(rng, ".c"): _stolen(ground, rng).encode()})


@VIOLATIONS.add
def copyleft_file_under_our_header(ground: Ground, rng: Random) -> Change:
    content = notices.tag(ground.outbound, ".c") + _stolen(ground, rng)
    return _found(ground, {ground.place(rng, ".cc"): content.encode()})


@VIOLATIONS.add
def copyleft_file_with_other_names(ground: Ground, rng: Random) -> Change:
    return _found(ground, {ground.place(rng, ".c"): _renamed(rng, _stolen(ground, rng)).encode()})


@VIOLATIONS.add
def copyleft_file_in_another_layout(ground: Ground, rng: Random) -> Change:
    return _found(ground, {ground.place(rng, ".h"): _reformatted(rng, _renamed(rng, _stolen(ground, rng))).encode()})


@VIOLATIONS.add
def copyleft_functions_pasted(ground: Ground, rng: Random) -> Change:
    functions = _stolen(ground, rng).split("\n\n")
    start = rng.randrange(len(functions) - 3)
    pasted = _renamed(rng, "\n\n".join(functions[start : start + 4]))
    own = program(rng, 4)
    return _found(ground, {ground.place(rng, ".c"): f"{own}\n{pasted}\n{program(rng, 3)}".encode()})


@INNOCENT.add
def program_of_our_own(ground: Ground, rng: Random) -> Change:
    return Change({ground.place(rng, ".c"): program(rng).encode()}, corpora=(ground.corpus,))


@INNOCENT.add
def a_line_like_one_of_the_corpus(ground: Ground, rng: Random) -> Change:
    lines = [line for line in _stolen(ground, rng).splitlines() if line.startswith("    ")]
    content = program(rng, 3) + "\n".join(rng.sample(lines, 2)) + "\n" + program(rng, 3)
    return Change({ground.place(rng, ".c"): content.encode()}, corpora=(ground.corpus,))


@INNOCENT.add
def copyleft_code_that_says_so(ground: Ground, rng: Random) -> Change:
    """In a folder of tests whose use allows it."""
    name = rng.randrange(_FILES)
    content = (ground.corpus / f"part{name}.c").read_bytes()
    return Change({f"{ground.here}/lab/{notices.word(rng)}.c": content}, corpora=(ground.corpus,))
