# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Finds licence statements in the content of one file. Nothing here knows paths, policies or projects."""
