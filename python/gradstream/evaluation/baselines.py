"""Predictions that look at no feature. A score means little until it is next to theirs.

They know the rows before the present one, as the model does. Of the first row they know nothing: it does not count.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradstream.evaluation.rows import Array, Block, Room, ScoredRows, joined_weights


@dataclass(frozen=True, eq=False)
class History:
    """Rows, the target before each, the weight of the rows before each, and of the stream's first row."""

    rows: ScoredRows
    last: Array
    seen: Array
    first_weight: float
    n_classes: int
    room: Room

    @property
    def begins(self) -> bool:
        """Whether the stream does."""
        return self.seen[0] == 0

    def array(self, name: str) -> Array:
        """Return an array (n,) to work in."""
        return self.room.array(name, self.seen.shape)

    def before(self, start: float, numbers: Array, name: str) -> tuple[Array, float]:
        """Return weighted sums of numbers, or marks of rows, before each row, and the sum after the last one."""
        if self.rows.weights is not None:
            numbers = numbers * self.rows.weights
        kind = np.int64 if numbers.dtype == bool else np.float64  # 5 times as fast
        sums = np.cumsum(numbers, dtype=kind, out=self.room.array(f"sums {kind.__name__}", numbers.shape, kind))
        before = self.array(name)
        before[0] = start
        np.add(sums[:-1], start, out=before[1:])
        return before, start + float(sums[-1])


class Baseline(ABC):
    """Remembers the rows that came."""

    @abstractmethod
    def score(self, history: History, said: dict[str, Array]) -> None:
        """Predict the next rows of the stream, into the arrays that are wanted. Its first row may get anything."""


class Majority(Baseline):
    """The class that came most often so far; its probabilities are shares so far, each class counting once more."""

    def __init__(self) -> None:
        self.counts = np.zeros(0)

    def score(self, history: History, said: dict[str, Array]) -> None:
        """Predict the next rows of the stream."""
        y, n_classes = history.rows.y, history.n_classes
        self.counts = np.append(self.counts, np.zeros(n_classes - len(self.counts)))
        labels: Any = 0
        own, most, rest, marks = (history.array(name) for name in ("own", "most", "rest", "marks"))
        own[:], most[:], rest[:] = 0.0, -1.0, history.seen
        squares: Any = 0.0
        for code in range(n_classes):  # a matrix of rows times classes would be many times the data
            came = y == code
            if history.rows.weights is None and code == n_classes - 1:  # what is left is exact
                before, self.counts[code] = rest, self.counts[code] + np.count_nonzero(came)
            else:
                before, self.counts[code] = history.before(self.counts[code], came, "before")
                rest -= before
            labels = np.maximum(labels, (before > most) * y.dtype.type(code))
            np.maximum(most, before, out=most)
            marks[:] = came
            marks *= before
            own += marks
            if "others" in said:
                squares = squares + (before + 1.0) ** 2
        if "labels" in said:
            said["labels"][:] = labels
        if "scores" in said:
            said["scores"][:] = 0.0
        if "truth" in said:
            own += 1.0
            np.divide(own, np.add(history.seen, n_classes, out=marks), out=said["truth"])
        if "others" in said:
            said["others"][:] = squares / (history.seen + n_classes) ** 2 - said["truth"] ** 2


class LastLabel(Baseline):
    """The label before, with a probability that is the share of labels so far that were as the one before them."""

    def __init__(self) -> None:
        self.repeats = 0.0

    def score(self, history: History, said: dict[str, Array]) -> None:
        """Predict the next rows of the stream."""
        last, n_others = history.last, max(history.n_classes - 1, 1)
        if "labels" in said:
            said["labels"][:] = last
        if "scores" in said:
            codes: Any = 1 if history.n_classes == 2 else np.arange(history.n_classes)
            said["scores"][:] = np.equal.outer(last, codes)
        if "truth" not in said:
            return
        again = last == history.rows.y
        stay, self.repeats = history.before(self.repeats, again, "stay")
        followers = np.subtract(history.seen, history.first_weight, out=history.array("followers"))
        if history.begins:
            np.maximum(followers, 0.0, out=followers)
        stay += 1.0
        followers += 2.0
        stay /= followers
        change = np.subtract(1.0, stay, out=followers)
        if n_others > 1:
            change /= n_others
        if "others" in said:
            said["others"][:] = np.where(again, n_others * change**2, stay**2 + (n_others - 1) * change**2)
        marks = history.array("marks")
        marks[:] = again
        stay -= change
        marks *= stay
        np.add(marks, change, out=said["truth"])


class MeanSoFar(Baseline):
    """The mean of the targets so far. As the mean of counts, zeros alone are read as half an event."""

    def __init__(self) -> None:
        self.total = 0.0

    def score(self, history: History, said: dict[str, Array]) -> None:
        """Predict the next rows of the stream."""
        y, weight = history.rows.y, history.seen
        total, self.total = history.before(self.total, y, "total")
        some = weight > 0
        values = np.where(some, total / np.where(some, weight, 1.0), y)
        said["values"][:] = values
        if "rates" in said:
            said["rates"][:] = np.where((values == 0) & some, 0.5 / np.maximum(weight, 1.0), values)


class LastValue(Baseline):
    """The target before."""

    def score(self, history: History, said: dict[str, Array]) -> None:
        """Predict the next rows of the stream."""
        said["values"][:] = history.last
        if np.isnan(history.last[0]):  # the first row has none
            said["values"][0] = history.rows.y[0]
        if "rates" in said:
            said["rates"][:] = said["values"]


BASELINES: dict[str, dict[str, type[Baseline]]] = {
    "classification": {"majority": Majority, "last_label": LastLabel},
    "regression": {"mean": MeanSoFar, "last_value": LastValue},
}
HEADINGS = {"majority": "majority class", "last_label": "last label", "mean": "mean so far", "last_value": "last value"}


class Baselines:
    """All baselines of a task, and what they have to know of the rows that came.

    Parameters
    ----------
    task : str
        "classification" or "regression".
    needs : frozenset of str
        Predictions that metrics read.
    """

    def __init__(self, task: str, needs: frozenset[str]) -> None:
        self.needs = needs - {"last"}
        self.members = [kind() for kind in BASELINES[task].values()]
        self.before: Any = -1 if task == "classification" else np.nan
        self.weight = 0.0
        self.first_weight: float | None = None
        self.room = Room()

    def score(self, tail: Block | None, rows: ScoredRows, n_classes: int) -> Block:
        """Return ``tail``, and behind it the next rows of the stream as the model and every baseline predict them."""
        block, head = self._extended(tail, rows), 0 if tail is None else len(tail)
        seen = self.room.array("seen", (len(rows),))
        if rows.weights is None:
            seen[:] = np.arange(self.weight, self.weight + len(rows))
            self.weight += len(rows)
        else:
            sums = np.cumsum(rows.weights) + self.weight
            seen[0], seen[1:], self.weight = self.weight, sums[:-1], float(sums[-1])
        if self.first_weight is None:
            self.first_weight = 1.0 if rows.weights is None else float(rows.weights[0])
        history = History(rows, block.last[head:], seen, self.first_weight, n_classes, self.room)
        self.before = rows.y[-1]
        for place, member in enumerate(self.members, 1):
            member.score(history, {name: array[place, head:] for name, array in block.said.items()})
        return block

    def _extended(self, tail: Block | None, rows: ScoredRows) -> Block:
        """Return the block with the model's predictions filled in."""
        head, last = 0 if tail is None else len(tail), np.empty_like(rows.y)
        last[0], last[1:] = self.before, rows.y[:-1]
        said = {}
        for name in self.needs:
            given: Any = rows.values if name == "rates" else getattr(rows, name)
            shape = (1 + len(self.members), head + len(rows), *given.shape[1:])
            array = said[name] = self.room.array(f"said {name}", shape, given.dtype)
            if tail is not None:
                array[:, :head] = tail[name]
            array[0, head:] = given
        if tail is None:
            return Block(rows.y, rows.weights, last, said, self.room)
        y, last = np.concatenate([tail.y, rows.y]), np.concatenate([tail.last, last])
        return Block(y, joined_weights([tail, rows]), last, said, self.room)
