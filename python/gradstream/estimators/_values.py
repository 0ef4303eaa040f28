"""What a regressor adds: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream._parameters import LOG_LINK, least_target, parameter_of
from gradstream._targets import Targets, real_values
from gradstream.estimators._batch import BatchEstimator
from gradstream.estimators._fitted_values import read_only

if TYPE_CHECKING:
    from gradstream._core import Float64


class ValueEstimator(BatchEstimator):
    """Base of LinearRegressor: everything but its parameters."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self._least_target() >= 0.0
        return tags

    @property
    def coef_(self) -> NDArray[Any]:
        """Coefficients in X's own units, (n_features,), read-only."""
        return read_only(self._shaped(*self._linear())[0])

    @property
    def intercept_(self) -> float:
        """Intercept."""
        return float(self._linear()[1][0])

    def _shaped(self, coef: Float64, intercept: Float64) -> tuple[NDArray[Any], Any]:
        return np.ascontiguousarray(coef[:, 0], self._model.state.table.dtype), float(intercept[0])

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Return predictions for rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        predictions : ndarray of shape (n_samples,)
            In units of y.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return self._predictions_of(self._margins(X))

    def predict_one(self, x: Any) -> float:
        """Return the prediction for one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.

        Returns
        -------
        prediction : float
            In units of y.

        Raises
        ------
        ValueError
            If x is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        try:
            margin = self._model.one.margin(x)
        except AttributeError:  # before the first row
            margin = None
        if margin is None or self.loss in LOG_LINK:
            return float(self._predictions_of(self._margins_one(x))[0])
        return margin

    def _least_target(self) -> float:
        """Return the smallest target that is allowed."""
        return least_target(self.loss, parameter_of(self.loss, vars(self)))

    def _predictions_of(self, margins: Float64) -> NDArray[np.float64]:
        if self.loss not in LOG_LINK:
            return margins[:, 0]
        with np.errstate(over="ignore"):
            return np.exp(margins[:, 0])

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        return real_values(self, y, weights, n_rows)

    def _online_targets(self, y: Any, weights: Float64 | None, n_rows: int, classes: Any) -> Targets:
        return real_values(self, y, weights, n_rows)

    def _validation_targets(self, y: Any, weights: Float64 | None, n_rows: int, training: Targets) -> Targets:
        return real_values(self, y, weights, n_rows)

    def _scorer(self, targets: Targets) -> Callable[[Float64], float]:
        """Return R2 as a function of margins."""
        mean = np.average(targets.y, weights=targets.weights)
        variance = np.average((targets.y - mean) ** 2, weights=targets.weights)

        def r2(margins: Float64) -> float:
            error = np.average((targets.y - self._predictions_of(margins)) ** 2, weights=targets.weights)
            return float(1.0 - error / variance) if variance > 0 else float(error == 0)

        return r2

    def _held_back(self, y: Float64, seed: int) -> Any:
        from sklearn.model_selection import ShuffleSplit

        return next(ShuffleSplit(test_size=self.validation_fraction, random_state=seed).split(np.zeros((len(y), 1))))[1]

    def _online_value(self, y: Any) -> tuple[float, float]:
        if type(y) is float and isfinite(y) and y >= self._least_target():
            return y, 1.0
        return float(real_values(self, np.array([y]), None, 1).y[0]), 1.0
