# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`sync.toml`: read, checked against its schema, and turned into rules; every error names its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import re2

from keima_cli.toml_source import TomlSource, read_toml
from keima_sync.globs import Glob, bytes_options
from keima_sync.leaks import LeakRules, TextRule
from keima_sync.metadata import CommitRules, Scrub
from keima_sync.paths import Move, PathRules, Selection
from keima_sync.proof.rules import ROOMS, ProofRules
from keima_sync.transforms import Block, ContentRules, Replacement, Scope

NAME = "sync.toml"
_TABLES = ("origin", "destination", "paths", "blocks", "replacements", "contents", "commits", "leaks", "proof")
_REGEX_BYTES = 8 << 20
_COUNT = re.compile(r"(?P<least>\d+)(?:(?P<open>\+)|-(?P<most>\d+))?")


@dataclass(frozen=True)
class Side:
    """One of the two repositories: where it is, and the branch (of the origin: any revision)."""

    repository: Path
    branch: str


@dataclass(frozen=True)
class Config:
    """A whole sync.toml."""

    source: TomlSource
    origin: Side
    destination: Side
    paths: PathRules
    contents: ContentRules
    commits: CommitRules
    leaks: LeakRules
    proof: ProofRules


def read_config(path: Path) -> Config:
    """Read sync.toml; repositories are relative to its folder. Raises ConfigError with file and line."""
    source = read_toml(path)
    source.check_keys(source.data, _TABLES)
    return Config(
        source,
        _side(source, "origin"),
        _side(source, "destination"),
        _paths(source),
        ContentRules(
            tuple(_each(source, "blocks", _block)),
            tuple(_each(source, "replacements", _replacement)),
            *_contents(source),
        ),
        _commits(source),
        _leaks(source),
        _proof(source),
    )


def value(source: TomlSource, table: Mapping[str, Any], kind: type, *place: str | int, default: Any = None) -> Any:
    """The value of the last part of `place` in `table`, of `kind`; where the default is None it must be there."""
    key = str(place[-1])
    if key not in table:
        if default is None:
            raise source.error(f"expected the key {key!r}, found none", *place[:-1], hint=f"add {key} = ...")
        return default
    given = table[key]
    if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
        raise source.error(f"{key} is {_kind(kind)}, not {given!r}", *place)
    return given


def choice(
    source: TomlSource, table: Mapping[str, Any], known: tuple[str, ...], *place: str | int, default: str
) -> str:
    """A value that must be one of `known`."""
    given = str(value(source, table, str, *place, default=default))
    if given not in known:
        raise source.error(f"{place[-1]} is one of {', '.join(known)}, not {given!r}", *place)
    return given


def texts(source: TomlSource, table: Mapping[str, Any], *place: str | int) -> list[str]:
    """A list of texts, or one text; empty where the key is absent."""
    given = table.get(str(place[-1]), [])
    given = [given] if isinstance(given, str) else given
    if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
        raise source.error(f"{place[-1]} is a text or a list of texts, not {given!r}", *place)
    return given


def pattern(source: TomlSource, text: str, *place: str | int) -> Any:
    """Compile an RE2 pattern over bytes."""
    options = bytes_options()
    options.dot_nl = False
    options.max_mem = _REGEX_BYTES
    try:
        return re2.compile(text.encode(), options)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise source.error(
            f"not an RE2 pattern: {said}", *place, hint="RE2 has no look-around and no back-references"
        ) from error


def _kind(kind: type) -> str:
    return {str: "a text", int: "a number", bool: "true or false", dict: "a table", list: "a list"}[kind]


def _table(source: TomlSource, name: str, known: tuple[str, ...], *, needed: bool = False) -> Mapping[str, Any]:
    table: Mapping[str, Any] = value(source, source.data, dict, name, default=None if needed else {})
    source.check_keys(table, known, name)
    return table


def _each(source: TomlSource, name: str, make: Callable[[TomlSource, Mapping[str, Any], int], Any]) -> list[Any]:
    entries = value(source, source.data, list, name, default=[])
    if not all(isinstance(entry, dict) for entry in entries):
        raise source.error(f"{name} is an array of tables", name, hint=f"write [[{name}]]")
    return [make(source, entry, position) for position, entry in enumerate(entries)]


def _side(source: TomlSource, name: str) -> Side:
    table = _table(source, name, ("repository", "branch"), needed=True)
    repository = Path(value(source, table, str, name, "repository")).expanduser()
    branch = value(source, table, str, name, "branch", default="main")
    return Side((source.path.parent / repository).resolve(), branch)


def _paths(source: TomlSource) -> PathRules:
    table = _table(source, "paths", ("unmatched", "rules"))
    unmatched = choice(source, table, ("include", "exclude"), "paths", "unmatched", default="exclude")
    rules: list[Selection | Move] = []
    for position, entry in enumerate(value(source, table, list, "paths", "rules", default=[])):
        place = ("paths", "rules", position)
        source.check_keys(entry, ("include", "exclude", "move", "to"), *place)
        rules.append(_rule(source, entry, *place))
    return PathRules(
        tuple(rule for rule in rules if isinstance(rule, Selection)),
        tuple(rule for rule in rules if isinstance(rule, Move)),
        unmatched == "include",
    )


def _rule(source: TomlSource, entry: Mapping[str, Any], *place: str | int) -> Selection | Move:
    kinds = [key for key in ("include", "exclude", "move") if key in entry]
    if len(kinds) != 1:
        raise source.error(f"a rule has one of include, exclude and move, not {len(kinds)} of them", *place)
    kind = kinds[0]
    if kind != "move":
        if "to" in entry:
            raise source.error("'to' belongs to a move", *place, "to")
        return Selection(kind == "include", _globs(source, entry, *place, kind), source.line(*place, kind))
    old = _literal(source, entry, *place, "move")
    if not old:
        raise source.error("move names a file or folder", *place, "move")
    return Move(old, _literal(source, entry, *place, "to"), source.line(*place, "move"))


def _literal(source: TomlSource, entry: Mapping[str, Any], *place: str | int) -> bytes:
    text = str(value(source, entry, str, *place)).strip("/")
    if any(part in ("", ".", "..", ".git") for part in text.split("/")) and text:
        raise source.error(f"{place[-1]} is a path inside the repository, not {text!r}", *place)
    return text.encode()


def _globs(source: TomlSource, entry: Mapping[str, Any], *place: str | int) -> tuple[Glob, ...]:
    globs = []
    for text in texts(source, entry, *place):
        try:
            globs.append(Glob.of(text))
        except ValueError as error:
            raise source.error(f"the glob {text!r} is malformed: {error}", *place) from error
    return tuple(globs)


def _block(source: TomlSource, entry: Mapping[str, Any], position: int) -> Block:
    place = ("blocks", position)
    source.check_keys(entry, ("begin", "end", "action", "paths"), *place)
    begin, end = (str(value(source, entry, str, *place, key)) for key in ("begin", "end"))
    if begin in end or end in begin or "\n" in begin + end:
        raise source.error("markers are two texts of one line, neither inside the other", *place, "begin")
    action = choice(source, entry, ("strip", "unwrap"), *place, "action", default="strip")
    scope = Scope(_globs(source, entry, *place, "paths"))
    return Block(begin.encode(), end.encode(), action == "strip", scope, source.line(*place))


def _replacement(source: TomlSource, entry: Mapping[str, Any], position: int) -> Replacement:
    place = ("replacements", position)
    source.check_keys(entry, ("pattern", "text", "with", "count", "paths"), *place)
    if ("pattern" in entry) == ("text" in entry):
        raise source.error("a replacement has one of pattern (RE2) and text", *place)
    key = "pattern" if "pattern" in entry else "text"
    given = str(value(source, entry, str, *place, key))
    if not given:
        raise source.error(f"{key} is empty: it would match everywhere", *place, key)
    new = str(value(source, entry, str, *place, "with")).encode()
    compiled = pattern(source, given if key == "pattern" else re2.escape(given), *place, key)
    least, most = _count(source, entry, *place, "count")
    scope = Scope(_globs(source, entry, *place, "paths"))
    template = new if key == "pattern" else new.replace(b"\\", b"\\\\")
    return Replacement(compiled, template, least, most, scope, f"{source.path.name}:{source.line(*place)}")


def _count(source: TomlSource, entry: Mapping[str, Any], *place: str | int) -> tuple[int, int | None]:
    """`count = 2` is exact, "0-2" a range, "1+" open; without it any number of matches in a file will do."""
    given = entry.get("count", "0+")
    found = _COUNT.fullmatch(str(given)) if type(given) in (int, str) else None
    if found is None:
        raise source.error(f"count is a number, a range such as '0-2', or open as '1+', not {given!r}", *place)
    least = int(found["least"])
    if found["open"]:
        return least, None
    most = int(found["most"] or least)
    if most < least:
        raise source.error(f"count goes from the smaller to the larger number, not {given!r}", *place)
    return least, most


def _commits(source: TomlSource) -> CommitRules:
    table = _table(source, "commits", ("trailer", "people", "allowed", "scrub"))
    trailer = value(source, table, str, "commits", "trailer", default="Keima-Origin")
    if not re.fullmatch(r"[A-Za-z0-9-]+", trailer):
        raise source.error(f"trailer is a word of letters, digits and '-', not {trailer!r}", "commits", "trailer")
    people = {}
    for mail, shown in value(source, table, dict, "commits", "people", default={}).items():
        if not isinstance(shown, str) or not re.fullmatch(r"[^<>\n]+ <[^<>\n]+>", shown):
            raise source.error(f"people are mapped to 'Name <mail>', not {shown!r}", "commits", "people", mail)
        people[mail.lower().encode()] = shown.encode()
    allowed = texts(source, table, "commits", "allowed") if "allowed" in table else None
    entries = value(source, table, list, "commits", "scrub", default=[])
    scrubs = [_scrub(source, entry, position) for position, entry in enumerate(entries)]
    mails = None if allowed is None else frozenset(mail.lower().encode() for mail in allowed)
    return CommitRules(trailer, people, mails, tuple(scrubs))


def _scrub(source: TomlSource, entry: Mapping[str, Any], position: int) -> Scrub:
    place = ("commits", "scrub", position)
    source.check_keys(entry, ("pattern", "with", "required"), *place)
    compiled = pattern(source, str(value(source, entry, str, *place, "pattern")), *place, "pattern")
    new = value(source, entry, str, *place, "with", default="")
    required = value(source, entry, bool, *place, "required", default=False)
    return Scrub(compiled, new.encode(), required, source.line(*place))


def _contents(source: TomlSource) -> tuple[bool, int]:
    table = _table(source, "contents", ("on-error", "limit-mib"))
    action = choice(source, table, ("stop", "drop-file"), "contents", "on-error", default="stop")
    limit = value(source, table, int, "contents", "limit-mib", default=256)
    return action == "drop-file", limit << 20


def _leaks(source: TomlSource) -> LeakRules:
    table = _table(source, "leaks", ("words", "hosts", "patterns", "files", "secrets"))
    at = {key: f"{source.path.name}:{source.line('leaks', key)}" for key in table}
    rules = [
        TextRule(kind, pattern(source, form(text), "leaks", key), at[key])
        for key, kind, form in (("words", "a word", _word), ("hosts", "a host", _host), ("patterns", "a pattern", str))
        for text in texts(source, table, "leaks", key)
    ]
    for position, entry in enumerate(source.data.get("blocks", [])):
        place = f"{source.path.name}:{source.line('blocks', position)}"
        marks = "|".join(re2.escape(entry[key]) for key in ("begin", "end"))
        rules.append(
            TextRule("a marker left over", pattern(source, "(?m)" + _bounded(marks), "blocks", position), place)
        )
    files = [(glob, at["files"]) for glob in _globs(source, table, "leaks", "files")]
    wanted = value(source, table, bool, "leaks", "secrets", default=False)
    return LeakRules(tuple(rules), tuple(files), at["secrets"] if wanted else "")


def _proof(source: TomlSource) -> ProofRules:
    limits = ("limit-minutes", "limit-mib", "limit-processes", "limit-disk-mib")
    known = ("steps", "room", "suite", "packages", "requirements", *limits)
    table = _table(source, "proof", known)
    names = texts(source, table, "proof", "packages")
    for name in [*names, value(source, table, str, "proof", "suite", default=ProofRules.suite)]:
        if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]*", name):
            raise source.error(f"{name!r} is not the name of a Debian package or suite", "proof")
    requirements = texts(source, table, "proof", "requirements")
    if any(name.startswith("-") for name in requirements):
        raise source.error("requirements are names of Python packages, not options of pip", "proof", "requirements")
    minutes, memory, processes, disk = (
        value(source, table, int, "proof", f"limit-{name}", default=default)
        for name, default in (
            ("minutes", ProofRules.minutes),
            ("mib", ProofRules.memory >> 20),
            ("processes", ProofRules.processes),
            ("disk-mib", ProofRules.disk >> 20),
        )
    )
    if min(minutes, memory, processes, disk) < 1:
        raise source.error("limits are at least 1", "proof")
    return ProofRules(
        tuple(texts(source, table, "proof", "steps")),
        choice(source, table, ROOMS, "proof", "room", default="auto"),
        value(source, table, str, "proof", "suite", default=ProofRules.suite),
        tuple(names),
        tuple(requirements),
        minutes,
        memory << 20,
        processes,
        disk << 20,
    )


def _bounded(text: str) -> str:
    """Not within a longer word."""
    return rf"(?:^|[^\w-])(?:{text})(?:$|[^\w-])"


def _word(text: str) -> str:
    return "(?im)" + _bounded(re2.escape(text))


def _host(text: str) -> str:
    """The host and those below it."""
    return rf"(?im)(?:^|[^\w.-])(?:[\w-]+\.)*{re2.escape(text)}(?:$|[^\w.-]|\.(?:\W|$))"
