"""The bytes of a file: a prefix, a JSON header, arrays on cache lines; every byte under a checksum or a rule.

===========  =====  ================================================================================================
from         bytes
===========  =====  ================================================================================================
0            8      ``89 47 53 4D 0D 0A 1A 0A``: not text, and broken by whatever translates ends of lines
8            4      format version, 1
12           4      CRC-32 of the prefix without this field, and of the header
16           8      bytes of the header
24           8      bytes of the whole file
32                  the header: UTF-8 JSON, spaces up to a multiple of 64
then                arrays in the header's order, C-ordered, little-endian, each filled up with zeros likewise
===========  =====  ================================================================================================

Numbers of the prefix are little-endian. The header's ``arrays`` lists dtype, shape and CRC-32 of each.
"""

from __future__ import annotations

import json
import struct
import sys
from math import prod
from typing import Any, BinaryIO
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gradstream.exceptions import SavedFileError

MAGIC = b"\x89GSM\r\n\x1a\n"
VERSION = 1
ALIGNMENT = 64
KINDS = "biufcUS"  # of dtypes that a file may hold
_PREFIX = struct.Struct("<8sIIQQ")


def write(stream: BinaryIO, header: dict[str, Any], arrays: list[NDArray[Any]]) -> None:
    """Write a header and its arrays; equal contents give equal bytes."""
    raw = [_bytes_of(array) for array in arrays]
    entries = [
        {"dtype": _little(array.dtype).str, "shape": list(array.shape), "crc32": crc32(_fill(data.nbytes), crc32(data))}
        for array, data in zip(arrays, raw, strict=True)
    ]
    text = json.dumps({**header, "arrays": entries}, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + _PREFIX.size) % ALIGNMENT)
    total = _PREFIX.size + len(text) + sum(data.nbytes + len(_fill(data.nbytes)) for data in raw)
    stream.write(_PREFIX.pack(MAGIC, VERSION, _header_checksum(text, total), len(text), total))
    stream.write(text)
    for data in raw:
        stream.write(data)
        stream.write(_fill(data.nbytes))


def read(stream: BinaryIO, size: int) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Return the header and the arrays, writable and in native byte order, of a file of ``size`` bytes."""
    header = _read_header(stream, size)
    left = size - stream.tell()
    arrays = []
    for number, entry in enumerate(header["arrays"]):
        dtype, shape = _dtype_of(entry["dtype"]), tuple(int(length) for length in entry["shape"])
        if min(shape, default=0) < 0 or prod(shape) * max(dtype.itemsize, 1) > left:
            raise SavedFileError(f"array {number} has shape {shape}, more than the file holds")
        array = np.empty(shape, dtype)
        data = _bytes_of(array)
        fill = _fill(data.nbytes)
        if stream.readinto(data) != data.nbytes or (padding := stream.read(len(fill))) != fill:  # type: ignore[attr-defined]
            raise SavedFileError(f"array {number} is cut short or filled up with other bytes than 0")
        if crc32(padding, crc32(data)) != entry["crc32"]:
            raise SavedFileError(f"the checksum of array {number} is wrong: its bytes have changed since it was saved")
        left -= data.nbytes + len(fill)
        arrays.append(array if sys.byteorder == "little" else array.astype(dtype.newbyteorder("=")))
    if left:
        raise SavedFileError(f"{left} bytes follow the last array")
    return header, arrays


def _read_header(stream: BinaryIO, size: int) -> dict[str, Any]:
    prefix = stream.read(_PREFIX.size)
    if prefix[: len(MAGIC)] != MAGIC[: len(prefix)] or not prefix:
        raise SavedFileError("it does not begin as files written by save() do")
    if len(prefix) < _PREFIX.size:
        raise SavedFileError(f"it ends after {size} bytes")
    _, version, checksum, length, total = _PREFIX.unpack(prefix)
    if version != VERSION:
        raise SavedFileError(f"its format version is {version}, this gradstream reads version {VERSION}")
    if total != size:
        raise SavedFileError(f"it has {size} bytes and should have {total}")
    text = stream.read(min(length, size))
    if len(text) != length or _header_checksum(text, total) != checksum:
        raise SavedFileError("the checksum of the header is wrong: its bytes have changed since it was saved")
    header = json.loads(text)
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise SavedFileError("its header lists no arrays")
    return header


def _header_checksum(text: bytes, total: int) -> int:
    return crc32(text, crc32(_PREFIX.pack(MAGIC, VERSION, 0, len(text), total)))


def _fill(size: int) -> bytes:
    return bytes(-size % ALIGNMENT)


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype.newbyteorder("<")


def _dtype_of(text: Any) -> np.dtype[Any]:
    dtype = np.dtype(str(text))
    if dtype.kind not in KINDS or dtype != _little(dtype):
        raise SavedFileError(f"an array has dtype {text!r}, which no file holds")
    return dtype


def _bytes_of(array: NDArray[Any]) -> memoryview:
    """Return the memory of a C-ordered array, as a file has it."""
    flat = np.ascontiguousarray(array, _little(array.dtype)).reshape(-1)
    octets: Any = flat.view(np.uint8) if flat.size else np.empty(0, np.uint8)
    return memoryview(octets)
