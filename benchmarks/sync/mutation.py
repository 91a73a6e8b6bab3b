# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Deletes random files of real trees and looks whether the check names everyone who refers to them.

`python -m benchmarks.sync.mutation --seed N` gets the trees (`--tree` gives others: folders or source archives),
deletes files one by one and then all at once, and compares what `keima sync check` reports in its differential mode
with what `oracle.py` reads by other means. The exit code is 1 if fewer than 99 of 100 referrers are named, or if a
tree that nothing was deleted from has findings.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.peers import machine, write_figures
from benchmarks.sync.oracle import Edges, read_edges
from keima_sync.references.check import compare
from keima_sync.references.comparison import compared
from keima_sync.references.following import Change
from keima_sync.references.languages import Extractions
from keima_sync.references.tree import Tree, from_folder

SDISTS = ("numpy", "pybind11", "onnx")
NPM = ("react-native",)
GOAL = 0.99


@dataclass
class Score:
    """What became of the deletions of one tree; a miss is (kind, referrer, deleted)."""

    tree: str
    files: int
    deletions: int
    ambiguous: int  # references that the oracle leaves out
    expected: int = 0
    together: int = 0  # of those expected when all files are deleted at once
    beyond: int = 0  # referrers that the check names and the oracle does not know
    baseline: int = 0  # findings where nothing was deleted
    by_kind: dict[str, int] = field(default_factory=dict)
    missed: list[tuple[str, str, str]] = field(default_factory=list)
    missed_together: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Of both ways to delete, the lower one."""
        one = 1 - len(self.missed) / self.expected if self.expected else 1.0
        return min(one, 1 - len(self.missed_together) / self.together if self.together else 1.0)


def mutate(root: Path, deletions: int, seed: int, *, referred: bool = False) -> Score:
    """Delete files that are drawn from `seed`; with `referred`, only such as the oracle knows a referrer of."""
    edges, tree, extractions = read_edges(root), from_folder(root), Extractions()
    pool = sorted(path.decode("utf-8", "surrogateescape") for path in tree.files)
    pool = [path for path in pool if edges.referrers.get(path)] if referred else pool
    drawn = random.Random(seed).sample(pool, min(deletions, len(pool)))
    score = Score(root.name, len(tree.files), len(drawn), edges.ambiguous)
    _one_by_one(score, tree, from_folder(root), extractions, edges, drawn)
    _all_at_once(score, tree, from_folder(root), extractions, edges, drawn)
    return score


def _one_by_one(
    score: Score, whole: Tree, public: Tree, extractions: Extractions, edges: Edges, drawn: list[str]
) -> None:
    comparison = compared(whole, public, extractions, lambda path: path)
    score.baseline += sum(1 for _ in comparison.lost())
    kinds: Counter[str] = Counter()
    for deleted in drawn:
        path = deleted.encode("utf-8", "surrogateescape")
        entry = public.files[path]
        comparison.change(Change({}, {path: None}))
        named = {who.decode("utf-8", "surrogateescape") for who, _, lost in comparison.lost() if lost.before == path}
        comparison.change(Change({}, {path: entry}))
        expected = edges.referrers.get(deleted, set())
        score.missed += _named(edges, expected - named, deleted)
        score.expected += len(expected)
        score.beyond += len(named - expected)
        kinds.update(edges.kinds[who, deleted] for who in expected)
    score.baseline += sum(1 for _ in comparison.lost())
    score.by_kind = dict(sorted(kinds.items()))


def _all_at_once(
    score: Score, whole: Tree, public: Tree, extractions: Extractions, edges: Edges, drawn: list[str]
) -> None:
    for deleted in drawn:
        public.remove(deleted.encode("utf-8", "surrogateescape"))
    found = compare(whole, public, extractions)
    named = {(finding.path, finding.evidence[0].path) for finding in found if finding.evidence}
    for deleted in drawn:
        expected = edges.referrers.get(deleted, set()) - set(drawn)
        score.together += len(expected)
        score.missed_together += _named(edges, {who for who in expected if (who, deleted) not in named}, deleted)


def _named(edges: Edges, referrers: Iterable[str], deleted: str) -> list[tuple[str, str, str]]:
    return [(edges.kinds[who, deleted], who, deleted) for who in sorted(referrers)]


@contextmanager
def opened(place: Path) -> Iterator[Path]:
    """A folder, or the one that an archive holds."""
    if place.is_dir():
        yield place
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(place) as archive:
            archive.extractall(folder, filter="data")
        inner = list(Path(folder).iterdir())
        named = Path(folder, place.name.partition(".tar")[0].removesuffix(".tgz"))
        yield inner[0].rename(named) if len(inner) == 1 else Path(folder)


def downloaded(cache: Path) -> list[Path]:
    """Source archives from PyPI and npm, by their own clients; nothing of them is built or run."""
    python = cache / "client" / "bin" / "python"
    if not python.exists():
        venv.create(cache / "client", with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "unearth"], check=True)
    for name in SDISTS:
        if not list(cache.glob(f"{name}-*.tar.gz")):
            command = [python.parent / "unearth", "--no-binary", "--download", cache, name]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for name in NPM:
        if not list(cache.glob(f"{name}-*.tgz")):
            subprocess.run(["npm", "pack", "--silent", name], cwd=cache, check=True, stdout=subprocess.DEVNULL)
    return [path for name in (*SDISTS, *NPM) for path in sorted(cache.glob(f"{name}-*.t*gz"))]


def _print(scores: list[Score], *, all_misses: bool) -> None:
    print(f"{'tree':24}{'files':>7}{'deleted':>9}{'expected':>10}{'missed':>8}{'at once':>9}{'missed':>8}{'recall':>9}")
    for score in scores:
        figures = f"{score.files:7}{score.deletions:9}{score.expected:10}{len(score.missed):8}"
        print(f"{score.tree:24}{figures}{score.together:9}{len(score.missed_together):8}{score.recall:9.4f}")
        print(f"  {score.by_kind}; {score.ambiguous} ambiguous; {score.beyond} named beyond; baseline {score.baseline}")
        missed = sorted({*score.missed, *score.missed_together})
        for kind, who, deleted in missed if all_misses else missed[:20]:
            print(f"  missed: {kind}: {who} -> {deleted}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, nargs="*", default=[], help="folders or .tar.gz files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--deletions", type=int, default=500)
    parser.add_argument("--referred", action="store_true", help="delete only files that somebody refers to")
    parser.add_argument("--all-misses", action="store_true", help="print more than 20 misses of a tree")
    parser.add_argument("--cache", type=Path, default=Path("build/bench/trees"), help="where downloads are kept")
    parser.add_argument("--output", type=Path, default=Path("build/bench/sync-mutation.json"))
    arguments = parser.parse_args()
    head = machine()
    scores = []
    arguments.cache.mkdir(parents=True, exist_ok=True)
    for place in arguments.tree or downloaded(arguments.cache.resolve()):
        with opened(place) as root:
            scores.append(mutate(root, arguments.deletions, arguments.seed, referred=arguments.referred))
    _print(scores, all_misses=arguments.all_misses)
    listed = [{**asdict(score), "recall": score.recall} for score in scores]
    write_figures(arguments.output, {**head, "seed": arguments.seed, "trees": listed})
    return 0 if all(score.recall >= GOAL and not score.baseline for score in scores) else 1


if __name__ == "__main__":
    sys.exit(main())
