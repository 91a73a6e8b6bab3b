# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Functions of tensors, under MegEngine's names.

A function is written in one of the modules here and named in that module's ``__all__``, by which this package exports
it. What type checkers and editors read, ``__init__.pyi``, is made from the same lists by the build.
"""

from __future__ import annotations

from . import complex_pair, elemwise, loss, math, nn, tensor

_MODULES = (complex_pair, elemwise, loss, math, nn, tensor)

globals().update({name: getattr(module, name) for module in _MODULES for name in module.__all__})
__all__ = sorted({name for module in _MODULES for name in module.__all__})
