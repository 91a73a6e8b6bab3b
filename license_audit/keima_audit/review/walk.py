# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The walk itself: one open finding after another, until none is left or the person leaves.

Each answer is in `audit.toml` before the next question is asked. Nothing else is remembered, so the walk goes on
where it was left by being started again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from keima_audit.excerpts import Excerpt, beside, license_text, matched
from keima_audit.explain import explain_file
from keima_audit.expressions import Node, alternatives, terms
from keima_audit.licenses import expression_of, nodes_of
from keima_audit.paths import matches
from keima_audit.policy import WAIVER_REASONS, Policy
from keima_audit.policy_writer import Change, change_policy
from keima_audit.report import Report
from keima_audit.resolve import Resolved
from keima_audit.review import answers
from keima_audit.review.answers import Signature
from keima_audit.review.desk import Desk
from keima_audit.rules import Finding
from keima_audit.session import Audit

_HOLDS = timedelta(days=180)
_SAYS = {
    "choose": "record which of the offered licences you take",
    "met": "say how the obligation is met",
    "clarify": "say what the licence of this file is",
    "waive": "accept it until a day, with a reason",
    "remove": "take the entry out of audit.toml",
    "evidence": "show the whole chain of evidence",
    "skip": "leave it open and go on",
    "leave": "stop here; what you answered is kept",
}


@dataclass
class Walk:
    """One sitting: the audit that was read, the policy as it is now, and what was skipped."""

    audit: Audit
    policy: Policy
    desk: Desk
    today: date
    lock: Path
    reviewer: str = ""
    only: tuple[str, ...] = ()
    answered: int = 0
    skipped: set[str] = field(default_factory=set)
    _expires: date | None = None

    def run(self) -> Report:
        """Ask until nothing is left. Raises `typer.Abort` when the person leaves."""
        while True:
            report = self.report()
            asked = self.asked(report)
            if not asked:
                return report
            self._answer(asked[0], report, len(asked))

    def report(self) -> Report:
        """The audit under the policy as it is now."""
        return self.audit.judge(self.policy)

    def asked(self, report: Report) -> list[Finding]:
        """The findings that are still to be asked about."""
        left = answers.questions(report, frozenset(self.skipped))
        return [f for f in left if not self.only or f.rule in self.only or matches(f.path, self.only)]

    def _answer(self, finding: Finding, report: Report, left: int) -> None:
        item = next((item for item in report.resolved if item.path == finding.path), None)
        self.desk.show_finding(finding, left)
        self._show_texts(finding, item, None)
        keys = [*answers.offers(finding, item), *(["evidence"] if item else []), "skip", "leave"]
        decided = self.desk.choose("What do you do?", [(key, _SAYS[key]) for key in keys], "skip")
        self._do(decided, finding, item, report)

    def _do(self, decided: str, finding: Finding, item: Resolved | None, report: Report) -> None:
        if decided == "leave":
            raise KeyboardInterrupt
        if decided == "skip":
            self.skipped.add(finding.shared().fingerprint)
        elif decided == "evidence":
            for line in explain_file(report, finding.path):
                self.desk.say(line)
        elif decided == "remove":
            self._write(answers.removal(self.policy, finding))
        elif decided == "waive":
            self._waive(finding, report)
        elif decided == "choose":
            self._choose(finding)
        elif decided == "met":
            self._write(answers.met(finding, self.desk.text("Where, and how, is it met")))
        elif item is not None:
            self._clarify(finding, item)

    def _waive(self, finding: Finding, report: Report) -> None:
        reason = self.desk.choose("Why may it stay?", list(WAIVER_REASONS.items()), "accepted-risk")
        text = self.desk.text("In your words")
        by = self._sign()
        same = answers.alike(finding, report)
        together = bool(same) and self.desk.agree(
            f"The same answer for the other open findings ({len(same)}) about {finding.subject}?",
            default=False,
        )
        self._write(answers.waiver([finding, *(same if together else [])], self.policy, reason, text, by))

    def _sign(self) -> Signature:
        self.reviewer = self.desk.text("Who decides this", self.reviewer)
        default = self._expires or self.today + _HOLDS
        self._expires = self.desk.day("The last day on which it holds, in UTC", default, self.today)
        return Signature(self.reviewer, self._expires, self.desk.optional("Ticket"))

    def _clarify(self, finding: Finding, item: Resolved) -> None:
        node = self.desk.expression(f"The licence of {item.path}")
        if node is None:
            return
        self._show_texts(finding, item, node)
        if not self.desk.agree(f"Is this file under {node}?", default=True):
            return
        reason = self.desk.text("How do you know")
        self.reviewer = self.desk.text("Who decides this", self.reviewer)
        self._write(answers.clarification(item, self.policy, str(node), reason, self.reviewer))

    def _choose(self, finding: Finding) -> None:
        offered = [" AND ".join(sorted(map(str, way))) for way in alternatives(expression_of(finding.subject))]
        chosen = self.desk.choose(f"Which licence of {finding.subject}?", [(way, "") for way in offered], offered[0])
        self._write(answers.choice(finding.subject, chosen, self.desk.text("Why that one")))

    def _write(self, change: Change) -> None:
        self.policy = change_policy(self.policy.path, change, self.lock)
        self.answered += 1
        self.desk.say(f"{self.policy.path.name}: written", "green")

    def _show_texts(self, finding: Finding, item: Resolved | None, node: Node | None) -> None:
        """The file's lines, and beside them the text of the licence that they are taken for."""
        if item is None or not item.facts.sha256:
            return
        shown = matched(self.audit.tree.root, item, finding.line)
        if shown is None:
            self.desk.say("the file is a binary: there is no text to show", "dim")
            return
        node = node or _about(finding, item)
        self.desk.show_texts([shown, *([self._license(node, shown)] if node is not None else [])])

    def _license(self, node: Node, shown: Excerpt) -> Excerpt:
        term = terms(node)[0]
        found = license_text(term, self.audit.tree)
        if found is None:
            facts = self.policy.catalogue.facts_of(term)
            where = facts.link if facts is not None else f"https://spdx.org/licenses/{term.license}.html"
            return Excerpt(f"{term}: its text is not at hand", ((1, f"read it at {where}"),))
        return beside(shown.text, f"{term}, from {found[0]}", found[1])


def _about(finding: Finding, item: Resolved) -> Node | None:
    """The licence that a finding is about: that of the lines it names, else the file's own."""
    raws = tuple(match.raw for match in item.facts.scan.matches if match.start == finding.line)
    stated = nodes_of(raws)
    return stated[0] if stated else item.node
