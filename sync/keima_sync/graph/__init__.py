# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Draws a migration: internal commits, what they became in public, what came from outside, and what broke where."""
