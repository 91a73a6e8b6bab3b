# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Exceptions of the Python layer; all derive from `KeimaError`, those of the native core included."""

from __future__ import annotations

from ._core import KeimaError


class FileFormatError(KeimaError, ValueError):
    """A file is damaged, cut short, or not what it should be."""


class WorkerError(KeimaError):
    """A process that loads data failed, died or took too long."""
