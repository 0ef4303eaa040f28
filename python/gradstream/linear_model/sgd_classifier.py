"""SGDClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from gradstream.linear_model._sgd_classes import SGDClasses


def _has_probabilities(estimator: Any) -> bool:
    if estimator.loss not in ("log_loss", "modified_huber"):
        raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")
    return True


class SGDClassifier(SGDClasses):
    """Linear classifier learnt by stochastic gradient descent."""

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the probability of every class."""
        check_is_fitted(self)
        if self.loss == "log_loss":
            return self._predict_proba_lr(X)
        positive = (np.clip(self.decision_function(X), -1.0, 1.0) + 1.0) / 2.0
        if positive.ndim == 1:
            return np.column_stack([1.0 - positive, positive])
        total = positive.sum(axis=1, keepdims=True)
        none = total == 0.0
        return np.where(none, 1.0, positive) / np.where(none, positive.shape[1], total)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the logarithm of the probability of every class."""
        return np.log(self.predict_proba(X))
