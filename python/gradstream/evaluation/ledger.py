"""Sums over a stream, and what they were at the points of its curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradstream.evaluation.metrics.base import Metric, SummedMetric, WholeMetric
from gradstream.evaluation.rows import Array, Block
from gradstream.evaluation.segments import BlockPlan
from gradstream.evaluation.statistics import Weights, combined, of_lines

Columns = dict[str, Array]  # (predictors or 1, points or pieces, width) by statistic


@dataclass(eq=False)
class Ledger:
    """All that is known of the predictors.

    ``plain`` and ``faded`` hold the sums over the stream so far, one point, ``totals`` by kind of curve the sums at
    its points, ``rolled`` the values (predictors, points) of metrics that have no sums.
    """

    metrics: Sequence[Metric]
    n_predictors: int
    plain: Columns = field(default_factory=dict)
    faded: Columns = field(default_factory=dict)
    totals: dict[str, list[Columns]] = field(default_factory=dict)
    rolled: dict[str, list[Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        summed = [metric for metric in self.metrics if isinstance(metric, SummedMetric)]
        self.statistics = list(dict.fromkeys(part for metric in summed for part in metric.statistics))

    def add(self, block: Block, plan: BlockPlan, n_classes: int) -> None:
        """Add a block and the points in it."""
        plain: Columns = {}
        faded: Columns = {}
        weights = None if plan.decay is None else Weights(block.weights, plan.fade)
        for part in self.statistics:  # one after the other: what was read is still in the cache
            numbers, name = part.read(block), part.name
            if weights is None:
                plain[name] = part.sums(numbers, block.weights, plan.segments, n_classes)
            else:
                plain[name], faded[name] = part.plain_and_faded(numbers, weights, plan.segments, n_classes)
        self._carry("cumulative", self.plain, plan.cumulative, plain)
        if plan.window is not None:
            self.totals.setdefault("rolling", []).append(combined(self.statistics, plan.rolling, plain))
            self._roll(block, plan)
        if weights is not None:
            self._carry("fading", self.faded, plan.fading, faded)

    def _carry(self, kind: str, sums: Columns, factors: Array, pieces: Columns) -> None:
        """Note the totals at the points; put those at the end of the block into ``sums``."""
        together = {name: _behind(sums.get(name), part) for name, part in pieces.items()}
        totals = combined(self.statistics, factors, together)
        sums |= {name: total[:, -1:] for name, total in totals.items()}
        self.totals.setdefault(kind, []).append({name: total[:, :-1] for name, total in totals.items()})

    def _roll(self, block: Block, plan: BlockPlan) -> None:
        for metric in self.metrics:
            if isinstance(metric, WholeMetric):
                values = [_rolled(metric, block, plan, predictor) for predictor in range(self.n_predictors)]
                self.rolled.setdefault(metric.name, []).append(np.array(values))

    def keep(self, wanted: Array) -> None:
        """Drop the points that are not wanted."""
        for kind in self.totals:
            self.totals[kind] = [{name: total[:, wanted] for name, total in self._joined(kind).items()}]
        self.rolled = {name: [np.concatenate(parts, axis=1)[:, wanted]] for name, parts in self.rolled.items()}

    def curves(self) -> list[dict[str, Columns]]:
        """Return for each predictor by kind of curve and name of metric the values at the points."""
        found: list[dict[str, Columns]] = [{"cumulative": {}, "rolling": {}} for _ in range(self.n_predictors)]
        summed = [metric for metric in self.metrics if isinstance(metric, SummedMetric)]
        for kind in self.totals:
            joined = self._joined(kind)
            for metric in summed:
                for curves, line in zip(found, metric.value(joined), strict=True):
                    curves.setdefault(kind, {})[metric.name] = line
        for name, parts in self.rolled.items():
            for curves, values in zip(found, np.concatenate(parts, axis=1), strict=True):
                curves["rolling"][name] = values
        return found

    def _joined(self, kind: str) -> Columns:
        """Return the totals of all blocks; early blocks may not have known all classes."""
        blocks = self.totals[kind]
        return {
            name: np.concatenate(
                [_widened(block[name], self.n_predictors, widest.shape[2]) for block in blocks], axis=1
            )
            for name, widest in blocks[-1].items()
        }


def _rolled(metric: WholeMetric, block: Block, plan: BlockPlan, predictor: int) -> list[float]:
    """Return the metric of the window of each point. Baselines do not count the first row of a stream."""
    rows, skipped = block.of(predictor), int(predictor > 0 and plan.begins)
    windows = zip(np.maximum(plan.window_starts, skipped).tolist(), plan.ends.tolist(), strict=True)
    return [metric.of(rows.part(start, stop)) for start, stop in windows]


def _behind(sums: Array | None, pieces: Array) -> Array:
    """Return sums (zeros for None), and pieces behind them as more points."""
    lines, width = max(len(pieces), 1 if sums is None else len(sums)), pieces.shape[2]
    first = np.zeros((lines, 1, width)) if sums is None else _widened(sums, lines, width)
    return np.concatenate([first, of_lines(pieces, lines)], axis=1)


def _widened(sums: Array, lines: int, width: int) -> Array:
    """Return sums of so many predictors and as wide: what was not there yet is 0."""
    if sums.shape[2] < width:
        sums = np.pad(sums, ((0, 0), (0, 0), (0, width - sums.shape[2])))
    return of_lines(sums, lines)
