"""Curves of metrics, grown block by block in memory that does not depend on the length of the stream."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradstream.evaluation.baselines import BASELINES, Baselines
from gradstream.evaluation.ledger import Ledger
from gradstream.evaluation.metrics.base import Metric, WholeMetric
from gradstream.evaluation.rows import Array, ScoredRows, joined
from gradstream.evaluation.segments import BlockPlan

BLOCK_ROWS = 32_768  # 49 ns a row for log loss and accuracy; 65 at half of it, for the calls, and no less at twice
MOST_PARTS = 500
MOST_POINTS = 400  # of a stream of unknown length: above it every other point is dropped
FEWEST_POINTS = 200  # of data of known length
WHOLE_ROWS = 1 << 20  # a stream's rows that a cumulative WholeMetric keeps; beyond them it is NaN


@dataclass(frozen=True)
class Rules:
    """What the curves are of. ``every`` None: as many points as fit."""

    task: str
    metrics: tuple[Metric, ...]
    window: int | None
    decay: float | None
    every: int | None
    n_rows: int | None  # None: not known beforehand

    @property
    def whole(self) -> list[WholeMetric]:
        """The metrics that have to see all rows at once."""
        return [metric for metric in self.metrics if isinstance(metric, WholeMetric)]

    @property
    def needs(self) -> frozenset[str]:
        """Fields of ScoredRows that the metrics read."""
        return frozenset(name for metric in self.metrics for name in metric.needs)


@dataclass(eq=False)
class WholeRows:
    """All rows so far, of no more than ``most``."""

    most: int
    parts: list[ScoredRows] = field(default_factory=list)
    n_rows: int = 0

    def add(self, rows: ScoredRows) -> None:
        """Keep what a WholeMetric reads, or nothing at all once there are too many rows."""
        self.n_rows += len(rows)
        self.parts.append(ScoredRows(rows.y, rows.weights, scores=rows.scores))
        if self.n_rows > self.most:
            self.parts = []

    def value(self, metric: WholeMetric) -> float:
        """Return the metric of all rows, NaN where they were too many."""
        return metric.of(joined(self.parts)) if 0 < self.n_rows <= self.most else float("nan")


class Scoreboard:
    """Takes predictions in pieces of any size; scores them in blocks.

    Parameters
    ----------
    rules : Rules
        What to report.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.baselines = Baselines(rules.task, rules.needs)
        self.ledgers = {name: Ledger(rules.metrics) for name in ("model", *BASELINES[rules.task])}
        self.every = rules.every or max(1, (rules.n_rows or 0) // FEWEST_POINTS)
        self.points: Array = np.zeros(0, np.int64)
        self.n_rows = 0
        self._waiting: list[ScoredRows] = []
        self._n_waiting = 0
        self._tails: dict[str, ScoredRows] = {}
        self._history = {name: WholeRows(max(WHOLE_ROWS, rules.n_rows or 0)) for name in self.ledgers}

    def add(self, rows: ScoredRows, n_classes: int) -> None:
        """Take the next rows of the stream."""
        rows, size = rows.only(self.rules.needs), max(BLOCK_ROWS, 4 * (self.rules.window or 0))
        for start in range(0, len(rows), size):
            if self._n_waiting >= size:  # only when there are more, so that some wait for the end
                self._score(n_classes, last=False)
            self._waiting.append(rows.part(start, start + size))
            self._n_waiting += len(self._waiting[-1])
            if len(self._waiting) == MOST_PARTS:  # of a stream of single rows: objects are larger than numbers
                self._waiting = [joined(self._waiting)]

    def finish(self, n_classes: int) -> dict[str, dict[str, dict[str, Array]]]:
        """Score what waits; return curves by predictor, kind and metric. The end of the stream is a point."""
        self._score(n_classes, last=True)
        found = {name: ledger.curves() for name, ledger in self.ledgers.items()}
        for name, curves in found.items():
            whole = {metric.name: self._at_the_end(metric, name) for metric in self.rules.whole}
            cumulative = curves["cumulative"] | whole
            curves["cumulative"] = {metric.name: cumulative[metric.name] for metric in self.rules.metrics}
        return found

    def _at_the_end(self, metric: WholeMetric, name: str) -> Array:
        """Return a curve that is known only where the stream ends."""
        curve = np.full(len(self.points), np.nan)
        curve[-1] = self._history[name].value(metric)
        return curve

    def _score(self, n_classes: int, *, last: bool) -> None:
        rows = joined(self._waiting)
        self._waiting, self._n_waiting = [], 0
        window = self.rules.window or 0
        head = min(window, self.n_rows)
        points = self._next_points(len(rows), last=last)
        plan = BlockPlan(head + len(rows), self.n_rows - head, head, points, self.rules.window, self.rules.decay)
        for name, scored in self.baselines.score(rows, n_classes).items():
            block = joined([self._tails[name], scored]) if head else scored
            self.ledgers[name].add(block, plan, n_classes)
            self._tails[name] = block.part(max(0, len(block) - window)).lightened()
            if self.rules.whole:
                self._history[name].add(scored)
        self.n_rows += len(rows)
        self.points = np.append(self.points, points)

    def _next_points(self, n_new: int, *, last: bool) -> Array:
        """Return the points among the next rows, after dropping earlier ones where there would be too many."""
        end = self.n_rows + n_new
        if self.rules.every is None and self.rules.n_rows is None:
            while end // self.every > MOST_POINTS:
                self.every *= 2
            wanted = self.points % self.every == 0
            if not wanted.all():
                self.points = self.points[wanted]
                for ledger in self.ledgers.values():
                    ledger.keep(wanted)
        points = np.arange((self.n_rows // self.every + 1) * self.every, end + 1, self.every, dtype=np.int64)
        return np.append(points, end) if last and end % self.every else points
