# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What nobody may do to a wheel, and what anybody may: each function draws one change of its kind."""

from __future__ import annotations

from random import Random

from . import notices
from .changes import Change, Edits, Kinds
from .elf_file import shared_object
from .ground import Ground, safetensors
from .in_trees import DENIED
from .wheel import INFO, LIBRARIES, NOTICES, SBOM, TEXTS, graft

VIOLATIONS, INNOCENT = Kinds(), Kinds()
Members = dict[str, bytes]


def _breach(edits: Edits, *rules: str, path: str = "", mended: bool = True) -> Change:
    return Change({}, frozenset(rules), path or next(iter(edits)), wheel=edits, mended=mended)


def _library(members: Members, name: str) -> str:
    return next(path for path in members if f"/{name}-" in path)


def _source(members: Members, rng: Random) -> str:
    return rng.choice(sorted(path for path in members if path.startswith("planted/")))


@VIOLATIONS.add
def lgpl_library_grafted(ground: Ground, rng: Random, members: Members) -> Change:
    name = rng.choice(["libquadmath.so.0.0.0", "libavcodec.so.59", "libQt5Core.so.5"])
    return _breach(dict(graft(rng, name)), "license-not-allowed")


@VIOLATIONS.add
def gpl_library_grafted(ground: Ground, rng: Random, members: Members) -> Change:
    return _breach(dict(graft(rng, "libx264.so.164")), "license-not-allowed")


@VIOLATIONS.add
def library_swapped_under_the_same_name(ground: Ground, rng: Random, members: Members) -> Change:
    path = _library(members, rng.choice(list(LIBRARIES)))
    soname = rng.choice(["libquadmath.so.0", "libavutil.so.57", "libx264.so.164"])
    return _breach({path: shared_object(soname, rng.randbytes(200))}, "license-not-allowed")


@VIOLATIONS.add
def library_that_nobody_knows(ground: Ground, rng: Random, members: Members) -> Change:
    return _breach(dict(graft(rng, f"lib{notices.word(rng)}x.so.1")), "binary-undeclared")


@VIOLATIONS.add
def library_outside_the_vendors_list(ground: Ground, rng: Random, members: Members) -> Change:
    return _breach(dict(graft(rng, rng.choice(["libcuda.so.1", "libnvidia-ml.so.1"]))), "redistribution-list")


@VIOLATIONS.add
def licence_text_left_out(ground: Ground, rng: Random, members: Members) -> Change:
    library, text = rng.choice(
        [("libgomp", "GCC-exception-3.1"), ("libopenblas", "BSD-3-Clause"), ("libgomp", "GPL-3.0-or-later")]
    )
    return _breach({f"{TEXTS}{text}.txt": None}, "text-missing", path=_library(members, library))


@VIOLATIONS.add
def notices_left_out(ground: Ground, rng: Random, members: Members) -> Change:
    library = rng.choice(["libgomp", "libopenblas"])
    return _breach({NOTICES: None}, "text-missing", path=_library(members, library))


@VIOLATIONS.add
def notice_of_one_library_left_out(ground: Ground, rng: Random, members: Members) -> Change:
    notices_of_all = members[NOTICES].decode()
    library, name = rng.choice([("libgomp", "gcc-libs"), ("libopenblas", "openblas")])
    parts = notices_of_all.split("=" * 78 + "\n")
    kept = [part for part in parts if not part.startswith(f"{name}\n")]
    assert len(kept) == len(parts) - 1, f"one part is about {name}"
    edited = ("=" * 78 + "\n").join(kept).encode()
    return _breach({NOTICES: edited}, "text-missing", path=_library(members, library))


@VIOLATIONS.add
def own_licence_text_left_out(ground: Ground, rng: Random, members: Members) -> Change:
    edits: Edits = {path: None for path in members if path.startswith(TEXTS)}
    return _breach(edits, "text-missing", path="METADATA")


@VIOLATIONS.add
def source_offer_withdrawn(ground: Ground, rng: Random, members: Members) -> Change:
    edits = ground.edit_policy('obligation = "source-offer"', 'obligation = "advertising"')
    return Change(dict(edits), frozenset({"obligation-unmet"}), _library(members, "libgomp"), wheel={})


@VIOLATIONS.add
def content_changed_after_record(ground: Ground, rng: Random, members: Members) -> Change:
    path = _source(members, rng)
    return _breach({path: members[path] + b"\nevil = 1\n"}, "record-mismatch", mended=False)


@VIOLATIONS.add
def file_that_record_does_not_list(ground: Ground, rng: Random, members: Members) -> Change:
    path = _source(members, rng)
    return _breach({f"planted/{notices.word(rng)}/x.py": members[path]}, "record-mismatch", mended=False)


@VIOLATIONS.add
def file_that_only_record_lists(ground: Ground, rng: Random, members: Members) -> Change:
    return _breach({_source(members, rng): None}, "record-mismatch", mended=False)


@VIOLATIONS.add
def file_from_nowhere(ground: Ground, rng: Random, members: Members) -> Change:
    content = notices.code(rng, ".py") + f"nowhere = {rng.getrandbits(64)}\n"
    return _breach({f"planted/{notices.word(rng)}.py": content.encode()}, "untraced-file")


@VIOLATIONS.add
def metadata_under_copyleft(ground: Ground, rng: Random, members: Members) -> Change:
    name = notices.copyleft(rng, ground.allowed)
    content = f"Metadata-Version: 2.4\nName: planted\nVersion: 1.0\nLicense-Expression: {name}\n"
    return _breach({INFO + "METADATA": content.encode()}, *DENIED, path="METADATA")


@VIOLATIONS.add
def copyleft_source_of_the_lab(ground: Ground, rng: Random, members: Members) -> Change:
    return _breach({f"planted/{notices.word(rng)}.c": ground.read(f"{ground.here}/lab/copyleft.c")}, *DENIED)


@VIOLATIONS.add
def non_commercial_weights_packed(ground: Ground, rng: Random, members: Members) -> Change:
    content = safetensors(license=rng.choice(notices.NON_COMMERCIAL))
    return _breach({f"planted/{notices.word(rng)}.safetensors": content}, *DENIED)


@VIOLATIONS.add
def library_linked_in_statically(ground: Ground, rng: Random, members: Members) -> Change:
    marker = rng.choice([b"LIBTIFF, Version 4.5.1", b"OpenSSL 3.0.2 15 Mar 2022", b"libpng version 1.6.37"])
    path = f"planted/_{notices.word(rng)}.cpython-311-x86_64-linux-gnu.so"
    return _breach(
        {path: shared_object("x.so", marker + b"\0" + rng.randbytes(99))},
        "license-not-allowed",
        "text-missing",
        "sbom-incomplete",
    )


@VIOLATIONS.add
def sbom_that_leaves_a_library_out(ground: Ground, rng: Random, members: Members) -> Change:
    path = _library(members, rng.choice(list(LIBRARIES)))
    empty = b'{"spdxVersion": "SPDX-2.3", "packages": [{"name": "planted"}]}\n'
    return _breach({SBOM: empty}, "sbom-incomplete", path=path)


@INNOCENT.add
def wheel_packed_in_another_order(ground: Ground, rng: Random, members: Members) -> Change:
    return Change({}, wheel={}, seed=rng.randint(1, 10**6))


@INNOCENT.add
def library_built_anew(ground: Ground, rng: Random, members: Members) -> Change:
    name = rng.choice(list(LIBRARIES))
    return Change({}, wheel={_library(members, name): None, **graft(rng, name + LIBRARIES[name])})


@INNOCENT.add
def source_file_packed_twice(ground: Ground, rng: Random, members: Members) -> Change:
    return Change({}, wheel={f"planted/{notices.word(rng)}.py": members[_source(members, rng)]})


@INNOCENT.add
def extension_module_added(ground: Ground, rng: Random, members: Members) -> Change:
    path = f"planted/_{notices.word(rng)}.cpython-311-x86_64-linux-gnu.so"
    return Change({}, wheel={path: shared_object(path, rng.randbytes(300))})


@INNOCENT.add
def licence_text_added(ground: Ground, rng: Random, members: Members) -> Change:
    return Change(
        {}, wheel={f"{TEXTS}{rng.choice(['ISC', 'GPL-2.0-only', 'Zlib'])}.txt": notices.GPL_TEXT["2"].encode()}
    )


@INNOCENT.add
def source_file_taken_out(ground: Ground, rng: Random, members: Members) -> Change:
    return Change({}, wheel={_source(members, rng): None})
