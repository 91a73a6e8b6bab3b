# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What keima.functional exports, and what its stub says of that."""

from __future__ import annotations

import ast
from pathlib import Path

import keima.functional as F  # noqa: N812


def test_stub_names_what_the_package_exports() -> None:
    stub = Path(F.__file__).with_suffix(".pyi")
    imported = {
        (alias.name, node.module)
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert sorted(name for name, _ in imported) == F.__all__
    for name, module in imported:
        assert getattr(F, name) is getattr(getattr(F, module), name), name


def test_each_function_is_named_by_one_module_only() -> None:
    modules = (F.complex_pair, F.elemwise, F.loss, F.math, F.nn, F.tensor)
    for name in F.__all__:
        functions = {id(getattr(module, name)) for module in modules if name in module.__all__}
        assert len(functions) == 1, name
