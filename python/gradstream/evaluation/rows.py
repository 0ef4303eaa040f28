"""Rows and what was said of them before they were learnt: all that metrics read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Targets of n rows and the predictions of one model. What no metric needs, or a model does not give, is None.

    Attributes
    ----------
    y : ndarray of shape (n,)
        Codes of the labels, or real targets.
    weights : ndarray of shape (n,) or None
        None means 1 for every row.
    labels : ndarray of shape (n,) or None
        Codes of the predicted labels.
    truth : ndarray of shape (n,) or None
        Probability that was given to the label that came.
    others : ndarray of shape (n,) or None
        Sum of the squares of the probabilities that were given to the other labels.
    scores : ndarray of shape (n,) or (n, n_classes), or None
        What ranks rows: of two classes, anything that grows with the belief in the second; of more, probabilities.
    values : ndarray of shape (n,) or None
        Predicted real values.
    """

    y: Array
    weights: Array | None = None
    labels: Array | None = None
    truth: Array | None = None
    others: Array | None = None
    scores: Array | None = None
    values: Array | None = None

    def __len__(self) -> int:
        return len(self.y)

    def part(self, start: int, stop: int | None = None) -> ScoredRows:
        """Return rows [start, stop) without copying."""
        arrays = {name: array for name, array in self._arrays() if array is not None}
        return ScoredRows(**{name: array[start:stop] for name, array in arrays.items()})

    def only(self, names: frozenset[str]) -> ScoredRows:
        """Return the rows without the predictions that are not named."""
        return ScoredRows(self.y, self.weights, **{name: array for name, array in self._arrays() if name in names})

    def _arrays(self) -> list[tuple[str, Array | None]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def joined(parts: Iterable[ScoredRows]) -> ScoredRows:
    """Return the rows of all parts, in order. All parts hold the same predictions; only weights may be missing."""
    parts = [part for part in parts if len(part)]
    if len(parts) == 1:
        return parts[0]
    arrays: dict[str, Any] = {}
    for name, first in parts[0]._arrays():
        if name == "weights":
            arrays[name] = joined_weights(parts)
        elif first is not None:
            arrays[name] = np.concatenate([getattr(part, name) for part in parts])
    return ScoredRows(**arrays)


def joined_weights(parts: Iterable[ScoredRows | Block]) -> Array | None:
    """Return the weights of all rows, None where no part has any."""
    parts = list(parts)
    if all(part.weights is None for part in parts):
        return None
    return np.concatenate([np.ones(len(part)) if part.weights is None else part.weights for part in parts])


class Room:
    """Arrays that are used again for every block: memory fresh from the system costs more than what is done in it."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: Any = np.float64) -> Array:
        """Return an array that holds anything, the same memory for the same name."""
        size = int(np.prod(shape))
        kept = self._arrays.get(name)
        if kept is None or kept.size < size or kept.dtype != dtype:
            kept = self._arrays[name] = np.empty(size, dtype)
        return kept[:size].reshape(shape)


@dataclass(frozen=True, eq=False)
class Block:
    """n rows as P predictors saw them, the model first: one array for all of them, so that a pass is one call.

    Attributes
    ----------
    y, weights : ndarray of shape (n,)
        As of ScoredRows.
    last : ndarray of shape (n,)
        The target before, which the first row of a stream has not: code -1, or NaN.
    said : dict of str to ndarray of shape (P, n), scores of more than two classes (P, n, n_classes)
        Predictions by the names of ScoredRows, "truth" within [eps, 1 - eps]; and "rates": means of counts, which are
        the values but for a baseline that has seen zeros only.
    room : Room
        Of the stream.
    """

    y: Array
    weights: Array | None
    last: Array
    said: dict[str, Array]
    room: Room

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, name: str) -> Array:
        return self.said[name]

    @cached_property
    def hits(self) -> Array:
        """Whether the label was right."""
        return self["labels"] == self.y

    @cached_property
    def errors(self) -> Array:
        """Targets less values."""
        return np.subtract(self.y, self["values"], out=self.room.array("errors", self["values"].shape))

    def end(self, size: int) -> Block:
        """Return the last rows in memory of their own."""
        start = max(0, len(self) - size)
        weights = None if self.weights is None else self.weights[start:].copy()
        said = {name: array[:, start:].copy() for name, array in self.said.items()}
        return Block(self.y[start:].copy(), weights, self.last[start:].copy(), said, self.room)

    def of(self, predictor: int, start: int = 0) -> ScoredRows:
        """Return the rows from ``start`` on as one predictor saw them."""
        said = {name: array[predictor] for name, array in self.said.items() if name != "rates"}
        return ScoredRows(self.y, self.weights, **said).part(start)
