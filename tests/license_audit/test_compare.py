# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima audit diff`: folders, revisions, wheels and saved reports against each other."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from keima_audit.cli import app
from keima_audit.compare.revisions import checked_out
from keima_audit.errors import ArtefactError
from keima_audit.inventory import list_tree
from tests.license_audit.test_artefacts import make_wheel

# REUSE-IgnoreStart
GPL = "# SPDX-License-Identifier: GPL-3.0-only\n"
MIT = "# SPDX-License-Identifier: MIT\n"
# REUSE-IgnoreEnd


@pytest.fixture
def keima(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("KEIMA_AUDIT_CACHE", str(tmp_path / "audit-cache"))
    return lambda *arguments: CliRunner().invoke(app, ["-C", str(tree.root), *map(str, arguments)])


@pytest.fixture
def history(tree):
    """A repository with one commit, and changes after it."""
    tree.write({"old.py": GPL, "stays.py": MIT, "becomes.py": MIT, "LICENSES/MIT.txt": "x"})
    tree.git("init", "-q")
    tree.git("add", ".")
    tree.git("commit", "-qm", "x")
    tree.write({"becomes.py": GPL + "x = 1\n", "new.py": MIT})
    (tree.root / "old.py").unlink()
    return tree


def found_in(result) -> dict[str, list[dict[str, str]]]:
    assert result.output.startswith("{"), result.output
    return json.loads(result.output)


def test_a_revision_against_the_tree(keima, history):
    history.git("rm", "-q", "--cached", "old.py")
    done = keima("diff", "HEAD", "--json")
    said = found_in(done)
    assert done.exit_code == 1
    assert {file["what"]: (file["old"], file["new"]) for file in said["files"]} == {
        "becomes.py": ("MIT (source)", "GPL-3.0-only (source)"),
        "new.py": ("", "MIT (source)"),
        "old.py": ("GPL-3.0-only (source)", ""),
    }
    assert {(p["rule"], p["path"]) for p in said["found"]} >= {("license-not-allowed", "becomes.py")}
    assert ("license-not-allowed", "old.py") in {(p["rule"], p["path"]) for p in said["solved"]}
    text = keima("diff", "HEAD").output
    assert "~ MIT (source) -> GPL-3.0-only (source): 1: becomes.py" in text
    assert "becomes.py: error license-not-allowed" in text


def test_a_change_of_the_content_alone_is_no_news(keima, history):
    history.git("checkout", "-q", ".")
    history.write({"old.py": GPL + "changed = True\n"})
    (history.root / "new.py").unlink()
    done = keima("diff", "HEAD")
    assert done.exit_code == 0, done.output
    assert "Files: none" in done.output and "brings: none" in done.output


def test_a_saved_report_is_the_same_as_the_state_that_it_was_made_of(keima, history, tmp_path):
    saved = tmp_path / "before.json"
    keima("--json", "-o", saved)
    assert keima("diff", saved).exit_code == 0
    history.write({"more.py": GPL + "y = 1\n"})
    said = found_in(keima("diff", saved, "--json"))
    assert [file["what"] for file in said["files"]] == ["more.py"]


def test_two_folders_are_judged_by_one_policy(keima, tree, make_tree):
    other = make_tree("other")
    other.write({"a.py": MIT})
    other.allow("GPL-3.0-only")
    done = keima("diff", tree.root, other.root, "--json")
    assert [file["what"] for file in found_in(done)["files"]] == ["a.py"]


def test_a_new_dependency_and_a_new_library(keima, tree, make_tree, tmp_path):
    other = make_tree("other")
    other.write({"pyproject.toml": '[project]\nname = "demo"\ndependencies = ["license_expression"]\n'})
    said = found_in(keima("diff", tree.root, other.root, "--json"))
    assert "dependency license-expression" in [part["what"] for part in said["parts"]]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = make_wheel(tmp_path / "a", ["demo/x.py"])
    carrying = make_wheel(tmp_path / "b", ["demo/x.py", "demo.libs/libgomp-1234abcd.so.1.0.0"])
    done = keima("diff", plain, carrying, "--json")
    assert [(part["what"], part["old"]) for part in found_in(done)["parts"]] == [("library gcc-libs", "")]
    assert done.exit_code == 1
    assert keima("diff", carrying, plain).exit_code == 0


def test_a_word_that_names_nothing_and_a_file_that_is_no_report(keima, tree, tmp_path):
    assert "'v9' is no folder, wheel" in str(keima("diff", "v9").exception)
    assert "is no revision" in str(keima("diff", "--", "--output=x").exception)
    for text in ("{}", "[]", "{", '{"files": 1, "parts": [], "findings": []}'):
        bad = tmp_path / "bad.json"
        bad.write_text(text)
        assert "expected a report of `keima audit --json`" in str(keima("diff", bad).exception)


def test_a_revision_is_checked_out_as_it_is(history):
    (history.root / "link").symlink_to("/etc/passwd")
    history.write(
        {".gitattributes": "*.py filter=evil text eol=crlf\n", ".gitignore": "ignored.py\n", "ignored.py": MIT}
    )
    history.git("add", "-f", ".")
    history.git("-c", "filter.evil.clean=cat", "commit", "-qm", "y")
    with checked_out(history.root, "HEAD") as folder:
        entries = {entry.path: entry.kind for entry in list_tree(folder)}
        assert entries["link"] == "symlink" and entries["ignored.py"] == "file"
        assert (folder / "new.py").read_text() == MIT
        assert set(entries) == set(history.git("ls-tree", "-r", "--name-only", "HEAD").split())
    assert not folder.exists()


def test_a_tree_object_that_climbs_out_is_refused(history):
    blob = bytes.fromhex(history.git("rev-parse", "HEAD:stays.py").strip())
    inner = history.root.parent / "object"
    for name in (b"..", b".git", b"a/../../b"):
        inner.write_bytes(b"100644 " + name + b"\0" + blob)
        tree = history.git("hash-object", "-t", "tree", "-w", "--literally", str(inner)).strip()
        with pytest.raises(ArtefactError), checked_out(history.root, tree):
            pass
