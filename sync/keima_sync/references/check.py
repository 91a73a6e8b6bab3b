# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Compares the references of two trees, or judges those of one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from keima_cli.findings import Finding, Rule, Severity, Spot
from keima_sync.references.comparison import Comparison, compared
from keima_sync.references.languages import Extractions
from keima_sync.references.model import Kind, Reference, Strength, text
from keima_sync.references.resolve import places, resolve
from keima_sync.references.tree import GITLINK, Tree, folder_of

DANGLING = Rule(
    "dangling-reference",
    "the target is not in the tree",
    "Exclude the referrer, put the reference into a marked internal block, or publish the target.",
)
RETARGETED = Rule(
    "retargeted-reference",
    "the target was cut and another file takes its place",
    "Check that the other file is meant, else treat the reference as dangling.",
    Severity.WARNING,
)
UNKNOWN = Rule(
    "unknown-reference",
    "the target cannot be told from the text",
    "Nothing to do if the build covers it: it is listed so that nobody takes it for checked.",
    Severity.NOTE,
)
RULES = (DANGLING, RETARGETED, UNKNOWN)
_OF_OTHERS = re.compile(rb"(?:^|[-_/])(?:stubs?|third[-_]?party|vendor(?:ed)?|external|deps)(?:$|[-_/])")
_COMPILER_MADE = (b"_generated.h", b".pb.h", b"_pb2.py", b"_pb2_grpc.py")  # by flatc and protoc
HINT = "exclude the referrer, mark the lines as internal, or publish the target"


@dataclass(frozen=True)
class Located:
    """A reference at its referrer."""

    referrer: bytes
    reference: Reference

    def finding(self, rule: Rule, message: str, severity: Severity | None = None, target: bytes = b"") -> Finding:
        """The finding that says so of this reference; `target` is the path that was cut."""
        evidence = (Spot(text(target), message="in the internal tree only"),) if target else ()
        return Finding(
            rule.id,
            message,
            rule.severity if severity is None else severity,
            text(self.referrer),
            self.reference.line,
            hint=HINT if rule is not UNKNOWN else "",
            key=f"{self.reference.kind.value} {self.reference.target}",
            evidence=evidence,
            properties=(("kind", self.reference.kind.value), ("target", self.reference.target)),
        )


def references(tree: Tree, extractions: Extractions, paths: Iterable[bytes]) -> Iterator[Located]:
    """The references of files of a tree, by path."""
    for path in sorted(paths):
        for reference in extractions.of(tree, path).references:
            yield Located(path, reference)


def compare(
    internal: Tree,
    public: Tree,
    extractions: Extractions,
    origin: Callable[[bytes], bytes] = lambda path: path,
) -> Iterator[Finding]:
    """Yield what resolves in the internal tree and not, or to another file, in the public one.

    `origin` gives the internal path of a public one, for rules that move files. What cannot be told comes last.
    """
    yield from found_by(compared(internal, public, extractions, origin))
    yield from unknown(public, extractions, public.files)


def unknown(tree: Tree, extractions: Extractions, paths: Iterable[bytes]) -> Iterator[Finding]:
    """The references of files of a tree that cannot be told from the text."""
    for located in references(tree, extractions, paths):
        if located.reference.unknown:
            yield located.finding(UNKNOWN, f"{located.reference.target}: {located.reference.unknown}")


def found_by(comparison: Comparison, paths: Iterable[bytes] | None = None) -> Iterator[Finding]:
    """The findings of a comparison as it stands, in some files or in all."""
    for referrer, reference, lost in comparison.lost(paths):
        located, before = Located(referrer, reference), text(lost.before)
        if lost.after is None:
            message = f"{reference.target} is {before}, which was cut"
            yield located.finding(DANGLING, message, target=lost.before)
        else:
            message = f"{reference.target} was {before}, now it finds {text(lost.after)}"
            yield located.finding(RETARGETED, message, target=lost.before)


def judge(tree: Tree, extractions: Extractions) -> Iterator[Finding]:
    """Yield the references of one tree that lead into its own folders, where there is nothing."""
    generated = generated_names(tree, extractions)
    for located in references(tree, extractions, tree.files):
        if located.reference.unknown:
            yield located.finding(UNKNOWN, f"{located.reference.target}: {located.reference.unknown}")
        elif is_dangling(located, tree) and not _is_made(located.reference, generated):
            firm = located.reference.strength is Strength.FIRM
            message = f"{located.reference.target} is not in the tree"
            yield located.finding(DANGLING, message, Severity.ERROR if firm else Severity.WARNING)


def is_dangling(located: Located, tree: Tree) -> bool:
    """Whether nothing but this tree could hold the target, and it does not."""
    reference = located.reference
    if reference.strength is Strength.WEAK or resolve(reference, located.referrer, tree):
        return False
    return reference.strength is Strength.FIRM or _own_folder(located, tree)


def generated_names(tree: Tree, extractions: Extractions) -> frozenset[bytes]:
    """Names of files that the tree's build files say they make."""
    return frozenset().union(*(extractions.of(tree, path).generated for path in tree.files))


def _is_made(reference: Reference, generated: frozenset[bytes]) -> bool:
    names = [path.rpartition(b"/")[2] for path in reference.candidates + reference.suffixes]
    if reference.kind is Kind.IMPORT:
        names += [name.removesuffix(b".py") for name in names]  # an extension module
    return any(name in generated or name.endswith(_COMPILER_MADE) for name in names)


def _own_folder(located: Located, tree: Tree) -> bool:
    """Whether the folder that should hold the target is one of the tree's."""
    reference, folder = located.reference, folder_of(located.referrer)
    if reference.kind is Kind.INCLUDE:
        parent = folder_of(reference.suffixes[0])
        return bool(parent) and not _may_be_in_submodule(parent, tree) and _has_own(parent, tree)
    return any(tree.has(folder_of(path)) for candidate in reference.candidates for path in places(candidate, folder))


def _may_be_in_submodule(folder: bytes, tree: Tree) -> bool:
    """A submodule holds the headers of its own name, and what it holds is not known."""
    paths = tree.named(folder.partition(b"/")[0])
    return any(path in tree.files and tree.files[path].mode == GITLINK for path in paths)


def _has_own(folder: bytes, tree: Tree) -> bool:
    """Whether a folder that ends so is of the tree's own making: a stub or copy of others' need not be whole."""
    return any(
        tree.is_folder(path) and (path == folder or path.endswith(b"/" + folder)) and not _OF_OTHERS.search(path)
        for path in tree.named(folder.rpartition(b"/")[2])
    )
