"""What a classifier adds: labels in, labels and probabilities out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if

from gradstream import _core
from gradstream._state import LearnerState
from gradstream._targets import (
    Targets,
    fit_labels,
    label_code,
    online_class_weights,
    online_classes,
    online_labels,
    validation_labels,
)
from gradstream.estimators import _probabilities as probabilities
from gradstream.estimators._batch import BatchEstimator
from gradstream.estimators._fitted_values import read_only
from gradstream.regimes.problem import Start
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64


def _has_probabilities(estimator: ClassEstimator) -> bool:
    """Say so, or raise the AttributeError that ``hasattr`` turns into False."""
    if estimator.loss not in probabilities.LOSSES:
        raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")
    return True


class ClassEstimator(BatchEstimator):
    """Base of LinearClassifier: everything but its parameters."""

    classes_: NDArray[Any]
    class_weight: Any

    @property
    def coef_(self) -> NDArray[Any]:
        """Coefficients in X's own units, (1, n_features) or (n_classes, n_features), read-only."""
        return read_only(self._shaped(*self._linear())[0])

    @property
    def intercept_(self) -> NDArray[Any]:
        """Intercepts, (1,) or (n_classes,), read-only."""
        return read_only(self._linear()[1])

    def _shaped(self, coef: Float64, intercept: Float64) -> tuple[NDArray[Any], Any]:
        return np.ascontiguousarray(coef.T, self._model.state.table.dtype), intercept

    def decision_function(self, X: Any) -> NDArray[np.float64]:
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
        return raveled(self._margins(X))

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
        return self._labels_of(self._margins(X))

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return class probabilities of rows; for "log_loss" and "modified_huber" only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.

        References
        ----------
        .. [1] T. Zhang, "Statistical behavior and consistency of classification methods based on convex risk
           minimization", Annals of Statistics 32, 2004 (modified_huber).
        """
        return self._probabilities_of(self._margins(X))

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return logarithms of class probabilities of rows; for "log_loss" and "modified_huber" only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Accurate where the probabilities themselves round to 0 or 1.

        Raises
        ------
        ValueError
            If X is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return probabilities.log_of_margins(self.loss, self._margins(X))

    def predict_one(self, x: Any) -> Any:
        """Return the most likely label of one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.

        Returns
        -------
        label : object
            One of ``classes_``.

        Raises
        ------
        ValueError
            If x is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        try:
            code = self._model.one.code(x)
        except AttributeError:  # before the first row
            code = None
        return self._labels_of(self._margins_one(x))[0] if code is None else self.classes_[code]

    def predict_proba_one(self, x: Any) -> NDArray[np.float64]:
        """Return the class probabilities of one row; for "log_loss" and "modified_huber" only.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.

        Returns
        -------
        probabilities : ndarray of shape (n_classes,)
            In the order of ``classes_``.

        Raises
        ------
        AttributeError
            If the loss has no probabilities.
        ValueError
            If x is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        if self.loss == "log_loss":
            try:
                pair = self._model.one.sigmoid(x)
            except AttributeError:  # before the first row
                pair = None
            if pair is not None:
                return pair
        _has_probabilities(self)  # available_if would take as long as the row does
        return self._probabilities_of(self._margins_one(x))[0]

    def _labels_of(self, margins: Float64) -> NDArray[Any]:
        if margins.size == 1:  # a row on its own: two steps of NumPy take longer than all others together
            code = int(margins.item() > 0)
            return self.classes_[code : code + 1].copy()
        labels = _core.labels_of_margins(margins, self.classes_, self._report_threads(len(margins)))
        if labels is not None:
            return labels
        codes = margins.argmax(axis=1) if margins.shape[1] > 1 else (margins[:, 0] > 0).astype(np.intp)
        return self.classes_[codes]

    def _probabilities_of(self, margins: Float64) -> NDArray[np.float64]:
        return probabilities.of_margins(self.loss, margins)

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        return fit_labels(self, y, weights, n_rows)

    def _online_targets(self, y: Any, weights: Float64 | None, n_rows: int, classes: Any) -> Targets:
        return online_labels(self, y, weights, online_classes(self, classes), n_rows)

    def _validation_targets(self, y: Any, weights: Float64 | None, n_rows: int, training: Targets) -> Targets:
        assert training.classes is not None
        return validation_labels(self, y, weights, training.classes, n_rows)

    def _scorer(self, targets: Targets) -> Callable[[Float64], float]:
        """Return accuracy as a function of margins."""

        def accuracy(margins: Float64) -> float:
            codes = margins.argmax(axis=1) if margins.shape[1] > 1 else np.where(margins[:, 0] > 0, 1.0, -1.0)
            return float(np.average(codes == targets.y, weights=targets.weights))

        return accuracy

    def _held_back(self, y: Float64, seed: int) -> Any:
        from sklearn.model_selection import StratifiedShuffleSplit

        splitter = StratifiedShuffleSplit(test_size=self.validation_fraction, random_state=seed)
        return next(splitter.split(np.zeros((len(y), 1)), y))[1]

    def _keep(self, model: Model, targets: Targets) -> None:
        super()._keep(model, targets)
        assert targets.classes is not None
        self.classes_ = read_only(targets.classes)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy; copies of arrays can be written to."""
        super().__setstate__(state)
        read_only(vars(self).get("classes_"))

    def _install(self, solution: Any, targets: Targets) -> None:
        super()._install(solution, targets)
        self._balanced_class_weights = targets.class_weights if self.class_weight == "balanced" else None

    def _snapshot(self, targets: Targets) -> Callable[[LearnerState], dict[str, Any]]:
        return lambda state: {"_model": Model(state), "classes_": targets.classes}

    def _warm_start(self) -> Start | None:
        start = super()._warm_start()
        return None if start is None else replace(start, classes=self.classes_)

    def _online_value(self, y: Any) -> tuple[float, float]:
        known = self._model.values
        if not known:
            self._know_labels(self._model)
        try:
            return known[y]
        except (KeyError, TypeError):  # of another type than the classes, or not hashable
            code = label_code(self, y, self.classes_)
        return list(known.values())[code]

    def _know_labels(self, model: Model) -> None:
        """Note what every label is to the loss, and the weight of its class: NumPy's scalars are slow to compare."""
        weights = online_class_weights(self, self.classes_)
        for code, label in enumerate(self.classes_.tolist()):
            value = 2.0 * code - 1.0 if len(self.classes_) == 2 else float(code)
            model.values[label] = value, 1.0 if weights is None else float(weights[code])


def raveled(margins: Float64) -> NDArray[np.float64]:
    """Return (n,) margins of two classes, (n, n_classes) of more."""
    return margins[:, 0] if margins.shape[1] == 1 else margins
