"""Ridge: scikit-learn's, on gradstream's solvers, and able to go on row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import MultiOutputMixin
from sklearn.utils import check_array

from gradstream._targets import real_values
from gradstream._validation import reject_masked
from gradstream.linear_model import _parameters_ridge as rules
from gradstream.linear_model._drop_in import REGRESSOR, Rows
from gradstream.linear_model._exact import ExactDropIn
from gradstream.linear_model._optimum import Goal, Optimum
from gradstream.linear_model._values import ValueDropIn
from gradstream.persistence import register
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from gradstream._core import Float64


class Ridge(MultiOutputMixin, ExactDropIn, ValueDropIn):
    """Ridge regression with the parameters and attributes of :class:`sklearn.linear_model.Ridge`.

    The optimum is scikit-learn's, the one of ``sum_i s_i (y_i - z_i)^2 + alpha |w|^2``; ``partial_fit`` goes on from
    it.

    Parameters
    ----------
    alpha : float >= 0 or array-like of shape (n_targets,), default=1.0
        Strength of the penalty beside the sum of squares.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    copy_X : bool, default=True
        No effect: X is never written to.
    max_iter : int >= 1 or None, default=None
        Iterations over all rows; None is 15,000.
    tol : float >= 0, default=1e-4
        Never less exact than scikit-learn at the same value. Dense rows are fitted to rounding whatever it is.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, default="auto"
        What may be asked for, as in scikit-learn; every name is mapped onto sums of products of columns, or, where
        these do not pay, L-BFGS with a Newton tail.
    positive : bool, default=False
        Whether coefficients are to be >= 0; of up to 512 columns.
    random_state : int, RandomState or None, default=None
        Seed of the rows that a fit of many rows begins with.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        In X's own units and of its dtype; may be written to.
    intercept_ : float or ndarray of shape (n_targets,)
        May be written to.
    n_iter_ : ndarray of shape (n_targets,)
        Iterations of the last ``fit``, 1 where sums told the optimum; scikit-learn has None where its solver has none.
    solver_ : str
        What "auto" is called in scikit-learn for these data.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, when X was a frame with string names.
    objective_ : float
        At the end of the last ``fit``: weighted mean loss and the penalty beside it. Sum over several targets.
    loss_curve_ : list of float
        Objective after every iteration of the last ``fit``; empty with several targets.
    optimality_ : float
        Norm of the gradient over its norm at w = 0.
    optimizer_ : str
        What was last learnt with: "newton" is one exact step on sums of products, "bank" streaming untuned.
    t_ : float
        Clock of the learning rate: weight seen.
    n_samples_seen_ : int
        Rows of positive weight learnt from.
    learning_rate_weights_ : dict of str to float
        After ``partial_fit`` with more than 512 columns: weight of each rate in the model, sum 1.

    See Also
    --------
    gradstream.LinearRegressor : The main estimator: more losses, standardised columns, any regime.
    sklearn.linear_model.Ridge : What this stands in for.

    Notes
    -----
    With up to 512 columns, 128 of sparse rows, ``partial_fit`` and ``learn_one`` are exact: the model keeps weights,
    means and products of deviations of the rows, so that chunks, single rows and one fit of all rows give the same
    optimum to rounding. With more columns one target goes on row by row, untuned, and the penalty follows ``alpha /
    weight seen``.

    References
    ----------
    .. [1] A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
       Technometrics 12, 1970.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gradstream.linear_model import Ridge
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = Ridge(alpha=0.1).fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    >>> model.partial_fit(X[300:], y[300:]).n_samples_seen_
    442
    """

    loss = "squared_error"
    n_jobs = None
    verbose = 0
    warm_start = False
    solver_: str
    _parameter_constraints: ClassVar[dict[str, Any]] = rules.RIDGE

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter  # type: ignore[assignment]
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Learn one chunk of rows: the model becomes that of all rows so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless: 2 is the row twice, 0 no row at all. None means 1 for every row.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the chunk is not what the model expects; the model is what it was before.
        DivergenceError
            If a sum would become infinite; the model is what it was before.
        RuntimeError
            If another thread is teaching this estimator.

        Notes
        -----
        With more than 512 columns rows are learnt one by one instead, untuned. scikit-learn's class has no such
        method.
        """
        return super().partial_fit(X, y, sample_weight)

    def predict(self, X: Any) -> Any:
        """Return predictions for rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        predictions : ndarray of shape (n_samples,) or (n_samples, n_targets)
            In units of y.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        margins = self._margins(X)
        return margins[:, 0] if self._arrays()[0].ndim == 1 else margins

    def _checked_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        rules.reject_pairs(self, X)
        if np.asarray(y).ndim != 2:
            rows = super()._checked_rows(X, y, sample_weight)
            rules.reject_alphas(self, 1)
            return rows
        Y = check_array(y, dtype=np.float64, input_name="y")
        rows = super()._checked_rows(X, Y[:, 0], sample_weight)
        weights, n = rows.targets.weights, rows.X.shape[0]
        targets = tuple(real_values(self, np.ascontiguousarray(column), weights, n) for column in Y.T)
        rules.reject_alphas(self, len(targets))
        return replace(rows, columns=targets, flat=False)

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        return REGRESSOR | rules.in_main_parameters(self, weight, column)

    def _goal(self, problem: Problem, center: Float64 | None) -> Goal:
        return rules.goal(self.tol, problem)

    def _first_columns(
        self, y: Any, weights: Float64 | None, n_rows: int, classes: Any
    ) -> tuple[Float64, Float64 | None]:
        flat = np.asarray(y).ndim != 2
        Y = self._target_columns(y, weights, n_rows)
        rules.reject_alphas(self, Y.shape[1])
        self._flat = flat
        return Y, weights

    def _online_columns(
        self, y: Any, weights: Float64 | None, n_rows: int, classes: Any
    ) -> tuple[Float64, Float64 | None]:
        known = len(self._sums.squares)
        Y = self._target_columns(y, weights, n_rows)
        if Y.shape[1] != known:
            raise ValueError(f"y has shape {np.shape(y)}: the model has {known} targets a row.")
        return Y, weights

    def _target_columns(self, y: Any, weights: Float64 | None, n_rows: int) -> Float64:
        """Return y as (n, m)."""
        if np.ndim(y) != 2:
            return real_values(self, y, weights, n_rows).y[:, None]
        reject_masked("y", y)
        if np.asarray(y).dtype.kind in "mM":
            raise ValueError(f"y has dtype {np.asarray(y).dtype}: targets are real numbers.")
        Y = check_array(y, dtype=np.float64, input_name="y", order="C")
        if len(Y) != n_rows:
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {[n_rows, len(Y)]}")
        return np.asarray(Y, np.float64)

    def _most_iterations(self) -> int:
        return self.max_iter or rules.MOST_ITERATIONS

    def _take(self, optima: list[Optimum], rows: Rows, state: Any) -> None:
        super()._take(optima, rows, state)
        self.solver_ = rules.solver_name(self, rows.X.layout)

    def _shaped_like(self, rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
        if rows.flat:
            return super()._shaped_like(rows, optima)
        coef, intercept = rules.stacked(rows, optima)
        return coef, intercept if self.fit_intercept else 0.0

    def _unconverged(self, n_iter: int, gap: str) -> str:
        return rules.unconverged(n_iter, gap)

    def _n_iter(self, n_iter: list[int]) -> Any:
        return np.array(n_iter, np.int32)


register("gradstream.linear_model.Ridge", Ridge)
