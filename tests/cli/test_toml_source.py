# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Lines of TOML keys, against tomlkit's reading of the same text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from keima_cli.errors import ConfigError
from keima_cli.toml_source import locate, read_toml

TEXT = '''title = "a [b] # c"
[project]
names = [
  "x]", # a comment with ] and """
  'y = 1',
]
note = """
[not.a.table]
key = 1 \\""" still
"""
"quoted key" = { inner = 1 }
a.b.c = 2

[[rule]]
id = 1
[rule.sub]
deep = true
[[rule]]
id = 2
[rule.sub]
deep = false
'''


def test_lines_of_every_kind_of_key() -> None:
    lines = locate(TEXT)
    for place, number in {
        ("title",): 1,
        ("project",): 2,
        ("project", "names"): 3,
        ("project", "note"): 7,
        ("project", "quoted key"): 11,
        ("project", "a", "b", "c"): 12,
        ("rule", 0): 14,
        ("rule", 0, "sub", "deep"): 17,
        ("rule", 1, "id"): 19,
        ("rule", 1, "sub"): 20,
    }.items():
        assert lines[place] == number, place
    assert ("project", "key") not in lines
    assert ("not", "a", "table") not in lines


def places(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += [(*here, key), *places(inner, (*here, key))]
    return found


NAMES = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(max_size=12) | st.lists(st.text(max_size=4), max_size=3),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_tomlkit_writes_has_a_line_for_every_key(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    lines = locate(text)
    for place in places(data):
        assert place in lines, text
        assert tomlkit.key(str(place[-1])).as_string() in text.split("\n")[lines[place] - 1]


def test_errors_name_file_line_and_the_nearest_key(tmp_path: Path) -> None:
    path = tmp_path / "audit.toml"
    path.write_text("[project]\nlicense = 'MIT'\nfail-onn = 'error'\n")
    source = read_toml(path)
    with pytest.raises(ConfigError, match=r"audit\.toml:3: unknown key 'fail-onn' in \[project\]") as caught:
        source.check_keys(source.data["project"], ["license", "fail-on"], "project")
    assert caught.value.hint == "did you mean 'fail-on'?"
    assert source.line("project", "license", "nothing here") == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = 1\nb = \n", r":2: not valid TOML"),
        (b"a = [1,\n", r":2: not valid TOML"),
        (b"a = 1\nb = '\xff'\n", r":2: expected UTF-8"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "sync.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_toml(path)
