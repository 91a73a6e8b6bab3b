# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Tests the trimmed public build on clean environments, then publishes wheels and weights."""
