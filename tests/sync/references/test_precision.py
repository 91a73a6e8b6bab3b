# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The list of verdicts of benchmarks/sync: what the oracle confirms, what it leaves open, what stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sync.precision import edges_of, findings, judged, read_verdicts


def test_the_oracle_confirms_and_what_it_does_not_read_is_left_open(project: Any, tmp_path: Path) -> None:
    project.commit(
        cut__a_dot_h="", cut__run_dot_sh="", x_dot_c='#include "cut/a.h"\n', Makefile="all:\n\tsh cut/run.sh\n"
    )
    place = f"{project.internal}@main"
    found = findings(place, ["cut/"])
    verdicts = judged(found, edges_of(place), {})
    assert {key: verdict[0] for key, verdict in verdicts.items()} == {
        ("x.c:1", "cut/a.h"): "right",
        ("Makefile:2", "cut/run.sh"): "?",
    }
    file = tmp_path / "verdicts.tsv"
    file.write_text("# comment\nMakefile:2\tcut/run.sh\tright\tit runs it\n")
    again = judged(found, edges_of(place), read_verdicts(file))
    assert again["Makefile:2", "cut/run.sh"] == ("right", "it runs it")
