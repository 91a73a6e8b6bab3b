# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What runs when, how fast, and how near to what the machine can do.

>>> import keima
>>> from keima import profiler
>>> x = keima.Tensor([[1.0, 2.0], [3.0, 4.0]])
>>> with profiler.Profiler(path=None) as recorded:
...     y = x @ x
>>> [(row.op, row.calls, row.flops) for row in profiler.rows(recorded.profile)]
[('matmul', 1, 16.0)]
"""

from .events import Event, Profile, Thread
from .report import Row, bound, rows
from .roofline import Roofline, measure_roofline
from .scopes import scope
from .session import Profiler, is_profiling, profile
from .trace_events import merge_trace_events, trace_document

__all__ = [
    "Event",
    "Profile",
    "Profiler",
    "Roofline",
    "Row",
    "Thread",
    "bound",
    "is_profiling",
    "measure_roofline",
    "merge_trace_events",
    "profile",
    "rows",
    "scope",
    "trace_document",
]
