# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Answers with what ScanCode itself says of each path on its input, one line of JSON each.

Run by the Python of ScanCode's environment; it imports nothing of Keima. A first line gives ScanCode's version and the
seconds of the processor that its index took; each answer gives those of the file.
"""

import json
import sys
import time

_TIMEOUT = 3600
"""Seconds of the clock for a file. The command `scancode` allows 120, and a busy machine is no reason to give up."""


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    from licensedcode.cache import get_index
    from scancode.api import get_licenses
    from scancode_config import __version__

    get_index()
    print(json.dumps({"version": __version__, "seconds": time.process_time()}), file=answers, flush=True)
    for line in sys.stdin:
        begun = time.process_time()
        found = get_licenses(json.loads(line), deadline=time.time() + _TIMEOUT)
        matches = [match for detection in found["license_detections"] for match in detection["matches"]]
        answer = {
            "expression": found["detected_license_expression_spdx"] or "",
            "matches": [[m["license_expression_spdx"], m["score"], m["start_line"], m["end_line"]] for m in matches],
            "seconds": time.process_time() - begun,
        }
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
