# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""What once crashed the interpreter or went wrong without a word."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import keima
import keima.functional as F  # noqa: N812
from keima import Tensor
from keima._core import ops
from keima.autodiff import GradManager


@pytest.mark.parametrize(
    "make",
    [
        lambda: F.zeros((2**62,)),
        lambda: F.full((2**31, 2**31), 1.0),
        lambda: F.broadcast_to(Tensor(1.0), (2**57,)) + 1,
    ],
)
def test_sizes_beyond_the_address_space(make: Callable[[], Tensor]) -> None:
    with pytest.raises(MemoryError, match="addressed"):
        make()


def test_a_subclass_that_never_calls_init_holds_an_empty_tensor() -> None:
    class Lazy(Tensor):
        def __init__(self) -> None:
            pass

    lazy = Lazy()
    assert lazy.shape == (0,) and len(lazy) == 0 and lazy.numpy().size == 0
    assert (lazy + 1).shape == (0,)
    assert repr(Tensor.__new__(Tensor)) == "Tensor([], device=cpu0)"


def test_a_list_that_changes_while_it_is_read() -> None:
    class Clears:
        def __init__(self, owner: list[Any]) -> None:
            self.owner = owner

        def __array__(self, *_: Any, **__: Any) -> np.ndarray[Any, Any]:
            self.owner.clear()
            return np.zeros(2, np.float32)

        def __index__(self) -> int:
            self.owner.clear()
            return 1

    tensors: list[Any] = []
    tensors += [Clears(tensors), *(Tensor([1.0, 2.0]) for _ in range(4))]
    assert ops.concat(tensors, 0).shape == (10,)
    sizes: list[Any] = []
    sizes += [Clears(sizes), 3, 2]
    assert ops.reshape(Tensor(np.zeros(6)), sizes).shape == (1, 3, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Tensor([1.0], device="nonsense"), keima.UnsupportedError, "expected 'cpu0'"),
        (lambda: Tensor([1.0], format="nhwc"), keima.UnsupportedError, "format 'nhwc'"),
        (lambda: ops.add(Tensor([1.0]), Tensor([1.0]), y=Tensor([2.0])), keima.DtypeError, "'y' is given twice"),
        (lambda: Tensor(10**400, dtype="float32"), OverflowError, "too large"),
        (lambda: Tensor([1, 2], dtype="uint8") < 300, ValueError, "300 does not fit uint8"),
        (lambda: Tensor([1, 2]) + 2**40, ValueError, "add: the integer 1099511627776 does not fit int32"),
        (lambda: Tensor([2**40]), ValueError, "does not fit int32"),
        (lambda: F.sum(Tensor([1.0]), 2**70), ValueError, "sum: argument 'axis'"),
        (lambda: Tensor([1.0, 2.0]).reshape(2**33, 2**33), keima.ShapeError, "cannot give 2 elements"),
    ],
)
def test_messages(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_in_place_operators_keep_the_object() -> None:
    param = keima.Parameter([7.0])
    same = param
    for value, expected in ((3, 343.0), (2, 117649.0)):
        param **= value
        assert param is same and param.numpy()[0] == expected
    param //= 1000.0
    param %= 10.0
    assert param is same and type(param) is keima.Parameter and param.numpy()[0] == 7.0
    bits = flags = Tensor([True, False])
    flags &= Tensor([True, True])
    flags |= Tensor([False, True])
    assert flags is bits and flags.numpy().tolist() == [True, True]
    positive = +param
    assert positive is not param and positive.numpy()[0] == 7.0


@pytest.mark.parametrize("limit", ["2GB", "-1", "x"])
def test_a_memory_limit_that_is_no_number_is_refused(limit: str) -> None:
    code = "import keima; keima.Tensor([1.0])"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"KEIMA_MEMORY_LIMIT": limit}, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "KEIMA_MEMORY_LIMIT: expected a number of bytes" in done.stderr


@pytest.mark.parametrize("bad", [-1, 9, 2**31 - 1, -(2**31)])
def test_a_position_outside_the_plane_counts_for_nothing_in_max_pooling(bad: int) -> None:
    positions = Tensor(np.array([0, bad], np.int32).reshape(1, 2, 1, 1))
    window = ((3, 3), (3, 3), (0, 0))
    scattered = ops.max_pool2d_scatter(Tensor(np.ones((1, 2, 1, 1))), positions, *window, (1, 2, 3, 3)).numpy()
    assert scattered[0, 0, 0, 0] == 1 and scattered.sum() == 1
    gathered = ops.max_pool2d_gather(Tensor(np.full((1, 2, 3, 3), 5.0)), positions, *window).numpy()
    assert gathered.ravel().tolist() == [5, 0]


@pytest.mark.parametrize("dtype", ["float16", "int8", "bool"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_convolutions_take_float32_only(dtype: str, place: int) -> None:
    shapes = [(1, 1, 4, 4), (1, 1, 3, 3), (1, 1, 1, 1)]
    tensors = [Tensor(np.ones(shape), dtype=dtype if i == place else "float32") for i, shape in enumerate(shapes)]
    with pytest.raises(keima.DtypeError, match=f"expected float32, got {dtype}"):
        ops.conv2d(*tensors)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_batch_norm_backward_takes_a_float32_gradient_only(dtype: str) -> None:
    x, channel = Tensor(np.ones((2, 3, 4, 4))), Tensor(np.ones((1, 3, 1, 1)))
    with pytest.raises(keima.DtypeError, match=f"batch_norm_backward: dy: expected float32, got {dtype}"):
        ops.batch_norm_backward(x, channel, Tensor(np.ones((2, 3, 4, 4)), dtype=dtype), channel, channel)


def test_windows_that_would_overflow() -> None:
    x, w = Tensor(np.ones((1, 1, 4, 4))), Tensor(np.ones((1, 1, 3, 3)))
    for attrs in ({"padding": (2**62, 1)}, {"dilation": (2**62, 2**62)}, {"stride": (1, 2**62)}):
        with pytest.raises(ValueError, match="at most 2\\^30"):
            ops.conv2d(x, w, **attrs)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "bool"])
def test_sums_at_positions_are_of_floats_and_int32(dtype: str) -> None:
    x = Tensor(np.ones((4, 6)), dtype=dtype)
    with pytest.raises(keima.DtypeError, match=f"scatter_add: expected a float or int32 tensor, got {dtype}"):
        ops.scatter_add(x, Tensor(np.zeros((4, 6), np.int32)), x, 1)
    with pytest.raises(keima.DtypeError, match=f"add_rows: expected a float or int32 tensor, got {dtype}"):
        ops.add_rows(x, Tensor(np.zeros(2, np.int32)), x[:2])


def test_what_int32_cannot_count_is_not_indexed() -> None:
    """Views without memory, of more elements than positions have numbers for: refused before any is taken."""
    zero = Tensor(np.zeros(1), dtype="int8")
    square, column = F.broadcast_to(zero, (1 << 16, 1 << 16)), F.broadcast_to(zero, (1 << 31, 1))
    one, many = Tensor([0]), Tensor([[0]])
    for call in (
        lambda: square[one, one],
        lambda: ops.take_rows(column, one),
        lambda: ops.put_rows(column, one, zero.reshape(1, 1)),
        lambda: ops.gather(column, many, 0),
        lambda: ops.scatter(column, many, zero.reshape(1, 1), 0),
        lambda: ops.argmax(square),
        lambda: ops.argmin(column, 0),
        lambda: ops.nonzero(F.broadcast_to(Tensor([True]), (1 << 31,))),
    ):
        with pytest.raises(keima.ShapeError, match=r"positions are int32: at most 2\^31 - 1"):
            call()


def test_a_step_that_is_not_taken_may_be_of_any_size() -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3))
    assert ops.slice(x, [1, 0], [1, 3], [2**62, 1]).numpy().tolist() == [[3, 4, 5]]
    assert ops.slice(x, [0, 2], [2, 1], [1, -(2**62)]).numpy().tolist() == [[2], [5]]


def test_numbers_in_the_other_byte_order() -> None:
    for dtype in (">f4", ">i4", ">f8", ">i8", ">u2", ">f2"):
        array = np.array([[1, 2], [3, 4]], dtype)
        assert Tensor(array).numpy().tolist() == [[1, 2], [3, 4]]
        assert Tensor(array.T).numpy().tolist() == [[1, 3], [2, 4]]
        assert (Tensor([[1.0, 1.0]]) + array.astype(">f4")).numpy().tolist() == [[2, 3], [4, 5]]


def test_long_products_of_integers_wrap() -> None:
    array = (np.arange(200_000, dtype=np.int64) * 2654435761 % 2**31 | 1).astype(np.int32)
    with np.errstate(over="ignore"):
        assert int(F.prod(Tensor(array))) == int(array.prod(dtype=np.int32))


def test_a_block_that_fits_the_address_space_alone_is_found() -> None:
    """Regions far larger than it are tried first; where addresses are limited, its own size is the last."""
    code = """
import resource, keima
size = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, ((size << 10) + (90 << 20),) * 2)
keima.functional.zeros((70 << 20) // 4)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_convolutions_of_no_channels_do_not_divide_by_them() -> None:
    for groups, weight in ((1, (2, 0, 3, 3)), (2, (2, 1, 0, 3, 3))):
        with pytest.raises(keima.ShapeError, match="at least one input channel"):
            F.conv2d(F.zeros((1, 0, 4, 4)), F.zeros(weight), groups=groups)
    x, none = F.ones((1, 3, 4, 4)), F.zeros((0, 3, 3, 3))
    with GradManager().attach([x, none]) as manager:
        manager.backward(F.conv2d(x, none).sum())
    assert x.grad is not None and x.grad.shape == x.shape and not x.grad.numpy().any()
    assert none.grad is not None and none.grad.shape == none.shape
    transposed = F.conv_transpose2d(F.zeros((1, 0, 4, 4)), F.zeros((0, 2, 3, 3)))
    assert transposed.shape == (1, 2, 6, 6) and not transposed.numpy().any()


@pytest.mark.parametrize("shape", [(0, 2**62, 8), (2**62, 8, 0), (2**58, 2**58, 0)])
def test_strides_beyond_addresses_are_refused_though_there_are_no_elements(shape: tuple[int, ...]) -> None:
    """As in NumPy: strides are products of sizes, whatever the number of elements."""
    with pytest.raises(MemoryError, match="more elements than can be addressed"):
        F.zeros(shape)
    with pytest.raises(
        (MemoryError, keima.ShapeError), match=r"more elements than can be addressed|cannot give 0 elements"
    ):
        F.reshape(Tensor(np.zeros((0, 1))), shape)
    assert F.zeros((0, 2**40)).shape == (0, 2**40)
