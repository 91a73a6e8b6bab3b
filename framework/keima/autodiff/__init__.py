# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Gradients: managers that record and differentiate, custom gradients, anomaly mode."""

from .anomaly import detect_anomaly
from .function import Function
from .grad_manager import GradManager, get_backwarding_grad_manager
from .recording import is_recording, no_grad

__all__ = [
    "Function",
    "GradManager",
    "detect_anomaly",
    "get_backwarding_grad_manager",
    "is_recording",
    "no_grad",
]
