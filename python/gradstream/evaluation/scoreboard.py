"""Curves of metrics, grown block by block in memory that does not depend on the length of the stream."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradstream.evaluation.baselines import BASELINES, Judges
from gradstream.evaluation.ledger import Ledger
from gradstream.evaluation.metrics.base import Metric, WholeMetric
from gradstream.evaluation.rows import Array, Block, ScoredRows, joined
from gradstream.evaluation.segments import BlockPlan

BLOCK_ROWS = 24_000  # calls cost 4 ns a row; arrays of more are mapped anew, page by page
BLOCK_POINTS = 512  # or 4 windows: factors are points times pieces
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
        assert rows.scores is not None
        self.parts.append(ScoredRows(rows.y, rows.weights, scores=rows.scores.copy()))
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
        self.names = ("model", *BASELINES[rules.task])
        self.judges = Judges(rules.task, rules.needs)
        self.ledger = Ledger(rules.metrics, len(self.names))
        self.every = rules.every or max(1, (rules.n_rows or 0) // FEWEST_POINTS)
        self.points: Array = np.zeros(0, np.int64)
        self.n_rows = 0
        self._waiting: list[ScoredRows] = []
        self._n_waiting = 0
        self._tail: Block | None = None
        self._plan: BlockPlan | None = None
        self._history = [WholeRows(max(WHOLE_ROWS, rules.n_rows or 0)) for _ in self.names]
        known = rules.every is not None or rules.n_rows is not None
        most = max(min(BLOCK_ROWS, BLOCK_POINTS * self.every) if known else BLOCK_ROWS, 4 * (rules.window or 0))
        self.block_rows = max(most // self.every * self.every, most // 2) if known else most  # whole points: cut alike

    def add(self, rows: ScoredRows, n_classes: int) -> None:
        """Take the next rows of the stream. Blocks end at the same rows however these are cut."""
        rows, start = rows.only(self.rules.needs), 0
        while start < len(rows):
            if self._n_waiting == self.block_rows:  # only when there are more, so that some wait for the end
                self._score(n_classes, last=False)
            part = rows.part(start, start + self.block_rows - self._n_waiting)
            self._waiting.append(part)
            self._n_waiting += len(part)
            start += len(part)
            if len(self._waiting) == MOST_PARTS:  # of a stream of single rows: objects are larger than numbers
                self._waiting = [joined(self._waiting)]

    def finish(self, n_classes: int) -> dict[str, dict[str, dict[str, Array]]]:
        """Score what waits; return curves by predictor, kind and metric. The end of the stream is a point."""
        self._score(n_classes, last=True)
        found = dict(zip(self.names, self.ledger.curves(), strict=True))
        for curves, history in zip(found.values(), self._history, strict=True):
            whole = {metric.name: self._at_the_end(metric, history) for metric in self.rules.whole}
            cumulative = curves["cumulative"] | whole
            curves["cumulative"] = {metric.name: cumulative[metric.name] for metric in self.rules.metrics}
        return found

    def _at_the_end(self, metric: WholeMetric, history: WholeRows) -> Array:
        """Return a curve that is known only where the stream ends."""
        curve = np.full(len(self.points), np.nan)
        curve[-1] = history.value(metric)
        return curve

    def _score(self, n_classes: int, *, last: bool) -> None:
        rows, head = joined(self._waiting), 0 if self._tail is None else len(self._tail)
        self._waiting, self._n_waiting = [], 0
        window = self.rules.window or 0
        points = self._next_points(len(rows), last=last)
        plan = self._planned(head + len(rows), head, points - self.n_rows + head)
        block = self.judges.block(self._tail, rows, n_classes)
        self.ledger.add(block, plan, n_classes)
        if self.rules.whole:
            for place, history in enumerate(self._history):
                skipped = int(self.n_rows == 0 and place > 0)  # baselines do not count the first row
                history.add(block.of(place, head + skipped))
        self._tail = block.end(window) if window else None
        self.n_rows += len(rows)
        self.points = np.append(self.points, points)

    def _planned(self, n_rows: int, head: int, ends: Array) -> BlockPlan:
        if self._plan is None or not self._plan.is_of(n_rows, head, ends):
            begins = self.n_rows == head
            rules = self.rules
            self._plan = BlockPlan(n_rows, head, ends, begins, rules.window, rules.decay, len(self.names))
        return self._plan

    def _next_points(self, n_new: int, *, last: bool) -> Array:
        """Return the points among the next rows, after dropping earlier ones where there would be too many."""
        end = self.n_rows + n_new
        if self.rules.every is None and self.rules.n_rows is None:
            while end // self.every > MOST_POINTS:
                self.every *= 2
            wanted = self.points % self.every == 0
            if not wanted.all():
                self.points = self.points[wanted]
                self.ledger.keep(wanted)
        points = np.arange((self.n_rows // self.every + 1) * self.every, end + 1, self.every, dtype=np.int64)
        return np.append(points, end) if last and end % self.every else points
