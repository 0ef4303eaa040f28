"""What the generalised linear models among the drop-ins share: everything but the distribution."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.metrics import d2_tweedie_score
from sklearn.utils._param_validation import Interval, StrOptions

from gradstream._targets import Targets, real_values
from gradstream._validation import check_sample_weight, check_weight_left
from gradstream.linear_model._drop_in import REGRESSOR, Rows
from gradstream.linear_model._optimum import Goal, relative
from gradstream.linear_model._values import ValueDropIn
from gradstream.regimes.problem import Problem, Start

if TYPE_CHECKING:
    from gradstream._core import Float64

EXACT = 1e-2  # of tol, where scikit-learn's solver looks at more than the gradient


class GeneralisedLinearModel(ValueDropIn):
    """Base of the generalised linear models. A subclass names the loss, and what scikit-learn calls it."""

    _scikit_learns_loss: str
    _power: float  # of the variance in the mean, for D2
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
            Targets, in the range of the distribution.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights. None means 1 for every row.

        Returns
        -------
        score : float
            At most 1; 0 is the mean of y, of a constant y -infinity.

        Raises
        ------
        ValueError
            If X or y is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        predictions = self.predict(X)
        targets = self._fit_targets(y, None, len(predictions))
        weights = check_sample_weight(sample_weight, len(predictions))
        check_weight_left(weights)
        if 0.0 < self._power < 1.0:  # no distribution: not in scikit-learn's metrics
            return _share_explained(targets.y, predictions, weights, self._power)
        try:
            return float(d2_tweedie_score(targets.y, predictions, sample_weight=weights, power=self._power))
        except ZeroDivisionError:  # y is constant: nothing to explain
            exact = np.array_equal(targets.y, predictions)
            return 1.0 if exact else -np.inf

    def _complete(self, other: Any) -> None:
        other._base_loss = other._get_loss()

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        try:
            return real_values(self, y, weights, n_rows)
        except ValueError as error:
            if f"loss={self.loss!r} needs y >" in str(error):
                loss = self._scikit_learns_loss
                raise ValueError(
                    f"Some value(s) of y are out of the valid range of the loss {loss!r}. {error}"
                ) from error
            raise

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        return REGRESSOR | {"loss": self.loss, "alpha": float(self.alpha), "fit_intercept": self.fit_intercept}

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


def _share_explained(y: Float64, predictions: Float64, weights: Float64 | None, power: float) -> float:
    """Return D2 of half the Tweedie deviance of a power other than 1 and 2."""
    if (predictions <= 0.0).any():
        raise ValueError(f"The deviance of power={power!r} is of predictions above 0, got {predictions.min()!r}.")
    a, c = 1.0 - power, 2.0 - power

    def deviance(mean: Any) -> float:
        return float(np.average(y**c / (a * c) - y * mean**a / a + mean**c / c, weights=weights))

    least = deviance(float(np.average(y, weights=weights)))
    if not least > 0.0:
        return 1.0 if np.array_equal(y, predictions) else -np.inf
    return 1.0 - deviance(predictions) / least
