# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What is saved comes back; hostile and damaged files give one error and run nothing."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

import keima
import keima.module as M  # noqa: N812

FLOATS = st.floats(allow_nan=False, width=32)
ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.int32, np.bool_, np.uint8, np.float16, np.int64]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOATS | st.text() | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4) | st.integers(-9, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@given(TREES)
def test_any_structure_comes_back(tree: Any) -> None:
    buffer = io.BytesIO()
    keima.save(tree, buffer)
    buffer.seek(0)
    assert same(keima.load(buffer), tree)


def test_a_model_goes_through_a_file_and_other_programs_read_it(tmp_path: Path) -> None:
    model = M.Sequential(M.Conv2d(1, 4, 3), M.BatchNorm2d(4))
    keima.save(model.state_dict(), tmp_path / "m.safetensors")
    other = M.Sequential(M.Conv2d(1, 4, 3), M.BatchNorm2d(4))
    other.load_state_dict(keima.load(tmp_path / "m.safetensors"))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, other.state_dict()[name])
        np.testing.assert_array_equal(array, load_file(tmp_path / "m.safetensors")[name])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.safetensors"]


def test_files_of_other_programs_are_dicts(tmp_path: Path) -> None:
    save_file({"w": np.arange(3, dtype=np.float32)}, tmp_path / "x.safetensors")
    assert same(keima.load(tmp_path / "x.safetensors"), {"w": np.arange(3, dtype=np.float32)})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": object()}, "a is a object"),
        (M.Identity(), "state_dict"),
        ({(1, 2): 3}, "key"),
        ([np.array("x")], "array"),
    ],
)
def test_what_cannot_be_saved_is_named_and_leaves_no_file(tmp_path: Path, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        keima.save(value, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


# --- MegEngine's pickles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickled_state_dict_of_arrays(protocol: int) -> None:
    state = OrderedDict(
        w=np.arange(6, dtype=np.float32).reshape(2, 3),
        f=np.asfortranarray(np.arange(6, dtype=np.int8).reshape(2, 3)),
        big=np.arange(3, dtype=">f4"),
        flag=np.array(True),
        step=3,
        nested={"buffers": [np.zeros((0, 2), np.float16)], "lr": 0.1},
    )
    if protocol in (2, 5):
        # Protocol 2 writes bytes through _codecs.encode, and 5 arrays through _frombuffer: MegEngine's default is 4.
        with pytest.raises(keima.FileFormatError, match="asks for"):
            keima.load(io.BytesIO(pickle.dumps(state, protocol)))
        return
    loaded = keima.load(io.BytesIO(pickle.dumps(state, protocol)))
    assert isinstance(loaded, OrderedDict)
    for name in ("w", "f", "flag", "big"):
        np.testing.assert_array_equal(loaded[name], state[name])
        assert loaded[name].dtype == state[name].dtype.newbyteorder("=")
    assert loaded["step"] == 3
    assert loaded["nested"]["buffers"][0].shape == (0, 2)


class Bomb:
    def __reduce__(self) -> Any:
        return (os.system, ("touch boom",))


class Open:
    def __reduce__(self) -> Any:
        return (subprocess.check_output, (["true"],))


@pytest.mark.parametrize("thing", [Bomb(), Open(), {"w": [Bomb()]}, np.array([Bomb()], dtype=object), np.array(["a"])])
def test_nothing_in_a_pickle_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thing: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(keima.FileFormatError):
        keima.load(io.BytesIO(pickle.dumps(thing, 4)))
    assert list(tmp_path.iterdir()) == []


class Lying:
    """Pickles as an array whose state says what it is told to say."""

    def __init__(self, *state: Any) -> None:
        self.state = state

    def __reduce__(self) -> Any:
        rebuild, arguments, _ = np.zeros(1, np.float32).__reduce__()[:3]
        return (rebuild, arguments, self.state)


FLOAT = np.dtype("f4")


@pytest.mark.parametrize(
    "state",
    [
        (1, (2,), FLOAT, False, b"1234"),
        (1, (2**62, 4), FLOAT, False, b""),
        (1, (-1,), FLOAT, False, b""),
        (1, ("x",), FLOAT, False, b""),
        (1, (1,), "f4", False, b"1234"),
        (1, (1,), FLOAT, False, [1.0]),
        (1, (1,), FLOAT),
        (1, (1,) * 40, FLOAT, False, b"1234"),
        3,
    ],
)
def test_arrays_that_lie_are_refused(state: Any) -> None:
    thing = Lying(*state) if isinstance(state, tuple) else Lying(state)
    with pytest.raises(keima.FileFormatError):
        keima.load(io.BytesIO(pickle.dumps(thing, 4)))


def test_damaged_files_give_one_error(tmp_path: Path) -> None:
    keima.save({"w": np.arange(50, dtype=np.float32), "n": [1, "a"]}, tmp_path / "x")
    sound = (tmp_path / "x").read_bytes()
    pickled = pickle.dumps(OrderedDict(w=np.arange(50, dtype=np.float32)), 4)
    rng = np.random.default_rng(0)
    refused = 0
    for content in (sound, pickled):
        for _ in range(1500):
            damaged = bytearray(content[: rng.integers(1, len(content))] if rng.random() < 0.3 else content)
            for at in rng.integers(0, min(len(damaged), 250), rng.integers(1, 4)):
                damaged[at] = rng.integers(0, 256)
            try:
                keima.load(io.BytesIO(bytes(damaged)))
            except keima.FileFormatError:
                refused += 1
    assert refused > 1000


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 9])
def test_other_files_are_named_as_such(content: bytes) -> None:
    with pytest.raises(keima.FileFormatError, match="expected a safetensors file or a pickle"):
        keima.load(io.BytesIO(content))


def test_reading_takes_no_more_memory_than_the_file_needs(tmp_path: Path) -> None:
    """Files of 16 GiB are allowed; a small one must load where there is no room for that."""
    path = tmp_path / "state"
    keima.save({"a": np.arange(3.0)}, path)
    code = f"""
import resource, keima
resource.setrlimit(resource.RLIMIT_AS, (12 << 30,) * 2)
with open({str(path)!r}, "rb") as file:
    print(keima.load({str(path)!r})["a"].sum(), keima.load(file)["a"].sum())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "3.0 3.0\n", done.stderr
