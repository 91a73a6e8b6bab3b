# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync graph`: every commit stands in the drawing, which needs no network and can be printed."""

from __future__ import annotations

import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from keima_cli.errors import WrongUseError
from keima_sync.breakage import breakage
from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.export import export
from keima_sync.graph.migration import Commit, Migration, State, migration
from keima_sync.graph.rows import rows
from keima_sync.graph.svg import drawing
from keima_sync.outside import import_outside
from tests.sync.conftest import git

RULES = """
[paths]
unmatched = "include"
[[paths.rules]]
exclude = ["/internal/"]
"""
NASTY = "</text><script>alert(1)</script> & \x01 \u6842"


@pytest.fixture
def migrated(project: Any) -> Any:
    """Commits in every state; one breaks the public tree, one mends it."""
    config = read_config(project.write_config(RULES))
    project.commit("first", x_dot_c="", internal__a_dot_h="")
    project.commit("pruned", internal__a_dot_h="//\n")
    export(config)
    clone = project.folder / "clone"
    git(project.folder, "clone", "-q", str(project.public), str(clone))
    git(project.public, "checkout", "-q", "--detach")
    _outside(clone, "outside one")
    import_outside(config, "came")
    git(project.internal, "merge", "-q", "--ff-only", "came")
    project.commit("breaks", y_dot_c='#include "internal/a.h"\n')
    export(config)
    git(clone, "pull", "-q", "--ff-only")
    _outside(clone, NASTY)
    project.commit("mends", y_dot_c="")
    return project


def _outside(clone: Path, message: str) -> None:
    who = ("-c", "user.name=Olga", "-c", "user.email=olga@outside.example")
    git(clone, *who, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message)
    (clone / "README").write_text(message)
    git(clone, "add", "-A")
    git(clone, *who, "commit", "-q", "--amend", "--no-edit", "--cleanup=verbatim")
    git(clone, "push", "-q", "origin", "HEAD:main")


class _Page(HTMLParser):
    """Elements and text of a page; attributes that would fetch something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.targets: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value or "")
            elif name == "href" and (value or "").startswith("#"):
                self.targets.add((value or "")[1:])
            elif name in ("src", "href", "data", "action"):
                self.fetched.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        self.text += data


def _drawn(project: Any, monkeypatch: pytest.MonkeyPatch, *flags: str) -> tuple[str, dict[str, Any]]:
    monkeypatch.chdir(project.folder)
    ran = CliRunner().invoke(app, ["graph", "--json", *flags])
    assert ran.exit_code == 0, ran.output
    out = flags[flags.index("--out") + 1] if "--out" in flags else "sync.html"
    return Path(out).read_text(encoding="utf-8"), json.loads(ran.stdout)


def test_the_page_says_what_became_of_each_commit_and_fetches_nothing(
    migrated: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, told = _drawn(migrated, monkeypatch)
    page = _Page(text)
    counts = {name: count for name, count in told["counts"].items() if count}
    assert counts == {"exported": 2, "pruned": 1, "imported": 1, "waiting": 1, "outside": 1}
    for commit in told["commits"]:
        assert commit["id"][:9] in page.text and (commit["subject"] in page.text or "\\x01" in commit["subject"])
    assert page.fetched == [] and "script" not in page.tags and "@import" not in text and "url(" not in text
    assert "default-src 'none'" in text and "@media print" in text
    assert page.targets and page.targets <= page.anchors
    broke, mended = ([c["subject"] for c in told["commits"] if c[mark]] for mark in ("broke", "mended"))
    assert (broke, mended) == (["breaks"], ["mends"])


def test_the_drawing_is_well_formed_xml(migrated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    text, told = _drawn(migrated, monkeypatch, "--out", "sync.svg", "--no-findings")
    root = ElementTree.fromstring(text)  # noqa: S314 - made by the code under test
    said = "".join(root.itertext())
    assert all(commit["id"][:9] in said for commit in told["commits"])
    assert not any(element.get("href") for element in root.iter())
    assert all(commit["broke"] == [] for commit in told["commits"])


def test_a_day_and_a_limit_narrow_it(migrated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _drawn(migrated, monkeypatch, "--since", "2999-01-01")[1]["commits"] == []
    text, told = _drawn(migrated, monkeypatch, "--limit", "2")
    assert len(told["commits"]) == 2 and told["lines_left_out"] == 4 and "4 older lines are left out" in text
    for flags in (["--since", "yesterday"], ["--out", "sync.png"]):
        assert isinstance(CliRunner().invoke(app, ["graph", *flags]).exception, WrongUseError)


def _history(parents: list[list[int]]) -> Migration:
    """Commits numbered from the oldest, drawn newest first."""
    commits = [
        Commit(f"{n:040d}", tuple(f"{p:040d}" for p in above), State.EXPORTED, f"{n + 1:040x}", "A", f"c{n}", n)
        for n, above in enumerate(parents)
    ]
    return Migration(f"{len(parents) - 1:040d}", "", tuple(reversed(commits)))


def test_thousands_of_commits_become_a_few_lines_and_none_is_lost() -> None:
    parents = [[n - 1] if n else [] for n in range(5000)]
    parents[3000] = [2999, 2000]
    drawn = _history(parents)
    lines = rows(drawn)
    assert len(lines) < 20
    assert [commit for row in lines for commit in row.commits] == list(drawn.commits)
    assert len(drawing(lines)) < 20_000


@pytest.mark.parametrize("seed", range(5))
def test_every_lane_leads_from_a_commit_to_its_parent(seed: int) -> None:
    rng = random.Random(seed)
    parents: list[list[int]] = [[]]
    for n in range(1, 60):
        parents.append(sorted({max(0, n - rng.randint(1, 6)) for _ in range(rng.choice([1, 1, 2]))}))
    drawn = _history(parents)
    open_lanes: dict[int, str] = {}
    for row in rows(drawn):
        assert set(row.passing) | set(row.ends) | {row.lane} >= set(open_lanes), "a lane broke off"
        for commit in row.commits:
            for lane in {row.lane, *row.ends} & open_lanes.keys():
                assert open_lanes.pop(lane) == commit.id
            ways = [row.lane, *row.joins] if row.goes_on else []
            for lane, parent in zip(ways, commit.parents, strict=True):
                assert open_lanes.setdefault(lane, parent) == parent
    assert open_lanes == {}


def test_findings_are_those_of_the_check_over_history(migrated: Any) -> None:
    config = read_config(migrated.config)
    found = list(breakage(config, "main"))
    marks = migration(config, found).marks
    assert [finding for mark in marks.values() for finding in mark.broke] == found
    assert re.fullmatch("[0-9a-f]{40}", next(iter(marks)))
