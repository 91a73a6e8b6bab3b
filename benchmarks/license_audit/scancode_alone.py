# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers with what ScanCode itself says of each path on its input, one line of JSON each.

Run by the Python of ScanCode's environment; it imports nothing of Keima. A first line gives ScanCode's version.
"""

import json
import sys


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    from scancode.api import get_licenses
    from scancode_config import __version__

    print(json.dumps(__version__), file=answers, flush=True)
    for line in sys.stdin:
        found = get_licenses(json.loads(line))
        matches = [match for detection in found["license_detections"] for match in detection["matches"]]
        answer = {
            "expression": found["detected_license_expression_spdx"] or "",
            "matches": [[m["license_expression_spdx"], m["score"], m["start_line"], m["end_line"]] for m in matches],
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
