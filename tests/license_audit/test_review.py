# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima audit review`: what is asked, what is shown, and what is in audit.toml afterwards."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from keima_audit.cli import app
from keima_audit.excerpts import closest, printable
from keima_audit.policy_reader import parse_policy, read_policy
from keima_audit.policy_writer import with_change

# REUSE-IgnoreStart
GPL = "# SPDX-License-Identifier: GPL-3.0-only\n"
LINK = "# https://stackoverflow.com/a/32095106\n"
OTHER = "# https://stackoverflow.com/q/4\n"
CUT_OFF = "/* This program is free software; you can redistribute it and/or modify */\n"
# REUSE-IgnoreEnd
FAR = "2999-01-01"


@pytest.fixture
def review(tree, tmp_path, monkeypatch):
    """Runs the review with these answers, one a line; the end of the input leaves it."""
    monkeypatch.setenv("KEIMA_AUDIT_CACHE", str(tmp_path / "audit-cache"))
    monkeypatch.setenv("COLUMNS", "160")

    def run(*answers: str, arguments: tuple[str, ...] = ()):
        given = "".join(answer + "\n" for answer in answers)
        command = ["-C", str(tree.root), "review", "--reviewer", "A. Lawyer", *arguments]
        return CliRunner().invoke(app, command, input=given)

    return run


def entries(tree, table: str) -> list[dict[str, object]]:
    return [dict(entry.values) for entry in read_policy(tree.root / "audit.toml").entries[table]]


def test_a_waiver_is_pinned_signed_and_closes_the_finding(tree, review):
    tree.write({"a.py": LINK})
    done = review("waive", "accepted-risk", "three lines", "", FAR, "LAW-7")
    assert "1 answered, 0 left open" in done.output
    sha256 = next(item.facts.sha256 for item in tree.report().resolved if item.path == "a.py")
    waiver = {"rule": "provenance", "path": "a.py", "sha256": sha256, "reason": "accepted-risk", "text": "three lines"}
    signed = {"reviewer": "A. Lawyer", "expires": date.fromisoformat(FAR), "ticket": "LAW-7"}
    assert entries(tree, "waiver") == [waiver | signed]
    assert tree.open() == set()


def test_the_matched_lines_stand_beside_the_licence_text(tree, review):
    tree.write(
        {"a.c": "int before;\n" + CUT_OFF, "LICENSES/MIT.txt": "Free Software\nyou can redistribute it and/or modify\n"}
    )
    shown = review("clarify", "MIT", "y", "the author says so", "").output
    row = next(line for line in shown.splitlines() if "2 > /* This program is free software" in line)
    assert "you can redistribute it" in row.split("││")[1] or "Free Software" in shown
    assert "MIT, from" in shown
    assert tree.license("a.c") == ("clarified", "MIT")
    assert "needs-review" not in tree.rules("a.c")


def test_slips_are_asked_again_with_the_nearest_names(tree, review):
    tree.write({"a.c": CUT_OFF})
    shown = review("17", "clarify", "MTI", "Apache-2.0", "y", "", "I wrote it", "").output
    assert "expected a number from 1 to" in shown
    assert "MIT" in shown.split("'MTI'")[1]
    assert "a few words are needed" in shown
    assert entries(tree, "clarification")[0]["license"] == "Apache-2.0"


def test_a_day_that_has_passed_or_is_none_is_asked_again(tree, review):
    tree.write({"a.py": LINK})
    shown = review("waive", "1", "why", "", "2020-01-01", "soon", FAR, "").output
    assert "2020-01-01 has passed" in shown and "expected a day such as" in shown
    assert entries(tree, "waiver")[0]["expires"] == date.fromisoformat(FAR)


def test_leaving_keeps_what_was_answered_and_a_second_run_goes_on(tree, review):
    tree.write({"a.py": LINK, "b.py": OTHER})
    first = review("waive", "1", "why", "", FAR, "", "waive", "1")
    assert "1 answered, 1 left open; run it again" in first.output
    assert [entry["path"] for entry in entries(tree, "waiver")] == ["a.py"]
    second = review("waive", "1", "why", "", FAR, "")
    assert "a.py" not in second.output
    assert [entry["path"] for entry in entries(tree, "waiver")] == ["a.py", "b.py"]


def test_skipped_findings_stay_open_and_the_exit_code_says_so(tree, review):
    tree.write({"a.py": GPL})
    done = review("skip", "skip", "skip", "skip")
    assert done.exit_code == 1
    assert "0 answered" in done.output
    assert entries(tree, "waiver") == []


def test_one_answer_for_all_files_under_the_same_licence(tree, review):
    tree.write({f"{name}.py": GPL + name for name in "abc"})
    done = review("waive", "2", "an example", "", FAR, "", "y", arguments=("license-not-allowed",))
    assert "other open findings (2) about GPL-3.0-only" in done.output
    waivers = entries(tree, "waiver")
    assert [entry["path"] for entry in waivers] == ["a.py", "b.py", "c.py"]
    assert len({entry["sha256"] for entry in waivers}) == 3


def test_a_waiver_for_an_older_content_is_replaced_where_it_stood(tree, review):
    tree.write({"a.py": LINK})
    tree.more("# Asked our lawyer.\n")
    review("waive", "1", "old", "", FAR, "")
    tree.more('[severity]\nsymlink-outside = "warning"\n')
    tree.write({"a.py": LINK + "x = 1\n"})
    assert tree.rules("a.py") == {"provenance", "waiver-stale"}
    review("waive", "1", "new", "", FAR, "")
    assert [entry["text"] for entry in entries(tree, "waiver")] == ["new"]
    text = (tree.root / "audit.toml").read_text()
    assert text.index("# Asked our lawyer.") < text.index("[[waiver]]") < text.index("[severity]")


def test_an_entry_that_nothing_needs_is_taken_out(tree, review):
    tree.more('[[waiver]]\nrule = "provenance"\npath = "gone.py"\nreason = "accepted-risk"\ntext = "x"\n')
    tree.more('reviewer = "A"\nexpires = 2999-01-01\n')
    assert ("waiver-unused", "audit.toml") in tree.open()
    review("remove", arguments=("waiver-unused",))
    assert entries(tree, "waiver") == []


def test_a_choice_and_an_obligation_are_recorded(tree, review):
    tree.allow("BSD-4-Clause")
    # REUSE-IgnoreStart
    tree.write({"a.py": "# SPDX-License-Identifier: MIT OR GPL-2.0-only\n", "LICENSES/MIT.txt": "x"})
    tree.write({"b.py": "# SPDX-License-Identifier: BSD-4-Clause\n", "LICENSES/BSD-4-Clause.txt": "x"})
    # REUSE-IgnoreEnd
    review("met", "docs/credits.md", "choose", "mit", "MIT", "permissive")
    assert entries(tree, "met") == [{"obligation": "advertising", "license": "BSD-4-Clause", "how": "docs/credits.md"}]
    assert [entry["choose"] for entry in entries(tree, "choice")] == ["MIT"]
    assert tree.open() == set()


def test_a_waiver_for_one_dependency_is_none_for_another(tree, review, tmp_path):
    tree.write({"pyproject.toml": '[project]\nname = "demo"\ndependencies = ["no-such-one", "no-such-two"]\n'})
    done = review("waive", "1", "why", "", FAR, "", "skip")
    assert done.exit_code == 1
    waiver = entries(tree, "waiver")[0]
    assert (waiver["package"], waiver["subject"]) == ("no-such-one", "no-such-one")
    assert "1 answered, 1 left open" in done.output


def test_what_rests_on_no_content_is_waived_for_its_licence_alone(tree, review):
    # REUSE-IgnoreStart
    tree.allow("Zlib", "ISC")
    tree.write({"a.py": "# SPDX-License-Identifier: Zlib\n"})
    review("waive", "1", "why", "", FAR, "", arguments=("text-missing",))
    assert tree.rules("a.py") == set()
    tree.write({"a.py": "# SPDX-License-Identifier: ISC\n"})
    # REUSE-IgnoreEnd
    assert tree.rules("a.py") == {"text-missing"}


def test_a_file_cannot_steer_the_terminal(tree, review):
    tree.write({"a.py": "\x1b[2J\u202e" + LINK})
    shown = review("skip").output
    assert "\x1b[2J" not in shown and "\u202e" not in shown
    assert printable("a\tb\x07") == "a   b\N{REPLACEMENT CHARACTER}"


def test_a_name_with_pattern_characters_is_waived_alone(tree, review):
    tree.write({"a[1]*.py": LINK, "a[1]x.py": OTHER})
    review("waive", "1", "why", "", FAR, "")
    assert {path for _, path in tree.open()} == {"a[1]x.py"}


def test_a_word_that_is_neither_rule_nor_path_is_refused(review):
    error = review(arguments=("provenanse",)).exception
    assert "neither a rule nor a pattern" in str(error)


def test_a_policy_that_cannot_be_written_keeps_its_text(tree, review):
    tree.write({"a.py": LINK})
    before = (tree.root / "audit.toml").read_bytes()
    tree.root.chmod(0o555)
    try:
        done = review("waive", "1", "why", "", FAR, "")
    finally:
        tree.root.chmod(0o755)
    if os.geteuid() != 0:
        assert "cannot write" in str(done.exception)
        assert (tree.root / "audit.toml").read_bytes() == before


def test_entries_are_written_so_that_toml_reads_them_back():
    values = {"path": 'a "b"\\c\x7f\u2028', "sha256": "0" * 64, "license": "MIT", "reason": "1\n2"}
    start = '[project]\nlicense = "MIT"\n'
    policy = parse_policy(Path("audit.toml"), with_change(start, [("clarification", values)], []))
    assert dict(policy.entries["clarification"][0].values) == values


def test_taking_an_entry_out_leaves_the_comments_of_the_next():
    text = 'a = 1\n\n[[x]]\nb = """\n[[no header]]\n"""\n\n# about y\n[[y]]\nc = 1\n'
    assert with_change(text, [], [3]) == "a = 1\n\n# about y\n[[y]]\nc = 1\n"
    assert with_change(text, [], [9]) == text[: text.index("[[y]]")]


def test_the_part_of_a_licence_that_is_shown_is_the_one_that_was_matched():
    lines = [f"section {number} of the text" for number in range(100)]
    lines[70] = "redistribute it under the terms"
    assert closest("you may redistribute it under the terms of it", lines, 10) <= 71 <= closest("x", lines, 10) + 100
    start = closest("you may redistribute it under the terms of it", lines, 10)
    assert start <= 71 < start + 10


class Terminal:
    """The program on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.leader, follower = pty.openpty()
        environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
        command = [sys.executable, "-m", "keima_cli", *arguments]
        # A shell starts what runs in its background with Ctrl-C ignored, and children would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            command, stdin=follower, stdout=follower, stderr=follower, env=environment, start_new_session=True
        )
        os.close(follower)
        self.seen = ""

    def until(self, words: str, seconds: float = 60) -> None:
        """Wait until what was printed since the last time holds the words."""
        deadline = time.monotonic() + seconds
        while words not in self.seen:
            ready, _, _ = select.select([self.leader], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"never said {words!r}: {self.seen}"
            self.seen += re.sub(r"\x1b\[[0-9;]*m", "", os.read(self.leader, 65536).decode("utf-8", "replace"))
        self.seen = self.seen.split(words, 1)[1]

    def answer(self, question: str, line: str) -> None:
        self.until(question)
        self.until(": ")
        os.write(self.leader, (line + "\n").encode())


def test_on_a_terminal_ctrl_c_leaves_and_the_answers_are_there(tree, tmp_path):
    tree.write({"a.py": LINK, "b.py": OTHER})
    arguments = ("audit", "-C", str(tree.root), "--cache", str(tmp_path / "c"), "review", "--reviewer", "Ann")
    desk = Terminal(*arguments)
    desk.answer("1 to 4 [3]", "1")
    desk.answer("1 to 8 [7]", "1")
    desk.answer("In your words", "three lines")
    desk.answer("Who decides this [Ann]", "")
    desk.answer("The last day", FAR)
    desk.answer("Ticket", "")
    desk.until("written")
    desk.until("1 to 4 [3]: ")
    desk.process.send_signal(signal.SIGINT)
    desk.until("run it again to go on")
    assert desk.process.wait(30) == 0  # what is left open is a warning
    assert [entry["path"] for entry in entries(tree, "waiver")] == ["a.py"]
    desk = Terminal(*arguments)
    desk.until("b.py")
    desk.until("1 to 4 [3]: ")
    os.write(desk.leader, b"\x04")
    assert desk.process.wait(30) == 0
