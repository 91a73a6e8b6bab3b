# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Near copies of a corpus: what is found, what stays quiet, and what the finding says."""

from __future__ import annotations

import inspect
import json
import random
import re
import textwrap

import numpy as np
import pytest
from typer.testing import CliRunner

from keima_audit.cli import app
from keima_audit.errors import UsageError
from keima_audit.nearcopy.fingerprints import RUN, WINDOW, fingerprints
from keima_audit.nearcopy.index import Index
from keima_audit.nearcopy.tokens import tokens_of

ORIGINAL = inspect.getsource(textwrap)
OTHER = inspect.getsource(random)
# REUSE-IgnoreStart
GPL = "# SPDX-License-Identifier: GPL-3.0-only\n"
# REUSE-IgnoreEnd


def renamed(text: str) -> str:
    return re.sub(r"\b(?:wrapper|text|chunks|lines|width|indent|cur_line|cur_len)\b", r"x_\g<0>_y", text)


def in_pieces(text: str) -> str:
    """The second half first, and every comment and blank line gone."""
    lines = [line for line in text.splitlines(keepends=True) if line.strip() and not line.strip().startswith("#")]
    half = next(
        number for number in range(len(lines) // 2, len(lines)) if lines[number].startswith(("def", "class", "    def"))
    )
    return "".join(lines[half:] + lines[:half])


def pasted(text: str) -> str:
    """Forty lines of it in a file of another origin."""
    lines = text.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if "def _wrap_chunks" in line)
    return OTHER + "".join(lines[start : start + 70])


@pytest.mark.parametrize("change", [str, renamed, in_pieces, pasted])
def test_a_changed_copy_is_found_and_its_source_named(change):
    index = Index(
        {"textwrap.py": fingerprints(ORIGINAL, "hash"), "json.py": fingerprints(inspect.getsource(json), "hash")}
    )
    found = index.most_like(fingerprints(change(ORIGINAL), "hash"))
    assert found is not None and found.source == "textwrap.py"


def test_what_was_pasted_is_placed_on_its_lines():
    index = Index({"textwrap.py": fingerprints(ORIGINAL, "hash")})
    found = index.most_like(fingerprints(pasted(ORIGINAL), "hash"))
    assert found is not None
    assert found.lines[0] > OTHER.count("\n")
    assert "def _wrap_chunks" in "\n".join(ORIGINAL.splitlines()[found.source_lines[0] - 8 : found.source_lines[1]])


def test_near_misses_stay_quiet():
    index = Index({"textwrap.py": fingerprints(ORIGINAL, "hash")})
    imports = "".join(ORIGINAL.splitlines(keepends=True)[:20])
    few_lines = "".join(ORIGINAL.splitlines(keepends=True)[200:206])
    table = "".join(f"NAME_{number} = {number}\n" for number in range(200))
    assert index.most_like(fingerprints(OTHER, "hash")) is None
    assert index.most_like(fingerprints(OTHER + few_lines, "hash")) is None
    assert index.most_like(fingerprints(imports + OTHER, "hash")) is None
    constants = Index({"token.py": fingerprints(table, "hash")})
    assert constants.most_like(fingerprints(table.replace("NAME", "CODE"), "hash")) is None


def test_a_short_file_that_is_copied_whole_is_found():
    short = "def area(self, width, height):\n    if width < 0:\n        raise ValueError\n"
    short += "    return [w * height for w in range(width) if not w % 2] or None\n"
    short += "def half(x):\n    while x > 1 and x:\n        x = x // 2 - sum(y for y in x)\n    return -x\n"
    index = Index({"area.py": fingerprints(short, "hash")})
    found = index.most_like(fingerprints(short.replace("width", "breadth"), "hash"))
    assert found is not None and found.source == "area.py" and found.shared == found.whole
    assert index.most_like(fingerprints(short[: len(short) // 2], "hash")) is None


def test_whatever_is_shared_over_run_and_window_has_a_common_fingerprint():
    chance = random.Random(1)
    words = ["if", "x", "=", "+", "(", ")", "return", "while", ":", "[", "]", "for", "in", "not"]
    for _ in range(200):
        shared = [chance.choice(words) for _ in range(RUN + WINDOW - 1)]
        sides = [" ".join([*(chance.choice(words) for _ in range(chance.randrange(60))), *shared]) for _ in range(2)]
        one, two = (fingerprints(side, "hash") for side in sides)
        assert len(np.intersect1d(one.hashes, two.hashes)) >= 1


def test_names_texts_comments_and_layout_do_not_count():
    one = tokens_of('int a = f("x"); // why\nreturn 1;', "c")
    two = tokens_of("int  b=g('yy');\n\n/* because */ return 1;", "c")
    assert one.values.tolist() == two.values.tolist()
    assert two.lines.tolist()[-1] == 3
    assert tokens_of("return 2;", "c").values.tolist() != tokens_of("return 1;", "c").values.tolist()


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "upstream"
    folder.mkdir()
    (folder / "wrap.py").write_text(GPL + ORIGINAL)
    return folder


def audit(tree, tmp_path, *arguments: str) -> list[dict[str, str]]:
    command = ["-C", str(tree.root), "--cache", str(tmp_path / "audit-cache"), "--json", *arguments]
    done = CliRunner().invoke(app, command)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return [found for found in json.loads(done.output)["findings"] if found["rule"] == "near-copy"]


def test_the_finding_names_source_lines_and_licence(tree, tmp_path, corpus):
    tree.write({"mine.py": renamed(ORIGINAL), "fine.py": OTHER})
    for _ in range(2):  # the second time from the cache
        (found,) = audit(tree, tmp_path, "--corpus", str(corpus))
        assert (found["path"], found["severity"]) == ("mine.py", "error")
        assert re.search(r"is like upstream/wrap.py:\d+-\d+, under GPL-3.0-only", found["message"])
        assert "fingerprints" in found["evidence"][0]["message"]
    assert audit(tree, tmp_path) == []


def test_a_copy_that_states_its_licence_is_a_note(tree, tmp_path, corpus):
    tree.write({"mine.py": GPL + ORIGINAL})
    (found,) = audit(tree, tmp_path, "--corpus", str(corpus))
    assert found["severity"] == "note" and "which it states too" in found["message"]


def test_a_corpus_inside_the_tree_is_not_compared_with_itself(tree, tmp_path):
    tree.write({"third_party/wrap/wrap.py": GPL + ORIGINAL})
    assert audit(tree, tmp_path, "--corpus", str(tree.root / "third_party")) == []


def test_an_empty_corpus_and_one_that_is_not_there_are_refused(tree, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no source code"):
        audit(tree, tmp_path, "--corpus", str(tmp_path / "empty"))
    with pytest.raises(UsageError, match="no such folder"):
        audit(tree, tmp_path, "--corpus", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("# copied from https://github.com/a/b/blob/main/c.py", True),
        ("// Adapted with changes from: https://gist.github.com/a/123", True),
        ("# see https://github.com/a/b/issues/4", False),
        ("# taken from the list above", False),
        ("// https://rosettacode.org/wiki/Sorting_algorithms", True),
        ("# adapted from https://en.wikipedia.org/wiki/Quicksort", True),
        ("# https://en.wikipedia.org/wiki/Quicksort", False),
    ],
)
def test_words_and_links_that_say_where_something_was_copied_from(tree, line, found):
    tree.write({"a.py": line + "\n"})
    assert ("provenance" in tree.rules("a.py")) is found
