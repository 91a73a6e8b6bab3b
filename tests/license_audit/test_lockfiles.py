# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Lock files: each kind that is read, kinds that are not, broken and hostile ones, and what the audit makes of them."""

import json
from importlib.metadata import version
from pathlib import Path

import pytest

from keima_audit.dependencies import dependency_findings, lock_findings, needs_of
from keima_audit.inventory import list_tree
from keima_audit.lockfiles import is_lock, read_lock
from keima_audit.policy_reader import read_policy
from keima_audit.verdicts import Usage

LIMIT = 1 << 20
SOURCE = 'source = { registry = "https://pypi.org/simple" }\n'
UV = f"""\
version = 1
revision = 3
requires-python = ">=3.10"
[[package]]
name = "app"
version = "0.1.0"
source = {{ editable = "." }}
dependencies = [{{ name = "Some.Dep" }}]
[package.optional-dependencies]
extra = [{{ name = "of-extra" }}]
[package.dev-dependencies]
dev = [{{ name = "tester" }}]
[[package]]
name = "some-dep"
version = "1.2"
{SOURCE}dependencies = [{{ name = "deep" }}]
[[package]]
name = "deep"
version = "3"
{SOURCE}
[[package]]
name = "of-extra"
version = "4"
{SOURCE}
[[package]]
name = "tester"
version = "5"
{SOURCE}dependencies = [{{ name = "deep" }}, {{ name = "deep-tester" }}]
[[package]]
name = "deep-tester"
version = "6"
{SOURCE}"""
UV = UV.replace("Some.Dep", "some-dep")
LOCKS: dict[str, tuple[str, set[tuple[str, str, str]]]] = {
    "pylock.toml": (
        (
            'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "attrs"\nversion = "25.1.0"\n'
            '[[packages.wheels]]\nname = "attrs-25.1.0-py3-none-any.whl"\nhashes = {sha256 = "ab"}\n'
            '[[packages]]\nname = "app"\ndirectory = {path = "."}\n[[packages]]\nname = "from-git"\n'
        ),
        {("attrs", "25.1.0", "binary"), ("from-git", "", "binary")},
    ),
    "pylock.dev.toml": (
        'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\n',
        {("a", "1", "binary")},
    ),
    "poetry.lock": (
        (
            '[[package]]\nname = "Pallets_Thing"\nversion = "2"\ngroups = ["main", "dev"]\n'
            '[[package]]\nname = "old"\nversion = "1"\ncategory = "dev"\n'
            '[[package]]\nname = "new"\nversion = "1"\ngroups = ["dev"]\n[metadata]\nlock-version = "2.1"\n'
        ),
        {("pallets-thing", "2", "binary"), ("old", "1", "test-only"), ("new", "1", "test-only")},
    ),
    "pdm.lock": (
        (
            '[[package]]\nname = "a"\nversion = "1"\ngroups = ["default"]\n[[package]]\nname = "b"\nversion = "2"\n'
            'groups = ["lint"]\n[[package]]\nname = "of-extra"\nversion = "3"\ngroups = ["all", "doc"]\n'
        ),
        {("a", "1", "binary"), ("b", "2", "test-only"), ("of-extra", "3", "binary")},
    ),
    "uv.lock": (
        UV,
        {
            *(("some-dep", "1.2", "binary"), ("deep", "3", "binary"), ("of-extra", "4", "binary")),
            *(("tester", "5", "test-only"), ("deep-tester", "6", "test-only")),
        },
    ),
    "Pipfile.lock": (
        json.dumps(
            {
                "_meta": {},
                "default": {"a": {"version": "==1.0"}, "of-git": {"git": "https://example.org/x", "ref": "ab"}},
                "develop": {"b": {"version": "==2.0"}},
            }
        ),
        {("a", "1.0", "binary"), ("of-git", "", "binary"), ("b", "2.0", "test-only")},
    ),
    "requirements.txt": (
        (
            "# made by pip-compile\n--index-url https://example.org\nA_b==1.0 ; python_version > '3' \\\n"
            "    --hash=sha256:aa \\\n    --hash=sha256:bb\n    # via c\nc[x]===2.0 --hash=sha256:cc\nloose>=3\n"
        ),
        {("a-b", "1.0", "binary"), ("c", "2.0", "binary")},
    ),
    "requirements-dev.txt": ("a==1\n", {("a", "1", "test-only")}),
    "requirements/docs.txt": ("a==1\n", {("a", "1", "test-only")}),
    "package-lock.json": (
        json.dumps(
            {
                "lockfileVersion": 3,
                "packages": {
                    "": {"name": "app", "version": "1.0.0"},
                    "node_modules/@s/a": {"version": "1.0.0", "license": "MIT"},
                    "node_modules/b": {"version": "2.0.0", "dev": True, "license": "ISC"},
                    "node_modules/b/node_modules/c": {"version": "3.0.0-rc.1", "name": "really-c"},
                    "packages/own": {"version": "1.0.0"},
                    "node_modules/own": {"resolved": "packages/own", "link": True},
                },
            }
        ),
        {("npm:@s/a", "1.0.0", "binary"), ("npm:b", "2.0.0", "test-only"), ("npm:really-c", "3.0.0-rc.1", "binary")},
    ),
    "npm-shrinkwrap.json": (
        json.dumps(
            {
                "lockfileVersion": 1,
                "dependencies": {"a": {"version": "1.0.0", "dependencies": {"b": {"version": "2.0.0", "dev": True}}}},
            }
        ),
        {("npm:a", "1.0.0", "binary"), ("npm:b", "2.0.0", "test-only")},
    ),
    "Cargo.lock": (
        (
            'version = 4\n[[package]]\nname = "app"\nversion = "0.1.0"\n[[package]]\nname = "serde_json"\n'
            'version = "1.0.1+a"\nsource = "registry+https://github.com/rust-lang/crates.io-index"\n'
        ),
        {("cargo:serde_json", "1.0.1+a", "binary")},
    ),
}


@pytest.mark.parametrize("path", LOCKS)
def test_what_a_lock_file_names(tmp_path: Path, path: str) -> None:
    text, expected = LOCKS[path]
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(text)
    lock = read_lock(tmp_path, path, LIMIT)
    assert lock.problems == []
    assert {(item.key, item.version, item.use) for item in lock.packages} == expected
    assert lock.loose == (["loose>=3"] if path == "requirements.txt" else [])


def test_a_requirements_file_includes_another_of_the_tree_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("-r base.in\n-c base.in\n-rrequirements-dev.txt\n")
    (tmp_path / "base.in").write_text(
        "a==1\n--requirement=base.in\n-r ../outside.txt\n-e ./here\nhttps://x.org/a.whl\n"
    )
    lock = read_lock(tmp_path, "requirements.txt", LIMIT)
    assert [item.name for item in lock.packages] == ["a"]
    assert sorted(problem.split(":")[0] for problem in lock.problems) == [
        "'-e ./here'",
        "'https",
        "includes ../outside.txt",
    ]


@pytest.mark.parametrize("line", ["-e .", "./part", "--editable=./part[all] ; python_version > '3'"])
def test_the_project_itself_in_its_requirements_is_no_package(tmp_path: Path, line: str) -> None:
    """`uv export` begins with `-e .`: the folder's files and needs are looked into anyway."""
    (tmp_path / "part").mkdir()
    (tmp_path / "requirements.txt").write_text(f"{line}\na==1\n")
    lock = read_lock(tmp_path, "requirements.txt", LIMIT)
    assert ([item.name for item in lock.packages], lock.problems) == (["a"], [])
    (tmp_path / "requirements.txt").write_text("-e ..\n")
    assert len(read_lock(tmp_path, "requirements.txt", LIMIT).problems) == 1


@pytest.mark.parametrize("path", ["yarn.lock", "web/pnpm-lock.yaml", "go.sum", "conda-lock.yml"])
def test_a_kind_that_is_not_read_is_said(tmp_path: Path, path: str) -> None:
    assert is_lock(path)
    assert read_lock(tmp_path, path, LIMIT).problems == ["a lock file of a kind that is not read"]


@pytest.mark.parametrize("path", ["block.toml", "requirements.py", "my-pylock.toml", "locks/a.lock", "pylock.a.b.toml"])
def test_other_files_are_none(path: str) -> None:
    assert not is_lock(path)


HOSTILE = {
    "empty TOML": ("pylock.toml", ""),
    "no TOML": ("uv.lock", "[[package"),
    "no JSON": ("package-lock.json", "{"),
    "a list": ("package-lock.json", "[]"),
    "a number": ("Pipfile.lock", "1"),
    "nothing known in it": ("package-lock.json", "{}"),
    "packages that are none": ("poetry.lock", 'package = "all"\n'),
    "other tables": ("Cargo.lock", 'packages = ["a"]\n'),
    "needs that are none": ("uv.lock", '[[package]]\nname = "a"\nsource = { virtual = "." }\ndependencies = [1]\n'),
    "nested too deep": ("package-lock.json", "[" * 100_000),
    "nested TOML": ("uv.lock", "a = " + "[" * 50_000),
    "a name that cannot be": ("Cargo.lock", '[[package]]\nname = "../../x\\n"\nversion = "1"\nsource = "r"\n'),
    "a version that cannot be": ("pylock.toml", '[[packages]]\nname = "a"\nversion = "1 OR 1"\n'),
    "a name that is a number": ("poetry.lock", '[[package]]\nname = 7\nversion = "1"\n'),
    "not UTF-8": ("uv.lock", "\udcff"),
    "too large": ("requirements.txt", "a==1\n" * (LIMIT // 5 + 1)),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_broken_lock_file_is_a_problem_and_no_crash(tmp_path: Path, case: str) -> None:
    path, text = HOSTILE[case]
    (tmp_path / path).write_bytes(text.encode("utf-8", "surrogateescape"))
    lock = read_lock(tmp_path, path, LIMIT)
    assert len(lock.problems) == 1
    assert lock.packages == []


def found(tree) -> set[tuple[str, str, str]]:
    policy = read_policy(tree.root / "audit.toml")
    paths = [entry.path for entry in list_tree(tree.root) if entry.kind == "file"]
    needs = needs_of(tree.root, paths, policy, Usage())
    findings = (*dependency_findings(needs.packages, policy, Usage()), *lock_findings(needs.locks))
    return {(finding.rule, finding.path, finding.package) for finding in findings}


def test_a_locked_package_is_judged_by_its_own_metadata_or_declaration(tree) -> None:
    tree.allow("BSD-2-Clause", "Apache-2.0", use="binary")
    here = version("packaging")
    tree.write({"pylock.toml": f'[[packages]]\nname = "packaging"\nversion = "{here}"\n'})
    tree.more('[[choice]]\nexpression = "Apache-2.0 OR BSD-2-Clause"\nchoose = "Apache-2.0"\n')
    assert found(tree) == set()
    tree.write({"pylock.toml": '[[packages]]\nname = "packaging"\nversion = "1.0"\n'})
    assert found(tree) == {("lock-mismatch", "pylock.toml", "packaging")}
    tree.more('[[dependency]]\nname = "packaging"\nlicense = "Apache-2.0"\n')
    assert found(tree) == set()


def test_a_locked_package_that_nobody_knows(tree) -> None:
    tree.write({"Cargo.lock": LOCKS["Cargo.lock"][0], "yarn.lock": "x"})
    unread = ("lock-unread", "yarn.lock", "")
    assert found(tree) == {("dependency-unknown", "Cargo.lock", "cargo:serde_json"), unread}
    tree.allow("MIT", use="binary")
    tree.more('[[dependency]]\nname = "cargo:serde_json"\nlicense = "MIT"\n')
    assert found(tree) == {unread}
    tree.more('[[third-party]]\npath = "yarn.lock"\nname = "web"\nlicense = "MIT"\n')
    assert found(tree) == set()


def test_the_licence_that_npm_writes_into_its_lock_file_is_judged(tree) -> None:
    tree.allow("MIT", use="binary")
    tree.write({"web/package-lock.json": LOCKS["package-lock.json"][0]})
    where = "web/package-lock.json"
    expected = {("license-not-allowed", where, "npm:b"), ("dependency-unknown", where, "npm:really-c")}
    assert found(tree) == expected
    tree.allow("ISC", use="test-only")
    assert found(tree) == {("dependency-unknown", where, "npm:really-c")}


def test_two_locked_versions_are_two_packages_and_have_their_urls(tree) -> None:
    packages = {
        "node_modules/@s/a": {"version": "1.0.0", "license": "MIT"},
        "node_modules/b/node_modules/@s/a": {"version": "2.0.0", "license": "GPL-3.0-only"},
    }
    tree.write({"package-lock.json": json.dumps({"lockfileVersion": 3, "packages": packages})})
    policy = read_policy(tree.root / "audit.toml")
    needs = needs_of(tree.root, ["package-lock.json"], policy, Usage())
    assert [(p.purl, p.license) for p in needs.packages] == [
        ("pkg:npm/%40s/a@1.0.0", "MIT"),
        ("pkg:npm/%40s/a@2.0.0", "GPL-3.0-only"),
    ]


def test_loose_requirements_lead_to_what_they_need(tree) -> None:
    tree.write({"requirements.txt": "rich\n"})
    policy = read_policy(tree.root / "audit.toml")
    needs = needs_of(tree.root, ["requirements.txt"], policy, Usage())
    assert {"rich", "pygments"} <= {package.name for package in needs.packages}
    assert {package.origin for package in needs.packages} == {"requirements.txt"}
