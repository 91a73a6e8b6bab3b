# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The findings on a source tree: each function is one concern, and takes the same `Case`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from keima_audit.datafiles import load_table
from keima_audit.detect.scan import Match
from keima_audit.expressions import Term, alternatives, parse, terms
from keima_audit.inventory import leaves_tree
from keima_audit.licenses import nodes_of, sibling
from keima_audit.policy import Policy
from keima_audit.resolve import Resolved, Resolver, generated_from, role_of, vendored_root
from keima_audit.rules import Finding
from keima_audit.tree import FileFacts, Tree
from keima_audit.verdicts import Subject, Usage, chosen, judge


@dataclass(frozen=True)
class Case:
    """Everything that the rules look at."""

    tree: Tree
    policy: Policy
    usage: Usage
    resolver: Resolver
    resolved: tuple[Resolved, ...]


def tree_findings(tree: Tree, policy: Policy, usage: Usage) -> tuple[list[Finding], tuple[Resolved, ...]]:
    """All findings on the tree's files, and the licence of each file."""
    resolver = Resolver(tree, policy)
    files = [facts for facts in tree.files if facts.entry.kind == "file" and facts.sha256]
    resolved = tuple(resolver.resolve(facts) for facts in files)
    case = Case(tree, policy, usage, resolver, resolved)
    found: list[Finding] = []
    for concern in _CONCERNS:
        found.extend(concern(case))
    return found, resolved


def _entries(case: Case) -> Iterator[Finding]:
    """Links, submodules, what is missing: listed, never followed."""
    for facts in case.tree.files:
        entry = facts.entry
        if entry.kind == "symlink":
            rule = "symlink-outside" if leaves_tree(entry) else "symlink"
            yield Finding(rule, f"points to {entry.target}", entry.path)
        elif entry.kind == "submodule":
            declared = case.policy.matching("third-party", entry.path)
            for found in declared:
                case.usage.mark("third-party", found)
            if not declared:
                yield Finding("submodule", "is recorded in git and was not looked into", entry.path)
        elif entry.kind in ("missing", "special"):
            yield Finding("unreadable", f"is listed but {_ABSENT[entry.kind]}", entry.path)
    for path, problem in case.tree.problems:
        yield Finding("unreadable", problem, path)


_ABSENT = {"missing": "is not there", "special": "is no regular file"}


def _remarks(case: Case) -> Iterator[Finding]:
    """What the scan of a content says about itself."""
    plain = {"ignore-unclosed", "unreadable", "archive", "file-too-large", "detector-failed"}
    for facts in case.tree.files:
        declared = case.policy.matching("third-party", facts.path)
        for remark in facts.scan.remarks:
            if remark.code not in plain:
                continue
            if remark.code in ("archive", "file-too-large") and declared:
                case.usage.mark("third-party", declared[-1])
                continue
            yield Finding(remark.code, remark.text, facts.path, remark.line, sha256=facts.sha256)


def _expressions(case: Case) -> Iterator[Finding]:
    """Raw texts of tags and declarations that are no valid expressions, and deprecated ids."""
    for item in case.resolved:
        if item.role in ("document",):
            continue
        named = [(match.raw, match.start) for match in item.facts.scan.own if match.origin in ("tag", "metadata")]
        named += [(raw, 0) for declaration in item.facts.declared for raw in declaration.raws]
        for raw, line in dict.fromkeys(named):
            for problem in parse(raw).problems:
                hint = f"write {problem.suggestion}" if problem.suggestion else ""
                yield Finding(problem.code, problem.message, item.path, line, hint=hint, sha256=item.facts.sha256)


def _licenses(case: Case) -> Iterator[Finding]:
    """Is each file's licence allowed in its use?"""
    for item in case.resolved:
        if item.role in ("sidecar", "document", "config") or item.node is None:
            continue
        if item.role == "license-text":
            continue
        if item.clarification is not None:
            case.usage.mark("clarification", item.clarification)
        if item.third_party is not None:
            case.usage.mark("third-party", item.third_party)
        use = "weights" if item.facts.scan.kind == "weights" and item.use == "source" else item.use
        lines = [match.start for match in item.facts.scan.own]
        subject = Subject(item.path, use, item.path, min(lines, default=0), item.facts.sha256, evidence=item.evidence)
        yield from judge(item.node, subject, case.policy, case.usage)


def _snippets(case: Case) -> Iterator[Finding]:
    """Lines with a licence of their own, copies from sites, notices that nobody could name."""
    for item in case.resolved:
        if item.role in ("license-text", "document"):
            continue
        for match in item.facts.scan.matches:
            if match.origin == "snippet":
                yield from _snippet(case, item, match.raw, match.start)
            elif match.origin == "provenance":
                yield _at(item, "provenance", match.start, _copied(match))
            elif match.origin == "quoted":
                yield _at(item, "quoted-license", match.start, f"{match.raw or match.rule} inside a string")
            elif match.origin == "partial" and item.how != "clarified":
                yield _at(item, "needs-review", match.start, f"{match.rule}, and no licence that could be named")


def _copied(match: Match) -> str:
    if match.raw:
        return f"{match.rule} is under {match.raw} unless it says other"
    return f"{match.rule}: nothing here says what that is under"


def _snippet(case: Case, item: Resolved, raw: str, line: int) -> Iterator[Finding]:
    yield _at(item, "snippet-license", line, f"these lines are under {raw}")
    for node in nodes_of((raw,)):
        subject = Subject(item.path, item.use, item.path, line, item.facts.sha256)
        yield from judge(node, subject, case.policy, case.usage)


def _at(item: Resolved, rule: str, line: int, message: str) -> Finding:
    return Finding(rule, message, item.path, line, sha256=item.facts.sha256, subject=message)


def _hidden(case: Case) -> Iterator[Finding]:
    """An override or a sidecar that says something else than the file's own header."""
    for item in case.resolved:
        own = _terms(tuple(match.raw for match in item.facts.scan.own if match.origin != "metadata"))
        if not own or item.role in ("license-text", "document"):
            continue
        for declaration in item.facts.declared:
            declared = _terms(declaration.raws)
            if declaration.precedence == "override" and own - declared:
                hidden = ", ".join(sorted(map(str, own - declared)))
                message = f"{declaration.source} says {', '.join(declaration.raws)}, the file itself {hidden}"
                yield Finding("hidden-license", message, item.path, 0, sha256=item.facts.sha256, subject=hidden)


def _terms(raws: tuple[str, ...]) -> set[Term]:
    return {term for node in nodes_of(raws) for term in terms(node)}


def _headers(case: Case) -> Iterator[Finding]:
    """The project's LICENSE, its headers and audit.toml have to say the same."""
    stated = case.resolver.license_file("")
    outbound = set(terms(case.policy.outbound))
    if stated is not None and not outbound & set(terms(stated[1])):
        message = f"states {stated[1]}, audit.toml:{case.policy.project.line} says {case.policy.outbound}"
        yield Finding("header-mismatch", message, stated[0])
    counted: Counter[frozenset[Term]] = Counter()
    for item in case.resolved:
        ours = item.how == "own" and not item.third_party and not item.vendored and item.role == "code"
        if ours and item.node is not None and item.use == "source":
            counted[frozenset(terms(item.node))] += 1
    if not counted:
        return
    common, number = counted.most_common(1)[0]
    if not common & outbound and 2 * number > counted.total():
        names = " AND ".join(sorted(map(str, common)))
        message = f"{number} of {counted.total()} headers say {names}, the project is {case.policy.outbound}"
        yield Finding("header-mismatch", message, stated[0] if stated else "", subject=f"most headers say {names}")


def _vendored(case: Case) -> Iterator[Finding]:
    """Somebody else's folder needs a licence of its own, and has to be what it is declared as."""
    silent: dict[str, list[Resolved]] = {}
    for item in case.resolved:
        if item.vendored and item.how == "none" and item.role not in ("document", "license-text", "sidecar"):
            silent.setdefault(item.vendored, []).append(item)
    for folder, items in sorted(silent.items()):
        message = f"{len(items)} files without a licence, the first is {items[0].path}"
        yield Finding("vendored-without-license", message, folder, sha256=items[0].facts.sha256)


def _third_party(case: Case) -> Iterator[Finding]:
    """What lies in a declared third-party folder is under the licence that is declared for it."""
    for item in case.resolved:
        entry = item.third_party
        if entry is None or item.how not in ("own", "declared") or item.node is None:
            continue
        extra = [sorted(option - entry.terms, key=str) for option in alternatives(item.node)]
        if not all(extra):
            continue
        fewest = sorted(extra, key=len)[0]
        names = ", ".join(map(str, fewest))
        message = f"is under {names}; {entry.get('name')} is declared as {entry.get('license')}"
        yield Finding(
            "third-party-mismatch",
            message,
            item.path,
            sha256=item.facts.sha256,
            config=entry.line,
            evidence=item.evidence,
        )


def _binaries(case: Case) -> Iterator[Finding]:
    """Opaque files are declared by somebody, or they are a finding."""
    for item in case.resolved:
        opaque = item.facts.scan.kind == "binary" and item.role not in ("media", "license-text")
        if opaque and item.how in ("inherited", "none"):
            yield Finding(
                "binary-undeclared",
                "an opaque binary; its licence is a guess",
                item.path,
                sha256=item.facts.sha256,
            )


def _weights(case: Case) -> Iterator[Finding]:
    """Weights and data state a licence, and whose data they were trained on."""
    datasets = load_table("weights.toml")["dataset"]
    for item in case.resolved:
        if item.facts.scan.kind == "weights" and item.how in ("inherited", "none"):
            yield Finding(
                "weights-without-license", "no `license` in its metadata", item.path, sha256=item.facts.sha256
            )
        for remark in item.facts.scan.remarks:
            if remark.code == "dataset":
                entry = datasets[remark.text]
                message = f"trained on {remark.text}: {entry['terms']}; {entry['link']}"
                yield Finding(
                    "dataset-terms",
                    message,
                    item.path,
                    remark.line,
                    sha256=item.facts.sha256,
                    subject=remark.text,
                )


def _generated(case: Case) -> Iterator[Finding]:
    for item in case.resolved:
        by = [remark.text for remark in item.facts.scan.remarks if remark.code == "generated"]
        if by and item.how in ("inherited", "none") and item.role == "code":
            looked = ", ".join(generated_from(item.facts, case.policy)) or "no place is known"
            yield Finding(
                "generated-source-missing",
                f"written by {by[0]}; looked for {looked}",
                item.path,
                sha256=item.facts.sha256,
            )


def _texts(case: Case) -> Iterator[Finding]:
    """Every licence in the published tree has its text in it; every LicenseRef has one."""
    needed: dict[Term, Resolved] = {}
    for item in case.resolved:
        if item.node is not None and item.use == "source" and item.role not in ("document", "license-text"):
            for term in _settled(case, item):
                needed.setdefault(term, item)
    have = _texts_present(case)
    for term, item in sorted(needed.items(), key=lambda pair: str(pair[0])):
        names = {term.license} | ({term.exception} if term.exception else set())
        missing = sorted(name for name in names if name not in have and not name.startswith("LicenseRef-scancode-"))
        facts = case.policy.catalogue.facts_of(term)
        if not missing or (facts is not None and "license-text" not in facts.obligations and not facts.note):
            continue
        rule = "licenseref-without-text" if missing[0].startswith("LicenseRef-") else "text-missing"
        yield Finding(rule, f"the text of {', '.join(missing)} is nowhere in the tree", item.path, subject=str(term))


def _texts_present(case: Case) -> set[str]:
    have = set()
    for facts in case.tree.files:
        if role_of(facts.path) not in ("license-text", "document"):
            continue
        if facts.path.startswith("LICENSES/"):
            have.update({PurePosixPath(facts.path).stem, sibling(PurePosixPath(facts.path).stem)})
        for match in facts.scan.own:
            for node in nodes_of((match.raw,)):
                for term in terms(node):
                    have.update({term.license, term.exception or term.license, sibling(term.license)})
    return have


def one_text_serves(name: str, have: set[str]) -> bool:
    """Whether the text of a licence or exception is among those present; `-or-later` has that of `-only`."""
    return name in have or sibling(name) in have


def _notices(case: Case) -> Iterator[Finding]:
    """A vendored package's NOTICE is reproduced in the project's own (Apache-2.0, section 4(d))."""
    ours = " ".join(_notice_words(case, facts) for facts in case.tree.files if _is_notice(facts, ""))
    for facts in case.tree.files:
        folder = vendored_root(facts.path)
        if not folder or not _is_notice(facts, folder):
            continue
        found = case.resolver.license_file(folder)
        under_apache = found is not None and Term("Apache-2.0") in terms(found[1])
        words = _notice_words(case, facts)
        if under_apache and words and words not in ours:
            yield Finding(
                "notice-missing", "is not reproduced in the project's NOTICE", facts.path, sha256=facts.sha256
            )


def _is_notice(facts: FileFacts, folder: str) -> bool:
    inside, _, name = facts.path.rpartition("/")
    return inside == folder and name.upper().startswith(("NOTICE", "THIRD")) and role_of(facts.path) == "document"


def _notice_words(case: Case, facts: FileFacts) -> str:
    try:
        text = (case.tree.root / facts.path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " ".join(text.split())


def _obligations(case: Case) -> Iterator[Finding]:
    """Obligations that only a person can meet are recorded in [[met]], once for a licence and use."""
    seen: dict[tuple[str, str, str], Resolved] = {}
    for item in case.resolved:
        if item.node is None or item.role in ("document", "license-text", "sidecar", "config"):
            continue
        use = "weights" if item.facts.scan.kind == "weights" and item.use == "source" else item.use
        for held in _settled(case, item):
            if held in terms(case.policy.outbound):
                continue
            for obligation in case.policy.catalogue.obligations_for(held, use):
                if obligation.met_by == "statement":
                    seen.setdefault((obligation.key, str(held), use), item)
    table = _says()
    for (key, term, use), item in sorted(seen.items()):
        if not is_met(case.policy, case.usage, key, term, item.path):
            yield Finding("obligation-unmet", f"{term}, use {use}: {table[key]}", item.path, subject=f"{term} {key}")


def _settled(case: Case, item: Resolved) -> tuple[Term, ...]:
    """The licences that the file is really used under; none while a choice is open."""
    if item.node is None:
        return ()
    node, is_open = chosen(item.node, case.policy, case.usage)
    return () if is_open else terms(node)


def _says() -> dict[str, str]:
    return {key: entry["says"] for key, entry in load_table("obligations.toml")["obligation"].items()}


def is_met(policy: Policy, usage: Usage, key: str, term: str, subject: str) -> bool:
    """Whether a person recorded under [[met]] how this obligation is met."""
    for entry in policy.entries["met"]:
        subjects = entry.get("subject", ())
        subjects = (subjects,) if isinstance(subjects, str) else tuple(subjects)
        fits_license = "license" not in entry.values or term in {str(t) for t in entry.terms}
        if entry.get("obligation") == key and fits_license and (not subjects or subject in subjects):
            usage.mark("met", entry)
            return True
    return False


_CONCERNS = (
    _entries,
    _remarks,
    _expressions,
    _licenses,
    _snippets,
    _hidden,
    _headers,
    _vendored,
    _third_party,
    _binaries,
    _weights,
    _generated,
    _texts,
    _notices,
    _obligations,
)
