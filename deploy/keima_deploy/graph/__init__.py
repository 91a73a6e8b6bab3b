# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What a graph file holds and costs, its memory over time, and how two differ."""
