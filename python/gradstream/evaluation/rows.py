"""Rows and what was said of them before they were learnt: all that metrics read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Targets and predictions of n rows. What no metric needs, or a model does not give, is None.

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
    rates : ndarray of shape (n,) or None
        Predicted means of counts, where they are not the values: a baseline that has seen zeros only.
    last : ndarray of shape (n,) or None
        Code of the label before, -1 in the first row of a stream.
    """

    y: Array
    weights: Array | None = None
    labels: Array | None = None
    truth: Array | None = None
    others: Array | None = None
    scores: Array | None = None
    values: Array | None = None
    rates: Array | None = None
    last: Array | None = None

    def __len__(self) -> int:
        return len(self.y)

    @cached_property
    def hits(self) -> Array:
        """Whether the label was right, 1.0 or 0.0."""
        assert self.labels is not None
        return (self.labels == self.y).astype(np.float64)

    def part(self, start: int, stop: int | None = None) -> ScoredRows:
        """Return rows [start, stop) without copying."""
        arrays = {name: array for name, array in self._arrays() if array is not None}
        return ScoredRows(**{name: array[start:stop] for name, array in arrays.items()})

    def lightened(self) -> ScoredRows:
        """Return the rows without weights that are all 1, which cost as much as others."""
        if self.weights is None or not (self.weights == 1.0).all():
            return self
        return replace(self, weights=None)

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
            if any(part.weights is not None for part in parts):
                arrays[name] = np.concatenate([_weights(part) for part in parts])
        elif first is not None:
            arrays[name] = np.concatenate([getattr(part, name) for part in parts])
    return ScoredRows(**arrays)


def _weights(rows: ScoredRows) -> Array:
    return np.ones(len(rows)) if rows.weights is None else rows.weights
