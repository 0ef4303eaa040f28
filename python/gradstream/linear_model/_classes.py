"""What the classifiers among the batch drop-ins share: labels in, labels out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model._base import LinearClassifierMixin

from gradstream._state import LearnerState
from gradstream.estimators._classes import ClassEstimator
from gradstream.linear_model._drop_in import BatchDropIn, Rows
from gradstream.linear_model._optimum import Optimum


class ClassDropIn(LinearClassifierMixin, BatchDropIn, ClassEstimator):
    """A drop-in of scikit-learn's linear classifiers."""

    # LinearClassifierMixin stands before ClassEstimator, for its tags; rows are predicted by the latter's ways.
    decision_function = ClassEstimator.decision_function
    predict = ClassEstimator.predict

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
        if "_lent" in self.__dict__:
            return self._labels_of(self._margins_one(x))[0]
        return ClassEstimator.predict_one(self, x)

    def predict_proba_one(self, x: Any) -> NDArray[np.float64]:
        """Return the class probabilities of one row, where the class has ``predict_proba``.

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
            If the class has no probabilities.
        ValueError
            If x is not what the model expects.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        if self.loss == "log_loss" and "_lent" in self.__dict__:
            return self._probabilities_of(self._margins_one(x))[0]
        return ClassEstimator.predict_proba_one(self, x)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Learn one chunk of rows in the order given, and go on from wherever the model is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Dense arrays and CSR matrices of the model's dtype are read in place.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come: required in the first call, unless ``fit`` came before.
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

        Notes
        -----
        The rows are learnt as :class:`gradstream.LinearClassifier` learns them with ``standardize=False``, by the
        untuned learner. scikit-learn's class has no such method.
        """
        self._learn(X, y, sample_weight, classes)
        return self

    def _take(self, optima: list[Optimum], rows: Rows, state: LearnerState | None) -> None:
        super()._take(optima, rows, state)
        assert rows.targets.classes is not None
        self.classes_ = rows.targets.classes
        self._balanced_class_weights = rows.targets.class_weights if self.class_weight == "balanced" else None
