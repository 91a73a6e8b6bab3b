# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of onnx.proto that an exporter needs, written in the wire format of protocol buffers.

A message is a list of pieces, so that weights are not copied on their way to the file. Field numbers are those of
onnx.proto (github.com/onnx/onnx, IR version 9).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Message = list[bytes]

# TensorProto.DataType
DATA_TYPES = {
    "float32": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "bool": 9,
    "float16": 10,
    "bfloat16": 16,
}

Attribute = int | float | str | Sequence[int] | NDArray[Any]


def size(message: Message) -> int:
    """Bytes of a message."""
    return sum(map(len, message))


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1  # negative numbers are written as 64-bit two's complement
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _integer(field: int, value: int) -> Message:
    return [_varint(field << 3), _varint(value)]


def _bytes(field: int, value: Message) -> Message:
    return [_varint(field << 3 | 2), _varint(size(value)), *value]


def _text(field: int, value: str) -> Message:
    return _bytes(field, [value.encode()])


def tensor(array: NDArray[Any], name: str = "", data_type: str | None = None) -> Message:
    """A TensorProto; `data_type` names a type that NumPy lacks (bfloat16, held as uint16)."""
    message: Message = []
    for length in array.shape:
        message += _integer(1, length)
    message += _integer(2, DATA_TYPES[data_type or array.dtype.name])
    if name:
        message += _text(8, name)
    return message + _bytes(
        9, [np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False).tobytes()]
    )


def _attribute(name: str, value: Attribute) -> Message:
    message = _text(1, name)
    if isinstance(value, np.ndarray):
        return message + _bytes(5, tensor(value)) + _integer(20, 4)
    if isinstance(value, str):
        return message + _text(4, value) + _integer(20, 3)
    if isinstance(value, float):
        return message + [_varint(2 << 3 | 5), struct.pack("<f", value)] + _integer(20, 1)
    if isinstance(value, int):
        return message + _integer(3, value) + _integer(20, 2)
    for item in value:
        message += _integer(8, item)
    return message + _integer(20, 7)


def node(
    op_type: str, inputs: Sequence[str], outputs: Sequence[str], name: str, attributes: dict[str, Attribute]
) -> Message:
    """A NodeProto."""
    message: Message = []
    for value in inputs:
        message += _text(1, value)
    for value in outputs:
        message += _text(2, value)
    message += _text(3, name) + _text(4, op_type)
    for key, attribute in attributes.items():
        message += _bytes(5, _attribute(key, attribute))
    return message


def value_info(name: str, dtype: str, shape: Sequence[int]) -> Message:
    """A ValueInfoProto of a tensor."""
    dims: Message = []
    for length in shape:
        dims += _bytes(1, _integer(1, length))
    tensor_type = _integer(1, DATA_TYPES[dtype]) + _bytes(2, dims)
    return _text(1, name) + _bytes(2, _bytes(1, tensor_type))


def model(
    nodes: list[Message], initializers: list[Message], inputs: list[Message], outputs: list[Message], opset: int
) -> Message:
    """A ModelProto of IR version 9."""
    graph: Message = []
    for item in nodes:
        graph += _bytes(1, item)
    graph += _text(2, "keima")
    for field, items in ((5, initializers), (11, inputs), (12, outputs)):
        for item in items:
            graph += _bytes(field, item)
    opset_import = _text(1, "") + _integer(2, opset)
    return _integer(1, 9) + _text(2, "keima") + _bytes(7, graph) + _bytes(8, opset_import)
