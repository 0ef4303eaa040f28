"""What the regressors among the batch drop-ins share: numbers in, numbers out."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from gradstream.estimators._values import ValueEstimator
from gradstream.linear_model._drop_in import BatchDropIn, Rows
from gradstream.linear_model._optimum import Optimum


class ValueDropIn(RegressorMixin, BatchDropIn, ValueEstimator):
    """A drop-in of scikit-learn's linear regressors."""

    fit_intercept: bool

    def predict_one(self, x: Any) -> Any:
        """Return the prediction for one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.

        Returns
        -------
        prediction : float or ndarray of shape (n_targets,)
            In units of y; an array after a fit of several targets.

        Raises
        ------
        ValueError
            If x is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        attributes = self.__dict__
        if "_lent" not in attributes and ("_model" in attributes or not self.__sklearn_is_fitted__()):
            return ValueEstimator.predict_one(self, x)
        margins = self._margins_one(x)
        return float(self._predictions_of(margins)[0]) if self._arrays()[0].ndim == 1 else margins[0]

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Learn one chunk of rows in the order given, and go on from wherever the model is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Dense arrays and CSR matrices of the model's dtype are read in place.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless: weight s is one step of size s, 0 is no row at all. None means 1 for
            every row.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the chunk is not what the model expects; the model is what it was before.
        DivergenceError
            If a coefficient would become infinite or NaN; the model is what it was before.
        RuntimeError
            If another thread is teaching this estimator.

        Notes
        -----
        The rows are learnt as :class:`gradstream.LinearRegressor` learns them with ``standardize=False``, by the
        untuned learner. scikit-learn's class has no such method.
        """
        self._learn(X, y, sample_weight, None)
        return self

    def _shaped_like(self, rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
        point, dtype = optima[0].point, rows.X.dtype
        intercept = dtype.type(point.intercept[0]) if self.fit_intercept else 0.0
        return np.ascontiguousarray(point.weights[:, 0], dtype), intercept
