# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Adds entries to `audit.toml` and takes entries out; all else in the file, comments too, stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from keima_audit.errors import UsageError
from keima_audit.policy import Entry, Policy
from keima_audit.policy_reader import parse_policy
from keima_cli.atomic import explained, write_text
from keima_cli.locks import hold
from keima_cli.toml_source import locate

_WAIT_SECONDS = 30
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Change:
    """One edit of a policy: entries to add, as (table, values), and entries to take out, as (table, entry)."""

    added: Sequence[tuple[str, Mapping[str, Any]]] = ()
    dropped: Sequence[tuple[str, Entry]] = ()


def change_policy(path: Path, change: Change, lock: Path) -> Policy:
    """Apply a change to the file as it is now, and return the policy that it makes.

    The new text is checked before it replaces the old one, in one step. Raises `PolicyError` for an entry that
    the policy would not take, and `UsageError` when an entry to take out is not there any more.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with hold(lock, "keima audit: writing the policy", wait=_WAIT_SECONDS), explained(path):
        text = path.read_bytes().decode()
        before = parse_policy(path, text)
        lines = [_line_of(before, table, entry) for table, entry in change.dropped]
        changed = with_change(text, change.added, lines)
        after = parse_policy(path, changed)
        write_text(path, changed)
    return after


def _line_of(policy: Policy, table: str, wanted: Entry) -> int:
    for entry in policy.entries[table]:
        if entry.values == wanted.values:
            return entry.line
    raise UsageError(f"{policy.path}: the [[{table}]] of line {wanted.line} is not there any more")


def with_change(text: str, added: Sequence[tuple[str, Mapping[str, Any]]], dropped: Sequence[int]) -> str:
    """The text without the tables whose headers stand on the lines `dropped`, and with the added ones.

    What is added takes the place of the first that goes, so that the comment above it still fits; or the end.
    """
    lines = text.split("\n")
    headers = sorted({line for place, line in locate(text).items() if place and lines[line - 1].lstrip()[:1] == "["})
    entries = "\n\n".join(entry_text(table, values) for table, values in added)
    for first in sorted(dropped, reverse=True):
        after = next((line for line in headers if line > first), len(lines) + 1)
        last = _end_of_table(lines, first, after)
        if entries and first == min(dropped):
            lines[first - 1 : last] = [entries]
        else:
            blank = last < len(lines) and not lines[last].strip()
            del lines[first - 1 : last + blank]
    kept = "\n".join(lines).rstrip("\n")
    return kept + ("\n\n" + entries if entries and not dropped else "") + "\n"


def _end_of_table(lines: list[str], first: int, after: int) -> int:
    """The line after which a table ends: comments above the next header belong to that one."""
    last = after - 1
    while last > first and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    return last


def entry_text(table: str, values: Mapping[str, Any]) -> str:
    """An entry of an array of tables as TOML."""
    return "\n".join([f"[[{table}]]", *(f"{key} = {_value(value)}" for key, value in values.items())])


def _value(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    # JSON's strings are TOML's, but for a few characters that TOML wants escaped.
    written = json.dumps(str(value), ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", written)
