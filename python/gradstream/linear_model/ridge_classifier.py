"""RidgeClassifier: scikit-learn's, on gradstream's solvers, and able to go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.preprocessing import LabelBinarizer

from gradstream._targets import Targets, counted_labels, online_classes, online_labels
from gradstream._unavailable import not_yet
from gradstream.linear_model import _parameters_ridge as rules
from gradstream.linear_model._classes import ClassDropIn
from gradstream.linear_model._drop_in import CLASSIFIER, Rows
from gradstream.linear_model._exact import ExactDropIn, many_columns
from gradstream.linear_model._optimum import Goal, Optimum
from gradstream.linear_model._several_labels import (
    LabelledRows,
    binarizer,
    has_several_labels,
    labelled_rows,
    labels_of,
    signed,
)
from gradstream.persistence import register
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from gradstream._core import Float64


def _signed_columns(targets: Targets) -> Float64:
    """Return -1 and +1 in a column, or a column for every class."""
    if targets.columns == 1:
        return targets.y[:, None]
    signed = np.full((len(targets.y), targets.columns), -1.0)
    signed[np.arange(len(signed)), targets.y.astype(np.intp)] = 1.0
    return signed


class RidgeClassifier(ExactDropIn, ClassDropIn):
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
        What may be asked for, as in scikit-learn; every name is mapped onto sums of products of columns, or, where
        these do not pay, L-BFGS with a Newton tail.
    positive : bool, default=False
        Whether coefficients are to be >= 0; of up to 512 columns.
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
    Ridge : The same for real targets.
    sklearn.linear_model.RidgeClassifier : What this stands in for.

    Notes
    -----
    With up to 512 columns, 128 of sparse rows, ``partial_fit`` and ``learn_one`` are exact: chunks, single rows and one
    fit of all rows give the same optimum to rounding, with any number of classes. With more, a fit of two classes goes
    on row by row, untuned. y with a column of 0 and 1 for every label is learnt a label at a time; ``predict`` returns
    such columns.

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
    _several: str  # there after a fit of several labels a row: what predictions come in
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

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Learn one chunk of rows: the model becomes that of all rows so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come: required in the first call, unless ``fit`` came before.
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
        After a fit of more than 512 columns rows are learnt one by one instead, untuned. scikit-learn's class has no
        such method.
        """
        return super().partial_fit(X, y, classes, sample_weight)

    def _learn(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        if not self.__sklearn_is_fitted__() and many_columns(X):
            raise not_yet(
                f"RidgeClassifier: partial_fit before fit with {X.shape[1]} columns",
                "Fewer can be had, 512 dense or 128 sparse ones; or call fit first, or use LinearClassifier.",
            )
        super()._learn(X, y, sample_weight, classes)

    def _first_columns(
        self, y: Any, weights: Float64 | None, n_rows: int, classes: Any
    ) -> tuple[Float64, Float64 | None]:
        if has_several_labels(y):
            Y = self._online_labels(y, n_rows)
            self.classes_, self._flat, self._several = np.arange(Y.shape[1]), False, "dense"
            return Y, weights
        known = online_classes(self, classes)
        targets = online_labels(self, y, weights, known, n_rows)
        self.classes_, self._flat = known, False
        self._balanced_class_weights = None
        return _signed_columns(targets), targets.weights

    def _online_columns(
        self, y: Any, weights: Float64 | None, n_rows: int, classes: Any
    ) -> tuple[Float64, Float64 | None]:
        if "_several" in vars(self):
            return self._online_labels(y, n_rows), weights
        targets = online_labels(self, y, weights, online_classes(self, classes), n_rows)
        return _signed_columns(targets), targets.weights

    def _online_labels(self, y: Any, n_rows: int) -> Float64:
        if self.class_weight is not None:
            raise not_yet(
                "RidgeClassifier: partial_fit with class_weight and several labels a row", "Use sample_weight."
            )
        known = vars(self).get("classes_")
        if known is not None and (not has_several_labels(y) or np.shape(y)[1] != len(known)):
            raise ValueError(f"y has shape {np.shape(y)}: the model has {len(known)} labels, a column for each.")
        return signed(y, n_rows)

    def _shaped(self, coef: Float64, intercept: Float64) -> tuple[Any, Any]:
        rows, intercept = super()._shaped(coef, intercept)
        if "_sums" not in vars(self):
            rows = rows[0]
        return rows, np.atleast_1d(intercept) if self.fit_intercept else 0.0

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _checked_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        rules.reject_pairs(self, X)
        if has_several_labels(y):
            return labelled_rows(self, X, y, sample_weight)
        rows = super()._checked_rows(X, y, sample_weight)
        targets, columns = rows.targets, rows.targets.columns
        rules.reject_alphas(self, columns)
        if columns == 1:
            return replace(rows, flat=False)
        signed = tuple(np.ascontiguousarray(column) for column in _signed_columns(targets).T)
        return replace(rows, flat=False, columns=tuple(Targets(column, targets.weights) for column in signed))

    def _complete(self, other: Any) -> None:
        several = vars(self).get("_several")
        other._label_binarizer = (
            LabelBinarizer(pos_label=1, neg_label=-1).fit(self.classes_)
            if several is None
            else binarizer(len(self.classes_), several)
        )

    def _labels_of(self, margins: Any) -> Any:
        several = vars(self).get("_several")
        return super()._labels_of(margins) if several is None else labels_of(margins, several)

    def _served(self) -> Any:
        if "_several" in vars(self):
            raise not_yet("RidgeClassifier: export of several labels a row", "Use one estimator for each label.")
        return super()._served()

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
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

    def _most_iterations(self) -> int:
        return self.max_iter or rules.MOST_ITERATIONS

    def _unconverged(self, n_iter: int, gap: str) -> str:
        return rules.unconverged(n_iter, gap)

    def _take(self, optima: list[Optimum], rows: Rows, state: Any) -> None:
        super()._take(optima, rows, state)
        self.solver_ = rules.solver_name(self, rows.X.layout)
        self.__dict__.pop("_several", None)
        if isinstance(rows, LabelledRows):
            self._several = rows.container

    def _shaped_like(self, rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
        coef, intercept = rules.stacked(rows, optima)
        return coef, intercept if self.fit_intercept else 0.0

    def _n_iter(self, n_iter: list[int]) -> Any:
        return np.array(n_iter, np.int32)


register("gradstream.linear_model.RidgeClassifier", RidgeClassifier)
