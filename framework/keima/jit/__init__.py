# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Tracing: functions recorded as graphs, checked, run without Python, and written to files."""

from .._core import Graph, Program, TraceError
from .graph_file import DumpResult, GraphModel, load_graph
from .sublinear_memory_config import SublinearMemoryConfig
from .tracing import exclude_from_trace, is_tracing, trace

__all__ = [
    "DumpResult",
    "Graph",
    "GraphModel",
    "Program",
    "SublinearMemoryConfig",
    "TraceError",
    "exclude_from_trace",
    "is_tracing",
    "load_graph",
    "trace",
]
