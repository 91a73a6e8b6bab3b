# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Hard cases of what reuse does differently, pinned against reuse itself; each with a near miss."""

import pytest

from tests.license_audit.case_texts import TAG, reuse_expressions

# REUSE-IgnoreStart
OVERRIDE = """\
version = 1
[[annotations]]
path = "**"
precedence = "%s"
SPDX-License-Identifier = "Apache-2.0"
"""


def test_case_32_override_hides_a_gpl_header(tree):
    tree.write({"REUSE.toml": OVERRIDE % "override", "a.py": "# " + TAG + "GPL-3.0-only\n"})
    assert reuse_expressions(tree.root, "a.py") == ["Apache-2.0"]
    assert tree.open() == {("hidden-license", "a.py")}
    tree.write({"a.py": "# " + TAG + "Apache-2.0\n"})
    assert tree.open() == set()


def test_case_32_an_outer_override_beats_an_inner_one(tree):
    inner = (OVERRIDE % "override").replace("Apache-2.0", "MIT")
    tree.write({"REUSE.toml": OVERRIDE % "override", "d/REUSE.toml": inner, "d/a.py": "x = 1\n"})
    assert tree.license("d/a.py") == ("declared", "Apache-2.0")
    assert reuse_expressions(tree.root, "d/a.py") == ["Apache-2.0"]


def test_case_33_aggregate_and_closest(tree):
    mit = "# " + TAG + "MIT\n# SPDX-FileCopyrightText: 2026 A\n"
    tree.write({"a.py": mit, "LICENSES/MIT.txt": "x", "REUSE.toml": OVERRIDE % "aggregate"})
    assert tree.license("a.py") == ("own", "MIT AND Apache-2.0")
    assert reuse_expressions(tree.root, "a.py") == ["Apache-2.0", "MIT"]
    tree.write({"REUSE.toml": OVERRIDE % "closest"})
    assert tree.license("a.py") == ("own", "MIT")
    assert tree.open() == set()
    assert reuse_expressions(tree.root, "a.py") == ["MIT"]
    later = OVERRIDE.replace("version = 1\n", "").replace("Apache-2.0", "MIT")
    tree.write({"REUSE.toml": OVERRIDE % "closest" + later % "closest", "b.py": "x = 1\n"})
    assert tree.license("b.py") == ("declared", "MIT")
    assert reuse_expressions(tree.root, "b.py") == ["MIT"]


def test_case_34_sidecar_against_header(tree):
    tree.write({"a.py": "# " + TAG + "GPL-3.0-only\n", "a.py.license": TAG + "Apache-2.0\n"})
    assert reuse_expressions(tree.root, "a.py") == ["Apache-2.0"]
    assert tree.open() == {("hidden-license", "a.py")}
    tree.write({"a.py": "x = 1\n"})
    assert tree.open() == set()


@pytest.mark.parametrize("name", ["LICENSE.py", "COPYING.js", "x.spdx.json"])
def test_case_35_names_that_reuse_skips_are_scanned(tree, name):
    tree.write({name: "// " + TAG + "GPL-3.0-only\n"})
    assert reuse_expressions(tree.root, name) == []
    assert "license-not-allowed" in tree.rules(name)
    tree.write({name: "// " + TAG + "Apache-2.0\n"})
    assert tree.open() == set()


# REUSE-IgnoreEnd
