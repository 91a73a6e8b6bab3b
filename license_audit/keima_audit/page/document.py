# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The page as a whole."""

from __future__ import annotations

from importlib.resources import files

from keima_audit.page import findings, inventory
from keima_audit.page.markup import Markup, escaped, tag
from keima_audit.report import Report

_HOW_TO_READ = (
    (
        "error",
        "Something stands in the way of passing the work on: it has to be solved, or accepted by a named person.",
    ),
    ("warning", "A person should look at it; nothing stands in the way yet."),
    ("note", "It is good to know, and asks for nothing."),
)


def as_html(report: Report) -> str:
    """The report as one file, the same bytes for the same report."""
    name = str(report.policy.project.get("name", report.root.name))
    title = f"Licence audit of {name}"
    sections = [
        ("findings", "Open findings", findings.open_findings(report)),
        ("waived", "Accepted findings", findings.waived(report.findings)),
        ("licences", "Licences", inventory.license_table(report)),
        ("third-party", "Third-party folders", inventory.third_parties(report)),
        ("parts", "Dependencies and libraries", inventory.parts(report)),
    ]
    contents = "".join(tag("li", Markup(f'<a href="#{key}">{escaped(head)}</a>')) for key, head, _ in sections)
    body = [
        tag("h1", title),
        _verdict(report),
        f"<nav><ul>{contents}</ul></nav>",
        _reading(),
        *(tag("section", tag("h2", head, id=key), inside) for key, head, inside in sections),
    ]
    style = (files("keima_audit") / "page" / "style.css").read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escaped(title)}</title>'
    page = "\n".join(body)
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>\n{style}</style></head><body>\n{page}\n</body></html>\n'
    )


def _verdict(report: Report) -> Markup:
    counted = report.count()
    passes = not report.failing
    waived = len(report.findings) - len(report.open)
    numbers = f"{counted['error']} errors, {counted['warning']} warnings, {counted['note']} notes; {waived} accepted. "
    about = (
        f"The project is under {report.policy.outbound}. {len(report.resolved)} files were read, by {report.detector}."
    )
    word = tag("strong", "The audit passes." if passes else "The audit does not pass.")
    return tag(
        "div", Markup(f"{word} {escaped(numbers)}{escaped(about)}"), kind=f"verdict {'passes' if passes else 'fails'}"
    )


def _reading() -> Markup:
    words = "".join(f"{tag('dt', tag('span', key, kind=key))}{tag('dd', says)}" for key, says in _HOW_TO_READ)
    lead = (
        "What is not allowed in audit.toml for a use is denied. Each finding shows the lines it rests on, marked, and "
    )
    return tag(
        "section",
        tag("h2", "How to read this", id="reading"),
        tag("p", lead + "links to the licence's text. It is a reading of licences, not legal advice."),
        Markup(f"<dl>{words}</dl>"),
    )
