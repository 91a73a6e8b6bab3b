# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Our own sync.toml on a part of our own tree, with an internal area and an internal history that are made here."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keima_sync.config import Config, read_config
from keima_sync.export import export, standing
from keima_sync.outside import import_outside
from keima_sync.preview import preview
from keima_sync.proof.prove import prove

ROOT = Path(__file__).parents[2]
PARTS = ("cli/", "docs/", "framework/keima/", "framework/native/b", "framework/native/C", "sync/", "README", "Makefile")
UNPUBLISHED = {"sync.toml", "tests/sync/test_own_tree.py"}
TAKEN = (*PARTS, *UNPUBLISHED)
INSIDE = ("Ann", "ann@corp.keima.example")
OUTSIDE = ("Olga", "olga@keima.example")
BEGIN, END = "KEIMA-INTERNAL-BEGIN", "KEIMA-INTERNAL-END"
Edit = Callable[[str], str]


def _git(folder: Path, *arguments: str, who: tuple[str, str] = INSIDE) -> str:
    command = ["git", "-C", str(folder), "-c", f"user.name={who[0]}", "-c", f"user.email={who[1]}", *arguments]
    environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(command, capture_output=True, env=environment, check=True)
    return done.stdout.decode(errors="replace").strip()


@dataclass
class Company:
    """Our tree as an internal repository, and an empty public one beside it."""

    folder: Path

    @property
    def internal(self) -> Path:
        return self.folder / "keima"

    @property
    def public(self) -> Path:
        return self.folder / "keima-public"

    @property
    def config(self) -> Config:
        return read_config(self.internal / "sync.toml")

    def commit(self, message: str, files: dict[str, str | Edit | None]) -> str:
        """Write, edit or (None) remove files, and commit."""
        return _commit(self.internal, message, files, INSIDE)

    def contribute(self, message: str, files: dict[str, str | Edit | None]) -> str:
        """The same as an outsider, on the public branch."""
        _git(self.public, "reset", "-q", "--hard", "main")
        return _commit(self.public, message, files, OUTSIDE)


def _commit(folder: Path, message: str, files: dict[str, str | Edit | None], who: tuple[str, str]) -> str:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            path.unlink()
        else:
            path.write_text(text(path.read_text()) if callable(text) else text)
    _git(folder, "add", "-A", who=who)
    _git(folder, "commit", "-q", "-m", message, who=who)
    return _git(folder, "rev-parse", "HEAD")


def _marked(comment: str, *lines: str) -> str:
    return f"{comment} {BEGIN}\n" + "".join(f"{line}\n" for line in lines) + f"{comment} {END}\n"


def _after(anchor: str, block: str) -> Edit:
    """Puts a block behind the first line that the anchor matches."""

    def edit(text: str) -> str:
        found = re.search(rf"^.*{anchor}.*\n", text, re.MULTILINE)
        assert found is not None, anchor
        return text[: found.end()] + block + text[found.end() :]

    return edit


def _own_files() -> list[str]:
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout
    return [name for name in listed.decode().split("\0") if name.startswith(TAKEN) and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The whole history, exported."""
    made = Company(tmp_path_factory.mktemp("company"))
    for folder in (made.internal, made.public):
        folder.mkdir()
        _git(folder, "init", "-q", "-b", "main")
    for name in _own_files():
        target = made.internal / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
        target.chmod((ROOT / name).stat().st_mode & 0o777)
    _git(made.internal, "add", "-A")
    _git(made.internal, "commit", "-q", "-m", "The tree as it is")
    _history(made)
    done = export(made.config)
    assert done.leaks == [] and done.after is not None
    yield made


def _history(company: Company) -> None:
    company.commit("Deploy scripts (KEIMA-12)", {"internal/deploy.sh": "ssh build.corp.keima.example make\n"})
    company.commit(
        "Kernels for our own accelerator (KEIMA-40)",
        {
            "framework/native/internal/CMakeLists.txt": "add_library(npu npu.cc)\n",
            "framework/native/internal/npu.h": "void npu();\n",
            "framework/native/internal/npu.cc": '#include "internal/npu.h"\nvoid npu() {}\n',
            "framework/native/CMakeLists.txt": lambda text: text + _marked("#", "add_subdirectory(internal)"),
            "framework/native/bindings/module.cc": _after("#include", _marked("//", '#include "internal/npu.h"')),
        },
    )
    _git(company.internal, "checkout", "-q", "-b", "telemetry")
    company.commit(
        "Telemetry (KEIMA-41)",
        {
            "cli/keima_cli/internal/__init__.py": "def report() -> None: ...\n",
            "cli/keima_cli/main.py": _after("^import sys", _marked("#", "from keima_cli.internal import report")),
        },
    )
    _git(company.internal, "checkout", "-q", "main")
    company.commit(
        "How to deploy", {"README.md": lambda text: text + _marked("<!-- -->", "[deploy](internal/deploy.sh)")}
    )
    _git(company.internal, "merge", "-q", "--no-edit", "telemetry")
    company.commit("Say hello", {"docs/hello.md": "Hello.\n"})


@pytest.fixture
def company(generated: Company, tmp_path: Path) -> Company:
    """A copy to play with."""
    subprocess.run(["cp", "-a", f"{generated.folder}/.", str(tmp_path)], check=True)
    return Company(tmp_path)


def test_what_is_published_is_our_tree_and_no_more(company: Company) -> None:
    listed = set(_git(company.public, "ls-tree", "-r", "--name-only", "main").split("\n"))
    assert listed == (set(_own_files()) - UNPUBLISHED) | {"docs/hello.md"}
    _git(company.public, "reset", "-q", "--hard", "main")
    differing = [
        name
        for name in listed - {"docs/hello.md"}
        if (company.public / name).read_bytes() != (ROOT / name).read_bytes()
    ]
    assert differing == []


def test_the_history_is_replayed_without_numbers_and_internal_addresses(company: Company) -> None:
    log = _git(company.public, "log", "--format=%an <%ae> %s", "main")
    assert "Say hello" in log and "How to deploy" not in log and "KEIMA-" not in log
    assert set(re.findall(r"<(.*?)>", log)) == {"ann@keima.example"}
    assert standing(company.config).waiting == 0


def test_nothing_dangles_that_did_not_before(company: Company) -> None:
    first = _git(company.internal, "rev-list", "--max-parents=0", "main")
    assert preview(company.config, "HEAD", first) == []


def test_an_unmarked_use_of_what_is_internal_is_found_before_it_breaks_the_public_tree(company: Company) -> None:
    company.commit(
        "Forget the markers",
        {
            "framework/native/bindings/module.cc": _after("#include", '#include "internal/npu.h"\n'),
            "cli/keima_cli/console.py": _after("^import sys", "import keima_cli.internal\n"),
            "docs/README.md": lambda text: text + "[how](../internal/deploy.sh)\n",
        },
    )
    found = preview(company.config, "HEAD", "HEAD~")
    assert {finding.path for finding in found} == {
        "framework/native/bindings/module.cc",
        "cli/keima_cli/console.py",
        "docs/README.md",
    }
    assert all("sync.toml:17: exclude /internal/" in finding.hint for finding in found)


def test_a_leak_stops_the_export(company: Company) -> None:
    company.commit("Mirror", {"docs/hello.md": "Hello. https://git.corp.keima.example/x\n"})
    before = _git(company.public, "rev-parse", "main")
    assert [finding.path for finding in export(company.config).leaks] == ["docs/hello.md"]
    assert _git(company.public, "rev-parse", "main") == before


def test_an_outside_change_comes_home_beside_a_marked_block(company: Company) -> None:
    greeting = "Contributed from outside.\n"
    oid = company.contribute("Greet", {"README.md": lambda text: greeting + text, "docs/more.md": "More.\n"})
    done = import_outside(company.config, "keima-import")
    assert set(done.made) == {oid}
    _git(company.internal, "merge", "-q", "--ff-only", "keima-import")
    text = (company.internal / "README.md").read_text()
    assert text.startswith(greeting) and "internal/deploy.sh" in text and text.count(BEGIN) == 1
    again = export(company.config)
    assert again.made == {} and _git(company.public, "rev-parse", "main") == oid


def test_the_public_tree_is_proven(company: Company) -> None:
    proof = prove(company.config, "HEAD", company.folder / "cache")
    assert proof.verdict.passed, proof.verdict.log.read_text()
    assert "keima_cli/internal" not in proof.verdict.log.read_text()
