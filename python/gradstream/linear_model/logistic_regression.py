"""LogisticRegression: scikit-learn's, on gradstream's solvers, and able to go on row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model._base import SparseCoefMixin

from gradstream._targets import Targets, counted_labels
from gradstream.linear_model import _parameters_logistic as rules
from gradstream.linear_model._classes import ClassDropIn
from gradstream.linear_model._constant_column import with_constant
from gradstream.linear_model._drop_in import CLASSIFIER, Rows
from gradstream.linear_model._optimum import Goal, Optimum, minimise, relative
from gradstream.persistence import register
from gradstream.regimes.handover import Point
from gradstream.regimes.problem import Problem, Start

if TYPE_CHECKING:
    from gradstream._core import Float64

EXACT = 1e-2  # of tol, for solvers of scikit-learn that stop by something else than the gradient


class LogisticRegression(SparseCoefMixin, ClassDropIn):
    """Logistic regression with the parameters and attributes of :class:`sklearn.linear_model.LogisticRegression`.

    The optimum is scikit-learn's, the one of ``C * sum_i s_i loss(y_i, z_i) + R(w)``; ``partial_fit`` goes on from it.

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"} or None, default="deprecated"
        As in scikit-learn 1.8 and later: use ``l1_ratio`` and ``C`` instead.
    C : float > 0, default=1.0
        Inverse strength of the penalty beside the sum of losses: ``alpha = 1 / (C * sum of weights)``. ``np.inf`` is no
        penalty.
    l1_ratio : float in [0, 1], default=0.0
        Share of l1 in the penalty; above 0 only with the solvers "saga" and "liblinear".
    dual : bool, default=False
        Accepted with "liblinear", where it changes nothing but the way to the same optimum.
    tol : float >= 0, default=1e-4
        Never less exact than scikit-learn at the same value.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    intercept_scaling : float > 0, default=1
        For "liblinear": the value of the constant column whose coefficient, penalised like any other, is the intercept.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes; they multiply those of samples.
    random_state : int, RandomState or None, default=None
        Seed of the rows that a fit of many rows begins with.
    solver : {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}, default="lbfgs"
        What may be asked for, as in scikit-learn. Every name is mapped onto the same solvers of gradstream: L-BFGS with
        a Newton tail, accelerated proximal gradient where there is l1. "liblinear" has two classes only, and penalises
        the intercept.
    max_iter : int >= 0, default=100
        Iterations over all rows.
    verbose : int, default=0
        Print a line per iteration.
    warm_start : bool, default=False
        Whether ``fit`` starts at the present coefficients.
    n_jobs : int or None, default=None
        Threads. Values other than None warn, as in scikit-learn.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        In X's own units and of its dtype (after a fit with "liblinear" float64); may be written to.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        May be written to.
    n_iter_ : ndarray of shape (1,), int32
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
    gradstream.LinearClassifier : The main estimator: more losses, standardised columns, any regime.
    sklearn.linear_model.LogisticRegression : What this stands in for.

    Notes
    -----
    In ``partial_fit`` the penalty follows ``1 / (C * weight seen)``, in steps of a quarter.

    References
    ----------
    .. [1] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", Mathematical
       Programming 45, 1989.
    .. [2] A. Beck and M. Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse problems",
       SIAM Journal on Imaging Sciences 2, 2009.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from gradstream.linear_model import LogisticRegression
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LogisticRegression().fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> model.partial_fit(X, y).n_samples_seen_
    300
    """

    loss = "log_loss"
    _stronger = "Use a finite C."
    _parameter_constraints: ClassVar[dict[str, Any]] = rules.LOGISTIC

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.solver != "liblinear"
        return tags

    def _checked_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        rules.reject_pairs(self)
        return super()._checked_rows(X, y, sample_weight)

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        targets, _ = counted_labels(self, y, weights, n_rows)
        assert targets.classes is not None
        if self.solver == "liblinear" and len(targets.classes) > 2:
            raise ValueError(rules.MULTICLASS_LIBLINEAR)
        if len(targets.classes) < 2:
            raise ValueError(
                "This solver needs samples of at least 2 classes in the data, but the data contains only one class: "
                f"{targets.classes[0]!r}"
            )
        return targets

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        share = rules.l1_share(self)
        penalised = share is not None
        return CLASSIFIER | {
            "loss": "log_loss",
            "penalty": "elasticnet" if penalised else None,
            "alpha": 1.0 / (self.C * weight) if penalised else 0.0,
            "l1_ratio": share,
            "fit_intercept": self.fit_intercept,
            "class_weight": self.class_weight,
        }

    def _goal(self, problem: Problem, center: Float64 | None) -> Goal:
        """Return the goal: most of scikit-learn's solvers bound the largest element of the gradient of the mean."""
        if self.solver == "liblinear":
            positive = int(np.count_nonzero(problem.targets.y > 0))
            rarer = min(positive, problem.X.shape[0] - positive)
            return Goal(EXACT * self.tol * max(1, rarer) / problem.X.shape[0])
        if self.solver in ("lbfgs", "newton-cg"):
            return Goal(relative(problem, center, self.tol), self.tol)
        return Goal(EXACT * relative(problem, center, self.tol))

    def _minimise(self, problem: Problem, watch: Any) -> Optimum:
        found = self._found(problem, watch)
        if self.max_iter > 0:
            return found
        weights, intercept = found.point.weights, found.point.intercept  # scikit-learn begins at 0, we at the best b
        return replace(found, point=Point(weights, intercept if problem.start else np.zeros_like(intercept)))

    def _found(self, problem: Problem, watch: Any) -> Optimum:
        if self.solver != "liblinear" or not self.fit_intercept:
            return super()._minimise(problem, watch)
        constant, goal = float(self.intercept_scaling), self._goal(problem, None)
        found = minimise(with_constant(problem, constant), None, goal, watch)
        self._warn(problem, goal, found)
        point = Point(np.ascontiguousarray(found.point.weights[:-1]), found.point.weights[-1] * constant)
        return Optimum(point, found.result)

    def _shaped_like(self, rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
        point, dtype = optima[0].point, np.dtype(np.float64) if self.solver == "liblinear" else rows.X.dtype
        return np.ascontiguousarray(point.weights.T, dtype), point.intercept.astype(dtype)

    def _unconverged(self, n_iter: int, gap: str) -> str:
        return rules.unconverged(self.solver, n_iter, self.max_iter, gap)

    def _n_iter(self, n_iter: list[int]) -> Any:
        return np.array(n_iter, np.int32)

    def _start(self, rows: Rows) -> Start | None:
        if not (self.warm_start and "coef_" in self.__dict__) or self.solver == "liblinear":
            return None
        columns, d = rows.targets.columns, rows.X.shape[1]
        coef = self.coef_.toarray() if sp.issparse(self.coef_) else self.coef_
        if coef.shape != (columns, d):
            intercepts = int(self.fit_intercept)
            shape = (columns, d + intercepts) if columns > 1 else (d + intercepts,)
            raise ValueError(
                f"Initialization coef is of shape {(coef.shape[0], coef.shape[1] + intercepts)}, expected shape {shape}"
            )
        return Start(np.ascontiguousarray(coef.T, np.float64), np.array(self.intercept_, np.float64))


register("gradstream.linear_model.LogisticRegression", LogisticRegression)
