# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What the hard cases are written with: headers, licence texts, and what reuse itself says."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

# REUSE-IgnoreStart
TAG = "SPDX-License-Identifier: "
HEADER = "# SPDX-FileCopyrightText: 2026 A\n# " + TAG
MPL = """\
// This Source Code Form is subject to the terms of the Mozilla
// Public License v. 2.0. If a copy of the MPL was not distributed
// with this file, You can obtain one at http://mozilla.org/MPL/2.0/.
"""
GPL2_LATER = """\
/* This program is free software; you can redistribute it and/or modify
 * it under the terms of the GNU General Public License as published by
 * the Free Software Foundation; either version 2 of the License, or
 * (at your option) any later version. */
"""
GPL2_ONLY = """\
/* This program is free software; you can redistribute it and/or modify
 * it under the terms of the GNU General Public License version 2
 * as published by the Free Software Foundation. */
"""
MIT_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, subject to the following
conditions: The above copyright notice and this permission notice shall be included in all copies.
"""
BSD4 = """\
Redistribution and use in source and binary forms, with or without modification, are permitted provided that:
3. All advertising materials mentioning features or use of this software must display the acknowledgement.
"""


def reuse_expressions(root: Path, path: str) -> list[str]:
    """What reuse itself says the file's licences are."""
    command = [str(Path(sys.executable).with_name("reuse")), "--root", str(root), "lint", "--json"]
    said: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    return [e["value"] for file in said["files"] if file["path"] == path for e in file["spdx_expressions"]]


# REUSE-IgnoreEnd
