# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima audit` as people run it: formats, files, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as SarifLog
from typer.testing import CliRunner, Result

from keima_audit import delivery
from keima_audit.cli import app
from keima_audit.errors import UsageError
from keima_cli.errors import ExitCode

# REUSE-IgnoreStart
GPL = "# SPDX-License-Identifier: GPL-3.0-only\n"
MIT = "# SPDX-License-Identifier: MIT\n"
# REUSE-IgnoreEnd


@pytest.fixture
def keima_audit(tree, tmp_path, monkeypatch):
    """Runs `keima audit` on the tree, in this process."""
    monkeypatch.setenv("KEIMA_AUDIT_CACHE", str(tmp_path / "audit-cache"))
    return lambda *arguments: CliRunner().invoke(app, ["-C", str(tree.root), *arguments])


def refusal(result: Result) -> UsageError:
    assert isinstance(result.exception, UsageError), result.output
    return result.exception


def test_exit_codes_of_the_program(tree, tmp_path):
    def code(*arguments: str) -> int:
        command = [sys.executable, "-m", "keima_cli", "audit", "--cache", str(tmp_path / "c"), *arguments]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert code("-C", str(tree.root)) == ExitCode.GOOD
    tree.write({"a.py": GPL})
    assert code("-C", str(tree.root)) == ExitCode.FINDINGS
    assert code("-C", str(tree.root / "nowhere")) == ExitCode.WRONG_USE
    (tmp_path / "file").write_text("no folder")
    assert code("--cache", str(tmp_path / "file"), "-C", str(tree.root)) == ExitCode.BROKEN


def test_a_format_that_there_is_not_is_refused_before_the_work(keima_audit, tree):
    (tree.root / "audit.toml").unlink()  # reading it would be the first step of the work
    assert "--format 'yaml' is none of text, json, sarif, junit, html" in str(refusal(keima_audit("--format", "yaml")))
    assert "--format 'yaml'" in str(refusal(keima_audit("sdist", "x.tar.gz", "--format", "yaml")))


def test_text_goes_to_the_file_that_is_asked_for(keima_audit, tree, tmp_path):
    tree.write({"a.py": GPL})
    shown = keima_audit()
    written = keima_audit("--output", str(tmp_path / "report.txt"))
    assert written.exit_code == shown.exit_code == 1
    assert written.output == ""
    assert (tmp_path / "report.txt").read_text() == shown.output
    assert "license-not-allowed" in shown.output


def test_every_format_is_written_twice_with_the_same_bytes(keima_audit, tree):
    tree.write({"a.py": GPL, "b.py": "# https://stackoverflow.com/a/32095106\n"})
    for form in ("text", "json", "sarif", "junit", "html"):
        first = keima_audit("--format", form).output
        assert first == keima_audit("--rehash", "--format", form).output
        assert "license-not-allowed" in first or form == "html"


def test_sarif_keeps_its_schema_and_names_file_and_line(keima_audit, tree):
    tree.write({"a b.py": "x = 1\n" + GPL})
    log = SarifLog.model_validate_json(keima_audit("--format", "sarif").output)
    places = [
        (location.physicalLocation.artifactLocation.uri, location.physicalLocation.region.startLine)
        for result in log.runs[0].results
        for location in result.locations
        if result.ruleId == "license-not-allowed"
    ]
    assert places == [("a%20b.py", 2)]


def test_junit_has_a_failure_for_the_file_and_passed_cases_for_the_other_rules(keima_audit, tree):
    tree.write({"a.py": GPL})
    suite = ElementTree.fromstring(keima_audit("--format", "junit").output)  # noqa: S314 - our own output
    failed = {case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None}
    assert "a.py" in failed
    assert any(case.get("name") == "waiver-expired" and len(case) == 0 for case in suite.iter("testcase"))


def test_a_file_name_that_is_no_utf_8_can_be_reported(keima_audit, tree):
    (tree.root / b"a\xff.py".decode("utf-8", "surrogateescape")).write_text(GPL)
    for form in ("text", "json", "sarif", "junit", "html"):
        assert keima_audit("--format", form).exit_code == 1


def test_explain_a_file_names_the_line_and_the_verdict(keima_audit, tree):
    tree.write({"a.py": "x = 1\n" + GPL})
    said = keima_audit("explain", "a.py").output
    assert "line 2: GPL-3.0-only (tag" in said
    assert "into Apache-2.0: no. Strong copyleft" in said
    assert "OSADL's matrix: No" in said
    assert "verdict   license-not-allowed (error)" in said
    assert "nothing speaks against it" in keima_audit("explain", "own1.py").output


def test_explain_a_dependency_names_who_needs_it(keima_audit, tree):
    tree.write({"pyproject.toml": '[project]\nname = "demo"\ndependencies = ["License_Expression"]\n'})
    said = keima_audit("explain", "license-expression").output
    assert "needed by the project, read from pyproject.toml" in said
    assert "because   its metadata has License: Apache-2.0" in said
    assert "license-not-allowed (error)" in said and "to do: Add the licence" in said
    assert "needed by license-expression, which is needed by the project" in keima_audit("explain", "boolean.py").output
    tree.allow("Apache-2.0", "BSD-2-Clause", use="binary")
    assert "nothing speaks against it" in keima_audit("explain", "license-expression").output


def test_what_an_extra_needs_is_looked_at_though_the_package_was_seen_without_it(keima_audit, tree):
    manifest = '[project]\nname = "demo"\ndependencies = ["jsonschema", "jsonschema[format-nongpl]"]\n'
    tree.write({"pyproject.toml": manifest})
    assert "needed by jsonschema" in keima_audit("explain", "isoduration").output
    tree.write({"pyproject.toml": manifest.replace("[format-nongpl]", "")})
    assert "no such dependency" in str(refusal(keima_audit("explain", "isoduration")))


def test_explain_names_the_exception_that_lets_a_licence_pass(keima_audit, tree):
    tree.write({"a.py": GPL, "LICENSES/GPL-3.0-only.txt": "x"})
    tree.more('[[exception]]\npath = "a.py"\nallow = ["GPL-3.0-only"]\nreason = "a sample"\n')
    assert "not in [use.source]; excepted by audit.toml:8: a sample" in keima_audit("explain", "a.py").output


def test_explain_something_that_is_not_there(keima_audit):
    assert "no such file" in str(refusal(keima_audit("explain", "nowhere.py")))


def test_a_gpl_dependency_with_a_linking_exception_is_not_bare_gpl(keima_audit, tree):
    tree.write({"pyproject.toml": '[project]\nname = "demo"\ndependencies = ["no-such-package"]\n'})
    bare = '[[dependency]]\nname = "no-such-package"\nlicense = "GPL-2.0-only"\n'
    tree.allow("GPL-2.0-only WITH GCC-exception-2.0", use="binary")
    tree.more(bare)
    assert "license-not-allowed" in keima_audit().output
    policy = (tree.root / "audit.toml").read_text()
    tree.policy(policy.replace('license = "GPL-2.0-only"', 'license = "GPL-2.0-only WITH GCC-exception-2.0"'))
    assert keima_audit().exit_code == 0


def test_init_then_audit_passes_and_init_never_overwrites(keima_audit, tree):
    (tree.root / "audit.toml").unlink()
    tree.write({"a.py": MIT, "LICENSES/MIT.txt": "x"})
    assert keima_audit("--detector", "notices", "init").exit_code == 0
    assert keima_audit().exit_code == 0
    assert "is there already" in str(refusal(keima_audit("init")))


def test_baseline_lets_old_findings_pass_and_new_ones_fail(keima_audit, tree):
    tree.write({"old.py": GPL})
    assert keima_audit("baseline").exit_code == 0
    assert keima_audit().exit_code == 0
    tree.write({"new.py": GPL + "x = 1\n"})
    assert keima_audit().exit_code == 1
    tree.write({"new.py": MIT, "LICENSES/MIT.txt": "x", "old.py": GPL + "changed = True\n"})
    assert keima_audit().exit_code == 1


def test_baseline_covers_findings_about_the_policy_and_the_tree_as_a_whole(keima_audit, tree):
    policy = (tree.root / "audit.toml").read_text().replace("[use.source]", 'fail-on = "warning"\n[use.source]')
    tree.policy(policy.replace('"Apache-2.0",', '"Apache-2.0", "Zlib",'))
    tree.write({f"other{i}.py": MIT for i in range(9)} | {"LICENSES/MIT.txt": "x"})
    assert keima_audit().exit_code == 1
    assert keima_audit("baseline").exit_code == 0
    assert keima_audit().exit_code == 0
    tree.write({"one-more.py": MIT})
    assert keima_audit().exit_code == 0


def test_changed_since_looks_at_new_files_only(keima_audit, tree):
    tree.write({"old.py": GPL})
    tree.git("init", "-q")
    tree.git("add", ".")
    tree.git("commit", "-qm", "x")
    assert keima_audit("--changed-since", "HEAD").exit_code == 0
    tree.write({"new.py": GPL})
    found = json.loads(keima_audit("--changed-since", "HEAD", "--json").output)["findings"]
    assert {finding["path"] for finding in found} == {"new.py"}
    assert "knows no revision 'nope'" in str(refusal(keima_audit("--changed-since", "nope")))


def test_notices_take_the_use_that_is_asked_for(keima_audit, tree, tmp_path):
    tree.allow("Zlib")
    tree.write({"z.c": "// " + MIT.replace("MIT", "Zlib"), "LICENSES/Zlib.txt": "the text of zlib\n"})
    assert "for the source code of" in keima_audit("notice").output
    assert "the text of zlib" in keima_audit("notice").output
    assert "--use 'sauce' is none of" in str(refusal(keima_audit("notice", "--use", "sauce")))
    target = tmp_path / "NOTICE"
    assert keima_audit("notice", "--use", "binary", "-o", str(target)).exit_code == 0
    assert "for the binary distribution of" in target.read_text()


def test_fix_lists_and_then_writes_headers_that_reuse_reads(keima_audit, tree, monkeypatch):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    tree.write({"bare.py": "x = 1\n"})
    listed = keima_audit("fix")
    assert listed.output.startswith("bare.py: no header\n") and listed.exit_code == 1
    assert "--copyright" in str(refusal(keima_audit("fix", "--write")).hint)
    assert (tree.root / "bare.py").read_text() == "x = 1\n"
    assert keima_audit("fix", "--copyright", "A. Nobody", "--write").exit_code == 0
    assert "A. Nobody" in (tree.root / "bare.py").read_text()
    assert tree.license("bare.py") == ("own", "Apache-2.0")


def test_fix_replaces_deprecated_ids_and_nothing_else(keima_audit, tree):
    # REUSE-IgnoreStart
    text = "/* 许可 */\r\n/* SPDX-License-Identifier: LGPL-2.1+ */\r\nint a = 1; // LGPL-2.1+\r\n"
    bad = "# SPDX-License-Identifier: MIT/Apache-2.0\n"
    # REUSE-IgnoreEnd
    tree.write({"a.c": text.encode("gb18030"), "third_party/b/b.c": text, "c.py": bad})
    assert keima_audit("fix").output.startswith("a.c:2: LGPL-2.1+ -> LGPL-2.1-or-later\n1 ids to replace, 0 headers")
    assert keima_audit("fix", "--write").exit_code == 0
    written = text.replace("Identifier: LGPL-2.1+", "Identifier: LGPL-2.1-or-later")
    assert (tree.root / "a.c").read_bytes() == written.encode("gb18030")
    assert (tree.root / "third_party/b/b.c").read_bytes() == text.encode()
    assert (tree.root / "c.py").read_text() == bad


def test_changed_since_judges_new_files_as_the_whole_audit_does(keima_audit, tree):
    out = "// Generated by the protocol buffer compiler.  DO NOT EDIT!\n"
    tree.write({"a.proto": "// " + MIT, "LICENSES/MIT.txt": "x"})
    tree.git("init", "-q")
    tree.git("add", ".")
    tree.git("commit", "-qm", "x")
    tree.write({"a.pb.h": out, "bare.py": "x = 1\n", "mit.py": MIT})
    done = keima_audit("--changed-since", "HEAD", "--json")
    assert json.loads(done.output)["findings"] == []
    files = {file["path"]: (file["how"], file["license"]) for file in json.loads(done.output)["files"]}
    assert files["a.pb.h"] == ("generated", "MIT") and files["bare.py"] == ("inherited", "Apache-2.0")


def test_scancode_that_is_not_there_is_named_with_its_extra(keima_audit, monkeypatch):
    monkeypatch.setenv("KEIMA_SCANCODE_PYTHON", "/nowhere/python")
    error = keima_audit("--detector", "scancode").exception
    assert "/nowhere/python does not have" in str(error)
    assert "pip install 'keima[audit-scan]'" in str(getattr(error, "hint", ""))


def test_progress_goes_to_stderr_as_plain_lines_and_only_for_long_work(keima_audit, tree, monkeypatch):
    monkeypatch.setattr(delivery, "_PATIENCE", 0.0)
    shown = keima_audit("--json")
    assert json.loads(shown.stdout)["findings"]
    assert re.search(r"reading .* files/s  0:00 left  \(\d+ of \d+\)", shown.stderr)
    assert keima_audit().stderr == ""  # nothing is read again
    monkeypatch.setattr(delivery, "_PATIENCE", 3600.0)
    assert keima_audit("--rehash").stderr == ""
