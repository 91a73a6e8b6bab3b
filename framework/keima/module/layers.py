# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""Linear maps, embeddings, dropout, changes of shape, and modules in a row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from .. import functional as F  # noqa: N812  # the field's name for it
from .._core import UnsupportedError
from ..tensor import Parameter, Tensor
from . import init
from .module import Module, parameter


class Linear(Module):
    """x @ weight.T + bias; weight is (out_features, in_features)."""

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, compute_mode: str = "default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.in_features, self.out_features = in_features, out_features
        self.weight = parameter(out_features, in_features)
        self.bias = parameter(out_features) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight from N(0, 1/in_features); set the bias to 0."""
        init.normal_(self.weight, 0.0, max(self.in_features, 1) ** -0.5)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def _module_info_string(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """Rows of a table by their numbers; weight is (num_embeddings, embedding_dim)."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float | None = None,
        initial_weight: Parameter | None = None,
        freeze: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if padding_idx is not None or max_norm is not None or norm_type is not None:
            raise UnsupportedError("Embedding: padding_idx, max_norm and norm_type are not supported; leave them out")
        self.num_embeddings, self.embedding_dim, self.freeze = num_embeddings, embedding_dim, freeze
        if initial_weight is not None and initial_weight.shape != (num_embeddings, embedding_dim):
            raise ValueError(
                f"Embedding: initial_weight has shape {initial_weight.shape}, "
                f"expected {(num_embeddings, embedding_dim)}"
            )
        self.weight = parameter(num_embeddings, embedding_dim) if initial_weight is None else initial_weight
        if initial_weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table from N(0, 1)."""
        init.normal_(self.weight)

    def forward(self, inputs: Tensor) -> Tensor:
        return F.embedding(inputs, self.weight.detach() if self.freeze else self.weight)


class Pad(Module):
    """A border around each dimension; see `functional.pad`."""

    def __init__(
        self, pad_width: tuple[tuple[int, int], ...], mode: str = "constant", constant_val: float = 0.0
    ) -> None:
        super().__init__()
        self.pad_width, self.mode, self.constant_val = pad_width, mode, constant_val

    def forward(self, src: Tensor) -> Tensor:
        return F.pad(src, self.pad_width, self.mode, self.constant_val)


class PixelShuffle(Module):
    """Channels (C r^2) made pixels, r times as many in each direction."""

    def __init__(self, upscale_factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.upscale_factor = upscale_factor

    def forward(self, x: Tensor) -> Tensor:
        return F.pixel_shuffle(x, self.upscale_factor)


class Concat(Module):
    """Tensors put together along an axis."""

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name=name)

    def forward(self, inps: Sequence[Tensor], axis: int = 0) -> Tensor:
        return F.concat(inps, axis)


class Dropout(Module):
    """Elements set to 0 with probability `drop_prob` in training."""

    def __init__(self, drop_prob: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.drop_prob = drop_prob

    def forward(self, inputs: Tensor) -> Tensor:
        return F.dropout(inputs, self.drop_prob, self.training)


class Identity(Module):
    """x."""

    def forward(self, x: Any) -> Any:
        return x


class Sequential(Module):
    """Modules one after the other: Sequential(a, b) or Sequential(OrderedDict(first=a, second=b))."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else enumerate(args)
        self.layer_keys = [str(key) for key, _ in named]
        layers = args[0].values() if len(args) == 1 and isinstance(args[0], dict) else args
        for key, layer in zip(self.layer_keys, layers, strict=True):
            setattr(self, key, layer)

    def _layers(self) -> OrderedDict[str, Module]:
        return OrderedDict((key, getattr(self, key)) for key in self.layer_keys)

    def __len__(self) -> int:
        return len(self.layer_keys)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(OrderedDict(list(self._layers().items())[index]))
        return getattr(self, self.layer_keys[index])

    def forward(self, inp: Any) -> Any:
        for layer in self._layers().values():
            inp = layer(inp)
        return inp
