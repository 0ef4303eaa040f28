"""What a metric says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from gradstream.evaluation.rows import Array, ScoredRows
from gradstream.evaluation.statistics import Statistic, WeightSum

WEIGHT = WeightSum("weight", lambda rows: None)
Totals = Mapping[str, Array]  # (predictors or 1, points, width) of each statistic, by name


class Metric(ABC):
    """A number for rows.

    Attributes
    ----------
    name : str
        As users write it.
    label : str
        As tables and figures write it.
    task : str
        "classification" or "regression".
    needs : tuple of str
        Fields of ScoredRows, "last", and "rates" (see Block).
    wants : str
        The same, in words for messages.
    greater_is_better : bool
        False for losses.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    task: ClassVar[str] = "classification"
    needs: ClassVar[tuple[str, ...]]
    wants: ClassVar[str] = "labels"
    greater_is_better: ClassVar[bool] = False


class SummedMetric(Metric):
    """A metric that is a function of sums: any part of a stream costs a few additions."""

    statistics: ClassVar[tuple[Statistic, ...]]

    @abstractmethod
    def value(self, totals: Totals) -> Array:
        """Return (predictors, points) values; NaN where there is nothing to say."""


class WholeMetric(Metric):
    """A metric that has to see all its rows at once: it rolls, and says how the whole stream was at its end."""

    @abstractmethod
    def of(self, rows: ScoredRows) -> float:
        """Return the value of rows; NaN where it is undefined."""


def ratio(total: Array, weight: Array) -> Array:
    """Return total / weight, NaN where there is no weight."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(weight > 0, total / weight, np.nan)


def mean_of(statistic: Statistic, totals: Totals) -> Array:
    """Return the weighted mean (predictors, points) of the numbers that a RowSum reads."""
    return ratio(totals[statistic.name][..., 0], totals[WEIGHT.name][..., 0])
