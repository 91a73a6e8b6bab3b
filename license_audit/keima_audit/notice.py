# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the notices that travel with source or a wheel: who, under what, and the texts themselves."""

from __future__ import annotations

from keima_audit.components import Bill, Component
from keima_audit.expressions import Term, terms
from keima_audit.licenses import nodes_of
from keima_audit.policy import Policy

_RULE = "=" * 78


def notice_text(bill: Bill, policy: Policy, use: str) -> str:
    """The THIRD-PARTY document for `source` or `binary`. Parts that owe nothing in this use are left out."""
    # A dependency that the user installs himself is not passed on with a wheel.
    carried = [part for part in bill.parts if part.kind != "dependency" or use == "service"]
    owing = [part for part in carried if _owes(part, policy, use)]
    head = f"{bill.name} {bill.version}".strip()
    kind = {"source": "source code", "binary": "binary distribution"}.get(use, use)
    lines = [
        f"Third-party notices for the {kind} of {head}",
        "",
        f"{head} itself is under {bill.license}.",
        "",
    ]
    for part in owing:
        lines += [_RULE, *_entry(part, policy, use), ""]
    for part in carried:
        if part.notice:
            lines += [_RULE, f"NOTICE of {part.name}", "", part.notice.strip(), ""]
    lines += _texts(owing, bill)
    return "\n".join(lines).rstrip() + "\n"


def _held(part: Component) -> list[Term]:
    return [term for node in nodes_of((part.license,)) for term in terms(node)]


def _owes(part: Component, policy: Policy, use: str) -> bool:
    if part.license == "NOASSERTION":
        return True
    return any(policy.catalogue.obligations_for(term, use) for term in _held(part))


def _entry(part: Component, policy: Policy, use: str) -> list[str]:
    lines = [f"{part.name} {part.version}".strip(), f"  Licence: {part.license}"]
    if part.path:
        lines.append(f"  Where:   {part.path}")
    if part.origin:
        lines.append(f"  Source:  {part.origin}")
    says = {o.key: o.says for term in _held(part) for o in policy.catalogue.obligations_for(term, use)}
    lines += [f"  - {text}" for _, text in sorted(says.items())]
    lines += [f"  {line}" for line in part.copyrights]
    return lines


def _texts(owing: list[Component], bill: Bill) -> list[str]:
    names = sorted({name for part in owing for term in _held(part) for name in (term.license, term.exception) if name})
    lines: list[str] = []
    for name in names:
        text = bill.texts.get(name)
        if text:
            lines += [_RULE, name, "", text.strip(), ""]
        else:
            lines += [_RULE, name, "", f"(No text of {name} is in LICENSES/: add LICENSES/{name}.txt.)", ""]
    return lines
