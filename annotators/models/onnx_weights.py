"""The arrays inside an ONNX file, read without a runtime: fields of protobuf's wire format."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Numbers of fields and types in onnx.proto: ModelProto, GraphProto, TensorProto.
_GRAPH: Final = 7
_INITIALIZER: Final = 5
_DIMS: Final = 1
_DATA_TYPE: Final = 2
_NAME: Final = 8
_RAW_DATA: Final = 9
_DTYPES: Final = {1: "<f4", 6: "<i4", 7: "<i8", 11: "<f8"}

_VARINT: Final = 0
_BYTES: Final = 2
_FIXED: Final = {1: 8, 5: 4}  # wire type -> bytes


def read_weights(model: bytes) -> dict[str, NDArray[Any]]:
    """Every initializer by its name. ValueError where the file is not what it should be."""
    tensors = [
        dict(_gathered(tensor))
        for graph in _all(model, _GRAPH)
        for tensor in _all(graph, _INITIALIZER)
    ]
    return {bytes(tensor[_NAME][0]).decode(): _array(tensor) for tensor in tensors}


def _array(tensor: dict[int, list[Any]]) -> NDArray[Any]:
    kind = tensor[_DATA_TYPE][0]
    if kind not in _DTYPES or _RAW_DATA not in tensor:
        raise ValueError(f"an array of type {kind} or without raw bytes is not read here")
    shape = [size for dims in tensor.get(_DIMS, ()) for size in _sizes(dims)]
    return np.frombuffer(tensor[_RAW_DATA][0], _DTYPES[kind]).reshape(shape)


def _sizes(dims: int | bytes) -> Iterator[int]:
    """One number, or several packed into bytes."""
    if isinstance(dims, int):
        yield dims
        return
    at = 0
    while at < len(dims):
        size, at = _varint(dims, at)
        yield size


def _gathered(message: bytes) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for number, value in _fields(message):
        found.setdefault(number, []).append(value)
    return found


def _all(message: bytes, wanted: int) -> list[Any]:
    return [value for number, value in _fields(message) if number == wanted]


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of every field: an int, or bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise ValueError(f"wire type {kind} is not protobuf's")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
