"""TweedieRegressor: scikit-learn's, on gradstream's solvers, and able to go on row by row."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from gradstream._parameters import POSITIVE
from gradstream.linear_model._glm import GeneralisedLinearModel
from gradstream.linear_model._optimum import Goal, Optimum
from gradstream.persistence import register
from gradstream.regimes.first_point import at_the_edge
from gradstream.regimes.problem import Problem


class TweedieRegressor(GeneralisedLinearModel):
    """Tweedie regression with the parameters and attributes of :class:`sklearn.linear_model.TweedieRegressor`.

    The optimum is scikit-learn's, the one of half the mean deviance plus ``alpha / 2 |w|^2``; ``partial_fit`` goes on
    from it.

    Parameters
    ----------
    power : float, default=0.0
        Of the mean that the variance grows with: below 0 extreme stable, 0 normal, 1 Poisson, between them no
        distribution but a deviance, between 1 and 2 compound Poisson-gamma (amounts that are often 0), 2 gamma, 3
        inverse Gaussian. Up to 0 y is any number, from 2 on above 0, between them not below 0; means are above 0
        wherever the power is not 0.
    alpha : float >= 0, default=1
        Strength of the penalty beside the mean loss.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    link : {"auto", "identity", "log"}, default="auto"
        What makes a margin of a mean; "auto" is "identity" for ``power <= 0``, else "log". Models of the identity link
        with a power other than 0 learn by ``fit`` alone: a row whose margin is not above 0 has no deviance.
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
    gradstream.LinearRegressor : The main estimator, with ``loss="tweedie"``.
    sklearn.linear_model.TweedieRegressor : What this stands in for.

    Notes
    -----
    The objective is convex for powers from 1 to 2 with the logarithmic link, and from 0 to 1 with the identity link.
    Otherwise there may be more than one minimum; like scikit-learn, ``fit`` goes downhill from the mean of y. With the
    identity link the optimum may lie where the mean of a row is 0: ``fit`` warns of it and stays inside.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", second edition, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from gradstream.linear_model import TweedieRegressor
    >>> X, y = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]]), np.array([2.0, 3.5, 5.0, 5.5])
    >>> model = TweedieRegressor(power=1.5).fit(X, y)
    >>> model.score(X, y) > 0.3
    True
    >>> model.partial_fit(X, y).n_samples_seen_
    8
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = GeneralisedLinearModel._parameter_constraints | {
        "power": [Interval(Real, None, None, closed="neither")],
        "link": [StrOptions({"auto", "identity", "log"})],
    }

    def __init__(
        self,
        *,
        power: float = 0.0,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        link: str = "auto",
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            alpha=alpha,
            fit_intercept=fit_intercept,
            solver=solver,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            verbose=verbose,
        )
        self.power = power
        self.link = link

    @property
    def loss(self) -> str:  # type: ignore[override]
        """Name of the loss in the core."""
        if self.link == "log" or (self.link == "auto" and self.power > 0):
            return "tweedie"
        return "squared_error" if self.power == 0 else "tweedie_identity"

    @property
    def _power(self) -> float:  # type: ignore[override]
        return float(self.power)

    @property
    def _scikit_learns_loss(self) -> str:  # type: ignore[override]
        return "HalfTweedieLoss" if self.loss == "tweedie" else "HalfTweedieLossIdentity"

    @property
    def _learns_rows(self) -> bool:  # type: ignore[override]
        return self.loss not in POSITIVE

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        return super()._main_parameters(weight, column) | {"power": float(self.power)}

    def _refuse_rows(self) -> str:
        return (
            f"TweedieRegressor(power={self.power!r}, link={self.link!r}) learns from all rows at once only: a row "
            "whose margin is not above 0 has no deviance. Use fit, or link='log'."
        )

    def _shortcoming(self, problem: Problem, goal: Goal, optimum: Optimum) -> str | None:
        if self._learns_rows or optimum.result["status"] == "converged" or not at_the_edge(problem, optimum.point):
            return super()._shortcoming(problem, goal, optimum)
        return (
            "TweedieRegressor stopped where a row has a mean of about 0, the edge of what "
            f"power={self.power!r} and the identity link allow. Use link='log', or alpha > {self.alpha!r}."
        )


register("gradstream.linear_model.TweedieRegressor", TweedieRegressor)
