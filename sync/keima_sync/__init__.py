# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Trims internal code, replays commits to a public repository and proves that nothing dangles."""
