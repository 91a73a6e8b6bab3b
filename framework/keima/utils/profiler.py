# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`megengine.utils.profiler`: see :mod:`keima.profiler`."""

from ..profiler import Profiler, is_profiling, merge_trace_events, profile, scope

__all__ = ["Profiler", "is_profiling", "merge_trace_events", "profile", "scope"]
