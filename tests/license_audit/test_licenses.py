# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The licence data: complete, consistent, and beside OSADL's matrix, which is a second opinion only."""

import pytest

from keima_audit.datafiles import load_table
from keima_audit.expressions import Term, parse
from keima_audit.licenses import REACH, Catalogue, obligations, second_opinion, unify

CATALOGUE = Catalogue()


@pytest.mark.parametrize("name", load_table("licenses.toml")["license"])
def test_every_listed_licence_is_a_valid_id_with_facts_a_link_and_a_verdict(name: str) -> None:
    assert not parse(name).problems
    facts = CATALOGUE.facts_of(Term(name))
    assert facts is not None
    assert facts.scope in REACH
    assert facts.link.startswith("http")
    assert set(facts.obligations) <= set(obligations())
    assert CATALOGUE.compatibility(Term(name), Term("Apache-2.0")) is not None


@pytest.mark.parametrize("name", load_table("exceptions.toml")["exception"])
def test_every_exception_is_known_and_never_extends_the_reach(name: str) -> None:
    assert not parse(f"GPL-2.0-only WITH {name}").problems or name.startswith("LicenseRef-")
    bare, paired = CATALOGUE.facts_of(Term("GPL-2.0-only")), CATALOGUE.facts_of(Term("GPL-2.0-only", name))
    assert bare is not None and paired is not None
    assert REACH.index(paired.scope) < REACH.index(bare.scope)


def test_a_licence_or_exception_nobody_classified_has_no_facts() -> None:
    assert CATALOGUE.facts_of(Term("Watcom-1.0")) is None
    assert CATALOGUE.facts_of(Term("GPL-2.0-only", "mif-exception")) is None
    assert CATALOGUE.compatibility(Term("Watcom-1.0"), Term("MIT")) is None


def test_mulan_psl_in_english_is_mulan_psl() -> None:
    assert unify(Term("LicenseRef-scancode-mulanpsl-2.0-en")) == Term("MulanPSL-2.0")


@pytest.mark.parametrize(
    ("inbound", "outbound", "verdict", "osadl"),
    [
        ("Apache-2.0", "GPL-2.0-only", "no", "No"),
        ("BSD-4-Clause", "GPL-3.0-only", "no", "No"),
        ("BSD-4-Clause", "Apache-2.0", "yes", "Yes"),
        ("MIT", "GPL-2.0-only", "yes", "Yes"),
        ("GPL-2.0-only", "MIT", "no", "No"),
        ("GPL-3.0-only", "GPL-2.0-only", "no", "No"),
        ("MPL-2.0", "Apache-2.0", "conditions", "No"),  # file-level: why the matrix is never the verdict
        ("LGPL-2.1-or-later", "Apache-2.0", "conditions", "No"),
        ("CC0-1.0", "Apache-2.0", "yes", None),
        ("MulanPSL-2.0", "Apache-2.0", "yes", None),
    ],
)
def test_verdict_beside_osadl(inbound: str, outbound: str, verdict: str, osadl: str | None) -> None:
    found = CATALOGUE.compatibility(Term(inbound), Term(outbound))
    assert found is not None and found.verdict == verdict and found.reason
    assert second_opinion(Term(inbound), Term(outbound)) == osadl


def test_verdicts_agree_with_osadl_wherever_copyleft_is_strong_or_absent() -> None:
    """Over all pairs OSADL decides, each disagreement has to be one that the curated data explains."""
    named = [name for name in load_table("licenses.toml")["license"] if not name.startswith("LicenseRef-")]
    explained = {
        ("FTL", "GPL-3.0-only"),  # the FSF's own list: fits version 3
        ("Python-2.0", "GPL-2.0-only"),  # the FSF's list: fits since 2.0.1, which this text is
        ("Python-2.0", "GPL-3.0-only"),
    }
    differing = []
    for inbound in named:
        facts = CATALOGUE.facts_of(Term(inbound))
        assert facts is not None
        for outbound in ("MIT", "Apache-2.0", "BSD-3-Clause", "GPL-2.0-only", "GPL-3.0-only"):
            other = second_opinion(Term(inbound), Term(outbound))
            ours = CATALOGUE.compatibility(Term(inbound), Term(outbound))
            assert ours is not None
            clash = (other == "Yes" and ours.verdict == "no") or (other == "No" and ours.verdict == "yes")
            if clash and facts.family != "weak-copyleft" and (inbound, outbound) not in explained:
                differing.append((inbound, outbound, ours.verdict, other))
    assert differing == []
