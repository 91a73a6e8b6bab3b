# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What is printed where, in each mode."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from keima_cli.console import Meter, Output


def make(
    *, terminal: bool = False, quiet: bool = False, as_json: bool = False
) -> tuple[Output, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    output = Output(
        quiet=quiet,
        as_json=as_json,
        stdout=Console(file=out, width=200, soft_wrap=True, highlight=False),
        stderr=Console(file=err, width=200, soft_wrap=True, highlight=False, force_terminal=terminal),
    )
    return output, out, err


def work(output: Output) -> None:
    output.say("starting [1/2]")
    with output.track("epoch 1", 200, unit="images") as tracker:
        tracker.advance(100, "loss 0.5")
        tracker.advance(100, "loss 0.4")
    output.result("accuracy 0.91 [test]", {"accuracy": 0.91})


def test_a_log_file_gets_plain_lines() -> None:
    output, out, err = make()
    work(output)
    assert out.getvalue() == "accuracy 0.91 [test]\n"
    lines = err.getvalue().splitlines()
    assert lines[0] == "starting [1/2]"
    assert len(lines) == 2
    assert "loss 0.4" in lines[1]
    assert lines[1].endswith("(200 of 200)")
    assert "\x1b" not in err.getvalue()


def test_a_terminal_gets_a_bar() -> None:
    output, _, err = make(terminal=True)
    work(output)
    assert "100%" in err.getvalue()
    assert "\x1b" in err.getvalue()


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({}, 2),
        ({"b": 1, "a": None}, 4),
        ({"list": [], "tuple": ()}, 4),
        ({"rows": [{"y": "\u00e9\n", "x": [1, 2]}, {"x": {}}], "deep": {"b": [1], "a": 2.5}}, 7),
    ],
)
def test_json_is_one_document_with_a_line_for_each_element(value: dict[str, object], lines: int) -> None:
    output, out, _ = make(as_json=True)
    output.result("", value)
    text = out.getvalue()
    assert json.loads(text) == json.loads(json.dumps(value))
    assert text.count("\n") == lines
    assert list(json.loads(text)) == sorted(value)


@pytest.mark.parametrize("mode", [{"quiet": True}, {"as_json": True}])
def test_quiet_and_json_say_nothing_on_the_way(mode: dict[str, bool]) -> None:
    output, out, err = make(terminal=True, **mode)
    work(output)
    assert err.getvalue() == ""
    if "as_json" in mode:
        assert json.loads(out.getvalue()) == {"accuracy": 0.91}


def test_meter_tells_rate_and_rest() -> None:
    now = 10.0
    meter = Meter(total=100, clock=lambda: now)
    assert meter.seconds_left is None
    now, meter.done = 15.0, 25
    assert meter.rate == 5.0
    assert meter.seconds_left == 15.0
