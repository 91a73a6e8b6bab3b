# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Hard cases of what lies in a tree: vendored folders, links, binaries, notices, waivers; each with a near miss."""

import hashlib
import re
from pathlib import Path

from keima_audit.dependencies import dependency_findings, needs_of
from keima_audit.inventory import list_tree
from keima_audit.policy_reader import read_policy
from keima_audit.verdicts import Usage
from tests.license_audit.case_texts import HEADER, MIT_TEXT

# REUSE-IgnoreStart


def test_case_21_vendored_folder_without_licence(tree):
    tree.write({"third_party/foo/a.c": "int a;\n"})
    assert tree.open() == {("vendored-without-license", "third_party/foo")}
    tree.write({"third_party/foo/LICENSE": MIT_TEXT})
    assert tree.license("third_party/foo/a.c") == ("inherited", "MIT")
    assert tree.open() == set()


def test_case_22_submodule_is_listed(tree, make_tree):
    inner = make_tree("inner")
    inner.git("init", "-q")
    inner.git("add", ".")
    inner.git("commit", "-qm", "x")
    tree.git("init", "-q")
    tree.git("submodule", "add", "-q", str(inner.root), "third_party/inner")
    assert ("submodule", "third_party/inner") in tree.open()
    tree.more('[[third-party]]\npath = "third_party/inner"\nname = "inner"\nlicense = "Apache-2.0"\n')
    assert tree.rules("third_party/inner") == set()


def test_case_22_meson_subproject_is_listed_or_scanned(tree):
    def said() -> set[tuple[str, str]]:
        policy = read_policy(tree.root / "audit.toml")
        paths = [entry.path for entry in list_tree(tree.root)]
        found = dependency_findings(needs_of(tree.root, paths, policy, Usage()).packages, policy, Usage())
        return {(finding.rule, finding.path) for finding in found}

    tree.write({"subprojects/tiny.wrap": "[wrap-git]\nurl = https://example.org/tiny.git\n"})
    assert said() == {("dependency-unknown", "subprojects/tiny.wrap")}
    tree.write({"subprojects/tiny/tiny.c": "int a;\n"})
    assert said() == set()
    assert tree.open() == {("vendored-without-license", "subprojects/tiny")}
    tree.write({"subprojects/tiny/LICENSE": MIT_TEXT})
    assert tree.open() == set()


def test_case_23_links_are_listed_and_never_followed(tree):
    tree.write({"real.py": HEADER + "MIT\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == set()
    (tree.root / "inside").symlink_to("real.py")
    (tree.root / "loop").symlink_to(".")
    assert tree.open() == {("symlink", "inside"), ("symlink", "loop")}
    (tree.root / "outside").symlink_to("../../etc/passwd")
    (tree.root / "absolute").symlink_to("/etc/passwd")
    assert {("symlink-outside", "outside"), ("symlink-outside", "absolute")} <= tree.open()


def test_case_24_opaque_binary_needs_a_declaration(tree):
    tree.write({"lib.so": b"\x7fELF\x02\x01\x01\0" + b"\0" * 64 + b"GNU GENERAL PUBLIC LICENSE version 3"})
    assert tree.open() == {("binary-undeclared", "lib.so")}
    tree.more('[[third-party]]\npath = "lib.so"\nname = "foo"\nlicense = "MIT"\n')
    tree.write({"LICENSES/MIT.txt": "x"})
    assert tree.open() == set()


def test_case_31_notice_of_a_vendored_package(tree):
    tree.write({"third_party/foo/LICENSE": "Apache License\nVersion 2.0, January 2004\n"})
    tree.write({"third_party/foo/NOTICE": "Foo\nCopyright 2020 The Foo People\n"})
    assert tree.open() == {("notice-missing", "third_party/foo/NOTICE")}
    tree.write({"NOTICE": "Keima\n\nFoo\n  Copyright 2020 The Foo People\n"})
    assert tree.open() == set()


WAIVER = """
[[waiver]]
rule = "provenance"
path = "a.py"
sha256 = "%s"
reason = "accepted-risk"
text = "three lines"
reviewer = "A. Lawyer"
expires = 2026-11-30
"""


def test_case_40_waiver(tree):
    link = b"# https://stackoverflow.com/a/32095106\n"
    tree.write({"a.py": link})
    tree.more(WAIVER % hashlib.sha256(link).hexdigest())
    assert tree.open("2026-11-30") == set()
    assert tree.open("2026-12-01") == {("provenance", "a.py"), ("waiver-expired", "a.py")}
    tree.write({"a.py": link + b"x = 1\n"})
    assert tree.open("2026-11-30") == {("provenance", "a.py"), ("waiver-stale", "a.py")}
    tree.write({"a.py": b"x = 1\n"})
    assert tree.open("2026-11-30") == {("waiver-unused", "audit.toml")}


def test_a_waiver_without_content_names_its_subject(tree):
    """A text that is nowhere has no hash: without a subject, the waiver would cover every licence of the file."""
    tree.write({"a.py": HEADER + "MIT AND BSD-3-Clause\n"})
    assert tree.open() == {("text-missing", "a.py")}
    tree.more(WAIVER.replace('sha256 = "%s"\n', "").replace("provenance", "text-missing"))
    assert tree.open("2026-11-30") == {("text-missing", "a.py"), ("waiver-stale", "a.py")}
    tree.policy((tree.root / "audit.toml").read_text() + 'subject = "MIT"\n')
    assert [f.subject for f in tree.report("2026-11-30").open if f.rule == "text-missing"] == ["BSD-3-Clause"]
    assert tree.open("2026-11-30") == {("text-missing", "a.py")}


def test_every_case_has_a_test_by_its_number_and_a_near_miss_that_stays_quiet():
    cases: dict[int, str] = dict.fromkeys(range(1, 41), "")
    for path in Path(__file__).parent.glob("test_*.py"):
        for number, body in re.findall(r"^def test_case_(\d+)_(.*?)^(?=\S)", path.read_text(), re.M | re.S):
            cases[int(number)] += body
    quiet = [number for number, body in cases.items() if re.search(r"== set\(\)|not in tree\.rules", body)]
    assert quiet == list(range(1, 41))


# REUSE-IgnoreEnd
