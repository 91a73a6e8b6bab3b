# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""SPDX licence expressions: parsed by license-expression behind a guard, kept as a tree of our own.

Three traps of license-expression 30.4 are the reason for the guard (each has a test):
`validate()` dies with AttributeError on `MIT/Apache-2.0`; `GPL-2.0` silently becomes `GPL-2.0-only`, so
deprecated ids have to be read from the raw text; `simplify()` drops alternatives of a choice. It also maps
names such as `LicenseRef-LICENSE` to ScanCode's own, so ids are looked up here and never through its aliases.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any, TypeAlias

from license_expression import ExpressionError, LicenseWithExceptionSymbol, Licensing, get_license_index

from keima_audit.datafiles import load_table

MAX_LENGTH = 2_000
"""Characters of an expression that are looked at; a minified file may offer 100 kB after its tag."""
MAX_ALTERNATIVES = 256
"""Ways to satisfy an expression that are enumerated; real ones have at most 8."""
OWN_REFERENCE = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+\Z")
OWN_ADDITION = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?AdditionRef-[A-Za-z0-9.-]+\Z")
_WORD = re.compile(r"[A-Za-z0-9.+:_-]+")
_OPERATORS = {"AND", "OR", "WITH"}


@dataclass(frozen=True)
class Term:
    """One licence, with its exception when it has one: `X WITH Y` is never `X`."""

    license: str
    exception: str | None = None

    def __str__(self) -> str:
        return f"{self.license} WITH {self.exception}" if self.exception else self.license


@dataclass(frozen=True)
class Combined:
    """Several parts joined by one operator, `AND` or `OR`."""

    operator: str
    parts: tuple[Node, ...]

    def __str__(self) -> str:
        inner = [f"({p})" if isinstance(p, Combined) and p.operator == "OR" else str(p) for p in self.parts]
        return f" {self.operator} ".join(inner)


Node: TypeAlias = "Term | Combined"


@dataclass(frozen=True)
class Problem:
    """What is wrong with an expression: `code` is the audit rule it leads to."""

    code: str
    message: str
    suggestion: str | None = None


@dataclass(frozen=True)
class Parsed:
    """The outcome for one raw text: `node` is None when it can't be understood at all."""

    raw: str
    node: Node | None
    problems: tuple[Problem, ...] = ()

    @property
    def text(self) -> str:
        """The expression in canonical spelling, or the raw text where there is none."""
        return self.raw if self.node is None else str(self.node)


@cache
def _known() -> tuple[dict[str, str], dict[str, str]]:
    licenses: dict[str, str] = {}
    exceptions: dict[str, str] = {}
    for entry in get_license_index():
        name = entry.get("spdx_license_key")
        if name:
            (exceptions if entry.get("is_exception") else licenses)[name.lower()] = name
    for special in ("NONE", "NOASSERTION"):
        licenses[special.lower()] = special
    return licenses, exceptions


@cache
def deprecated_ids() -> dict[str, str]:
    """SPDX ids that the licence list gave up, and what it uses instead."""
    return {str(old): str(new) for old, new in load_table("deprecated.toml")["replacement"].items()}


def is_known(name: str) -> bool:
    """Whether `name` is a licence id of SPDX or ScanCode, or a well-formed LicenseRef."""
    return name.lower() in _known()[0] or OWN_REFERENCE.match(name) is not None


def nearest(name: str, *, exception: bool = False) -> list[str]:
    """Up to three known ids spelt like `name`, best first."""
    table = _known()[1 if exception else 0]
    listed = {key: value for key, value in table.items() if not value.startswith("LicenseRef-")}
    return [listed[key] for key in difflib.get_close_matches(name.lower(), listed, n=3, cutoff=0.6)]


def scancode_category(name: str) -> str | None:
    """ScanCode's category of a licence ("Permissive", ...), a hint for people and never a verdict."""
    return _categories().get(name.lower())


@cache
def _categories() -> dict[str, str]:
    return {
        entry["spdx_license_key"].lower(): entry["category"]
        for entry in get_license_index()
        if entry.get("spdx_license_key") and entry.get("category")
    }


@lru_cache(maxsize=20_000)
def parse(raw: str) -> Parsed:
    """Parse an expression of any origin. Never raises: what is wrong is in `problems`."""
    text = " ".join(raw.split())
    if not text:
        return Parsed(raw, None, (Problem("expression-invalid", "the licence expression is empty"),))
    refused = _refuse(text)
    if refused:
        return Parsed(text[:MAX_LENGTH], None, (refused,))
    words, problems = _replace_deprecated(text)
    try:
        tree = Licensing().parse(words, validate=False, strict=False)
        node = _convert(tree) if tree is not None else None
    except (ExpressionError, AttributeError, TypeError, RecursionError, IndexError, KeyError) as error:
        return Parsed(text, None, (*problems, _syntax_problem(text, str(error))))
    if node is None:
        return Parsed(text, None, (*problems, _syntax_problem(text, "no licence in it")))
    node, unknown = _canonical(node)
    return Parsed(text, node, (*problems, *unknown))


def modern(raw: str) -> str | None:
    """The expression without deprecated ids; None where it has none, or more is wrong with it."""
    parsed = parse(raw)
    if parsed.node is None or {problem.code for problem in parsed.problems} != {"id-deprecated"}:
        return None
    return str(parsed.node)


def _refuse(text: str) -> Problem | None:
    if len(text) > MAX_LENGTH:
        return Problem("expression-invalid", f"an expression of {len(text)} characters (limit {MAX_LENGTH})")
    if text.count("(") > 50:
        return Problem("expression-invalid", "an expression with more than 50 parentheses")
    if "/" in text or "," in text or ";" in text or "|" in text:
        return _syntax_problem(text, "'/', ',', ';' and '|' are not operators of SPDX")
    return None


def _syntax_problem(text: str, detail: str) -> Problem:
    parts = [part for part in re.split(r"\s*[/,;|]+\s*", text) if part]
    fits = len(parts) > 1 and all(parse(part).node and not parse(part).problems for part in parts)
    suggestion = " OR ".join(parts) if fits else None
    return Problem("expression-invalid", f"{text[:120]!r} is not an SPDX expression: {detail}", suggestion)


def _replace_deprecated(text: str) -> tuple[str, list[Problem]]:
    table = {old.lower(): new for old, new in deprecated_ids().items()}
    problems: list[Problem] = []

    def swap(found: re.Match[str]) -> str:
        word = found.group()
        if word.upper() in _OPERATORS:
            return word.upper()
        new = table.get(word.lower())
        if new:
            problems.append(Problem("id-deprecated", f"{word!r} is a deprecated SPDX id", new))
            return f"({new})" if " " in new else new
        if word.endswith("+") and word[:-1].lower() in _known()[0]:
            return _or_later(word[:-1])
        return word

    return _WORD.sub(swap, text), problems


def _or_later(name: str) -> str:
    canonical = _known()[0][name.lower()]
    later = canonical.removesuffix("-only") + "-or-later"
    return later if later.lower() in _known()[0] else canonical


def _convert(tree: Any) -> Node:
    if isinstance(tree, LicenseWithExceptionSymbol):
        return Term(str(tree.license_symbol.key), str(tree.exception_symbol.key))
    if hasattr(tree, "args") and tree.args:
        return Combined(str(tree.operator).strip(), tuple(_convert(part) for part in tree.args))
    return Term(str(tree.key))


def _unknown(code: str, name: str, kind: str, guesses: list[str]) -> Problem:
    return Problem(code, f"{name!r} is no SPDX {kind}", guesses[0] if guesses else None)


def _canonical(node: Node) -> tuple[Node, list[Problem]]:
    if isinstance(node, Combined):
        pairs = [_canonical(part) for part in node.parts]
        return Combined(node.operator, tuple(p for p, _ in pairs)), [x for _, found in pairs for x in found]
    problems: list[Problem] = []
    licenses, exceptions = _known()
    name = licenses.get(node.license.lower(), node.license)
    if not is_known(name):
        guesses = nearest(name)
        problems.append(_unknown("expression-invalid", name, "licence id", guesses))
    exception = node.exception
    if exception is not None:
        exception = exceptions.get(exception.lower(), exception)
        if exception.lower() not in exceptions and not OWN_ADDITION.match(exception):
            guesses = nearest(exception, exception=True)
            problems.append(_unknown("exception-unknown", exception, "exception", guesses))
    return Term(name, exception), problems


def terms(node: Node) -> tuple[Term, ...]:
    """Every distinct licence in the expression, in order of appearance."""
    if isinstance(node, Term):
        return (node,)
    return tuple(dict.fromkeys(term for part in node.parts for term in terms(part)))


def alternatives(node: Node) -> tuple[frozenset[Term], ...]:
    """The sets of licences any one of which satisfies the expression, nothing simplified away.

    `MIT OR (Apache-2.0 AND MIT)` has two: {MIT} and {Apache-2.0, MIT}. At most `MAX_ALTERNATIVES`.
    """
    if isinstance(node, Term):
        return (frozenset({node}),)
    inner = [alternatives(part) for part in node.parts]
    if node.operator == "OR":
        joined = [choice for part in inner for choice in part]
    else:
        joined = []
        for combination in product(*inner):
            joined.append(frozenset().union(*combination))
            if len(joined) >= MAX_ALTERNATIVES:
                break
    return tuple(dict.fromkeys(joined))[:MAX_ALTERNATIVES]


def has_choice(node: Node) -> bool:
    """Whether somebody has to choose: an `OR` anywhere."""
    if isinstance(node, Term):
        return False
    return node.operator == "OR" or any(has_choice(part) for part in node.parts)


def conjunction(nodes: list[Node]) -> Node | None:
    """All of `nodes` at once (`AND`), flattened and without repeats; None for no nodes."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.parts if isinstance(node, Combined) and node.operator == "AND" else [node])
    unique = list(dict.fromkeys(flat))
    if not unique:
        return None
    return unique[0] if len(unique) == 1 else Combined("AND", tuple(unique))
