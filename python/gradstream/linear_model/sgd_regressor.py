"""SGDRegressor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from gradstream._targets import finite_reals
from gradstream._validation import CheckedRows, check_weight_left
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.linear_model._sgd_base import SGDBase, about_rows
from gradstream.linear_model._sgd_margins import margins_of
from gradstream.linear_model._sgd_model import SgdModel, only_row
from gradstream.linear_model._sgd_parameters import REGRESSOR, reject_pairs
from gradstream.linear_model._sgd_seeds import Mask, regressor_seed
from gradstream.persistence import register

if TYPE_CHECKING:
    from gradstream._core import Float64

ONE = np.ones(1)


def nothing() -> None:
    """Hold no row out."""


class SGDRegressor(RegressorMixin, SGDBase):
    """Linear regressor learnt by stochastic gradient descent, as scikit-learn's, several times as fast.

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}, default="squared_error"
        Loss of a row; squared_error and huber are halved.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        Penalty of the weights; the intercept is not penalised. "l1" is the cumulative penalty of Tsuruoka et al.
        [1]_.
    alpha : float >= 0, default=0.0001
        Strength of the penalty beside the mean loss; also of learning_rate="optimal".
    l1_ratio : float in [0, 1] or None, default=0.15
        Share of l1 in penalty="elasticnet".
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
    epsilon : float >= 0, default=0.1
        Of the losses "huber", "epsilon_insensitive" and "squared_epsilon_insensitive", in units of y.
    random_state : int, RandomState or None, default=None
        Of the orders and the validation split: the draws are those of scikit-learn.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}, default="invscaling"
        "constant": eta0; "optimal": 1 / (alpha (t0 + t)); "invscaling": eta0 / t ** power_t; "adaptive": eta0,
        divided by 5 when the objective stands still; "pa1" and "pa2": passive-aggressive with C = eta0.
    eta0 : float > 0, default=0.01
        Rate, see ``learning_rate``.
    power_t : float, default=0.25
        Exponent of "invscaling".
    early_stopping : bool, default=False
        Hold rows out and stop ``fit`` on their score instead of on the objective.
    validation_fraction : float in (0, 1), default=0.1
        Share of rows held out.
    n_iter_no_change : int >= 1, default=5
        Epochs without improvement before ``fit`` stops.
    warm_start : bool, default=False
        ``fit`` starts at the weights of the last one. The clock starts anew.
    average : bool or int, default=False
        ``coef_`` is the mean of the weights over all steps, or from that step on.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights; ``partial_fit`` changes the array in place.
    intercept_ : ndarray of shape (1,)
        Intercept.
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
    sklearn.linear_model.SGDRegressor : The estimator that this one stands for.

    Notes
    -----
    Equal parameters give scikit-learn's coefficients, step by step, to rounding. Where scikit-learn is wrong this does
    the right thing: docs/guide/sgd_drop_ins.md has the list.

    References
    ----------
    .. [1] Tsuruoka, Tsujii and Ananiadou, "Stochastic gradient descent training for l1-regularized log-linear models
       with cumulative penalty", ACL 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from gradstream.linear_model import SGDRegressor
    >>> X = np.linspace(-1.0, 1.0, 200)[:, None]
    >>> model = SGDRegressor(random_state=0, max_iter=200, tol=None).fit(X, 3.0 * X[:, 0] + 1.0)
    >>> model.predict([[0.5]]).round(1)
    array([2.5])
    """

    _parameter_constraints: dict[str, Any] = REGRESSOR

    intercept_: NDArray[Any]

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        random_state: Any = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
    ) -> None:
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.verbose = verbose
        self.epsilon = epsilon
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.average = average

    def fit(
        self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None
    ) -> SGDRegressor:
        """Learn from all rows, epoch by epoch, from nothing unless ``warm_start``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. C-ordered and CSR data of float32 or float64 are read in place.
        y : array-like of shape (n_samples,)
            Targets.
        coef_init : ndarray of the shape of ``coef_``, default=None
            Weights to start from; not changed.
        intercept_init : ndarray of the shape of ``intercept_``, default=None
            Intercept to start from.
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
            if self.warm_start and vars(self).get("coef_") is not None:
                coef, intercept = self._running()
                coef_init = coef if coef_init is None else coef_init
                intercept_init = intercept if intercept_init is None else intercept_init
            model = self._fresh(1, rows.shape[1], rows.dtype, coef_init, intercept_init)
            values = finite_reals(self, y, rows.shape[0])
            weights = self._weights(sample_weight, rows.shape[0])
            check_weight_left(weights[0])
            self._learn(model, rows, values, weights, self.max_iter)
        self._warn_after_fit()
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> SGDRegressor:
        """Learn from some rows, once through, and go on from what was learnt before.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. C-ordered and CSR data of float32 or float64 are read in place.
        y : array-like of shape (n_samples,)
            Targets.
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
        with learning_turn(self):
            plain = "_held" in vars(self) and sample_weight is None
            if plain and self._may_learn_held(X, y, np.float64):
                seeds = regressor_seed(self.random_state, nothing)[0]
                if self._learn_held(X, y, seeds, 1):
                    return self
            self._partial_fit(X, y, sample_weight)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any) -> None:
        with unchanged_on_error(self):
            first = vars(self).get("coef_") is None
            if first or "_engine" not in vars(self):  # or other parameters than before
                self._validate_params()
                if self.early_stopping:
                    raise ValueError("early_stopping should be False with partial_fit")
                reject_pairs(self, self._strength, "epsilon_insensitive")
            rows = self._rows(X, reset=first or "n_features_in_" not in vars(self))
            values = finite_reals(self, y, rows.shape[0])
            weights = self._weights(sample_weight, rows.shape[0])
            if first:
                model = self._fresh(1, rows.shape[1], rows.dtype, None, None)
            else:
                model = self._present(1, rows.shape[1])
            self._learn(model, rows, values, weights, 1)
        if not self.early_stopping:
            self._hold(None)

    def _learn(
        self,
        model: SgdModel,
        rows: CheckedRows,
        values: Float64,
        weights: tuple[Float64 | None, NDArray[np.uint32] | None],
        max_iter: int,
    ) -> None:
        def split() -> Mask:
            if not self.early_stopping:
                return None
            from sklearn.model_selection import ShuffleSplit

            return self._held_out(values, weights[1], ShuffleSplit)

        about = about_rows(*weights, *regressor_seed(self.random_state, split))
        about["y"] = values
        about["weight_positive"] = about["weight_negative"] = ONE
        self._run(model, rows, about, max_iter)

    def _running(self) -> tuple[Any, Any]:
        """Return what a warm start begins with: beside an average the weights that it is of, as in scikit-learn."""
        if self.average and "_standard_coef" in vars(self):
            return np.ravel(self._standard_coef), self._standard_intercept
        return self.coef_, self.intercept_

    def _publish(self, coef: NDArray[Any], intercept: Float64) -> None:
        self.coef_ = only_row(coef, vars(self).get("coef_"))
        self.intercept_ = intercept.copy()

    def _intercepts(self) -> Any:
        return self.intercept_

    def predict(self, X: Any) -> NDArray[Any]:
        """Return predicted values.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        z : ndarray of shape (n_samples,)
            In units of y.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        attributes = vars(self)
        return margins_of(self, X, attributes.get("coef_"), attributes.get("intercept_")).reshape(-1)


register("gradstream.linear_model.SGDRegressor", SGDRegressor)
