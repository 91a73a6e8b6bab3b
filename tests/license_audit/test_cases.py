# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The hard cases of a source tree, each with a near miss that has to stay quiet.

Cases that are about what `reuse` does differently are pinned against reuse itself, run as a process.
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from keima_audit.dependencies import dependency_findings, needs_of
from keima_audit.inventory import list_tree
from keima_audit.policy_reader import read_policy
from keima_audit.verdicts import Usage

# REUSE-IgnoreStart
TAG = "SPDX-License-Identifier: "
HEADER = "# SPDX-FileCopyrightText: 2026 A\n# " + TAG
MPL = """\
// This Source Code Form is subject to the terms of the Mozilla
// Public License v. 2.0. If a copy of the MPL was not distributed
// with this file, You can obtain one at http://mozilla.org/MPL/2.0/.
"""
GPL2_LATER = """\
/* This program is free software; you can redistribute it and/or modify
 * it under the terms of the GNU General Public License as published by
 * the Free Software Foundation; either version 2 of the License, or
 * (at your option) any later version. */
"""
GPL2_ONLY = """\
/* This program is free software; you can redistribute it and/or modify
 * it under the terms of the GNU General Public License version 2
 * as published by the Free Software Foundation. */
"""
MIT_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, subject to the following
conditions: The above copyright notice and this permission notice shall be included in all copies.
"""
BSD4 = """\
Redistribution and use in source and binary forms, with or without modification, are permitted provided that:
3. All advertising materials mentioning features or use of this software must display the acknowledgement.
"""


def reuse_expressions(root: Path, path: str) -> list[str]:
    """What reuse itself says the file's licences are."""
    command = [str(Path(sys.executable).with_name("reuse")), "--root", str(root), "lint", "--json"]
    said: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return [e["value"] for file in said["files"] if file["path"] == path for e in file["spdx_expressions"]]


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


def test_case_11_gbk(tree):
    tree.write({"a.c": ("/* 版权所有\n * " + TAG + "GPL-3.0-only\n * 许可证 */").encode("gb18030")})
    assert "license-not-allowed" in tree.rules("a.c")
    tree.write({"a.c": "/* 这里什么许可都没有 */".encode("gb18030")})
    assert tree.open() == set()
    tree.write({"b.c": "/* 木兰宽松许可证, 第2版 */".encode("gb18030")})
    assert tree.license("b.c") == ("own", "MulanPSL-2.0")


def test_case_11_utf_16_without_a_mark(tree):
    tree.write({"a.c": ("// some words before it\n// " + TAG + "GPL-3.0-only\n").encode("utf-16-le")})
    assert "license-not-allowed" in tree.rules("a.c")


def test_case_12_mulan_in_both_languages(tree):
    english = "Foo is licensed under Mulan PSL v2.\nYou can use this software according to its terms.\n"
    chinese = "木兰宽松许可证,第2版\n"
    tree.write({"en.c": f"/* {english} */", "zh.c": f"/* {chinese} */"})
    assert tree.license("en.c") == tree.license("zh.c") == ("own", "MulanPSL-2.0")
    tree.write({"zh.c": "/* 木兰花开 */", "en.c": "/* Hua Mulan joins the army. */"})
    assert tree.license("zh.c")[0] == tree.license("en.c")[0] == "inherited"
    assert tree.open() == set()


def test_case_13_notice_cut_off(tree):
    tree.write({"a.c": "/* This program is free software; you can redistribute it and/or modify */\n"})
    assert tree.open() == {("needs-review", "a.c")}
    tree.write({"a.c": GPL2_LATER})
    assert "needs-review" not in tree.rules("a.c")


@pytest.mark.parametrize("text", ['X = "' + TAG + 'GPL-3.0-only"\n', 'X = """\n# ' + TAG + 'GPL-3.0-only\n"""\n'])
def test_case_14_tag_in_a_string(tree, text):
    tree.write({"a.py": text})
    assert tree.rules("a.py") == {"quoted-license"}
    tree.write({"a.py": "# " + TAG + "GPL-3.0-only\n" + text})
    assert "license-not-allowed" in tree.rules("a.py")


def test_case_14_reuse_takes_the_string_for_a_licence(tree):
    tree.write({"a.py": 'X = "' + TAG + 'GPL-3.0-only"\n'})
    assert reuse_expressions(tree.root, "a.py") == ['GPL-3.0-only"']


def test_case_14_comments_that_begin_with_a_quote_or_a_copyright_line(tree):
    line = "%s" + TAG + "GPL-3.0-only\n"
    for name, before in {"a.vim": '" ', "a.bas": "' ", "a.c": "// Copyright (c) 2020 Foo. "}.items():
        tree.write({name: line % before})
        assert "license-not-allowed" in tree.rules(name)
        tree.write({name: (line % before).replace("GPL-3.0-only", "Apache-2.0")})
    assert tree.open() == set()


def test_case_15_ignored_region(tree):
    start, end = "# REUSE-Ignore" + "Start\n", "# REUSE-Ignore" + "End\n"
    tree.write({"a.py": start + "# " + TAG + "GPL-3.0-only\n" + end})
    assert tree.open() == set()
    tree.write({"a.py": start + "# " + TAG + "GPL-3.0-only\n"})
    assert tree.open() == {("ignore-unclosed", "a.py")}
    tree.write({"a.py": start + end + "# " + TAG + "GPL-3.0-only\n"})
    assert "license-not-allowed" in tree.rules("a.py")


def test_case_16_stackoverflow(tree):
    tree.write({"a.py": "# https://stackoverflow.com/a/32095106\n"})
    assert tree.open() == {("provenance", "a.py")}
    tree.write({"a.py": "# https://stackoverflow.com/help\n"})
    assert tree.open() == set()


def test_case_17_generated_file_takes_its_source_s_licence(tree):
    out = "// Generated by the protocol buffer compiler.  DO NOT EDIT!\n"
    tree.write({"a.pb.h": out + GPL2_ONLY, "a.proto": "// " + TAG + "MIT\n", "LICENSES/MIT.txt": "x"})
    assert tree.license("a.pb.h") == ("generated", "MIT")
    assert tree.open() == set()
    tree.write({"b.pb.h": out})
    assert tree.open() == {("generated-source-missing", "b.pb.h")}


def test_case_17_without_its_source_a_generated_file_is_what_it_says(tree):
    tree.write({"a.pb.h": "// Generated by the protocol buffer compiler.  DO NOT EDIT!\n" + GPL2_ONLY})
    assert "license-not-allowed" in tree.rules("a.pb.h")
    tree.write({"a.proto": "// " + TAG + "MIT\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == set()


def test_case_18_two_identifiers_are_both_reported(tree):
    tree.write({"a.c": f"// {TAG}MIT\n// {TAG}GPL-3.0-only\n", "LICENSES/MIT.txt": "x"})
    assert tree.license("a.c") == ("own", "MIT AND GPL-3.0-only")
    assert sorted(reuse_expressions(tree.root, "a.c")) == ["GPL-3.0-only", "MIT"]
    tree.write({"a.c": f"// {TAG}MIT\n// {TAG}MIT\n"})
    assert tree.open() == set()


def test_case_19_snippet_tags_are_bound_to_their_lines(tree):
    inside = "# SPDX-SnippetBegin\n# SPDX-License-Identifier: CC-BY-SA-4.0\nx = 1\n# SPDX-SnippetEnd\n"
    tree.write({"a.py": HEADER + "Apache-2.0\n" + inside})
    assert tree.license("a.py") == ("own", "Apache-2.0")
    assert tree.rules("a.py") == {"snippet-license", "license-not-allowed"}
    line = next(f.line for f in tree.report().open if f.rule == "license-not-allowed")
    assert line == 4
    assert "CC-BY-SA-4.0" in reuse_expressions(tree.root, "a.py")
    tree.write({"a.py": HEADER + "Apache-2.0\n" + inside.replace("CC-BY-SA-4.0", "MIT")})
    assert tree.rules("a.py") == {"snippet-license"}
    tree.write({"a.py": HEADER + "Apache-2.0\n" + "x = 1\n"})
    assert tree.open() == set()


def test_case_20_license_file_against_headers(tree):
    tree.write({"LICENSE": MIT_TEXT, "LICENSES/Apache-2.0.txt": "x", "a.py": HEADER + "Apache-2.0\n"})
    assert ("header-mismatch", "LICENSE") in tree.open()
    tree.write({"LICENSE": "Apache License\nVersion 2.0, January 2004\n"})
    assert tree.open() == set()
    tree.write({f"m{i}.py": HEADER + "MIT\n" for i in range(6)} | {"LICENSES/MIT.txt": "x"})
    assert tree.open() == {("header-mismatch", "LICENSE")}


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


def test_case_25_tag_after_two_megabytes(tree):
    filler = "int a;\n" * 300_000
    tree.write({"a.c": filler + "// " + TAG + "GPL-3.0-only\n"})
    assert "license-not-allowed" in tree.rules("a.c")
    tree.write({"a.c": filler})
    assert tree.open() == set()


def test_case_26_tag_in_a_minified_line(tree):
    tree.write({"a.js": "/* " + TAG + "GPL-3.0-only */" + "var a=1;" * 40_000})
    assert tree.license("a.js") == ("own", "GPL-3.0-only")
    tree.write({"a.js": "/*! " + TAG + "MIT */" + "var a=1;" * 40_000, "LICENSES/MIT.txt": "x"})
    assert tree.open() == set()
    tree.write({"a.js": "//" + TAG + "MIT " + "var a=1;" * 40_000})
    assert tree.license("a.js") == ("own", "MIT")
    assert len(reuse_expressions(tree.root, "a.js")[0]) > 10_000


def notebook(source: str, output: str = "") -> str:
    cell = {"cell_type": "code", "source": [source], "outputs": [{"text": [output]}]}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4})


def test_case_27_notebook(tree):
    tree.write({"a.ipynb": notebook("# " + TAG + "GPL-3.0-only\n")})
    assert "license-not-allowed" in tree.rules("a.ipynb")
    tree.write({"a.ipynb": notebook("print(1)", "# " + TAG + "GPL-3.0-only\n")})
    assert tree.open() == set()


def weights(**metadata: str) -> bytes:
    header = json.dumps({"__metadata__": metadata}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * 64


def test_case_28_noncommercial_weights(tree):
    tree.allow("Apache-2.0", "CC-BY-4.0", use="weights")
    tree.write({"w.safetensors": weights(license="cc-by-nc-4.0")})
    assert "license-not-allowed" in tree.rules("w.safetensors")
    assert "non-commercial" in tree.message("license-not-allowed")
    tree.write({"w.safetensors": weights(license="apache-2.0")})
    assert tree.open() == set()
    tree.write({"w.safetensors": weights()})
    assert tree.rules("w.safetensors") == {"weights-without-license"}


def test_case_29_openrail_weights_pass_their_restrictions_on(tree):
    tree.allow("LicenseRef-OpenRAIL", use="weights")
    tree.write({"w.safetensors": weights(license="openrail"), "LICENSES/LicenseRef-OpenRAIL.txt": "x"})
    assert tree.open() == {("obligation-unmet", "w.safetensors")}
    tree.more('[[met]]\nobligation = "pass-on-restrictions"\nhow = "TERMS.md, section 2"\n')
    assert tree.open() == set()


def test_case_30_weights_trained_on_imagenet(tree):
    tree.allow("Apache-2.0", use="weights")
    content = weights(license="apache-2.0", dataset="ImageNet-1k")
    tree.write({"w.safetensors": content})
    assert tree.open() == {("dataset-terms", "w.safetensors")}
    tree.write({"w.safetensors": weights(license="apache-2.0", dataset="our-own-pictures")})
    assert tree.open() == set()


def test_case_30_model_card(tree):
    tree.write({"card/README.md": "---\nlicense: cc-by-nc-4.0\ndatasets:\n- imagenet-1k\n---\n# A model\n"})
    assert {"license-not-allowed", "dataset-terms"} <= tree.rules("card/README.md")
    tree.write({"card/README.md": "---\nlicense: mit\n---\n", "LICENSES/MIT.txt": "x"})
    assert tree.open() == set()


def test_case_31_notice_of_a_vendored_package(tree):
    tree.write({"third_party/foo/LICENSE": "Apache License\nVersion 2.0, January 2004\n"})
    tree.write({"third_party/foo/NOTICE": "Foo\nCopyright 2020 The Foo People\n"})
    assert tree.open() == {("notice-missing", "third_party/foo/NOTICE")}
    tree.write({"NOTICE": "Keima\n\nFoo\n  Copyright 2020 The Foo People\n"})
    assert tree.open() == set()


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
