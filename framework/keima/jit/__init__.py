# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Tracing: functions recorded as graphs, checked, and run without Python."""

from .._core import TraceError
from .tracing import exclude_from_trace, is_tracing, trace

__all__ = ["TraceError", "exclude_from_trace", "is_tracing", "trace"]
