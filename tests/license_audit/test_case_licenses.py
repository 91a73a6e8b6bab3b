# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Hard cases of which licence it is and what it asks: families, choices, identifiers; each with a near miss."""

from tests.license_audit.case_texts import BSD4, GPL2_LATER, GPL2_ONLY, HEADER, MPL, TAG

# REUSE-IgnoreStart


def test_case_01_mpl_header_is_file_level_copyleft(tree):
    tree.allow("MPL-2.0")
    tree.write({"a.h": MPL, "LICENSES/MPL-2.0.txt": "x"})
    assert tree.license("a.h") == ("own", "MPL-2.0")
    assert tree.open() == set()
    tree.write({"b.h": GPL2_LATER})
    assert "license-not-allowed" in tree.rules("b.h")


def test_case_02_choice(tree):
    tree.write({"a.py": HEADER + "MIT OR GPL-2.0-only\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == {("choice-unrecorded", "a.py")}
    tree.more('[[choice]]\nexpression = "GPL-2.0-only OR MIT"\nchoose = "MIT"\n')
    assert tree.open() == set()


def test_case_02_choice_is_not_simplified_away(tree):
    tree.write({"a.py": HEADER + "MIT OR (Apache-2.0 AND MIT)\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == {("choice-unrecorded", "a.py")}


def test_case_02_what_the_project_offers_is_not_for_it_to_choose(tree):
    policy = (tree.root / "audit.toml").read_text()
    tree.policy(policy.replace('license = "Apache-2.0"', 'license = "MIT OR Apache-2.0"'))
    tree.write({"a.py": HEADER + "MIT OR Apache-2.0\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == set()
    tree.write({"a.py": HEADER + "MIT OR BSD-3-Clause\n"})
    assert tree.open() == {("choice-unrecorded", "a.py")}


def test_case_03_or_later_is_not_only(tree):
    tree.allow("GPL-2.0-or-later", "GPL-2.0-only")
    tree.write({"later.c": GPL2_LATER, "only.c": GPL2_ONLY})
    assert tree.license("later.c") == ("own", "GPL-2.0-or-later")
    assert tree.license("only.c") == ("own", "GPL-2.0-only")
    said = {f.path: f.message for f in tree.report().open if f.rule == "license-incompatible"}
    assert "whole is then GPL-3.0" in said["later.c"]
    assert "in either direction" in said["only.c"]


def test_case_03_or_later_fits_a_gpl_3_project(tree):
    policy = (tree.root / "audit.toml").read_text()
    policy = policy.replace('"MIT"', '"GPL-3.0-only", "GPL-2.0-or-later", "GPL-2.0-only"')
    tree.policy(policy.replace('license = "Apache-2.0"', 'license = "GPL-3.0-only"'))
    tree.write({f"own{number}.py": "# " + TAG + "GPL-3.0-only\n" for number in range(4)})
    tree.write({"LICENSE": "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n", "later.c": GPL2_LATER})
    tree.write({"LICENSES/GPL-2.0-only.txt": "x", "LICENSES/Apache-2.0.txt": "x"})
    tree.more('[[met]]\nobligation = "same-license"\nhow = "it is"\n')
    assert tree.open() == set()
    tree.write({"only.c": GPL2_ONLY})
    assert "license-incompatible" in tree.rules("only.c")


def test_case_04_classpath_exception_is_one_licence(tree):
    tree.allow("GPL-2.0-only WITH Classpath-exception-2.0")
    text = "# " + TAG + "GPL-2.0-only WITH Classpath-exception-2.0\n"
    tree.write({"a.py": text, "LICENSES/GPL-2.0-only.txt": "x", "LICENSES/Classpath-exception-2.0.txt": "x"})
    assert tree.open() == set()
    tree.write({"b.py": "# " + TAG + "GPL-2.0-only\n"})
    assert "license-not-allowed" in tree.rules("b.py")


def test_case_07_advertising_clause(tree):
    tree.allow("BSD-4-Clause")
    tree.write({"a.c": BSD4, "LICENSES/BSD-4-Clause.txt": "x"})
    assert tree.open() == {("obligation-unmet", "a.c")}
    tree.more('[[met]]\nobligation = "advertising"\nlicense = "BSD-4-Clause"\nhow = "docs/credits.md"\n')
    assert tree.open() == set()
    policy = (tree.root / "audit.toml").read_text()
    tree.policy(policy.replace('license = "Apache-2.0"', 'license = "GPL-3.0-only"', 1))
    assert "license-incompatible" in tree.rules("a.c")


def test_case_08_apache_inside_gpl_2_only(tree):
    policy = (tree.root / "audit.toml").read_text()
    tree.policy(policy.replace('license = "Apache-2.0"', 'license = "GPL-2.0-only"'))
    tree.write({"LICENSE": "GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991\n", "LICENSES/Apache-2.0.txt": "x"})
    tree.write({"a.py": HEADER + "Apache-2.0\n"})
    assert "license-incompatible" in tree.rules("a.py")
    assert "patent" in tree.message("license-incompatible")
    tree.write({"a.py": HEADER + "MIT\n", "LICENSES/MIT.txt": "x"})
    assert "license-incompatible" not in tree.rules("a.py")


def test_case_09_intel_runtime_is_no_source(tree):
    tree.allow("LicenseRef-scancode-issl-2022", use="binary")
    tree.write({"a.py": HEADER + "LicenseRef-scancode-issl-2022\n"})
    assert "license-not-allowed" in tree.rules("a.py")
    tree.write({"a.py": HEADER + "Apache-2.0\n"})
    assert tree.open() == set()


def test_case_36_deprecated_ids(tree):
    tree.allow("LGPL-2.1-or-later")
    tree.write({"a.c": "// " + TAG + "LGPL-2.1+\n", "LICENSES/LGPL-2.1-or-later.txt": "x"})
    assert tree.open() == {("id-deprecated", "a.c")}
    hint = next(f.hint for f in tree.report().open if f.rule == "id-deprecated")
    assert hint == "write LGPL-2.1-or-later"
    tree.write({"a.c": "// " + TAG + "LGPL-2.1-or-later\n"})
    assert tree.open() == set()


def test_case_37_licenseref_without_text(tree):
    tree.allow("LicenseRef-Acme")
    tree.more('[license."LicenseRef-Acme"]\nfamily = "permissive"\nreason = "ours"\nlink = "https://a.test"\n')
    tree.write({"a.py": HEADER + "LicenseRef-Acme\n"})
    assert tree.open() == {("licenseref-without-text", "a.py")}
    tree.write({"LICENSES/LicenseRef-Acme.txt": "Do as you like.\n"})
    assert tree.open() == set()


def test_case_38_unknown_exception(tree):
    tree.write({"a.py": HEADER + "GPL-2.0-only WITH Foo-exception\n"})
    assert "exception-unknown" in tree.rules("a.py")
    tree.write({"a.py": HEADER + "GPL-2.0-only WITH Classpath-exception-2.0\n"})
    assert "exception-unknown" not in tree.rules("a.py")


def test_case_39_slash(tree):
    tree.write({"a.py": HEADER + "MIT/Apache-2.0\n"})
    assert tree.rules("a.py") == {"expression-invalid"}
    hint = next(f.hint for f in tree.report().open if f.rule == "expression-invalid")
    assert hint == "write MIT OR Apache-2.0"
    tree.write({"a.py": HEADER + "Apache-2.0\n"})
    assert tree.open() == set()


# REUSE-IgnoreEnd
