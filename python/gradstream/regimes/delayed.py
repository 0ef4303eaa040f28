"""Labels that come late: rows are reported now, wait as part of the state, and are learnt some rows later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream._state import FEATURES, LearnerState
from gradstream._validation import BLOCK_ELEMENTS, CheckedRows, assert_finite

if TYPE_CHECKING:
    from gradstream._core import Float64, Rows


@dataclass(eq=False, slots=True)
class LabelledRows:
    """Rows to learn: y (n,) as the loss wants it, weights (n,) or None."""

    X: CheckedRows
    y: Float64
    weights: Float64 | None

    def part(self, start: int, stop: int) -> LabelledRows:
        """Return rows [start, stop) without copying values."""
        weights = None if self.weights is None else self.weights[start:stop]
        return LabelledRows(self.X.part(start, stop), self.y[start:stop], weights)

    def single(self, i: int) -> LabelledRows:
        """Return row i in memory of its own."""
        weights = None if self.weights is None else self.weights[i : i + 1].copy()
        return LabelledRows(self.X.part(i, i + 1).owned(), self.y[i : i + 1].copy(), weights)

    def pieces(self, layout: str) -> Sequence[tuple[int, LabelledRows]]:
        """Return (first row, rows) so many at a time that they may be copied in that layout."""
        n_rows, width = self.X.shape
        if layout == "sparse" and isinstance(self.X.data, tuple):
            width = 1 + len(self.X.data[0]) // n_rows
        step = max(1, BLOCK_ELEMENTS // width)
        return [(start, self.part(start, min(start + step, n_rows))) for start in range(0, n_rows, step)]


@dataclass(frozen=True, eq=False)
class Queue:
    """Rows in the order in which they are learnt: ``first`` that waited, then new ones, which are reported.

    ``shift``: after the i-th report, rows up to i + shift are learnt, ``n_learnt`` in all.
    """

    rows: LabelledRows
    first: int
    shift: int
    n_learnt: int
    waiting: list[LabelledRows]  # when the call is over

    @classmethod
    def of(cls, state: LearnerState, new: LabelledRows, delay: int) -> Queue:
        """Put new rows behind those of the state that are learnt meanwhile."""
        pending, n_new = state.pending, len(new.y)
        n_learnt = max(0, len(pending) + n_new - delay)
        first = min(len(pending), n_learnt)
        stays = [new.single(i) for i in range(n_learnt - first, n_new)]
        rows = joined([*pending[:first], new], state)
        return cls(rows, first, len(pending) - delay, n_learnt, pending[n_learnt:] + stays)

    def room(self, state: LearnerState) -> int:
        """Return how many records a sparse bank needs to learn the rows."""
        if not state.places.size or not isinstance(self.rows.X.data, tuple):
            return 0
        _, indices, indptr, _ = self.rows.X.data
        met = indices[indptr[0] : indptr[self.n_learnt]]
        return int(state.experts[FEATURES]) + len(np.unique(met[state.places[met] == 0]))


def joined(parts: Sequence[LabelledRows], state: LearnerState) -> LabelledRows:
    """Return rows of any layouts as one, in the layout and dtype of a state."""
    dtype = state.table.dtype
    data = [block for part in parts for _, block in part.X.blocks(state.layout, dtype)]
    y = np.concatenate([part.y for part in parts])
    weights = None
    if any(part.weights is not None for part in parts):
        weights = np.concatenate([np.ones(len(part.y)) if part.weights is None else part.weights for part in parts])
    shape = (len(y), state.n_features)
    return LabelledRows(CheckedRows(data[0] if len(data) == 1 else _stacked(data), shape, dtype), y, weights)


def _stacked(data: Sequence[Any]) -> Rows:
    if isinstance(data[0], np.ndarray):
        return np.concatenate(data)
    kind = np.result_type(*(indices.dtype for _, indices, _, _ in data))
    spans = [slice(indptr[0], indptr[-1]) for _, _, indptr, _ in data]
    lengths = np.concatenate([np.diff(indptr) for _, _, indptr, _ in data])
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(kind)
    values = np.concatenate([values[span] for (values, _, _, _), span in zip(data, spans, strict=True)])
    indices = np.concatenate([indices[span] for (_, indices, _, _), span in zip(data, spans, strict=True)])
    return values, indices.astype(kind, copy=False), indptr, data[0][3]


def check_learnable(owner: str, rows: LabelledRows, dtype: np.dtype[Any]) -> None:
    """Raise ValueError for rows that a model of this dtype could never learn: they would wait for ever."""
    values = rows.X.data if isinstance(rows.X.data, np.ndarray) else np.atleast_2d(rows.X.data[0])
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.sqrt(np.einsum("ij,ij->", values, values)) <= np.finfo(dtype).max:  # else no value is too large
            assert_finite(owner, rows.X)
            _check_squares(values, dtype, "X", "the columns of X")
        if not np.isfinite(rows.y @ rows.y):
            _check_squares(rows.y, rows.y.dtype, "y", "the targets")


def _check_squares(values: NDArray[Any], dtype: np.dtype[Any], name: str, what: str) -> None:
    """Raise ValueError where a value, in the model's dtype, or its square is infinite."""
    squares = values.astype(dtype).astype(np.float64) ** 2
    if not np.isfinite(squares).all():
        value = values[np.unravel_index(int(np.argmax(squares)), squares.shape)]
        raise ValueError(
            f"{name} holds {value}, whose square overflows: a row that waits for its label has to be learnt later, and "
            f"this one never could. Rescale {what}."
        )
