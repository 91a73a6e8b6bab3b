# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Expressions, above all the inputs that break or mislead license-expression itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from license_expression import get_spdx_licensing

from keima_audit.expressions import Term, alternatives, conjunction, has_choice, parse, terms


def codes(raw: str) -> list[str]:
    return [problem.code for problem in parse(raw).problems]


@pytest.mark.parametrize("raw", ["MIT/Apache-2.0", "MIT OR", "A,B", "MIT AND (BSD-3-Clause", "()", "WITH", ""])
def test_text_that_is_no_expression_is_reported_and_never_raises(raw: str) -> None:
    parsed = parse(raw)
    assert parsed.node is None
    assert codes(raw) == ["expression-invalid"]


def test_slash_between_two_known_licences_is_answered_with_or() -> None:
    assert parse("MIT/Apache-2.0").problems[0].suggestion == "MIT OR Apache-2.0"
    assert parse("Foo/Bar").problems[0].suggestion is None


def test_deprecated_ids_are_read_from_the_raw_text() -> None:
    # The library itself says nothing: that is why the raw text is looked at.
    assert str(get_spdx_licensing().parse("GPL-2.0+")) == "GPL-2.0-or-later"
    for raw, new in [
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("LGPL-3.0", "LGPL-3.0-only"),
    ]:
        parsed = parse(raw)
        assert parsed.text == new
        assert codes(raw) == ["id-deprecated"]
    assert codes("GPL-2.0-only") == []
    assert parse("GPL-2.0-with-classpath-exception").text == "GPL-2.0-only WITH Classpath-exception-2.0"


def test_own_licenserefs_are_not_taken_over_by_aliases() -> None:
    assert str(get_spdx_licensing().parse("LicenseRef-LICENSE")) == "LicenseRef-scancode-proprietary-license"
    assert parse("LicenseRef-LICENSE").text == "LicenseRef-LICENSE"
    assert codes("LicenseRef-My-Terms") == []


def test_unknown_names_come_with_the_nearest() -> None:
    assert parse("Apach-2.0").problems[0].suggestion == "Apache-2.0"
    problem = parse("GPL-2.0-only WITH GCC-exception").problems[0]
    assert (problem.code, problem.suggestion) == ("exception-unknown", "GCC-exception-3.1")
    assert codes("GPL-2.0-only WITH GCC-exception-3.1") == []


def test_ids_are_case_insensitive_and_come_back_in_their_own_spelling() -> None:
    assert parse("mit or apache-2.0").text == "MIT OR Apache-2.0"


def test_no_alternative_of_a_choice_is_dropped() -> None:
    node = parse("MIT OR (Apache-2.0 AND MIT)").node
    assert node is not None and has_choice(node)
    assert alternatives(node) == (frozenset({Term("MIT")}), frozenset({Term("MIT"), Term("Apache-2.0")}))


def test_a_licence_with_exception_is_one_term() -> None:
    node = parse("GPL-2.0-only WITH Classpath-exception-2.0 AND MIT").node
    assert node is not None
    assert terms(node) == (Term("GPL-2.0-only", "Classpath-exception-2.0"), Term("MIT"))


def test_a_line_of_100_kb_is_refused_at_once() -> None:
    assert codes("MIT AND " * 20_000) == ["expression-invalid"]
    assert codes("(" * 200 + "MIT" + ")" * 200) == ["expression-invalid"]


def test_conjunction_flattens_without_repeats() -> None:
    nodes = [node for raw in ("MIT", "MIT AND ISC", "Zlib OR MIT") if (node := parse(raw).node)]
    assert str(conjunction(nodes)) == "MIT AND ISC AND (Zlib OR MIT)"


@settings(deadline=None)  # a busy machine is no error
@given(st.text(max_size=80))
def test_nothing_raises(raw: str) -> None:
    parsed = parse(raw)
    assert parsed.node is not None or parsed.problems


_ids = st.sampled_from(["MIT", "Apache-2.0", "GPL-2.0-only", "BSD-3-Clause", "ISC"])
_expressions = st.recursive(
    _ids,
    lambda inner: st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(["AND", "OR"]), inner),
    max_leaves=6,
)


@settings(deadline=None)
@given(_expressions)
def test_canonical_text_means_the_same_to_the_library(raw: str) -> None:
    licensing = get_spdx_licensing()
    assert licensing.is_equivalent(licensing.parse(raw), licensing.parse(parse(raw).text))
