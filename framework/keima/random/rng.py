# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Philox generators (Salmon et al., 2011): the numbers depend on the seed and on how many were drawn, not on threads.

NumPy's implementation is used: it is maintained, tested and fast enough for what training draws.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from .._core import Tensor
from ..device import check_device
from ..replay import made_anew
from ..typing import Dtype, Shape, integers


def _size(size: Shape | None) -> tuple[int, ...]:
    return () if size is None else integers(size)


def _array(value: Any) -> Any:
    return value.numpy() if isinstance(value, Tensor) else value


class RNG:
    """An independent generator.

    >>> bool((RNG(7).normal(size=(3,)) == RNG(7).normal(size=(3,))).numpy().all())
    True
    """

    def __init__(self, seed: int | None = None, device: str | None = None) -> None:
        check_device(device)
        self._seed = seed
        # Made when first used: numpy.random takes 11 ms to import.
        self._made: np.random.Generator | None = None

    @property
    def _generator(self) -> np.random.Generator:
        if self._made is None:
            self._made = np.random.Generator(np.random.Philox(self._seed))
        return self._made

    def seed(self, seed: int) -> None:
        """Start afresh from `seed`."""
        self._seed, self._made = seed, None

    def get_state(self) -> str:
        """The whole state as JSON text."""
        return json.dumps(self._generator.bit_generator.state, default=np.ndarray.tolist)

    def set_state(self, state: str) -> None:
        """Continue from a state that :meth:`get_state` gave."""
        loaded = json.loads(state)
        if not isinstance(loaded, dict) or loaded.get("bit_generator") != "Philox":
            raise ValueError("set_state: expected a state of a Philox generator, as get_state() gives it")
        for key in ("counter", "key"):
            loaded["state"][key] = np.array(loaded["state"][key], dtype=np.uint64)
        loaded["buffer"] = np.array(loaded["buffer"], dtype=np.uint64)
        self._generator.bit_generator.state = loaded

    def uniform(self, low: float = 0, high: float = 1, size: Shape | None = None) -> Tensor:
        """float32 numbers, evenly from [low, high)."""
        return made_anew(lambda: Tensor(self._floats(size) * np.float32(high - low) + np.float32(low)))

    def normal(self, mean: float = 0, std: float = 1, size: Shape | None = None) -> Tensor:
        """float32 numbers from the normal distribution."""
        return made_anew(lambda: Tensor(self._normals(size) * np.float32(std) + np.float32(mean)))

    def gamma(self, shape: Any, scale: Any = 1, size: Shape | None = None) -> Tensor:
        """Gamma-distributed numbers; `size` of them for each element of `shape` and `scale` (broadcast)."""
        return self._draw(self._generator.gamma, (shape, scale), size)

    def beta(self, alpha: Any, beta: Any, size: Shape | None = None) -> Tensor:
        """Beta-distributed numbers; `size` of them for each element of `alpha` and `beta` (broadcast)."""
        return self._draw(self._generator.beta, (alpha, beta), size)

    def poisson(self, lam: Any, size: Shape | None = None) -> Tensor:
        """Poisson-distributed numbers (as float32); `size` of them for each element of `lam`."""
        return self._draw(self._generator.poisson, (lam,), size)

    def permutation(self, n: int | Tensor, *, dtype: Dtype = "int32") -> Tensor:
        """0 ... n - 1 in random order, or the rows of a tensor in random order."""
        if isinstance(n, Tensor):
            return n[self.permutation(len(n))]
        return made_anew(lambda: Tensor(self._generator.permutation(int(n)).astype(np.int32), dtype=dtype))

    def shuffle(self, inp: Tensor) -> None:
        """Put the rows of a tensor in random order."""
        inp._reset(self.permutation(inp))

    def _floats(self, size: Shape | None) -> Any:
        return self._generator.random(_size(size), dtype=np.float32)

    def _normals(self, size: Shape | None) -> Any:
        return self._generator.standard_normal(_size(size), dtype=np.float32)

    def _draw(self, distribution: Any, parameters: tuple[Any, ...], size: Shape | None) -> Tensor:
        arrays = np.broadcast_arrays(*(_array(value) for value in parameters))
        shape = _size(size) + arrays[0].shape
        return made_anew(lambda: Tensor(np.asarray(distribution(*arrays, size=shape), dtype=np.float32)))


_default = RNG()


def seed(seed: int) -> None:
    """Seed the default generator."""
    _default.seed(seed)


def get_state() -> str:
    """State of the default generator."""
    return _default.get_state()


def set_state(state: str) -> None:
    """Continue the default generator from a state that :func:`get_state` gave."""
    _default.set_state(state)


def uniform(low: float = 0, high: float = 1, size: Shape | None = None) -> Tensor:
    """float32 numbers, evenly from [low, high)."""
    return _default.uniform(low, high, size)


def normal(mean: float = 0, std: float = 1, size: Shape | None = None) -> Tensor:
    """float32 numbers from the normal distribution."""
    return _default.normal(mean, std, size)


def gamma(shape: Any, scale: Any = 1, size: Shape | None = None) -> Tensor:
    """Gamma-distributed numbers; see :meth:`RNG.gamma`."""
    return _default.gamma(shape, scale, size)


def beta(alpha: Any, beta: Any, size: Shape | None = None) -> Tensor:
    """Beta-distributed numbers; see :meth:`RNG.beta`."""
    return _default.beta(alpha, beta, size)


def poisson(lam: Any, size: Shape | None = None) -> Tensor:
    """Poisson-distributed numbers; see :meth:`RNG.poisson`."""
    return _default.poisson(lam, size)


def permutation(n: int | Tensor, *, dtype: Dtype = "int32") -> Tensor:
    """0 ... n - 1 in random order, or the rows of a tensor in random order."""
    return _default.permutation(n, dtype=dtype)


def shuffle(inp: Tensor) -> None:
    """Put the rows of a tensor in random order."""
    _default.shuffle(inp)
