"""SGDOneClassSVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OutlierMixin
from sklearn.utils.validation import check_is_fitted

from gradstream._validation import CheckedRows, check_weight_left
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.linear_model._sgd_base import SGDBase, about_rows
from gradstream.linear_model._sgd_margins import margins_of
from gradstream.linear_model._sgd_model import SgdModel, only_row
from gradstream.linear_model._sgd_parameters import ONE_CLASS, reject_pairs
from gradstream.linear_model._sgd_seeds import one_class_seed
from gradstream.persistence import register

if TYPE_CHECKING:
    from gradstream._core import Float64

ONE = np.ones(1)


class SGDOneClassSVM(OutlierMixin, SGDBase):
    """Linear one-class SVM learnt by stochastic gradient descent, as scikit-learn's, several times as fast.

    Parameters
    ----------
    nu : float in (0, 1], default=0.5
        Share of rows that may be outliers, in the limit; the strength of the penalty.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    max_iter : int >= 1, default=1000
        Epochs of ``fit`` at most.
    tol : float >= 0 or None, default=0.001
        ``fit`` stops when an epoch's objective is above the best one so far less ``tol``, ``n_iter_no_change`` times
        in a row. None runs ``max_iter``.
    shuffle : bool, default=True
        Visit rows in a new order in every epoch, and in every call of ``partial_fit``.
    verbose : int >= 0, default=0
        Print a line per epoch.
    random_state : int, RandomState or None, default=None
        Of the orders and the validation split: the draws are those of scikit-learn.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}, default="optimal"
        "constant": eta0; "optimal": 1 / (alpha (t0 + t)); "invscaling": eta0 / t ** power_t; "adaptive": eta0,
        divided by 5 when the objective stands still; "pa1" and "pa2": passive-aggressive with C = eta0.
    eta0 : float > 0, default=0.01
        Rate, see ``learning_rate``.
    power_t : float, default=0.5
        Exponent of "invscaling".
    warm_start : bool, default=False
        ``fit`` starts at the weights of the last one. The clock starts anew.
    average : bool or int, default=False
        ``coef_`` is the mean of the weights over all steps, or from that step on.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights; ``partial_fit`` changes the array in place.
    offset_ : ndarray of shape (1,)
        What scores have to exceed: ``decision_function`` is ``score_samples`` less the offset.
    n_iter_ : int
        Epochs of the last call, of the class that took most.
    t_ : float
        1 plus the steps made since ``fit`` began; rows held out count.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if all are strings.

    See Also
    --------
    sklearn.linear_model.SGDOneClassSVM : The estimator that this one stands for.

    Notes
    -----
    Equal parameters give scikit-learn's coefficients, step by step, to rounding. Where scikit-learn is wrong this does
    the right thing: docs/guide/sgd_drop_ins.md has the list.

    Examples
    --------
    >>> import numpy as np
    >>> from gradstream.linear_model import SGDOneClassSVM
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> SGDOneClassSVM(random_state=42, tol=None).fit(X).predict([[4.0, 4.0]])
    array([1], dtype=int32)
    """

    _parameter_constraints: dict[str, Any] = ONE_CLASS

    nu: float
    offset_: NDArray[Any]

    def __init__(
        self,
        nu: float = 0.5,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        warm_start: bool = False,
        average: bool | int = False,
    ) -> None:
        self.nu = nu
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.warm_start = warm_start
        self.average = average

    loss = "hinge"
    penalty = "l2"
    l1_ratio = 0
    epsilon = 0.1
    early_stopping = False
    n_iter_no_change = 5

    @property
    def _strength(self) -> float:
        return self.nu

    def fit(
        self, X: Any, y: Any = None, coef_init: Any = None, offset_init: Any = None, sample_weight: Any = None
    ) -> SGDOneClassSVM:
        """Learn from all rows, epoch by epoch, from nothing unless ``warm_start``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. C-ordered and CSR data of float32 or float64 are read in place.
        y : object, default=None
            Not read.
        coef_init : ndarray of the shape of ``coef_``, default=None
            Weights to start from; not changed.
        offset_init : ndarray of the shape of ``offset_``, default=None
            Offset to start from.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that multiply the steps; a row of weight 0 is no row. None means 1 for every row.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If X, y, weights or parameters are not what they must be, or the weights overflow. The model is what it
            was before.
        """
        with learning_turn(self), unchanged_on_error(self):
            self._validate_params()
            reject_pairs(self, self._strength, "epsilon_insensitive")
            rows = self._rows(X, reset=True)
            if self.warm_start and "coef_" in vars(self):
                coef_init = self.coef_ if coef_init is None else coef_init
                offset_init = self.offset_ if offset_init is None else offset_init
            model = self._fresh(1, rows.shape[1], rows.dtype, coef_init, offset_init)
            model.intercept = 1.0 - model.intercept
            weights = self._weights(sample_weight, rows.shape[0])
            check_weight_left(weights[0])
            self._learn(model, rows, weights, self.max_iter)
        self._warn_after_fit()
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> SGDOneClassSVM:
        """Learn from some rows, once through, and go on from what was learnt before.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. C-ordered and CSR data of float32 or float64 are read in place.
        y : object, default=None
            Not read.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights that multiply the steps; a row of weight 0 is no row. None means 1 for every row.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If X, y, weights or parameters are not what they must be, or the weights overflow. The model is what it
            was before.
        """
        with learning_turn(self), unchanged_on_error(self):
            first = vars(self).get("coef_") is None
            if first or "_engine" not in vars(self):  # or other parameters than before
                self._validate_params()
                reject_pairs(self, self._strength, "epsilon_insensitive")
            rows = self._rows(X, reset=first or "n_features_in_" not in vars(self))
            weights = self._weights(sample_weight, rows.shape[0])
            if first:
                model = self._fresh(1, rows.shape[1], rows.dtype, None, None)
                model.intercept = 1.0 - model.intercept
            else:
                model = self._present(1, rows.shape[1])
            self._learn(model, rows, weights, 1)
        return self

    def _learn(
        self,
        model: SgdModel,
        rows: CheckedRows,
        weights: tuple[Float64 | None, NDArray[np.uint32] | None],
        max_iter: int,
    ) -> None:
        about = about_rows(*weights, one_class_seed(self.random_state), None)
        about["codes"] = np.ones(rows.shape[0], np.int32)
        about["weight_positive"] = about["weight_negative"] = ONE
        self._run(model, rows, about, max_iter)

    def _publish(self, coef: NDArray[Any], intercept: Float64) -> None:
        self.coef_ = only_row(coef, vars(self).get("coef_"))
        self.offset_ = 1.0 - intercept

    def _intercepts(self) -> Any:
        return 1.0 - np.asarray(self.offset_)

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return signed distances: positive for inliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        decisions : ndarray of shape (n_samples,)
            Scores less the offset.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return self.score_samples(X) - self.offset_

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Return scores without the offset.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Products of rows and weights.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        check_is_fitted(self, "coef_")
        return margins_of(self, X, self.coef_, np.zeros(1, self.coef_.dtype)).reshape(-1)

    def _coefficients(self) -> tuple[Float64, Float64]:
        check_is_fitted(self, "coef_")
        return np.atleast_2d(np.asarray(self.coef_, np.float64)), -np.asarray(self.offset_, np.float64)

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Return 1 for inliers, -1 for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            int32.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return np.where(self.decision_function(X) >= 0, 1, -1).astype(np.int32)


register("gradstream.linear_model.SGDOneClassSVM", SGDOneClassSVM)
