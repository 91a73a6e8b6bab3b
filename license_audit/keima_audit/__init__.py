# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Licence compliance of source, dependencies, binaries and weights before a release."""
