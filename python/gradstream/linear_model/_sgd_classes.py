"""SGD classifiers: one column for two classes, a column for each class against the rest for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import _check_partial_fit_first_call

from gradstream._targets import chunk_codes, labels_and_codes
from gradstream._threads import thread_count
from gradstream._validation import CheckedRows, check_weight_left
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.linear_model._sgd_base import SGDBase, about_rows
from gradstream.linear_model._sgd_margins import labels_of, margins_of
from gradstream.linear_model._sgd_parameters import CLASSIFIER, reject_pairs
from gradstream.linear_model._sgd_seeds import Mask, binary_seed, class_seeds

if TYPE_CHECKING:
    from gradstream._core import Float64


def nothing() -> None:
    """Hold no row out."""


def same_classes(classes: Any, known: NDArray[Any]) -> bool:
    """Say whether a caller repeats the classes as they are."""
    given = classes.tolist() if isinstance(classes, np.ndarray) else classes
    return type(given) is list and given == known.tolist()


BALANCED_NEEDS_ALL = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample of the "
    "full training set target to properly estimate the class frequency distributions. Pass the resulting weights as "
    "the class_weight parameter."
)


class SGDClasses(LinearClassifierMixin, SGDBase):
    """What :class:`SGDClassifier` and :class:`Perceptron` share; the parameters are those of the former."""

    _parameter_constraints: dict[str, Any] = CLASSIFIER

    class_weight: Any
    n_jobs: int | None
    classes_: NDArray[Any]
    intercept_: NDArray[Any]

    def __init__(
        self,
        loss: str = "hinge",
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
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
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
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.power_t = power_t
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.average = average

    def fit(self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None) -> Any:
        """Learn from all rows, epoch by epoch, from nothing unless ``warm_start``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. C-ordered and CSR data of float32 or float64 are read in place.
        y : array-like of shape (n_samples,)
            Labels.
        coef_init : ndarray of the shape of ``coef_``, default=None
            Weights to start from; not changed.
        intercept_init : ndarray of the shape of ``intercept_``, default=None
            Intercepts to start from.
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
            reject_pairs(self, self._strength, "hinge")
            rows = self._rows(X, reset=True)
            classes, codes = labels_and_codes(self, y, rows.shape[0])
            if len(classes) < 2:
                raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
            weights, listed = self._weights(sample_weight, rows.shape[0])
            check_weight_left(weights)
            if self.warm_start and "coef_" in vars(self):
                coef_init = self.coef_ if coef_init is None else coef_init
                intercept_init = self.intercept_ if intercept_init is None else intercept_init
            columns = 1 if len(classes) == 2 else len(classes)
            model = self._fresh(columns, rows.shape[1], rows.dtype, coef_init, intercept_init)
            known = vars(self).get("classes_")
            self.classes_ = classes
            try:
                labels = None if self.class_weight is None else classes[codes]
                about = self._about(rows, codes, labels, weights, listed)
                self._run(model, rows, about, self.max_iter, self._threads(columns))
            except BaseException:
                self._restore_classes(known)
                raise
        self._warn_after_fit()
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Learn from some rows, once through, and go on from what was learnt before.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. C-ordered and CSR data of float32 or float64 are read in place.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All classes there will be; needed in the first call.
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
            if "_held" in vars(self) and sample_weight is None and self._chunk(X, y, classes):
                return self
            self._partial_fit(X, y, classes, sample_weight)
        return self

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Return the margins of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        margins : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Two classes: positive for ``classes_[1]``.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        margins = self._margins(X)
        return margins.reshape(-1) if margins.shape[1] == 1 else margins

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most likely label of rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Of the dtype of ``classes_``.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return labels_of(self, self._margins(X))

    def _margins(self, X: Any) -> NDArray[Any]:
        attributes = vars(self)
        return margins_of(self, X, attributes.get("coef_"), attributes.get("intercept_"))

    def _chunk(self, X: Any, y: Any, classes: Any) -> bool:
        """Learn a plain chunk the short way; False, and nothing has happened, where it is not plain."""
        if classes is not None and not same_classes(classes, self.classes_):
            return False
        if not self._may_learn_held(X, y, self.classes_.dtype):
            return False
        n_classes = len(self.classes_)
        if n_classes == 2:
            seeds = binary_seed(self.random_state, nothing)[0]
        else:
            seeds = class_seeds(self.random_state, nothing, n_classes)[0]
        return self._learn_held(X, y, seeds, self._threads(1 if n_classes == 2 else n_classes))

    def _partial_fit(self, X: Any, y: Any, classes: Any, sample_weight: Any) -> None:
        with unchanged_on_error(self):
            first = "classes_" not in vars(self)
            if first or "_engine" not in vars(self):  # or other parameters than before
                self._validate_params()
                self._reject_first_partial_fit()
            known = vars(self).get("classes_")
            try:
                rows = self._rows(X, reset=first or "n_features_in_" not in vars(self))
                _check_partial_fit_first_call(self, classes)
                self._learn_chunk(rows, y, sample_weight)
            except BaseException:
                self._restore_classes(known)
                raise
        if self.class_weight is None and not self.early_stopping:
            self._hold(self.classes_)

    def _learn_chunk(self, rows: CheckedRows, y: Any, sample_weight: Any) -> None:
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {n_classes} class")
        columns = 1 if n_classes == 2 else n_classes
        labels, codes = chunk_codes(self, y, self.classes_, rows.shape[0])
        weights, listed = self._weights(sample_weight, rows.shape[0])
        if vars(self).get("coef_") is None:
            model = self._fresh(columns, rows.shape[1], rows.dtype, None, None)
        else:
            model = self._present(columns, rows.shape[1])
        self._run(model, rows, self._about(rows, codes, labels, weights, listed), 1, self._threads(columns))

    def _restore_classes(self, known: NDArray[Any] | None) -> None:
        if known is None:
            self.__dict__.pop("classes_", None)
        else:
            self.classes_ = known

    def _reject_first_partial_fit(self) -> None:
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")
        reject_pairs(self, self._strength, "hinge")
        if self.class_weight == "balanced":
            raise ValueError(BALANCED_NEEDS_ALL)

    def _threads(self, columns: int) -> int:
        return 1 if columns == 1 else thread_count(self.n_jobs)

    def _about(
        self,
        rows: CheckedRows,
        codes: NDArray[np.int32],
        labels: NDArray[Any] | None,
        weights: Float64 | None,
        listed: NDArray[np.uint32] | None,
    ) -> dict[str, Any]:
        """Return what the core is told of the rows."""
        n_classes = len(self.classes_)

        def split() -> Mask:
            if not self.early_stopping:
                return None
            from sklearn.model_selection import StratifiedShuffleSplit

            return self._held_out(codes, listed, StratifiedShuffleSplit)

        if n_classes == 2:
            seeds, held_out = binary_seed(self.random_state, split)
        else:
            seeds, held_out = class_seeds(self.random_state, split, n_classes)
        about = about_rows(weights, listed, seeds, held_out)
        about["codes"] = codes
        about["weight_positive"], about["weight_negative"] = self._class_weights(labels)
        return about

    def _class_weights(self, labels: NDArray[Any] | None) -> tuple[Float64, Float64]:
        """Return what the rows of y = +1 and of y = -1 weigh in every column. None: nothing asks for the labels."""
        n_classes = len(self.classes_)
        if self.class_weight is None or labels is None:
            ones = np.ones(1 if n_classes == 2 else n_classes)
            return ones, ones
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=labels).astype(np.float64)
        if n_classes == 2:
            return weights[1:].copy(), weights[:1].copy()
        return weights, np.ones(n_classes)

    def _publish(self, coef: NDArray[Any], intercept: Float64) -> None:
        self.coef_ = coef
        # As in scikit-learn: an intercept of two classes is float64 whatever the data are.
        self.intercept_ = intercept.copy() if len(coef) == 1 else intercept.astype(coef.dtype)

    def _intercepts(self) -> Any:
        return self.intercept_
