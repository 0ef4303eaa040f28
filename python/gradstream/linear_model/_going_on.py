"""Going on row by row from arrays that may have been written to, under a penalty that follows the weight seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import scipy.sparse as sp

from gradstream._state import LearnerState, T
from gradstream._unavailable import not_yet
from gradstream.estimators._batch import BatchEstimator
from gradstream.regimes.streaming import Model

GROWTH = 1.25  # of the weight seen, until a penalty that falls with it is set anew


class GoingOn(BatchEstimator):
    """The streaming regime of the batch drop-ins."""

    _penalty_weight: float  # the weight seen that the penalty was last set by

    def _arrays(self) -> tuple[Any, Any]:
        """Return the coefficients and intercepts that predict, in scikit-learn's shapes."""
        raise NotImplementedError

    def learn_one(self, x: Any, y: Any, sample_weight: float = 1.0) -> None:
        """Learn one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.
        y : label or float
            Its target.
        sample_weight : float, default=1.0
            How many times the row counts, dimensionless; 0 is no row at all.

        Raises
        ------
        ValueError
            If the row, the target or the weight is not what the model expects; nothing has changed then.
        DivergenceError
            If a coefficient would become infinite or NaN; nothing has changed then.
        RuntimeError
            If another thread is teaching this estimator.
        """
        attributes = self.__dict__
        model = attributes.get("_model")
        if model is None or "coef_" in attributes or model.state.counters.item(T) > self._same_penalty_until():
            with self._taken_up([x], [sample_weight]):
                super().learn_one(x, y, sample_weight)
        elif not model.one.learn(x, y, sample_weight):  # not a row like almost every row
            self._learn_one(x, y, sample_weight)

    def _same_penalty_until(self) -> float:
        """Return the weight seen up to which the penalty of a row more is about the same."""
        return GROWTH * self._penalty_weight - 1.0 if self._penalty_is_of_the_sum else np.inf

    def _learn(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        with self._taken_up(X, sample_weight):
            super()._learn(X, y, sample_weight, classes)

    @contextmanager
    def _taken_up(self, X: Any, sample_weight: Any) -> Iterator[None]:
        """Move the model to the arrays and set the penalty for rows to come; all is what it was if the block raises."""
        names = ("coef_", "intercept_", "_lent", "_penalty_weight")
        attributes = self.__dict__
        before = {name: attributes[name] for name in names if name in attributes}
        self._take_up()
        self._set_penalty(X, sample_weight)
        try:
            yield
        except BaseException:
            for name in names:
                attributes.pop(name, None)
            attributes.update(before)
            self._parameters_changed()
            raise

    def _take_up(self) -> None:
        """Go on from the arrays: the model moves to what was written to them, and they are made anew when read."""
        attributes = self.__dict__
        if not self._learns_rows:
            raise ValueError(self._refuse_rows())
        if "_model" not in attributes and "coef_" in attributes:
            raise not_yet(
                f"{self._owner}: going on from several targets, or from arrays put together by hand,",
                "Call fit with one target or two classes, or use one estimator for each.",
            )
        if "coef_" not in attributes:
            return
        if self._written():
            coef, intercept = self._arrays()
            coef = coef.toarray() if sp.issparse(coef) else coef
            state: LearnerState = self._model.state.copy()
            columns = state.spec["columns"]
            state.set_point(np.atleast_2d(coef).T, np.broadcast_to(intercept, (columns,)))
            self._model = Model(state)
        for name in ("coef_", "intercept_", "_lent"):
            attributes.pop(name, None)

    def _written(self) -> bool:
        if "_lent" not in self.__dict__:
            return False
        coef, intercept = self._arrays()
        known, known_intercept = self._shaped(*self._linear())
        same = np.array_equal(coef.toarray() if sp.issparse(coef) else coef, known)
        return not (same and np.allclose(intercept, known_intercept, rtol=1e-6, atol=0.0))

    def _set_penalty(self, X: Any, sample_weight: Any) -> None:
        """Let the penalty follow the weight that has been seen, in steps of a quarter."""
        model = vars(self).get("_model")
        if not self._penalty_is_of_the_sum:
            self._penalty_weight = 1.0
            return
        weight = (0.0 if model is None else self.t_) + _weight_of(X, sample_weight)
        if model is None or weight > GROWTH * self._penalty_weight:
            self._penalty_weight = max(weight, 1.0)
            self._parameters_changed()

    _penalty_is_of_the_sum = True  # and not of the mean loss
    _learns_rows = True

    def _refuse_rows(self) -> str:
        """Word the error of a model that learns from all rows at once only."""
        raise NotImplementedError


def _weight_of(X: Any, sample_weight: Any) -> float:
    """Return the weight of rows that have not been checked yet; 0 where there is none: what is wrong is said later."""
    try:
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        weight = float(n_rows if sample_weight is None else np.mean(np.asarray(sample_weight, np.float64)) * n_rows)
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0
    return weight if 0.0 < weight < np.inf else 0.0
