# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Reads `audit.toml` into a `Policy`; every complaint begins with the file and the line it is about."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from keima_audit.errors import PolicyError
from keima_audit.expressions import Node, Term, parse, terms
from keima_audit.licenses import Catalogue, families, obligations, unify
from keima_audit.policy import DETECTORS, USES, WAIVER_REASONS, Entry, Policy
from keima_audit.rules import SEVERITIES, rules
from keima_cli.toml_source import Place, locate

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

# For each table: key -> (type, needed). `paths` and `licence lists` are told apart by their checks below.
_TEXT, _TEXTS, _FLAG, _NUMBER, _DAY = "text", "text or list of texts", "true or false", "whole number", "day"
_SCHEMA: dict[str, dict[str, tuple[str, bool]]] = {
    "project": {
        "name": (_TEXT, False),
        "license": (_TEXT, True),
        "detector": (_TEXT, False),
        "scancode-python": (_TEXT, False),
        "reuse": (_FLAG, False),
        "fail-on": (_TEXT, False),
    },
    "limits": {
        "file-bytes": (_NUMBER, False),
        "archive-bytes": (_NUMBER, False),
        "archive-files": (_NUMBER, False),
        "seconds-per-file": (_NUMBER, False),
    },
    "use": {"allow": (_TEXTS, True)},
    "license": {
        "family": (_TEXT, True),
        "reason": (_TEXT, True),
        "link": (_TEXT, True),
        "scope": (_TEXT, False),
        "patent": (_TEXT, False),
        "obligations": (_TEXTS, False),
    },
    "paths": {
        "path": (_TEXTS, True),
        "use": (_TEXT, False),
        "generated-from": (_TEXT, False),
        "reason": (_TEXT, False),
    },
    "exception": {
        "path": (_TEXTS, False),
        "package": (_TEXT, False),
        "use": (_TEXT, False),
        "allow": (_TEXTS, True),
        "reason": (_TEXT, True),
    },
    "choice": {"expression": (_TEXT, True), "choose": (_TEXT, True), "reason": (_TEXT, False)},
    "clarification": {
        "path": (_TEXT, True),
        "sha256": (_TEXT, True),
        "license": (_TEXT, True),
        "reason": (_TEXT, True),
        "reviewer": (_TEXT, False),
    },
    "waiver": {
        "rule": (_TEXT, True),
        "path": (_TEXT, True),
        "sha256": (_TEXT, False),
        "package": (_TEXT, False),
        "subject": (_TEXT, False),
        "reason": (_TEXT, True),
        "text": (_TEXT, True),
        "reviewer": (_TEXT, True),
        "expires": (_DAY, True),
        "ticket": (_TEXT, False),
    },
    "third-party": {
        "path": (_TEXTS, True),
        "name": (_TEXT, True),
        "version": (_TEXT, False),
        "license": (_TEXT, True),
        "origin": (_TEXT, False),
        "modified": (_FLAG, False),
    },
    "dependency": {
        "name": (_TEXT, True),
        "license": (_TEXT, False),
        "use": (_TEXT, False),
        "version": (_TEXT, False),
        "reason": (_TEXT, False),
    },
    "bundled": {
        "path": (_TEXTS, True),
        "name": (_TEXT, True),
        "license": (_TEXT, True),
        "version": (_TEXT, False),
        "origin": (_TEXT, False),
        "copyright": (_TEXTS, False),
        "linkage": (_TEXT, False),
        "modified": (_FLAG, False),
    },
    "met": {
        "obligation": (_TEXT, True),
        "subject": (_TEXTS, False),
        "license": (_TEXT, False),
        "how": (_TEXT, True),
    },
    "severity": {},
}
_SINGLE = ("project", "limits", "severity")
_NAMED = ("use", "license")
_ARRAYS = tuple(name for name in _SCHEMA if name not in (*_SINGLE, *_NAMED))
_LIMITS = {
    "file-bytes": 16 << 20,
    "archive-bytes": 256 << 20,
    "archive-files": 20_000,
    "seconds-per-file": 60,
}


class _Reader:
    """Turns the parsed TOML into a policy; every complaint knows its line."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        try:
            self.table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise PolicyError(f"{path}: not valid TOML: {error}") from error
        self.text = text
        self.lines = locate(text)
        self.catalogue = Catalogue()

    def line(self, *place: str | int) -> int:
        wanted: Place = place
        while wanted not in self.lines:
            wanted = wanted[:-1]
        return self.lines[wanted]

    def fail(self, place: tuple[str | int, ...], message: str, hint: str | None = None) -> PolicyError:
        return PolicyError(f"{self.path}:{self.line(*place)}: {message}", hint=hint)

    def read(self) -> Policy:
        for name, value in self.table.items():
            if name not in _SCHEMA:
                place = (name, 0) if isinstance(value, list) else (name,)
                raise self.fail(place, f"unknown table or key {name!r}", _nearest(name, tuple(_SCHEMA)))
        if "project" not in self.table:
            raise self.fail((), "the table [project] with `license` is missing")
        self.catalogue = Catalogue(self._licenses())
        project = self._entry(("project",), "project", self.table["project"])
        self._one_of(("project", "detector"), project.get("detector", "scancode"), DETECTORS)
        self._one_of(("project", "fail-on"), project.get("fail-on", "error"), ("error", "warning"))
        outbound = self._expression(("project", "license"), project.get("license"))
        return Policy(
            path=self.path,
            project=project,
            outbound=outbound,
            allowed=self._uses(),
            entries={name: self._array(name) for name in _ARRAYS},
            severity=self._severity(),
            limits={**_LIMITS, **self._entry(("limits",), "limits", self.table.get("limits", {})).values},
            catalogue=self.catalogue,
        )

    def _entry(self, place: tuple[str | int, ...], schema: str, values: Any) -> Entry:
        if not isinstance(values, dict):
            raise self.fail(place, f"expected a table, came {type(values).__name__}")
        known = _SCHEMA[schema]
        for key, value in values.items():
            if key not in known:
                raise self.fail((*place, key), f"unknown key {key!r}", _nearest(key, tuple(known)))
            self._check_type((*place, key), known[key][0], value)
        for key, (_, needed) in known.items():
            if needed and key not in values:
                raise self.fail(place, f"the key {key!r} is missing")
        return Entry(values, self.line(*place))

    def _check_type(self, place: tuple[str | int, ...], kind: str, value: Any) -> None:
        texts = isinstance(value, list) and all(isinstance(item, str) for item in value)
        good = {
            _TEXT: isinstance(value, str),
            _TEXTS: isinstance(value, str) or texts,
            _FLAG: isinstance(value, bool),
            _NUMBER: isinstance(value, int) and not isinstance(value, bool) and value > 0,
            _DAY: type(value) is date or isinstance(value, str),
        }[kind]
        if not good:
            raise self.fail(place, f"{place[-1]!r} expects {kind}, came {value!r}")

    def _licenses(self) -> dict[str, Mapping[str, Any]]:
        added = {}
        for name, values in self.table.get("license", {}).items():
            place = ("license", name)
            entry = self._entry(place, "license", values)
            if parse(name).problems:
                raise self.fail(place, f"{name!r} is neither an SPDX id nor a LicenseRef")
            self._one_of((*place, "family"), entry.get("family"), tuple(families()))
            for key in entry.get("obligations", ()):
                self._one_of((*place, "obligations"), key, tuple(obligations()))
            added[name] = entry.values
        return added

    def _uses(self) -> dict[str, dict[Term, int]]:
        allowed: dict[str, dict[Term, int]] = {use: {} for use in USES}
        for use, values in self.table.get("use", {}).items():
            self._one_of(("use", use), use, USES)
            entry = self._entry(("use", use), "use", values)
            given, place = entry.get("allow"), ("use", use, "allow")
            for text in [given] if isinstance(given, str) else given:
                node = self._expression(place, text)
                if not isinstance(node, Term):
                    raise self.fail(place, f"{text!r}: allow one licence an entry, without AND and OR")
                allowed[use][node] = self._line_of_item(place, text)
        return allowed

    def _line_of_item(self, place: Place, item: str) -> int:
        start = self.line(*place)
        for number, line in enumerate(self.text.splitlines()[start - 1 :], start=start):
            if f'"{item}"' in line or f"'{item}'" in line:
                return number
        return start

    def _expression(self, place: tuple[str | int, ...], text: Any) -> Node:
        parsed = parse(str(text))
        if parsed.node is None or parsed.problems:
            problem = parsed.problems[0]
            hint = f"{problem.suggestion}" if problem.suggestion else None
            raise self.fail(place, problem.message, hint)
        return unify(parsed.node)

    def _array(self, name: str) -> tuple[Entry, ...]:
        given = self.table.get(name, [])
        if not isinstance(given, list):
            raise self.fail((name,), f"write [[{name}]], one table an entry")
        entries = tuple(self._entry((name, i), name, values) for i, values in enumerate(given))
        for number, entry in enumerate(entries):
            self._check_values(name, number, entry)
        return entries

    def _check_values(self, name: str, number: int, entry: Entry) -> None:
        place = (name, number)
        for key, value in entry.values.items():
            if key in ("license", "allow", "choose", "expression"):
                for text in [value] if isinstance(value, str) else value:
                    self._expression((*place, key), text)
            elif key in _CHOICES and (name, key) not in _FREE_TEXT:
                self._one_of((*place, key), value, _CHOICES[key]())
            elif key == "sha256" and not _SHA256.match(value):
                raise self.fail((*place, key), f"expected 64 lower-case hexadecimal digits, came {value!r}")
            elif key == "expires":
                self._day((*place, key), value)
        if name == "choice":
            self._check_choice(place, entry)
        if name == "exception" and not (entry.get("path") or entry.get("package")):
            raise self.fail(place, "an exception names a `path` or a `package`")

    def _check_choice(self, place: tuple[str | int, ...], entry: Entry) -> None:
        chosen = self._expression((*place, "choose"), entry.get("choose"))
        offered = terms(self._expression((*place, "expression"), entry.get("expression")))
        if not set(terms(chosen)) <= set(offered):
            raise self.fail((*place, "choose"), f"{chosen} is not offered by {entry.get('expression')!r}")

    def _day(self, place: tuple[str | int, ...], value: Any) -> None:
        if isinstance(value, str):
            try:
                date.fromisoformat(value)
            except ValueError as error:
                raise self.fail(place, f"expected a day such as 2027-01-31, came {value!r}") from error

    def _severity(self) -> dict[str, str]:
        values = self.table.get("severity", {})
        for rule, severity in values.items():
            self._one_of(("severity", rule), rule, tuple(rules()))
            self._one_of(("severity", rule), severity, SEVERITIES)
        return dict(values)

    def _one_of(self, place: tuple[str | int, ...], value: Any, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            raise self.fail(place, f"{value!r} is none of {', '.join(allowed)}", _nearest(str(value), allowed))


_CHOICES: dict[str, Callable[[], tuple[str, ...]]] = {
    "use": lambda: USES,
    "rule": lambda: tuple(rules()),
    "reason": lambda: tuple(WAIVER_REASONS),
    "obligation": lambda: tuple(obligations()),
    "linkage": lambda: ("dynamic", "static"),
}
_FREE_TEXT = {(name, "reason") for name in _SCHEMA if name != "waiver"}


def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    found = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return " or ".join(found) if found else None


def read_policy(path: Path) -> Policy:
    """Read `audit.toml`; raises `PolicyError` with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PolicyError(f"{path}: no such file", hint="keima audit init writes a first one") from error
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: cannot be read: {error}") from error
    return parse_policy(path, text)


def parse_policy(path: Path, text: str) -> Policy:
    """Check the text of a policy; `path` is for messages."""
    return _Reader(path, text).read()
