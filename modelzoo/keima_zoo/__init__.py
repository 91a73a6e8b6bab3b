# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Models, training recipes and pretrained weights; uses the public API of keima only."""
