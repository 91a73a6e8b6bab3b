# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""MegEngine's names for what lives in other packages here; nothing is defined in it."""
