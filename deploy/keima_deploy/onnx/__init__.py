# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Graphs as ONNX models of opset 20, without the onnx package."""

from .export import UnsupportedOpError, export_onnx

__all__ = ["UnsupportedOpError", "export_onnx"]
