# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""A process that loads ScanCode's index once and answers one line of JSON for each path on its input.

It is run as a script, by any Python that has scancode-toolkit: it imports nothing of Keima, and ScanCode's
narrow version pins stay in an environment of their own.
"""

import json
import sys
import time


class _Deadline(float):
    """What ScanCode compares with its clock (`time() > deadline`), though it is the processor's time that counts.

    ScanCode stops then, and answers as if that were all it found. So a busy or paused machine must not decide what is
    found, nor a clock that is set; and that a search was stopped is known from the comparison that stopped it.
    """

    passed = False

    def __new__(cls, seconds: float) -> "_Deadline":
        deadline = super().__new__(cls, sys.float_info.max)  # for whoever takes it as a number
        deadline._end = time.process_time() + seconds
        return deadline

    _end: float

    def __lt__(self, clock: float) -> bool:
        self.passed = self.passed or time.process_time() > self._end
        return self.passed


def _answer(path: str, seconds: float) -> dict:  # type: ignore[type-arg]
    from scancode.api import get_licenses

    deadline = _Deadline(seconds)
    found = get_licenses(path, deadline=deadline)
    return {
        "path": path,
        "late": deadline.passed,
        "detections": [
            {
                "expression": detection["license_expression_spdx"],
                "matches": [
                    {
                        "expression": match["license_expression_spdx"],
                        "start": match["start_line"],
                        "end": match["end_line"],
                        "score": match["score"],
                        "rule": match["rule_identifier"],
                        "matcher": match["matcher"],
                    }
                    for match in detection["matches"]
                ],
            }
            for detection in found["license_detections"]
        ],
    }


def main() -> None:
    """Say the version, then answer until the input ends."""
    # Whatever ScanCode prints must not end up between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    from licensedcode.cache import get_index
    from scancode_config import __version__

    get_index()
    print(json.dumps({"version": __version__}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = _answer(request["path"], request["seconds"])
        except Exception as error:  # noqa: BLE001 - whatever a scanner dies of is a finding about that file
            reply = {"path": request["path"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)


if __name__ == "__main__":
    main()
