# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The metadata of commits: people are mapped or checked, messages are scrubbed, a trailer keeps the origin.

Everything fails closed: a person who is not allowed, a scrubber that had to match and did not, a message that is empty
afterwards stop the export and name the commit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keima_sync.errors import MetadataError

_PERSON = re.compile(rb"(?P<name>[^<]*)<(?P<mail>[^>]*)> (?P<date>-?\d+ [+-]\d+)$")
PUBLIC_TRAILER = "Keima-Public"
"""Names the outside commit that an internal one was imported from."""
_TRAILER = re.compile(rb"[A-Za-z0-9-]+: .*|[ \t].+")


@dataclass(frozen=True)
class Scrub:
    """An RE2 pattern over messages and what stands for its matches; `required`: there must be one."""

    pattern: Any
    template: bytes
    required: bool
    line: int


@dataclass(frozen=True)
class CommitRules:
    """`people` maps addresses to "Name <mail>"; `allowed`, if given, are the only addresses or @domains after that."""

    trailer: str = "Keima-Origin"
    people: Mapping[bytes, bytes] = field(default_factory=dict)
    allowed: frozenset[bytes] | None = None
    scrubs: tuple[Scrub, ...] = ()

    def person(self, raw: bytes, commit: str) -> bytes:
        """An author or committer line ("Name <mail> 1700000000 +0100") as it is published."""
        found = _PERSON.match(raw)
        if found is None:
            raise MetadataError(commit, f"expected 'Name <mail> seconds zone', got {raw!r}")
        mail = found["mail"].strip().lower()
        shown = self.people.get(mail)
        if shown is not None:
            mail = shown.rpartition(b"<")[2].rstrip(b">").lower()
            raw = shown + b" " + found["date"]
        domain = b"@" + mail.rpartition(b"@")[2]
        if self.allowed is not None and not self.allowed & {mail, domain}:
            raise MetadataError(
                commit,
                "its author or committer is not among the allowed ones",
                hint="add the address to [commits] allowed, or map it in [commits.people]",
            )
        return raw

    def message(self, raw: bytes, commit: str) -> bytes:
        """A commit's message as it is published, with the trailer that names its origin."""
        for scrub in self.scrubs:
            raw, count = scrub.pattern.subn(scrub.template, raw)
            if scrub.required and not count:
                raise MetadataError(commit, f"the scrubber of line {scrub.line} must match its message and does not")
        if self.scrubs and not raw.strip():
            raise MetadataError(commit, "its message is empty after scrubbing", hint="keep at least its first line")
        return self.labelled(raw, commit)

    def labelled(self, message: bytes, commit: str) -> bytes:
        """A message with the trailer that names its origin."""
        return with_trailer(message, self.trailer, commit)

    def origin(self, message: bytes) -> str | None:
        """The origin that a published message names; None for a commit of somebody else."""
        return named_by(message, self.trailer)


def with_trailer(message: bytes, trailer: str, commit: str) -> bytes:
    """A message with one more trailer; a paragraph of trailers is continued, not followed by another."""
    body = message.rstrip(b"\n")
    last = body.rpartition(b"\n\n")[2] if b"\n\n" in body else b""
    continues = last != b"" and all(_TRAILER.fullmatch(line) for line in last.split(b"\n"))
    return body + (b"\n" if continues else b"\n\n" if body else b"") + f"{trailer}: {commit}\n".encode()


def named_by(message: bytes, trailer: str) -> str | None:
    """The commit that the last such trailer of a message names."""
    paragraph = message.rstrip(b"\n").rpartition(b"\n\n")[2]
    named = re.findall(rb"^" + re.escape(trailer.encode()) + rb": ([0-9a-f]{40,64})$", paragraph, re.MULTILINE)
    return named[-1].decode() if named else None
