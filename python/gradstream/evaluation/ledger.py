"""Sums over a stream, and what they were at the points of its curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gradstream.evaluation.metrics.base import Metric, SummedMetric, WholeMetric
from gradstream.evaluation.rows import Array, ScoredRows
from gradstream.evaluation.segments import BlockPlan
from gradstream.evaluation.statistics import combined

Columns = dict[str, Array]  # (points or pieces, width) by statistic


@dataclass(eq=False)
class Ledger:
    """All that is known of one predictor.

    ``plain`` and ``faded`` hold the sums (1, width) over the stream so far, ``totals`` by kind of curve the sums at
    its points, ``rolled`` the values of metrics that have no sums.
    """

    metrics: Sequence[Metric]
    plain: Columns = field(default_factory=dict)
    faded: Columns = field(default_factory=dict)
    totals: dict[str, list[Columns]] = field(default_factory=dict)
    rolled: dict[str, list[Array]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        summed = [metric for metric in self.metrics if isinstance(metric, SummedMetric)]
        self.statistics = list(dict.fromkeys(part for metric in summed for part in metric.statistics))

    def add(self, rows: ScoredRows, plan: BlockPlan, n_classes: int) -> None:
        """Add a block and the points in it."""
        numbers = {statistic.name: statistic.read(rows) for statistic in self.statistics}

        def pieces(weights: Array | None) -> Columns:
            return {
                part.name: part.sums(numbers[part.name], weights, plan.segments, n_classes) for part in self.statistics
            }

        plain = pieces(rows.weights)
        self._carry("cumulative", self.plain, plan.cumulative, plain)
        if plan.window is not None:
            self.totals.setdefault("rolling", []).append(combined(self.statistics, plan.rolling, plain))
            self._roll(rows, plan)
        if plan.decay is not None:
            faded = pieces(plan.fade if rows.weights is None else plan.fade * rows.weights)
            self._carry("fading", self.faded, plan.fading, faded)

    def _carry(self, kind: str, sums: Columns, factors: Array, pieces: Columns) -> None:
        """Note the totals at the points; put those at the end of the block into ``sums``."""
        together = {name: np.concatenate([_widened(sums.get(name), part), part]) for name, part in pieces.items()}
        totals = combined(self.statistics, factors, together)
        sums |= {name: total[-1:] for name, total in totals.items()}
        self.totals.setdefault(kind, []).append({name: total[:-1] for name, total in totals.items()})

    def _roll(self, rows: ScoredRows, plan: BlockPlan) -> None:
        for metric in self.metrics:
            if isinstance(metric, WholeMetric):
                windows = zip(plan.window_starts.tolist(), plan.ends.tolist(), strict=True)
                values = np.array([metric.of(rows.part(start, stop)) for start, stop in windows])
                self.rolled.setdefault(metric.name, []).append(values)

    def keep(self, wanted: Array) -> None:
        """Drop the points that are not wanted."""
        for kind in self.totals:
            self.totals[kind] = [{name: total[wanted] for name, total in self._joined(kind).items()}]
        self.rolled = {name: [np.concatenate(parts)[wanted]] for name, parts in self.rolled.items()}

    def curves(self) -> dict[str, Columns]:
        """Return by kind of curve and name of metric the values at the points."""
        found: dict[str, Columns] = {"cumulative": {}, "rolling": {}}
        for kind in self.totals:
            joined = self._joined(kind)
            found[kind] = {
                metric.name: metric.value(joined) for metric in self.metrics if isinstance(metric, SummedMetric)
            }
        for name, parts in self.rolled.items():
            found["rolling"][name] = np.concatenate(parts)
        return found

    def _joined(self, kind: str) -> Columns:
        """Return the totals of all blocks; early blocks may not have known all classes."""
        blocks = self.totals[kind]
        return {
            name: np.concatenate([_widened(block[name], widest) for block in blocks])
            for name, widest in blocks[-1].items()
        }


def _widened(sums: Array | None, like: Array) -> Array:
    """Return sums as wide as others: what was not there yet is 0. None is a row of zeros."""
    if sums is None:
        return np.zeros((1, like.shape[1]))
    if sums.shape[1] == like.shape[1]:
        return sums
    return np.pad(sums, ((0, 0), (0, like.shape[1] - sums.shape[1])))
