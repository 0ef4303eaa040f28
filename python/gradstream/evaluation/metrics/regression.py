"""Metrics of real values and counts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy.special import xlogy

from gradstream.evaluation.metrics.base import WEIGHT, SummedMetric, Totals, mean_of
from gradstream.evaluation.rows import Array, Block
from gradstream.evaluation.statistics import RowSum, Spread, Statistic

EPS = np.finfo(np.float64).eps


def _poisson_deviances(rows: Block) -> Array:
    """Return 2 (y log(y / mu) - y + mu); infinite where mu is not positive and y is, or mu is negative."""
    mu = rows["rates"]
    safe = np.where(mu > 0, mu, 1.0)
    deviances = 2.0 * (xlogy(rows.y, rows.y / safe) - rows.y + safe)
    return np.where(mu > 0, deviances, np.where((mu == 0) & (rows.y == 0), 0.0, np.inf))


def _gamma_deviances(rows: Block) -> Array:
    """Return 2 (log(mu / y) + y / mu - 1); infinite where mu is not positive."""
    mu = rows["values"]
    safe = np.where(mu > 0, mu, 1.0)
    return np.where(mu > 0, 2.0 * (np.log(safe / rows.y) + rows.y / safe - 1.0), np.inf)


ABSOLUTE_ERRORS = RowSum("absolute_errors", lambda rows: np.abs(rows.errors))
SQUARED_ERRORS = RowSum("squared_errors", lambda rows: rows.errors**2)
TARGETS = Spread("targets", lambda rows: rows.y)
POISSON = RowSum("poisson_deviances", _poisson_deviances)
GAMMA = RowSum("gamma_deviances", _gamma_deviances)


class ValueMetric(SummedMetric):
    """A metric of predicted values."""

    task = "regression"
    needs: ClassVar[tuple[str, ...]] = ("values",)
    wants = "predictions"
    domain: ClassVar[str] = ""  # of y: nothing, "y >= 0" or "y > 0"

    def check_targets(self, y: Array) -> None:
        """Raise ValueError for targets that the metric cannot judge."""
        outside = y < 0 if self.domain == "y >= 0" else y <= 0 if self.domain == "y > 0" else np.zeros(0, bool)
        if outside.any():
            first = int(np.argmax(outside))
            raise ValueError(
                f"metrics={self.name!r} needs {self.domain}, but y has {int(outside.sum())} other values in this chunk "
                f"(first: y[{first}] = {y[first]}). Use 'mae' or 'rmse'."
            )


class MAE(ValueMetric):
    """Mean absolute error."""

    name, label = "mae", "mean absolute error"
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, ABSOLUTE_ERRORS)

    def value(self, totals: Totals) -> Array:
        """Return the mean."""
        return mean_of(ABSOLUTE_ERRORS, totals)


class RMSE(ValueMetric):
    """Root of the mean squared error."""

    name, label = "rmse", "root mean squared error"
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, SQUARED_ERRORS)

    def value(self, totals: Totals) -> Array:
        """Return the root of the mean."""
        return np.sqrt(mean_of(SQUARED_ERRORS, totals))


class R2(ValueMetric):
    """Share of the variance of y that is explained; the variance is that of the same rows, known afterwards."""

    name, label = "r2", "R2"
    greater_is_better = True
    statistics: ClassVar[tuple[Statistic, ...]] = (SQUARED_ERRORS, TARGETS)

    def value(self, totals: Totals) -> Array:
        """Return 1 - errors over variance; where y is constant 1 without errors, else 0, as scikit-learn does."""
        errors = totals[SQUARED_ERRORS.name][..., 0]
        weight, mean, squares = np.moveaxis(totals[TARGETS.name], -1, 0)
        constant = squares <= weight * (4.0 * EPS * mean) ** 2  # what rounding leaves
        explained = np.where(constant, errors == 0, 1.0 - errors / np.where(constant, 1.0, squares))
        return np.where(weight > 0, explained, np.nan)


class MeanPoissonDeviance(ValueMetric):
    """Mean of 2 (y log(y / mu) - y + mu); infinite once a count came where the prediction was not positive."""

    name, label = "mean_poisson_deviance", "mean Poisson deviance"
    needs = ("values", "rates")
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, POISSON)
    domain = "y >= 0"

    def value(self, totals: Totals) -> Array:
        """Return the mean."""
        return mean_of(POISSON, totals)


class MeanGammaDeviance(ValueMetric):
    """Mean of 2 (log(mu / y) + y / mu - 1); infinite once a prediction was not positive."""

    name, label = "mean_gamma_deviance", "mean gamma deviance"
    statistics: ClassVar[tuple[Statistic, ...]] = (WEIGHT, GAMMA)
    domain = "y > 0"

    def value(self, totals: Totals) -> Array:
        """Return the mean."""
        return mean_of(GAMMA, totals)
