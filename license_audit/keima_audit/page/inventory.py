# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What there is, on the page: licences with their facts, third-party folders, dependencies and libraries."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from keima_audit.expressions import Term, terms
from keima_audit.licenses import LicenseFacts, nodes_of, second_opinion
from keima_audit.page.markup import Markup, items, link, linked, table, tag
from keima_audit.report import Report
from keima_audit.resolve import Resolved

_NOTHING_SAID = ("NOASSERTION", "NONE")
_VERDICTS = {"yes": "may be combined", "conditions": "may be combined, under conditions", "no": "may not be combined"}


def license_table(report: Report) -> Markup:
    """Each licence that was met: what kind it is, what it asks for, and how it fits the project's own."""
    uses = _uses(report)
    rows = []
    for term in sorted(uses, key=lambda term: (-uses[term].total(), str(term))):
        where = ", ".join(f"{use}: {number}" for use, number in sorted(uses[term].items()))
        rows.append((_named(report, term, where), _owes(report, term), _fits(report, term)))
    heads = (
        "Licence, its kind, and how many files and parts are under it",
        "Who passes it on has to",
        "Into the project",
    )
    return table(heads, rows, kind="licences")


def _named(report: Report, term: Term, where: str) -> Markup:
    facts = report.policy.catalogue.facts_of(term)
    name = link(facts.link, str(term)) if facts is not None else tag("span", str(term))
    return Markup(f"{tag('strong', name)}{tag('p', _facts(facts))}{tag('p', where, kind='dim')}")


def _uses(report: Report) -> dict[Term, Counter[str]]:
    uses: dict[Term, Counter[str]] = defaultdict(Counter)
    for item in report.resolved:
        for term in terms(item.node) if item.node is not None else ():
            uses[term][item.use] += 1
    for part in report.parts:
        for node in nodes_of((part.license,)):
            for term in terms(node):
                uses[term][part.use] += 1
    return {term: used for term, used in uses.items() if term.license not in _NOTHING_SAID}


def _facts(facts: LicenseFacts | None) -> Markup:
    if facts is None:
        return tag("span", "nobody has classified it", kind="error")
    lines = [facts.family, f"reach: {facts.scope}", f"patents: {facts.patent}"]
    return tag("span", ", ".join(lines) + (f". {facts.note}" if facts.note else ""))


def _owes(report: Report, term: Term) -> Markup:
    by_use = {o.key: o.says for use in ("source", "binary") for o in report.policy.catalogue.obligations_for(term, use)}
    return items(by_use.values())


def _fits(report: Report, term: Term) -> Markup:
    written = []
    for outbound in terms(report.policy.outbound):
        verdict = report.policy.catalogue.compatibility(term, outbound)
        if verdict is None:
            continue
        other = second_opinion(term, outbound)
        beside = f" OSADL's matrix, a second opinion: {other}." if other and term != outbound else ""
        said = tag("span", _VERDICTS[verdict.verdict], kind=verdict.verdict)
        written.append(f"{said}. {linked(verdict.reason)} {link(verdict.link, 'source')}.{tag('span', beside)}")
    return Markup("<br>".join(written))


def third_parties(report: Report) -> Markup:
    """Each folder of somebody else's work: what it is under, and whether anything speaks against it."""
    folders: dict[str, list[Resolved]] = defaultdict(list)
    for item in report.resolved:
        folder = item.vendored or (item.third_party.paths[0] if item.third_party is not None else "")
        if folder:
            folders[folder].append(item)
    rows = [_folder(report, folder, inside) for folder, inside in sorted(folders.items())]
    return table(("Folder", "Files", "Licences, with the number of files", "Verdict"), rows)


def _folder(report: Report, folder: str, inside: list[Resolved]) -> tuple[str, str, str, str]:
    counted = Counter(str(item.node) if item.node is not None else "none" for item in inside)
    licenses = items(f"{name}: {number}" for name, number in counted.most_common())
    paths = {item.path for item in inside} | {folder}
    against = [f for f in report.open if f.path in paths and f.severity != "note"]
    worst = "error" if any(f.severity == "error" for f in against) else "warning"
    rules_hit = ", ".join(f"{rule} ({number})" for rule, number in Counter(f.rule for f in against).most_common())
    verdict = tag("span", rules_hit, kind=worst) if against else tag("span", "nothing speaks against it", kind="yes")
    entry = inside[0].third_party
    declared = f"{entry.get('name')} {entry.get('version', '')}".strip() if entry is not None else ""
    name = Markup(f"{tag('code', folder)}{tag('p', declared) if declared else ''}")
    return name, str(len(inside)), licenses, verdict


def parts(report: Report) -> Markup:
    """Dependencies, and what a wheel carries."""
    return table(("Kind", "Name", "Version", "Licence", "Use", "Verdict"), list(_parts(report)))


def _parts(report: Report) -> Iterator[tuple[str, ...]]:
    for part in report.parts:
        against = [f.rule for f in report.open if f.package == part.name and f.severity != "note"]
        verdict = (
            tag("span", ", ".join(dict.fromkeys(against)), kind="error")
            if against
            else tag("span", "allowed", kind="yes")
        )
        yield part.kind, part.name, part.version, part.license, part.use, verdict
