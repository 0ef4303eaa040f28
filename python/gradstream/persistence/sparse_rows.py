"""Arrays that are mostly zeros as the rows that are not: a sparse model's file is as large as what it has met."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradstream.exceptions import SavedFileError

SMALL = 4096  # bytes: not worth a second array
SAMPLED = 16  # rows that are looked at for one that most are equal to
WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}

Gathered = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]


def gathered(array: NDArray[Any]) -> Gathered | None:
    """Return (row numbers, rows, rest) of the rows that differ by a bit from the rest; None where half of them do.

    ``rest`` None stands for zeros; else it is the row that features have before they are met, in an array of its own:
    AdaGrad's sums do not start at 0.
    """
    if array.nbytes < SMALL or array.dtype.kind not in "biuf" or array.dtype.itemsize not in WORDS:
        return None
    bits = np.ascontiguousarray(array).reshape(len(array), -1).view(WORDS[array.dtype.itemsize])
    rows = np.flatnonzero(bits[:, 0] if bits.shape[1] == 1 else bits.any(axis=1))
    rest = None
    if 2 * len(rows) > len(array):
        at = _often(bits)
        if at is None:
            return None
        rows, rest = np.flatnonzero((bits != bits[at]).any(axis=1)), array[at : at + 1]
        if 2 * len(rows) > len(array):
            return None
    return rows.astype(np.uint32 if len(array) <= 2**32 else np.int64), array[rows], rest


def _often(bits: NDArray[Any]) -> int | None:
    """Return the place of a row that half of a few are equal to, if there is one. A dense table has few planes."""
    if len(bits) < SAMPLED:
        return None
    places = np.linspace(0, len(bits) - 1, SAMPLED).astype(np.intp)
    seen = [bits[place].tobytes() for place in places]
    row, times = Counter(seen).most_common(1)[0]
    return int(places[seen.index(row)]) if 2 * times >= len(seen) else None


def scattered(shape: tuple[int, ...], rows: NDArray[Any], values: NDArray[Any], rest: Any = None) -> NDArray[Any]:
    """Return the array that :func:`gathered` took apart."""
    fits = values.shape == (len(rows), *shape[1:]) and rows.ndim == 1 and rows.dtype.kind in "iu"
    if not fits or (len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < shape[0]):
        raise SavedFileError(f"an array of shape {shape} has {len(rows)} rows of shape {values.shape[1:]}")
    array = np.zeros(shape, values.dtype)
    if rest is not None:
        array[:] = rest
    array[rows] = values
    return array
