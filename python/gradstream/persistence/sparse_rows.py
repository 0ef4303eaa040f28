"""Arrays that are mostly zeros as the rows that are not: a sparse model's file is as large as what it has met."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradstream.exceptions import SavedFileError

SMALL = 4096  # bytes: not worth a second array
WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def gathered(array: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Return (row numbers, rows) of the rows that hold a bit other than 0; None where that saves less than half."""
    if array.nbytes < SMALL or array.dtype.kind not in "biuf" or array.dtype.itemsize not in WORDS:
        return None
    bits = np.ascontiguousarray(array).reshape(len(array), -1).view(WORDS[array.dtype.itemsize])
    rows = np.flatnonzero(bits[:, 0] if bits.shape[1] == 1 else bits.any(axis=1))
    if 2 * len(rows) > len(array):
        return None
    return rows.astype(np.uint32 if len(array) <= 2**32 else np.int64), array[rows]


def scattered(shape: tuple[int, ...], rows: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return the array that :func:`gathered` took apart."""
    if values.shape != (len(rows), *shape[1:]) or (len(rows) and int(rows.max()) >= shape[0]):
        raise SavedFileError(f"an array of shape {shape} has {len(rows)} rows of shape {values.shape[1:]}")
    array = np.zeros(shape, values.dtype)
    array[rows] = values
    return array
