# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Breaks a tree and its wheel at random: every violation has to be caught, every innocent change has to pass."""
