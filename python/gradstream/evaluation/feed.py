"""What users pass as data becomes chunks of rows: arrays, frames, streams of chunks, streams of single rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gradstream._validation import check_sample_weight

PAIRS = 256  # single rows that are gathered before they are scored


@dataclass(frozen=True, eq=False)
class Chunk:
    """Rows of a stream: X is what a model takes, or a list of dictionaries; y (n,); weights (n,) or None."""

    X: Any
    y: NDArray[Any]
    weights: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.y)

    @property
    def single_rows(self) -> bool:
        """Whether X is a list of dictionaries."""
        return isinstance(self.X, list | tuple)

    def part(self, start: int, stop: int) -> Chunk:
        """Return rows [start, stop)."""
        weights = None if self.weights is None else self.weights[start:stop]
        return Chunk(rows_of(self.X, start, stop), self.y[start:stop], weights)


@dataclass(frozen=True, eq=False)
class Feed:
    """Chunks, and how many rows they have together where that is known (None: not known)."""

    chunks: Iterator[Chunk]
    n_rows: int | None
    first: Chunk  # also the first of the chunks
    y: NDArray[Any] | None  # all targets, where they are known

    def pieces(self, size: int) -> Iterator[Chunk]:
        """Yield chunks of at most ``size`` rows."""
        for chunk in self.chunks:
            for start in range(0, len(chunk), size):
                yield chunk.part(start, start + size) if len(chunk) > size else chunk


def rows_of(X: Any, start: int, stop: int) -> Any:
    """Return rows [start, stop) of an array, a CSR matrix, a frame or a list."""
    return X.iloc[start:stop] if hasattr(X, "iloc") else X[start:stop]


def open_feed(X_or_stream: Any, y: Any, sample_weight: Any) -> Feed:
    """Return the chunks of (X, y), or of a stream, which is asked for its first one.

    Raises
    ------
    ValueError
        If lengths differ, or there is no row.
    TypeError
        If there is neither y nor a stream.
    """
    if y is not None:
        chunk = _chunk(X_or_stream, y, sample_weight, "")
        if not len(chunk):
            raise ValueError("X has 0 rows: there is nothing to predict.")
        return Feed(iter([chunk]), len(chunk), chunk, chunk.y)
    if sample_weight is not None:
        raise ValueError("sample_weight goes with arrays X and y; a stream yields (X, y, sample_weight).")
    if _is_table(X_or_stream) or isinstance(X_or_stream, str | bytes | dict) or not isinstance(X_or_stream, Iterable):
        raise TypeError(
            f"y = None with X_or_stream of type {type(X_or_stream).__name__}: pass X and y, or an iterable of chunks "
            "(X, y), of chunks (X, y, sample_weight), or of single rows (dict, label)."
        )
    chunks = _streamed(iter(X_or_stream))
    first = next(chunks, None)
    if first is None:
        raise ValueError("X_or_stream yields no rows: there is nothing to predict.")
    return Feed(chain([first], chunks), None, first, None)


def _is_table(X: Any) -> bool:
    return isinstance(X, np.ndarray) or sp.issparse(X) or hasattr(X, "columns")


def _streamed(items: Iterator[Any]) -> Iterator[Chunk]:
    number = 0
    for item in items:
        _check_item(item, number)
        if isinstance(item[0], dict):
            rows = [item, *islice(items, PAIRS - 1)]
            for place, row in enumerate(rows):
                _check_item(row, number + place)
            number += len(rows)
            yield _gathered(rows)
            continue
        weights = item[2] if len(item) == 3 else None
        chunk = _chunk(item[0], item[1], weights, f" of item {number} of the stream")
        number += 1
        if len(chunk):
            yield chunk


def _check_item(item: Any, number: int) -> None:
    """Raise TypeError for what is not two or three things together."""
    if isinstance(item, tuple | list) and len(item) in (2, 3):
        return
    what = f"a {type(item).__name__}" + (f" of length {len(item)}" if isinstance(item, tuple | list) else "")
    raise TypeError(
        f"Item {number} of the stream is {what}: items are (X, y), (X, y, sample_weight), or single rows "
        "(dict, label), (dict, label, weight)."
    )


def _gathered(rows: list[Any]) -> Chunk:
    """Return single rows (dict, y) or (dict, y, weight) as a chunk. Labels keep their Python types."""
    y = np.empty(len(rows), object)
    y[:] = [row[1] for row in rows]
    weights = None
    if any(len(row) == 3 for row in rows):
        weights = check_sample_weight([row[2] if len(row) == 3 else 1.0 for row in rows], len(rows))
    return Chunk([row[0] for row in rows], y, weights)


def _chunk(X: Any, y: Any, sample_weight: Any, where: str) -> Chunk:
    if sp.issparse(X) and X.format != "csr":
        X = X.tocsr()
    if isinstance(X, list | tuple) and not (len(X) and isinstance(X[0], dict)):
        X = np.asarray(X)
    if y is None or not (hasattr(X, "shape") or isinstance(X, list | tuple)) or getattr(X, "ndim", 1) == 0:
        name, value = ("y", y) if y is None else ("X", X)
        raise TypeError(
            f"{name}{where} is {value!r:.60}: X is an array, a sparse matrix, a frame, or a list of rows, y a target "
            "for each of them."
        )
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if y.ndim != 1 or len(y) != n_rows:
        raise ValueError(f"y{where} has shape {y.shape}, but X has {n_rows} rows: y needs one target for each.")
    return Chunk(X, y, check_sample_weight(sample_weight, n_rows) if n_rows else None)
