"""Predictions that look at no feature. A score means little until it is next to theirs.

They know the rows before the present one, as the model does. Of the first row they know nothing: it does not count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradstream.evaluation.rows import Array, ScoredRows


@dataclass(frozen=True, eq=False)
class History:
    """Rows, the target before each (``first``: the first one has none), and the fields that are needed."""

    rows: ScoredRows
    last: Array
    first: bool
    n_classes: int
    needs: frozenset[str]

    def weighted(self, numbers: Array) -> Array:
        """Return numbers, or marks of rows, times the weights."""
        return numbers if self.rows.weights is None else numbers * self.rows.weights

    def scored(self, **predictions: Array) -> ScoredRows:
        """Return the rows with other predictions."""
        weights = self.rows.weights
        if self.first:
            weights = np.ones(len(self.rows)) if weights is None else weights.copy()
            weights[0] = 0.0
        needed = {name: array for name, array in predictions.items() if name in self.needs}
        return ScoredRows(self.rows.y, weights, last=self.rows.last, **needed)


class Baseline(ABC):
    """Remembers the rows that came."""

    @abstractmethod
    def score(self, history: History) -> ScoredRows:
        """Predict the next rows of the stream."""


class Majority(Baseline):
    """The class that came most often so far; its probabilities are shares so far, each class counting once more."""

    def __init__(self) -> None:
        self.counts = np.zeros(0)

    def score(self, history: History) -> ScoredRows:
        """Predict the next rows of the stream."""
        rows, n_classes = history.rows, history.n_classes
        self.counts = np.append(self.counts, np.zeros(n_classes - len(self.counts)))
        seen, _ = _before(self.counts.sum(), history.weighted(np.ones(len(rows), bool)))
        labels: Array = np.zeros(len(rows), np.intp)
        own, most, squares = np.zeros(1), np.full(1, -1.0), np.zeros(1)
        for code in range(n_classes):  # a matrix of rows times classes would be many times the data
            came = rows.y == code
            before, self.counts[code] = _before(self.counts[code], history.weighted(came))
            own = own + before * came
            if code:
                labels = np.where(before > most, code, labels)
            most = np.maximum(most, before)
            if "others" in history.needs:
                squares = squares + (before + 1.0) ** 2
        fields = {"labels": labels, "truth": (own + 1.0) / (seen + n_classes)}
        if "others" in history.needs:
            fields["others"] = squares / (seen + n_classes) ** 2 - fields["truth"] ** 2
        if "scores" in history.needs:
            fields["scores"] = np.zeros(len(rows) if n_classes == 2 else (len(rows), n_classes))
        return history.scored(**fields)


class LastLabel(Baseline):
    """The label before, with a probability that is the share of labels so far that were as the one before them."""

    def __init__(self) -> None:
        self.repeats = self.followers = 0.0

    def score(self, history: History) -> ScoredRows:
        """Predict the next rows of the stream."""
        last, n_others = history.last, max(history.n_classes - 1, 1)
        fields = {"labels": np.maximum(last, 0)}
        if "scores" in history.needs:
            codes: Any = 1 if history.n_classes == 2 else np.arange(history.n_classes)
            fields["scores"] = np.equal.outer(last, codes).astype(np.float64)
        if "truth" in history.needs:
            again = last == history.rows.y
            repeats, self.repeats = _before(self.repeats, history.weighted(again))
            followers, self.followers = _before(self.followers, history.weighted(last >= 0))
            stay = (repeats + 1.0) / (followers + 2.0)
            change = (1.0 - stay) / n_others
            fields["truth"] = np.where(again, stay, change)
        if "others" in history.needs:
            fields["others"] = np.where(again, n_others * change**2, stay**2 + (n_others - 1) * change**2)
        return history.scored(**fields)


class MeanSoFar(Baseline):
    """The mean of the targets so far. As the mean of counts, zeros alone are read as half an event."""

    def __init__(self) -> None:
        self.total = self.weight = 0.0

    def score(self, history: History) -> ScoredRows:
        """Predict the next rows of the stream."""
        y = history.rows.y
        total, self.total = _before(self.total, history.weighted(y))
        weight, self.weight = _before(self.weight, history.weighted(np.ones(len(y), bool)))
        values = np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), y)
        rates = np.where((values == 0) & (weight > 0), 0.5 / np.maximum(weight, 1.0), values)
        return history.scored(values=values, rates=rates)


class LastValue(Baseline):
    """The target before."""

    def score(self, history: History) -> ScoredRows:
        """Predict the next rows of the stream."""
        return history.scored(values=np.where(np.isnan(history.last), history.rows.y, history.last))


BASELINES: dict[str, dict[str, type[Baseline]]] = {
    "classification": {"majority": Majority, "last_label": LastLabel},
    "regression": {"mean": MeanSoFar, "last_value": LastValue},
}
HEADINGS = {"majority": "majority class", "last_label": "last label", "mean": "mean so far", "last_value": "last value"}


class Baselines:
    """All baselines of a task, and the target that came last.

    Parameters
    ----------
    task : str
        "classification" or "regression".
    needs : frozenset of str
        Fields of ScoredRows that metrics read.
    """

    def __init__(self, task: str, needs: frozenset[str]) -> None:
        self.needs = needs | {"rates"}
        self.members = {name: kind() for name, kind in BASELINES[task].items()}
        self.before: Any = -1 if task == "classification" else np.nan
        self.first = True

    def score(self, rows: ScoredRows, n_classes: int) -> dict[str, ScoredRows]:
        """Return the next rows of the stream as the model (named "model") and every baseline predicted them."""
        last = np.empty_like(rows.y)
        last[0], last[1:] = self.before, rows.y[:-1]
        rows = replace(rows, last=last if "last" in self.needs else None)
        history = History(rows, last, self.first, n_classes, self.needs)
        self.before, self.first = rows.y[-1], False
        return {"model": rows, **{name: member.score(history) for name, member in self.members.items()}}


def _before(start: float, added: Array) -> tuple[Array, float]:
    """Return the sums before each row, and the sum after the last. Marks are counted as integers: 5 times as fast."""
    sums = np.cumsum(added)
    before = np.empty(len(added))
    before[0] = start
    np.add(sums[:-1], start, out=before[1:])
    return before, start + float(sums[-1])
