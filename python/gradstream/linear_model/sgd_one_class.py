"""SGDOneClassSVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import OutlierMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from gradstream._validation import CheckedRows, check_weight_left
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.linear_model._sgd_base import SGDBase, about_rows
from gradstream.linear_model._sgd_model import SgdModel
from gradstream.linear_model._sgd_parameters import ONE_CLASS, reject_pairs
from gradstream.linear_model._sgd_seeds import one_class_seed

if TYPE_CHECKING:
    from gradstream._core import Float64

ONE = np.ones(1)


class SGDOneClassSVM(OutlierMixin, SGDBase):
    """Linear one-class SVM learnt by stochastic gradient descent."""

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
        """Learn from all rows, epoch by epoch."""
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
        """Learn from some rows, once through."""
        with learning_turn(self), unchanged_on_error(self):
            first = vars(self).get("coef_") is None
            if first:
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
        self.coef_ = coef[0]
        self.offset_ = 1.0 - intercept

    def _intercepts(self) -> Any:
        return 1.0 - np.asarray(self.offset_)

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return signed distances: positive for inliers."""
        return self.score_samples(X) - self.offset_

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Return scores without the offset."""
        check_is_fitted(self, "coef_")
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        return np.asarray(safe_sparse_dot(X, self.coef_.T, dense_output=True)).ravel()

    def predict(self, X: Any) -> NDArray[np.int32]:
        """Return 1 for inliers, -1 for outliers."""
        return np.where(self.decision_function(X) >= 0, 1, -1).astype(np.int32)
