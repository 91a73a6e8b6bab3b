# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The start: looks at a repository and writes a first sync.toml for it."""
