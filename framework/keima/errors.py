# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exceptions of the Python layer; all derive from `KeimaError`, those of the native core included."""

from __future__ import annotations

from ._core import FileFormatError, KeimaError

__all__ = ["FileFormatError", "KeimaError", "WorkerError"]


class WorkerError(KeimaError):
    """A process that loads data failed, died or took too long."""
