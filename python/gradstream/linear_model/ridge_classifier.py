"""RidgeClassifier: scikit-learn's, on gradstream's solvers; of two classes able to go on row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.metaestimators import available_if

from gradstream._targets import Targets, counted_labels
from gradstream.linear_model import _parameters_ridge as rules
from gradstream.linear_model._classes import ClassDropIn
from gradstream.linear_model._drop_in import CLASSIFIER, Rows
from gradstream.linear_model._optimum import Goal, Optimum
from gradstream.linear_model._shared_gram import solved_together
from gradstream.persistence import register
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from gradstream._core import Float64


def _fitted_to_two_classes(estimator: RidgeClassifier) -> bool:
    """Say so, or raise the AttributeError that ``hasattr`` turns into False."""
    if "_model" not in vars(estimator):
        raise AttributeError("partial_fit of RidgeClassifier goes on from a fit of two classes, and there is none.")
    return True


class RidgeClassifier(ClassDropIn):
    """Ridge regression on -1 and +1, as :class:`sklearn.linear_model.RidgeClassifier` does it.

    Two classes are one column of targets; more are a column each, the class against the rest.

    Parameters
    ----------
    alpha : float >= 0, default=1.0
        Strength of the penalty beside the sum of squares.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    copy_X : bool, default=True
        No effect: X is never written to.
    max_iter : int >= 1 or None, default=None
        Iterations over all rows; None is 15,000.
    tol : float >= 0, default=1e-4
        Never less exact than scikit-learn at the same value. Dense rows are fitted to rounding whatever it is.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes; they multiply those of samples.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, default="auto"
        What may be asked for, as in scikit-learn; every name is mapped onto L-BFGS with a Newton tail.
    positive : bool, default=False
        True is not available yet.
    random_state : int, RandomState or None, default=None
        Seed of the rows that a fit of many rows begins with.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    coef_ : ndarray of shape (n_features,) or (n_classes, n_features)
        Flat of two classes, as scikit-learn's. In X's own units and of its dtype; may be written to.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        0.0 without. May be written to.
    n_iter_ : ndarray of shape (1,) or (n_classes,)
        Iterations of the last ``fit``; scikit-learn has None where its solver has none.
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
        What was last learnt with; "bank" is streaming untuned.
    t_ : float
        Clock of the learning rate: weight seen.
    n_samples_seen_ : int
        Rows of positive weight learnt from.
    learning_rate_weights_ : dict of str to float
        After ``partial_fit``: weight of each rate in the model, sum 1.

    See Also
    --------
    Ridge : The same for real targets.
    sklearn.linear_model.RidgeClassifier : What this stands in for.

    Notes
    -----
    More than two classes share one Gram matrix of dense rows. They do not go on with ``partial_fit`` yet: there is such
    a method after a fit of two classes. Nor is there a fit of several labels a row. In ``partial_fit`` the penalty
    follows ``alpha / weight seen``, in steps of a quarter.

    References
    ----------
    .. [1] A. E. Hoerl and R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
       Technometrics 12, 1970.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from gradstream.linear_model import RidgeClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> RidgeClassifier().fit(X, y).score(X, y) > 0.95
    True
    """

    loss = "squared_error"
    n_jobs = None
    verbose = 0
    warm_start = False
    solver_: str
    _parameter_constraints: ClassVar[dict[str, Any]] = rules.RIDGE_CLASSIFIER

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: Any = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter  # type: ignore[assignment]
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @available_if(_fitted_to_two_classes)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Learn one chunk of rows in the order given, and go on from a fit of two classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Dense arrays and CSR matrices of the model's dtype are read in place.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            May repeat the two classes of the fit.
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
        """
        return super().partial_fit(X, y, classes, sample_weight)

    def _shaped(self, coef: Float64, intercept: Float64) -> tuple[Any, Any]:
        rows, intercept = super()._shaped(coef, intercept)
        return rows[0], intercept if self.fit_intercept else 0.0

    def _checked_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        rules.reject_pairs(self, X)
        rows = super()._checked_rows(X, y, sample_weight)
        targets, columns = rows.targets, rows.targets.columns
        rules.reject_alphas(self, columns)
        if columns == 1:
            return rows
        signed = (np.where(targets.y == code, 1.0, -1.0) for code in range(columns))
        return replace(rows, columns=tuple(Targets(y, targets.weights) for y in signed))

    def _complete(self, other: Any) -> None:
        other._label_binarizer = LabelBinarizer(pos_label=1, neg_label=-1).fit(self.classes_)

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        if getattr(y, "ndim", 1) == 2 and y.shape[1] > 1:
            raise rules.several_labels(y.shape)
        targets, _ = counted_labels(self, y, None, n_rows)  # "balanced" counts rows, as scikit-learn's does here
        assert targets.classes is not None
        if len(targets.classes) < 2:
            raise ValueError(
                "The number of classes has to be greater than one; got 1 class: y holds nothing but "
                f"{targets.classes[0]!r}"
            )
        if weights is None:
            return targets
        return replace(targets, weights=weights if targets.weights is None else weights * targets.weights)

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        return CLASSIFIER | rules.in_main_parameters(self, weight, column) | {"class_weight": self.class_weight}

    def _goal(self, problem: Problem, center: Float64 | None) -> Goal:
        return rules.goal(self.tol, problem)

    def _optima(self, problems: list[Problem], watch: Any) -> list[Optimum]:
        return solved_together(problems) or super()._optima(problems, watch)

    def _most_iterations(self) -> int:
        return self.max_iter or rules.MOST_ITERATIONS

    def _unconverged(self, n_iter: int, gap: str) -> str:
        return rules.unconverged(n_iter, gap)

    def _take(self, optima: list[Optimum], rows: Rows, state: Any) -> None:
        super()._take(optima, rows, state)
        self.solver_ = rules.solver_name(self, rows.X.layout)

    def _shaped_like(self, rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
        coef, intercept = rules.stacked(rows, optima)
        return coef, intercept if self.fit_intercept else 0.0

    def _n_iter(self, n_iter: list[int]) -> Any:
        return np.array(n_iter, np.int32)


register("gradstream.linear_model.RidgeClassifier", RidgeClassifier)
