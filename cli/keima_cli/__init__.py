# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The keima command and what its sub-commands share: findings, atomic files, locks, console."""
