# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Builds small trees and audits them with the built-in detector: nothing is mocked."""

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from keima_audit import delivery
from keima_audit.policy_reader import read_policy
from keima_audit.report import Report, audit
from keima_audit.store import Store
from keima_audit.tree import Reading, read_tree

APACHE_TEXT = "Apache License\nVersion 2.0, January 2004\n"
# REUSE-IgnoreStart
HEADER = "# SPDX-FileCopyrightText: 2026 The Authors\n# SPDX-License-Identifier: Apache-2.0\n"
# REUSE-IgnoreEnd
POLICY = """\
[project]
license = "Apache-2.0"
detector = "notices"

[use.source]
allow = ["Apache-2.0", "MIT", "BSD-3-Clause"]
"""


class Audited:
    """A tree in a folder of its own, and what the audit says about it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write({"LICENSE": APACHE_TEXT, "audit.toml": POLICY})
        self.write({f"own{number}.py": HEADER for number in range(4)})

    def write(self, files: dict[str, str | bytes]) -> None:
        for path, content in files.items():
            full = self.root / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(content.encode() if isinstance(content, str) else content)

    def allow(self, *licenses: str, use: str = "source") -> None:
        listed = ", ".join(f'"{name}"' for name in licenses)
        if use == "source":
            self.policy(POLICY.replace('"Apache-2.0", "MIT"', f'"Apache-2.0", "MIT", {listed}'))
        else:
            self.more(f"[use.{use}]\nallow = [{listed}]\n")

    def policy(self, text: str) -> None:
        self.write({"audit.toml": text})

    def more(self, text: str) -> None:
        self.policy((self.root / "audit.toml").read_text() + "\n" + text)

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always"]
        done = subprocess.run(
            ["git", "-C", str(self.root), *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout

    def report(self, today: str = "2026-11-24", *, rehash: bool = False) -> Report:
        policy = read_policy(self.root / "audit.toml")
        with Store(self.root.parent / "cache" / "audit.sqlite") as store:
            tree = read_tree(self.root, policy, store, Reading("notices", rehash=rehash))
        return audit(tree, policy, date.fromisoformat(today))

    def open(self, today: str = "2026-11-24") -> set[tuple[str, str]]:
        """(rule, path) of all open findings, without those about unused entries of the policy."""
        found = self.report(today).open
        return {(f.rule, f.path) for f in found if f.rule != "entry-unused"}

    def rules(self, path: str, today: str = "2026-11-24") -> set[str]:
        """The rules of the open findings on one path."""
        return {rule for rule, where in self.open(today) if where == path}

    def license(self, path: str) -> tuple[str, str]:
        """How a file's licence was resolved, and to what."""
        found = [item for item in self.report().resolved if item.path == path]
        return found[0].how, str(found[0].node)

    def message(self, rule: str) -> str:
        return next(f.message for f in self.report().open if f.rule == rule)


@pytest.fixture(autouse=True)
def _no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed must not depend on how busy the machine is."""
    monkeypatch.setattr(delivery, "_PATIENCE", float("inf"))


@pytest.fixture
def tree(tmp_path: Path) -> Audited:
    """An Apache-2.0 project with its licence text and a policy that allows Apache-2.0, MIT, BSD-3-Clause."""
    root = tmp_path / "tree"
    root.mkdir()
    return Audited(root)


@pytest.fixture
def make_tree(tmp_path: Path) -> Callable[[str], Audited]:
    """Makes further trees by name."""

    def make(name: str) -> Audited:
        root = tmp_path / name
        root.mkdir()
        return Audited(root)

    return make
