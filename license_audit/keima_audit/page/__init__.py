# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The report that a lawyer reads: one HTML page without scripts or outside resources, for the screen and for paper."""
