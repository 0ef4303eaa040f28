"""Predictions that look at no feature. A score means little until it is next to theirs.

They know the rows before the present one, as the model does. Of the first row they know nothing: it does not count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradstream._core import label_baselines
from gradstream.evaluation.rows import Array, Block, Room, ScoredRows, joined_weights

EPS = np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class History:
    """Rows, and the target before each, which the first row of a stream has not (NaN, code -1)."""

    rows: ScoredRows
    last: Array
    n_classes: int


Said = dict[str, Array]


class Baselines(ABC):
    """The two baselines of a task: they remember the rows that came."""

    @abstractmethod
    def score(self, history: History, first: Said, second: Said) -> None:
        """Predict the next rows of the stream, into the arrays that are wanted. Its first row may get anything."""


class OfLabels(Baselines):
    """Majority and last label: counted in one pass, in the core.

    The class that came most often so far, its probabilities shares so far, each class counting once more; and the label
    before, with a probability that is the share of labels so far that were as the one before them.
    """

    def __init__(self) -> None:
        self.counts = np.array([0.0, 0.0, 0.0, -1.0])  # and behind them, the weight of each class

    def score(self, history: History, first: Said, second: Said) -> None:
        """Predict the next rows of the stream."""
        n_classes = history.n_classes
        self.counts = np.append(self.counts, np.zeros(n_classes + 4 - len(self.counts)))
        claims = [tuple(said.get(name) for name in ("labels", "truth", "others")) for said in (first, second)]
        label_baselines(history.rows.y, history.rows.weights, self.counts, *claims)
        if "scores" in first:
            codes: Any = 1 if n_classes == 2 else np.arange(n_classes)
            first["scores"][:], second["scores"][:] = 0.0, np.equal.outer(history.last, codes)


class OfValues(Baselines):
    """The mean of the targets so far, and the target before. As the mean of counts, zeros are read as half an event."""

    def __init__(self) -> None:
        self.total = self.weight = 0.0

    def score(self, history: History, first: Said, second: Said) -> None:
        """Predict the next rows of the stream."""
        y, weights = history.rows.y, history.rows.weights
        total, self.total = _before(self.total, y if weights is None else y * weights)
        if weights is None:
            weight = np.arange(self.weight, self.weight + len(y))
            self.weight += len(y)
        else:
            weight, self.weight = _before(self.weight, weights)
        values = np.divide(total, weight, out=total, where=weight > 0)
        if weight[0] == 0:
            values[weight == 0] = y[weight == 0]
        first["values"][:], second["values"][:] = values, history.last
        if np.isnan(history.last[0]):
            second["values"][0] = y[0]
        if "rates" in first:
            zeros = (values == 0) & (weight > 0)
            first["rates"][:], second["rates"][:] = values, second["values"]
            first["rates"][zeros] = 0.5 / np.maximum(weight[zeros], 1.0)


def _before(start: float, added: Array) -> tuple[Array, float]:
    """Return the sums before each row, and the sum after the last."""
    sums = np.empty(len(added) + 1)
    sums[0] = start
    np.cumsum(added, out=sums[1:])
    sums[1:] += start
    return sums[:-1], float(sums[-1])


BASELINES: dict[str, tuple[str, str]] = {
    "classification": ("majority", "last_label"),
    "regression": ("mean", "last_value"),
}
HEADINGS = {"majority": "majority class", "last_label": "last label", "mean": "mean so far", "last_value": "last value"}


class Judges:
    """The baselines beside the model: all of them as one block.

    Parameters
    ----------
    task : str
        "classification" or "regression".
    needs : frozenset of str
        Predictions that metrics read.
    """

    def __init__(self, task: str, needs: frozenset[str]) -> None:
        self.needs = needs - {"last"}
        self.baselines = OfLabels() if task == "classification" else OfValues()
        self.before: Any = -1 if task == "classification" else np.nan
        self.room = Room()

    def block(self, tail: Block | None, rows: ScoredRows, n_classes: int) -> Block:
        """Return ``tail``, and behind it the next rows of the stream as the model and both baselines predict them."""
        head, last, said = 0 if tail is None else len(tail), np.empty_like(rows.y), {}
        last[0], last[1:] = self.before, rows.y[:-1]
        self.before = rows.y[-1]
        for name in self.needs:
            given: Any = rows.values if name == "rates" else getattr(rows, name)
            kind = rows.y.dtype if name == "labels" else np.float64
            array = said[name] = self.room.array(f"said {name}", (3, head + len(rows), *given.shape[1:]), kind)
            if tail is not None:
                array[:, :head] = tail[name]
            if name == "truth":
                np.clip(given, EPS, 1.0 - EPS, out=array[0, head:])  # as scikit-learn's log loss; baselines are within
            else:
                array[0, head:] = given
        first, second = ({name: array[place, head:] for name, array in said.items()} for place in (1, 2))
        self.baselines.score(History(rows, last, n_classes), first, second)
        if tail is None:
            return Block(rows.y, rows.weights, last, said, self.room)
        y, last = np.concatenate([tail.y, rows.y]), np.concatenate([tail.last, last])
        return Block(y, joined_weights([tail, rows]), last, said, self.room)
