# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""ScanCode as a detector: one long-lived process that loads the index once and is restarted if it hangs.

What ScanCode reports is merged with our own reading of SPDX tags, which knows strings, snippets, ignored
regions and the raw text of deprecated ids.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from keima_audit.detect.notices import of_file, scan_tags_only
from keima_audit.detect.prefilter import worth_reading
from keima_audit.detect.scan import Match, Remark, Scan
from keima_audit.detect.tags import read_tags
from keima_audit.errors import EnvironmentBrokenError

_START_SECONDS = 300
"""Building the index for the first time takes minutes; loading it afterwards 4 to 8 seconds."""
_PATIENCE = 10
"""Seconds of the clock for each of the processor's, after which a worker that should have kept its limit hangs."""
_WORKER = Path(__file__).with_name("scancode_worker.py")
_VAGUE = (
    "LicenseRef-scancode-unknown-license-reference",
    "LicenseRef-scancode-free-unknown",
    "LicenseRef-scancode-unknown",
)
"""What ScanCode says when it sees that something is licensed but not how."""
_MIN_SCORE = 60.0
"""A single word in a command line (`noweb`) scores 50, and ScanCode calls it a detection."""


def version(python: str) -> str:
    """The installed scancode-toolkit's version. Raises `EnvironmentBrokenError` naming the extra."""
    code = "import scancode_config as c; print(c.__version__)"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _missing(python, str(error)) from error
    if done.returncode != 0:
        raise _missing(python, done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
    return done.stdout.strip()


def _missing(python: str, detail: str) -> EnvironmentBrokenError:
    return EnvironmentBrokenError(
        f"audit.toml asks for the detector 'scancode', which {python} does not have ({detail})",
        hint="pip install 'keima[audit-scan]', or set `scancode-python` to an environment that has it, "
        'or choose `detector = "notices"`',
    )


def interpreter(configured: str | None) -> str:
    """The Python that runs ScanCode: KEIMA_SCANCODE_PYTHON, the policy's setting, or our own."""
    return os.environ.get("KEIMA_SCANCODE_PYTHON") or configured or sys.executable


class ScanCode:
    """A running worker. Close it, or use `running`."""

    def __init__(self, python: str, seconds_per_file: int, *, prefilter: bool = True) -> None:
        self._python = python
        self._seconds = seconds_per_file
        self._hung = 30 + _PATIENCE * seconds_per_file
        self._numbers = itertools.count()
        self._prefilter = prefilter
        self._folder = tempfile.TemporaryDirectory(prefix="keima-audit-")
        self._complaints = (Path(self._folder.name) / "stderr").open("w+b")
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            # -I: the worker's own folder must not shadow modules that ScanCode imports
            [self._python, "-I", str(_WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
            encoding="utf-8",
        )
        self._answers: queue.Queue[str] = queue.Queue()
        self._listener = threading.Thread(target=self._listen, args=(self._process, self._answers), daemon=True)
        self._listener.start()
        first = self._wait(_START_SECONDS)
        if not first or "version" not in first:
            said = self._last_words() or "the worker did not start"
            self.close()
            raise _missing(self._python, said)

    def _last_words(self) -> str:
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else ""

    @staticmethod
    def _listen(process: subprocess.Popen[str], answers: queue.Queue[str]) -> None:
        assert process.stdout is not None, "the worker is started with a pipe"
        for line in process.stdout:
            answers.put(line)
        answers.put("")

    def _wait(self, seconds: float) -> dict[str, Any] | None:
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            return None
        return dict(json.loads(line)) if line else None

    def close(self) -> None:
        """End the worker."""
        self._stop()
        self._complaints.close()
        self._folder.cleanup()

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was not sent yet cannot be sent any more
                if pipe is not None:
                    pipe.close()

    def scan(self, text: str, *, python: bool = False) -> Scan:
        """Scan one text."""
        # ScanCode reads files: it gets the decoded text, so that GBK and UTF-16 need no luck. Each has a name of its
        # own, since ScanCode remembers the words of the last file by its name, not by what it held.
        place = Path(self._folder.name) / f"{next(self._numbers)}{'.py' if python else '.txt'}"
        place.write_text(worth_reading(text) if self._prefilter else text, encoding="utf-8", errors="replace")
        reply = self._ask(place)
        place.unlink()
        base = scan_tags_only(text, python=python)
        failed = (Remark("detector-failed", 0, str(reply["error"])),) if "error" in reply else ()
        found = of_file(matches_of(reply.get("detections", [])), read_tags(text, python=python))
        return Scan("text", tuple(_merge(list(base.matches), found)), (*base.remarks, *failed), base.copyrights)

    def _ask(self, place: Path) -> dict[str, Any]:
        """The worker's answer about a file; one that hangs is replaced."""
        assert self._process.stdin is not None, "the worker is started with a pipe"
        try:
            self._process.stdin.write(json.dumps({"path": str(place), "seconds": self._seconds}) + "\n")
            self._process.stdin.flush()
            reply = self._wait(self._hung)
        except BrokenPipeError:
            reply = None
        if reply is None:
            self._stop()
            self._start()
            return {"error": f"no answer within {self._hung} seconds"}
        if reply.get("late"):
            reply["error"] = f"not read to its end within {self._seconds} seconds of the processor"
        return reply


def matches_of(detections: list[dict[str, Any]]) -> list[Match]:
    """One match for each thing that ScanCode detected; vague ones only where nothing better was found.

    A single line that scores low is nothing; several lines are kept as `partial`.
    """
    found = []
    for detection in detections:
        good = [m for m in detection["matches"] if m["expression"] not in _VAGUE and m["score"] >= _MIN_SCORE]
        for match in good:
            origin = "text" if match["end"] - match["start"] > 4 else "notice"
            found.append(
                Match(match["expression"], origin, match["start"], match["end"], match["score"], match["rule"])
            )
        if not good:
            worst = detection["matches"][0]
            found.append(Match("", "partial", worst["start"], worst["end"], worst["score"], worst["rule"]))
    clear = [match for match in found if match.origin != "partial"]
    return [*clear, *_doubtful(detections, {match.raw for match in clear})] if clear else found


def _doubtful(detections: list[dict[str, Any]], clear: set[str]) -> Iterator[Match]:
    """Lines that resemble the text of a licence that nothing else in the file names: for a person to read."""
    for match in (match for detection in detections for match in detection["matches"]):
        weak = match["score"] < _MIN_SCORE and match["end"] > match["start"]
        if weak and match["expression"] not in clear and match["expression"] not in _VAGUE:
            says = f"resembles {match['expression']} ({match['rule']})"
            yield Match("", "partial", match["start"], match["end"], match["score"], says)


def _merge(tags: list[Match], found: list[Match]) -> list[Match]:
    """Our tags and ScanCode's matches; a line that carries a tag is read by us alone."""
    tagged = {match.start for match in tags if match.origin in ("tag", "quoted", "snippet")}
    return tags + [match for match in found if not (match.start in tagged and match.end == match.start)]


@contextmanager
def running(python: str, seconds_per_file: int, *, prefilter: bool = True) -> Iterator[ScanCode]:
    """A worker for the length of a block; with `prefilter`, it reads only what is near a word of the list."""
    worker = ScanCode(python, seconds_per_file, prefilter=prefilter)
    try:
        yield worker
    finally:
        worker.close()
