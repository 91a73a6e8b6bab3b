# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Finds what files of a tree refer to, and says which references lead into nothing."""
