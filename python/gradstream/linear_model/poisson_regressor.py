"""PoissonRegressor: scikit-learn's, on gradstream's solvers, and able to go on row by row."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.metrics import d2_tweedie_score
from sklearn.utils._param_validation import Interval, StrOptions

from gradstream._targets import Targets, real_values
from gradstream.linear_model._drop_in import REGRESSOR, Rows
from gradstream.linear_model._optimum import Goal, relative
from gradstream.linear_model._values import ValueDropIn
from gradstream.persistence import register
from gradstream.regimes.problem import Problem, Start

if TYPE_CHECKING:
    from gradstream._core import Float64

EXACT = 1e-2  # of tol, where scikit-learn's solver looks at more than the gradient
OUT_OF_RANGE = "Some value(s) of y are out of the valid range of the loss 'HalfPoissonLoss'."


class PoissonRegressor(ValueDropIn):
    """Poisson regression with the parameters and attributes of :class:`sklearn.linear_model.PoissonRegressor`.

    The optimum is scikit-learn's, the one of half the mean deviance plus ``alpha / 2 |w|^2``; ``partial_fit`` goes on
    from it.

    Parameters
    ----------
    alpha : float >= 0, default=1
        Strength of the penalty beside the mean loss.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        What may be asked for, as in scikit-learn; both are mapped onto L-BFGS with a Newton tail.
    max_iter : int >= 1, default=100
        Iterations over all rows.
    tol : float > 0, default=1e-4
        Bound of the gradient's largest element. Never less exact than scikit-learn at the same value.
    warm_start : bool, default=False
        Whether ``fit`` starts at the present coefficients.
    verbose : int, default=0
        Print a line per iteration.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        In X's own units and of its dtype; may be written to.
    intercept_ : float
        May be written to.
    n_iter_ : int
        Iterations of the last ``fit``.
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
        What was last learnt with; "bank" is streaming untuned.
    t_ : float
        Clock of the learning rate: weight seen.
    n_samples_seen_ : int
        Rows of positive weight learnt from.
    learning_rate_weights_ : dict of str to float
        After ``partial_fit``: weight of each rate in the model, sum 1.

    See Also
    --------
    gradstream.LinearRegressor : The main estimator, with ``loss="poisson"``.
    sklearn.linear_model.PoissonRegressor : What this stands in for.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", second edition, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from gradstream.linear_model import PoissonRegressor
    >>> X, y = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]]), np.array([12, 17, 22, 21])
    >>> model = PoissonRegressor().fit(X, y)
    >>> model.score(X, y) > 0.98
    True
    >>> model.partial_fit(X, y).n_samples_seen_
    8
    """

    loss = "poisson"
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "alpha": [Interval(Real, 0.0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "solver": [StrOptions({"lbfgs", "newton-cholesky"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
    }
    n_jobs = None
    random_state = 0
    _penalty_is_of_the_sum = False

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return D2, the share of the deviance that the model explains.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Targets, >= 0.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights. None means 1 for every row.

        Returns
        -------
        score : float
            At most 1; 0 is the mean of y.

        Raises
        ------
        ValueError
            If X or y is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        predictions = self.predict(X)
        targets = self._fit_targets(y, None, len(predictions))
        return float(d2_tweedie_score(targets.y, predictions, sample_weight=sample_weight, power=1))

    def _complete(self, other: Any) -> None:
        other._base_loss = other._get_loss()

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        try:
            return real_values(self, y, weights, n_rows)
        except ValueError as error:
            if "needs y >= 0" in str(error):
                raise ValueError(f"{OUT_OF_RANGE} {error}") from error
            raise

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        return REGRESSOR | {"loss": "poisson", "alpha": float(self.alpha), "fit_intercept": self.fit_intercept}

    def _goal(self, problem: Problem, center: Float64 | None) -> Goal:
        bound = relative(problem, center, self.tol)
        return Goal(bound if self.solver == "lbfgs" else EXACT * bound, self.tol)

    def _start(self, rows: Rows) -> Start | None:
        if not (self.warm_start and "coef_" in self.__dict__):
            return None
        coef = np.array(self.coef_, np.float64).reshape(-1, 1)
        if len(coef) != rows.X.shape[1]:
            raise ValueError(
                f"warm_start=True goes on from {len(coef)} features, but the data have {rows.X.shape[1]}. "
                "Use warm_start=False, or fit a clone."
            )
        return Start(coef, np.array([self.intercept_], np.float64))

    def _unconverged(self, n_iter: int, gap: str) -> str:
        if self.solver == "newton-cholesky":
            return f"Newton solver did not converge after {n_iter} iterations. {gap}"
        return (
            f"{self.solver} failed to converge after {n_iter} iteration(s) (status=1):\n"
            f"STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT. {gap}\n\n"
            f"Increase the number of iterations to improve the convergence (max_iter={self.max_iter}).\n"
            "You might also want to scale the data as shown in:\n"
            "    https://scikit-learn.org/stable/modules/preprocessing.html"
        )


register("gradstream.linear_model.PoissonRegressor", PoissonRegressor)
