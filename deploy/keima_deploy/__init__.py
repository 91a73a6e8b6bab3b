# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graph files at the command line: what they hold and cost, how they differ, and as ONNX."""
