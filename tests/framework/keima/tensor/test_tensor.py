# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""keima.Tensor as Python sees it: creation, values, indexing, sharing memory."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import keima
from keima import Tensor


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, "int32"),
        (1.5, "float32"),
        (True, "bool"),
        ([1, 2], "int32"),
        ([1.0], "float32"),
        (np.ones(2), "float32"),
        (np.arange(3), "int32"),
        (np.ones(2, np.float16), "float16"),
        (np.ones(2, np.uint8), "uint8"),
    ],
)
def test_dtype_of_creation(data: Any, dtype: str) -> None:
    assert str(Tensor(data).dtype) == dtype


@pytest.mark.parametrize("dtype", ["float64", "int64", np.float64, np.int64])
def test_wide_dtypes_are_refused_by_name(dtype: Any) -> None:
    with pytest.raises(keima.DtypeError, match=r"float64|int64"):
        Tensor([1.0], dtype=dtype)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("float32", "int8", "float32"),
        ("float16", "float16", "float16"),
        ("float16", "int32", "float32"),
        ("int8", "int32", "int32"),
        ("uint8", "uint16", "uint16"),
        ("bool", "int32", "float32"),
    ],
)
def test_promotion(a: str, b: str, expected: str) -> None:
    assert str((Tensor([1], dtype=a) + Tensor([1], dtype=b)).dtype) == expected


def test_mixed_signedness_does_not_promote() -> None:
    with pytest.raises(keima.DtypeError, match="signedness"):
        Tensor([1], dtype="uint8") + Tensor([1], dtype="int32")


def test_python_numbers_adapt() -> None:
    assert str((Tensor([1], dtype="int8") + 1).dtype) == "int8"
    assert str((Tensor([1], dtype="int8") + 1.5).dtype) == "float32"
    assert str((Tensor([1.0], dtype="float16") * 2).dtype) == "float16"
    assert str((Tensor([3]) / 2).dtype) == "float32"


def test_arrays_on_the_left_leave_the_operation_to_the_tensor() -> None:
    result = np.ones((2, 3), np.float32) + Tensor([1.0, 2.0, 3.0])
    assert isinstance(result, Tensor)
    np.testing.assert_array_equal(result.numpy(), [[2, 3, 4]] * 2)


def test_values_not_aliases() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    row, copy, array = x[0], x.detach(), x.numpy()
    x[0, 0] = 9.0
    x += 1
    np.testing.assert_array_equal(row.numpy(), [1, 2])
    np.testing.assert_array_equal(copy.numpy(), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(array, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(x.numpy(), [[10, 3], [4, 5]])
    assert not array.flags.writeable


def test_a_failed_write_changes_nothing() -> None:
    x = Tensor([1.0, 2.0])
    bad = [1.0, 2.0, 3.0]
    with pytest.raises(keima.ShapeError):
        x[:] = bad
    with pytest.raises(keima.ShapeError):
        x += bad
    np.testing.assert_array_equal(x.numpy(), [1, 2])


def test_errors_name_op_and_shapes() -> None:
    with pytest.raises(keima.ShapeError, match=r"add: shapes \(2, 3\) and \(4,\)"):
        Tensor(np.ones((2, 3))) + Tensor(np.ones(4))
    with pytest.raises(IndexError, match="out of range for dimension 0 with size 2"):
        Tensor([1.0, 2.0])[5]
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))


def test_pickle_and_parameters() -> None:
    p = keima.Parameter([1.0, 2.0])
    p.name = "weight"
    again = pickle.loads(pickle.dumps(p))  # noqa: S301  # our own bytes
    assert isinstance(again, keima.Parameter)
    assert again.name == "weight"
    np.testing.assert_array_equal(again.numpy(), p.numpy())


def test_dlpack_shares_memory_both_ways() -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    tensor = keima.from_dlpack(array)
    array[0, 0] = 42
    assert tensor[0, 0].item() == 42
    tensor[0, 1] = 7  # the tensor copies: it never writes memory of others
    assert array[0, 1] == 1
    back = np.from_dlpack(tensor)
    np.testing.assert_array_equal(back, [[42, 7, 2], [3, 4, 5]])


def test_numbers_and_iteration() -> None:
    x = Tensor([[1.0, 2.0]])
    assert [row.shape for row in x] == [(2,)]
    assert float(x[0, 1]) == 2.0
    assert [10, 20, 30][Tensor(1)] == 20
    assert f"{x[0, 0]:.2f}" == "1.00"
    assert repr(Tensor([1, 2])) == "Tensor([1 2], dtype=int32, device=cpu0)"


arrays = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5), elements=st.floats(-9, 9, width=32)
)


@given(st.data(), arrays)
def test_basic_indexing_is_numpys(data: st.DataObject, array: np.ndarray[Any, Any]) -> None:
    index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True, max_dims=7))
    np.testing.assert_array_equal(Tensor(array)[index].numpy(), array[index])


@given(st.data(), arrays)
def test_integer_indexing_is_numpys(data: st.DataObject, array: np.ndarray[Any, Any]) -> None:
    index = data.draw(hnp.integer_array_indices(array.shape, dtype=np.dtype(np.int32)))
    np.testing.assert_array_equal(Tensor(array)[index].numpy(), array[index])


@given(st.data(), arrays)
def test_writing_by_index_is_numpys(data: st.DataObject, array: np.ndarray[Any, Any]) -> None:
    index = data.draw(hnp.basic_indices(array.shape, allow_newaxis=False))
    tensor, expected = Tensor(array), array.copy()
    expected[index] = -1
    tensor[index] = -1.0
    np.testing.assert_array_equal(tensor.numpy(), expected)


@given(st.data(), arrays)
def test_masks_are_numpys(data: st.DataObject, array: np.ndarray[Any, Any]) -> None:
    mask = data.draw(hnp.arrays(bool, array.shape[: data.draw(st.integers(1, array.ndim))]))
    np.testing.assert_array_equal(Tensor(array)[Tensor(mask)].numpy(), array[mask])


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
def test_broadcasting_is_numpys(shapes: Any) -> None:
    a, b = (np.arange(np.prod(s, dtype=int), dtype=np.float32).reshape(s) for s in shapes.input_shapes)
    np.testing.assert_array_equal((Tensor(a) - Tensor(b)).numpy(), a - b)


def test_names_and_rounding() -> None:
    unnamed, named = keima.Tensor([1.5, -2.5]), keima.Tensor([1.0], name="weight")
    assert (unnamed.name, named.name) == ("", "weight")
    named.name = "bias"
    assert pickle.loads(pickle.dumps(named)).name == "bias"  # noqa: S301  # our own bytes
    assert round(unnamed).numpy().tolist() == [2.0, -3.0]


def test_an_empty_tensor_shows_its_shape() -> None:
    assert repr(keima.functional.zeros((0, 3))) == "Tensor([], shape=(0, 3), device=cpu0)"
    assert repr(keima.Tensor([])) == "Tensor([], device=cpu0)"
