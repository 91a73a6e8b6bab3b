# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Precision and recall of near-copy detection on changes drawn at random.

`python -m benchmarks.license_audit.near_copies CORPUS HOSTS --seed N` takes files of CORPUS, changes them in the ways
that copies are changed, and asks the index of CORPUS for each; HOSTS are files of another origin, which stay as they
are (and must be silent) or get a part of a corpus file pasted into them. Exit code 1 if a near miss is reported.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from keima_audit.detect.decoding import decode
from keima_audit.nearcopy.fingerprints import Fingerprints, fingerprints
from keima_audit.nearcopy.index import LEAST, Index
from keima_audit.nearcopy.tokens import language_of

_MOST_BYTES = 300_000
_WORD = re.compile(r"[^\W\d]\w{3,}")
Change = Callable[[list[str], list[str], random.Random], list[str]]


def sources(folder: Path) -> dict[str, str]:
    """The source files below a folder that are long enough to have a part pasted elsewhere."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and language_of(path.name) and path.stat().st_size < _MOST_BYTES:
            decoded = decode(path.read_bytes())
            if decoded is not None and decoded[0].count("\n") >= 60:
                found[str(path.relative_to(folder))] = decoded[0]
    return found


def _same(own: list[str], _host: list[str], _chance: random.Random) -> list[str]:
    return own


def _renamed(own: list[str], _host: list[str], chance: random.Random) -> list[str]:
    salt = chance.randrange(1000)
    common = {word for word, number in Counter(_WORD.findall("\n".join(own))).most_common(40) if number > 1}
    keep = {"return", "class", "else", "self", "static", "void", "const", "while", "from", "import", "None", "True"}
    return [_WORD.sub(lambda f: f"{f[0]}_{salt}" if f[0] in common - keep else f[0], line) for line in own]


def _reformatted(own: list[str], _host: list[str], _chance: random.Random) -> list[str]:
    kept = [line for line in own if line.strip() and not line.strip().startswith(("#", "//", "*", "/*"))]
    return [line.replace("    ", "\t").replace(", ", ",") for line in kept]


def _edited(own: list[str], host: list[str], chance: random.Random) -> list[str]:
    """One line in ten is gone or comes from elsewhere."""
    drawn = [(line, chance.random()) for line in own]
    return [chance.choice(host) if number < 0.05 else line for line, number in drawn if number < 0.95]


def _pasted(length: int) -> Change:
    def paste(own: list[str], host: list[str], chance: random.Random) -> list[str]:
        start, place = chance.randrange(len(own) - length), chance.randrange(len(host))
        return [*host[:place], *own[start : start + length], *host[place:]]

    return paste


def _head(own: list[str], host: list[str], _chance: random.Random) -> list[str]:
    """The comments, imports and includes above the first line of code."""
    starts = ("# ", "#!", "#include", "#pragma", "//", "/*", "*", "import ", "from ", "using ", "namespace ", '"""')
    code = next((n for n, line in enumerate(own) if line.strip() and not line.strip().startswith(starts)), 0)
    return [*own[:code], *host]


COPIES: dict[str, Change] = {
    "unchanged": _same,
    "names changed": _renamed,
    "layout and comments changed": _reformatted,
    "a tenth of the lines changed": _edited,
    "50 lines pasted": _pasted(50),
    "30 lines pasted": _pasted(30),
}
NEAR_MISSES: dict[str, Change] = {
    "of another origin": lambda _own, host, _chance: host,
    "imports and includes pasted": _head,
    "4 lines pasted": _pasted(4),
}


def drawn(
    corpus: dict[str, str], hosts: dict[str, str], change: Change, chance: random.Random, number: int
) -> Iterator[tuple[str, Fingerprints]]:
    """The corpus file that was drawn, and the fingerprints of what was made of it."""
    for _ in range(number):
        name = chance.choice(sorted(corpus))
        fitting = [text for host, text in sorted(hosts.items()) if language_of(host) == language_of(name)]
        if fitting:
            lines = change(corpus[name].splitlines(), chance.choice(fitting).splitlines(), chance)
            yield name, fingerprints("\n".join(lines), language_of(name) or "")


def main() -> int:
    """Print a table and, with --json, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("hosts", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    corpus, hosts = sources(given.corpus), sources(given.hosts)
    prints = {name: fingerprints(text, language_of(name) or "") for name, text in corpus.items()}
    index = Index(prints)
    # Tables and texts with fewer fingerprints than a finding needs cannot be found, nor be mistaken for.
    usable = {name: text for name, text in corpus.items() if len(prints[name]) >= 2 * LEAST}
    chance = random.Random(given.seed)
    print(f"{len(corpus)} files in the corpus, {len(usable)} drawn from, {len(hosts)} hosts; seed {given.seed}")
    result: dict[str, dict[str, int]] = {}
    for kind, change in {**COPIES, **NEAR_MISSES}.items():
        tried = hit = right = 0
        for name, made in drawn(usable, hosts, change, chance, given.number):
            found = index.most_like(made)
            tried, hit, right = (
                tried + 1,
                hit + (found is not None),
                right + (found is not None and found.source == name),
            )
        result[kind] = {"tried": tried, "reported": hit, "with the source drawn": right}
        print(f"{kind:32} {tried:5} tried {hit:5} reported {right:5} with the source drawn")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    # Four lines can be long ones: a report of them is printed, and no failure.
    return int(any(result[kind]["reported"] for kind in list(NEAR_MISSES)[:2]))


if __name__ == "__main__":
    raise SystemExit(main())
