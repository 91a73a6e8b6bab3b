# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`audit.toml`: what it says, and messages that name the line."""

from pathlib import Path

import pytest
import tomllib
from hypothesis import given
from hypothesis import strategies as st

from keima_audit.errors import PolicyError
from keima_audit.expressions import Term
from keima_audit.policy import Policy
from keima_audit.policy_reader import parse_policy, read_policy
from keima_cli.errors import ExitCode
from keima_cli.toml_source import locate

GOOD = """\
[project]
license = "Apache-2.0"

[use.source]
allow = [
    "Apache-2.0",
    "MIT",  # a comment with a ] in it
]

[[paths]]
path = ["tests/**", "bench/*.py"]
use = "test-only"

[[waiver]]
rule = "provenance"
path = "a.py"
reason = "accepted-risk"
text = \"\"\"
[project] in a string is no table
\"\"\"
reviewer = "A. Lawyer"
expires = 2027-01-31
"""


def read(text: str) -> Policy:
    return parse_policy(Path("audit.toml"), text)


def refusal(text: str) -> tuple[str, str | None]:
    with pytest.raises(PolicyError) as caught:
        read(text)
    assert caught.value.exit_code == ExitCode.WRONG_USE
    return str(caught.value), caught.value.hint


def test_a_policy_says_what_is_allowed_where_and_on_which_line() -> None:
    policy = read(GOOD)
    assert policy.outbound == Term("Apache-2.0")
    assert policy.allowed["source"] == {Term("Apache-2.0"): 6, Term("MIT"): 7}
    assert policy.allowed["binary"] == {}
    assert policy.use_of("tests/a/b.py")[0] == "test-only"
    assert policy.use_of("bench/x.py")[0] == "test-only"
    assert policy.use_of("bench/deep/x.py")[0] == "source"
    assert policy.entries["waiver"][0].line == 14


@pytest.mark.parametrize(
    ("old", "new", "line", "says", "hint"),
    [
        ("[use.source]", "[use.sauce]", 4, "'sauce' is none of", "source"),
        ('"MIT"', '"MITT"', 5, "'MITT' is no SPDX licence id", "MIT"),
        ("[[paths]]", "[[path]]", 10, "unknown table or key 'path'", "paths"),
        ('use = "test-only"', 'used = "test-only"', 12, "unknown key 'used'", "use"),
        ('rule = "provenance"', 'rule = "provenanse"', 15, "'provenanse' is none of", "provenance"),
        ("2027-01-31", '"31.1.2027"', 22, "expected a day", None),
        ('reviewer = "A. Lawyer"', "", 14, "the key 'reviewer' is missing", None),
        ('license = "Apache-2.0"', 'license = "MIT/X11"', 2, "is not an SPDX expression", "MIT OR X11"),
        ('license = "Apache-2.0"', "license = 1", 2, "expects text, came 1", None),
    ],
)
def test_a_mistake_is_named_with_its_line_and_the_nearest_name(
    old: str, new: str, line: int, says: str, hint: str | None
) -> None:
    message, offered = refusal(GOOD.replace(old, new))
    assert message.startswith(f"audit.toml:{line}: ")
    assert says in message
    assert hint is None or hint in (offered or "")


def test_text_that_is_not_toml_or_not_there(tmp_path: Path) -> None:
    assert "not valid TOML" in refusal("[project")[0]
    with pytest.raises(PolicyError, match="no such file"):
        read_policy(tmp_path / "audit.toml")


def test_a_choice_has_to_be_one_that_is_offered() -> None:
    choice = '\n[[choice]]\nexpression = "MIT OR GPL-2.0-only"\nchoose = "%s"\n'
    assert read(GOOD + choice % "MIT").entries["choice"][0].get("choose") == "MIT"
    assert "not offered" in refusal(GOOD + choice % "ISC")[0]


def test_a_policy_can_classify_a_licence_of_its_own() -> None:
    own = '\n[license."LicenseRef-Acme"]\nfamily = "permissive"\nreason = "ours"\nlink = "https://acme.test"\n'
    facts = read(GOOD + own).catalogue.facts_of(Term("LicenseRef-Acme"))
    assert facts is not None and facts.family == "permissive"
    assert read(GOOD).catalogue.facts_of(Term("LicenseRef-Acme")) is None
    assert "is none of" in refusal(GOOD + own.replace('"permissive"', '"permisive"'))[0]


_keys = st.text("abc-", min_size=1, max_size=4).filter(lambda key: not key.startswith("-"))
_values = st.sampled_from(['"x"', "1", '["a",\n "]#",\n]', '"""\n[t]\nk = 1\n"""', "{ a = 1 }", "'''\n[[b]]\n'''"])


@given(st.lists(st.tuples(_keys, _values), max_size=8, unique_by=lambda pair: pair[0]))
def test_every_key_is_found_on_the_line_that_it_was_written_on(pairs: list[tuple[str, str]]) -> None:
    text, expected = "[[table]]\n", {}
    for key, value in pairs:
        expected[("table", 0, key)] = text.count("\n") + 1
        text += f"{key} = {value}\n"
    tomllib.loads(text)
    found = locate(text)
    assert {place: line for place, line in found.items() if len(place) == 3} == expected
