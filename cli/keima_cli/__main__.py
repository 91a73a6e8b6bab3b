# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`python -m keima_cli` is `keima`."""

from keima_cli.main import main

main()
