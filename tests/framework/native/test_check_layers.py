# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The check of the C++ layers' arrows finds what goes against them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = Path(__file__).parents[3] / "framework" / "native" / "cmake" / "check_layers.py"


@pytest.fixture
def native(tmp_path: Path) -> Path:
    """Three layers: top uses middle, which uses bottom."""
    for name, depends in (("bottom", ""), ("middle", " DEPENDS bottom"), ("top", " SOURCES a.cc DEPENDS middle")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CMakeLists.txt").write_text(f"keima_layer({name}{depends})\n")
    (tmp_path / "top" / "a.cc").write_text(
        '#include "top/a.h"\n#include "middle/m.h"\n#include "bottom/b.h"\n#include <map>\n'
    )
    return tmp_path


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)


def test_downward_includes_are_fine_however_far(native: Path) -> None:
    done = check(native)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("layer", "include", "message"),
    [
        ("bottom", "middle/m.h", "layer bottom may not include middle/m.h of layer middle"),
        ("middle", "top/t.h", "layer middle may not include top/t.h of layer top"),
        ("middle", "near.h", "'near.h' is not of the form"),
    ],
)
def test_upward_and_loose_includes_are_named(native: Path, layer: str, include: str, message: str) -> None:
    (native / layer / "inner.h").write_text(f'  #  include "{include}"\n')
    done = check(native)
    assert done.returncode == 1
    assert message in done.stderr
