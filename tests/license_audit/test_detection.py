# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Detection below the rules: which passages are read, and what counts as a licence's text."""

from __future__ import annotations

import runpy
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keima_audit.detect import scancode
from keima_audit.detect.decoding import decode
from keima_audit.detect.notices import scan_text, texts_in
from keima_audit.detect.prefilter import may_hold_license, worth_reading
from keima_audit.detect.scancode import matches_of
from keima_audit.errors import EnvironmentBrokenError

LGPL_NOTICE = "This is free software under the terms of the GNU Lesser General Public License version 2.1."
LGPL_TEXT = "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 2.1, February 1999\n"
GCC = "GCC RUNTIME LIBRARY EXCEPTION\nVersion 3.1, 31 March 2009\n"
LLVM = """\
As an exception, if, as a result of your compiling your source code, portions of this Software are embedded into an
Object form of such source code, you may redistribute such embedded portions in such Object form. In addition, if you
combine or link compiled forms of this Software with software that is licensed under the GPLv2 ("Combined Software"),
you may choose to exclude such Section(s), but only with respect to the Combined Software.
"""
BSD = """\
Redistribution and use in source and binary forms, with or without modification, are permitted provided that
redistributions in binary form must reproduce the above copyright notice. %s
"""
WORKER = """\
import json, sys
print(json.dumps({"version": "1"}), flush=True)
for line in sys.stdin:
    path = json.loads(line)["path"]
    text = open(path).read()
    lines = [number for number, line in enumerate(text.split("\\n"), 1) if line.strip()]
    match = {"expression": "MIT", "start": lines[0], "end": lines[-1], "score": 99.0, "rule": "r", "matcher": "m"}
    print(json.dumps({"detections": [{"expression": "MIT", "matches": [match]}]}), flush=True)
"""


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Python that has our stand-in of ScanCode: it reports the lines that it was given."""
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    monkeypatch.setattr(scancode, "_WORKER", worker)
    return sys.executable


def spread(far: int) -> str:
    """A long text with one licence word in the middle."""
    return "int a;\n" * far + "// see the license\n" + "int b;\n" * far


def test_scancode_gets_the_passages_near_a_word_and_the_line_numbers_stay(python: str) -> None:
    with scancode.running(python, 10) as worker:
        match = worker.scan(spread(1000)).matches[0]
        assert (match.start, match.end) == (1001 - 50, 1001 + 50)
    with scancode.running(python, 10, prefilter=False) as worker:
        match = worker.scan(spread(1000)).matches[0]
        assert (match.start, match.end) == (1, 2001)


def test_no_two_texts_have_one_name(python: str, tmp_path: Path) -> None:
    """ScanCode remembers the words of the last file by its name."""
    (tmp_path / "worker.py").write_text(WORKER.replace('"rule": "r"', '"rule": path'))
    with scancode.running(python, 10) as worker:
        places = [worker.scan(text).matches[0].rule for text in ("MIT", "MIT\n", "MIT")]
        assert len(set(places)) == 3
        assert not any(Path(place).exists() for place in places)


def test_a_text_that_was_not_read_to_its_end_is_said(python: str, tmp_path: Path) -> None:
    """ScanCode stops at its deadline and answers with what it found until then."""
    with scancode.running(python, 10) as worker:
        assert worker.scan("MIT").remarks == ()
    (tmp_path / "worker.py").write_text(WORKER.replace('{"detections"', '{"late": True, "detections"'))
    with scancode.running(python, 10) as worker:
        scan = worker.scan("MIT")
    assert [(match.raw, match.origin) for match in scan.matches] == [("MIT", "notice")]
    assert [remark.code for remark in scan.remarks] == ["detector-failed"]


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[float], object], float], dict[str, Any]]:
    """The worker's answer where ScanCode does the given search, which takes a deadline, within some seconds."""

    def ask(search: Callable[[float], object], seconds: float) -> dict[str, Any]:
        def get_licenses(path: str, deadline: float) -> dict[str, list[object]]:
            search(deadline)
            return {"license_detections": []}

        monkeypatch.setitem(sys.modules, "scancode", ModuleType("scancode"))
        api = ModuleType("scancode.api")
        monkeypatch.setattr(api, "get_licenses", get_licenses, raising=False)
        monkeypatch.setitem(sys.modules, "scancode.api", api)
        worker = runpy.run_path(str(Path(scancode.__file__).with_name("scancode_worker.py")))
        return dict(worker["_answer"]("a.c", seconds))

    return ask


def work_until(deadline: float) -> None:
    while not time.time() > deadline:
        pass


def test_a_search_that_takes_too_much_of_the_processor_is_stopped_and_said(answer: Any) -> None:
    before = time.process_time()
    assert answer(work_until, 0.05)["late"]
    assert time.process_time() - before >= 0.05


@pytest.mark.parametrize("clock", [0.0, time.time() + 1e6, sys.float_info.max])
def test_no_clock_stops_a_search(answer: Any, clock: float) -> None:
    stopped = []
    assert not answer(lambda deadline: stopped.append(clock > deadline), 60)["late"]
    assert stopped == [False]


def test_a_text_has_no_hole_in_it() -> None:
    """The GPL's has stretches of 60 lines without any word of the list, and is not recognised without them."""
    licence = ("// license\n" + "// and so on\n" * 300) * 3
    text = licence + "int a;\n" * 3000 + "// license\n"
    read = worth_reading(text).split("\n")
    assert read[: licence.count("\n") - 250] == text.split("\n")[: licence.count("\n") - 250]
    assert read.count("") > 2500


def test_a_short_text_is_read_whole() -> None:
    assert worth_reading(spread(100)) == spread(100)


@given(st.lists(st.sampled_from(["int a;", "// license", "", "// 许可", "x" * 300, "/* copyright */"]), max_size=400))
def test_what_is_left_out_could_not_hold_a_statement(lines: list[str]) -> None:
    text = "\n".join([*lines, "x" * 9000])
    read = worth_reading(text).split("\n")
    assert len(read) == len(lines) + 1
    dropped = [old for old, new in zip(text.split("\n"), read, strict=True) if old != new]
    assert not any(may_hold_license(line.encode()) for line in dropped)


def test_a_worker_that_does_not_start_tells_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import sys\nsys.exit('pluggy is too new')\n")
    monkeypatch.setattr(scancode, "_WORKER", worker)
    with pytest.raises(EnvironmentBrokenError, match="pluggy is too new"), scancode.running(sys.executable, 1):
        pass


def test_the_llvm_exception_puts_nothing_under_the_gpl() -> None:
    scan = scan_text(LLVM)
    assert texts_in(scan) == {"LLVM-exception"}
    assert [match.raw for match in scan.matches] == ["Apache-2.0 WITH LLVM-exception"]
    assert [match.raw for match in scan_text("Combined Software is licensed under the GPLv2.").matches] == [
        "GPL-2.0-only"
    ]


@pytest.mark.parametrize("who", ["of the holder nor the names", "Facebook, nor Meta, nor the names"])
def test_the_third_clause_names_whom_it_likes(who: str) -> None:
    assert texts_in(
        scan_text(BSD % f"Neither the name {who} of its contributors may be used to endorse products.")
    ) == {"BSD-3-Clause"}
    assert texts_in(scan_text(BSD % "")) == {"BSD-2-Clause"}


def test_a_notice_is_not_the_text_of_the_licence() -> None:
    assert texts_in(scan_text(LGPL_NOTICE)) == set()
    assert texts_in(scan_text(LGPL_TEXT)) == {"LGPL-2.1-only"}
    assert texts_in(scan_text(GCC)) == {"GCC-exception-3.1"}
    assert texts_in(scan_text("licensed under the Apache License, Version 2.0")) == set()
    assert texts_in(scan_text("Apache License\nVersion 2.0, January 2004\n")) == {"Apache-2.0"}
    assert texts_in(scan_text("Boost Software License - Version 1.0 - August 17th, 2003")) == {"BSL-1.0"}


def test_a_text_that_ends_with_a_nul_is_a_text() -> None:
    assert decode(b"{\\rtf1 licence\\par}\r\n\0") is not None
    assert decode(b"{\\rtf1 \0licence\\par}\r\n") is None
    assert decode(b"\0") is None


def detection(expression: str, score: float, lines: int) -> dict[str, Any]:
    """What ScanCode says of one passage."""
    match = {"expression": expression, "start": 1, "end": lines, "score": score, "rule": f"{expression}.RULE"}
    return {"expression": expression, "matches": [match]}


def test_lines_that_resemble_another_licence_are_for_a_person() -> None:
    mit = detection("MIT", 100.0, 20)
    found = matches_of([mit, detection("GFDL-1.1-only", 12.0, 70)])
    assert [(match.raw, match.origin) for match in found] == [("MIT", "text"), ("", "partial")]
    assert "GFDL-1.1-only" in found[1].rule


@pytest.mark.parametrize(
    "faint", [("GFDL-1.1-only", 50.0, 1), ("MIT", 12.0, 70), ("LicenseRef-scancode-unknown", 40.0, 9)]
)
def test_a_single_word_and_what_the_file_names_anyway_are_not(faint: tuple[str, float, int]) -> None:
    assert [match.raw for match in matches_of([detection("MIT", 100.0, 20), detection(*faint)])] == ["MIT"]
