# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Paths in CMake files: folders, modules, sources, templates, and file lists of any command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from keima_sync.references.model import ANCESTOR, Extraction, Kind, Reference, Strength, text

_TOKEN = re.compile(
    rb'(?P<comment>#\[(?P<c>=*)\[.*?\](?P=c)\]|#[^\n]*)|(?P<string>"(?:\\.|[^"\\])*")'
    rb"|(?P<bracket>\[(?P<b>=*)\[.*?\](?P=b)\])|(?P<paren>[()])|(?P<word>(?:\\.|[^\s()#\"])+)",
    re.DOTALL,
)
_VARIABLE = re.compile(rb"\$\{([A-Za-z0-9_./-]+)\}")
_PATH = re.compile(rb"(?=.*(?:/|\.[A-Za-z][A-Za-z0-9+]{0,5}$))[A-Za-z0-9_./+@-]+")
_ROOTS = {
    b"CMAKE_CURRENT_SOURCE_DIR": b"",
    b"CMAKE_CURRENT_LIST_DIR": b"",
    b"CMAKE_SOURCE_DIR": ANCESTOR,
    b"PROJECT_SOURCE_DIR": ANCESTOR,
}
_LIST_DIR = b"${CMAKE_CURRENT_LIST_DIR}"
_BUILD_TREE = re.compile(rb"\$\{(?:CMAKE|PROJECT|CMAKE_CURRENT|[A-Za-z0-9_]+)_BINARY_DIR\}")
_ADDS_MODULE = re.compile(rb"(?:pybind11|nanobind)_add_module|python\d?_add_library|cython_add_module|swig_add_library")
_NAMES_MODULE = re.compile(rb"(?i)(?:module|target|library|lib|output)_?name")
_MAX_VALUES = 16  # of one argument, when its variables are set in several branches
_FIRM = {b"add_subdirectory", b"include", b"configure_file"}


@dataclass(frozen=True)
class Argument:
    """One argument of a command; `raw` without its quotes."""

    line: int
    raw: bytes


@dataclass(frozen=True)
class Command:
    """A command with its arguments, parentheses inside them dropped."""

    name: bytes
    arguments: tuple[Argument, ...]


@dataclass
class _State:
    """What is known at a line: values of variables, and whether an enclosing if() asks for existence."""

    values: dict[bytes, list[bytes]] = field(default_factory=dict)
    guards: list[bool] = field(default_factory=list)


def extract_list(data: bytes) -> Extraction:
    """References of a CMakeLists.txt, whose relative paths start at its own folder."""
    return _extract(data, b"")


def extract_module(data: bytes) -> Extraction:
    """References of a .cmake file, whose relative paths start at the includer's folder, mostly one further up."""
    return _extract(data, ANCESTOR)


def commands(data: bytes) -> Iterator[Command]:
    """The commands of a file, in order; text that is no command is skipped."""
    name, depth, previous = b"", 0, b""
    arguments: list[Argument] = []
    line, end = 1, 0
    for token in _TOKEN.finditer(data):
        line += data.count(b"\n", end, token.start())
        end = token.start()
        if token["comment"]:
            continue
        if token["paren"] == b"(":
            if depth == 0:
                name, arguments = previous.lower(), []
            depth += 1
        elif token["paren"] == b")":
            depth = max(depth - 1, 0)
            if depth == 0 and name:
                yield Command(name, tuple(arguments))
                name = b""
        elif depth:
            arguments.append(Argument(line, _unquoted(token)))
        previous = token["word"] or b""


def _unquoted(token: re.Match[bytes]) -> bytes:
    if token["string"]:
        return token["string"][1:-1]
    if token["bracket"]:
        margin = len(token["b"]) + 2
        return token["bracket"][margin:-margin]
    return token["word"]


def _extract(data: bytes, relative_to: bytes) -> Extraction:
    state = _State()
    found: list[Reference] = []
    generated: set[bytes] = set()
    for command in commands(data):
        _track(command, state)
        for position, argument in enumerate(command.arguments):
            if _BUILD_TREE.search(argument.raw):
                generated.add(argument.raw.rpartition(b"/")[2])
            else:
                found += _references(command, position, argument, state, relative_to)
        if command.name in (b"add_custom_command", b"add_custom_target"):
            generated.update(argument.raw.rpartition(b"/")[2] for argument in command.arguments)
        generated.update(_module_names(command))
    return Extraction(tuple(found), frozenset(generated))


def _module_names(command: Command) -> Iterator[bytes]:
    """What extension modules of Python may be called, by a command for them or a variable for their name."""
    arguments = [argument.raw for argument in command.arguments]
    if _ADDS_MODULE.fullmatch(command.name) or (command.name == b"add_library" and b"MODULE" in arguments):
        yield from arguments[:1]
    elif command.name == b"set" and len(arguments) == 2 and _NAMES_MODULE.search(arguments[0]):
        yield arguments[1]


def _track(command: Command, state: _State) -> None:
    arguments = [argument.raw for argument in command.arguments]
    if command.name in (b"if", b"function", b"macro", b"foreach", b"while"):
        state.guards.append(command.name == b"if" and b"EXISTS" in arguments)
    elif command.name in (b"endif", b"endfunction", b"endmacro", b"endforeach", b"endwhile") and state.guards:
        state.guards.pop()
    elif command.name == b"set" and len(arguments) >= 2:
        state.values.setdefault(arguments[0], []).extend(expand(arguments[1], state.values)[:_MAX_VALUES])


def expand(raw: bytes, values: dict[bytes, list[bytes]]) -> list[bytes]:
    """All texts that an argument may stand for: variables of known value replaced, those of folders kept."""
    names = [name for name in dict.fromkeys(_VARIABLE.findall(raw)) if name in values and name not in _ROOTS]
    if not names:
        return [raw]
    texts = []
    for choice in product(*(values[name][-_MAX_VALUES:] for name in names)):
        result = raw
        for name, value in zip(names, choice, strict=True):
            result = result.replace(b"${" + name + b"}", value)
        texts.append(result)
        if len(texts) == _MAX_VALUES:
            break
    return texts


def _references(
    command: Command, position: int, argument: Argument, state: _State, relative_to: bytes
) -> Iterator[Reference]:
    leads = command.name in _FIRM and position == 0
    module = _module(command.name, position, argument.raw)
    if module:
        yield Reference(argument.line, Kind.CMAKE, text(argument.raw), suffixes=(module,))
        return
    if b"$<" in argument.raw or b"*" in argument.raw or argument.raw.startswith(b"-") or b"://" in argument.raw:
        return
    texts = expand(argument.raw, state.values)
    candidates = tuple(path for value in texts if (path := _candidate(value, relative_to)) is not None)
    if not candidates:
        if leads and b"$" in argument.raw:
            yield Reference(argument.line, Kind.CMAKE, text(argument.raw), unknown="a variable set elsewhere")
        return
    if not leads and not any(_PATH.fullmatch(path) for path in candidates):
        return
    optional = any(other.raw == b"OPTIONAL" for other in command.arguments) or any(state.guards)
    computed = relative_to == ANCESTOR or len(texts) > 1
    strength = Strength.FIRM if leads and not optional and not computed else Strength.WEAK
    if command.name == b"add_subdirectory" and leads:
        candidates = tuple(path.rstrip(b"/") + b"/CMakeLists.txt" for path in candidates)
    yield Reference(argument.line, Kind.CMAKE, text(argument.raw), candidates, strength=strength)


def _module(command: bytes, position: int, raw: bytes) -> bytes:
    """The file of a module or package that is called by its bare name, else nothing."""
    if position or b"/" in raw or b"." in raw or b"$" in raw or not raw:
        return b""
    return {b"include": raw + b".cmake", b"find_package": b"Find" + raw + b".cmake"}.get(command, b"")


def _candidate(value: bytes, relative_to: bytes) -> bytes | None:
    """Where a path may start, or None if that depends on more than this file."""
    match = _VARIABLE.match(value)
    base = relative_to
    if match and match[1] in _ROOTS:
        base = b"" if value.startswith(_LIST_DIR) else _ROOTS[match[1]] or relative_to
        value = value[match.end() :].lstrip(b"/") or b"."
    if b"$" in value or value.startswith(b"/") or not value:
        return None
    return base + value
