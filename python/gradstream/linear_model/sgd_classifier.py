"""SGDClassifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from gradstream.linear_model._sgd_classes import SGDClasses
from gradstream.persistence import register


def _has_probabilities(estimator: Any) -> bool:
    if estimator.loss not in ("log_loss", "modified_huber"):
        raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")
    return True


class SGDClassifier(SGDClasses):
    """Linear classifier learnt by stochastic gradient descent, as scikit-learn's, several times as fast.

    Parameters
    ----------
    loss : str, default="hinge"
        "hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", or of regression "squared_error", "huber",
        "epsilon_insensitive", "squared_epsilon_insensitive".
        Loss of a row; squared_error and huber are halved. Classes other than two: one column for each against the
        rest.
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
    n_jobs : int or None, default=None
        Threads over classes; None is as many as there are cores, 1 inside joblib workers. They change no bit.
    random_state : int, RandomState or None, default=None
        Of the orders and the validation split: the draws are those of scikit-learn.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}, default="optimal"
        "constant": eta0; "optimal": 1 / (alpha (t0 + t)); "invscaling": eta0 / t ** power_t; "adaptive": eta0,
        divided by 5 when the objective stands still; "pa1" and "pa2": passive-aggressive with C = eta0.
    eta0 : float > 0, default=0.01
        Rate, see ``learning_rate``.
    power_t : float, default=0.5
        Exponent of "invscaling".
    early_stopping : bool, default=False
        Hold rows out and stop ``fit`` on their score instead of on the objective.
    validation_fraction : float in (0, 1), default=0.1
        Share of rows held out.
    n_iter_no_change : int >= 1, default=5
        Epochs without improvement before ``fit`` stops.
    class_weight : dict, "balanced" or None, default=None
        Weight of the rows of each class, 1 where a dictionary has none. "balanced": inverse to how often a class
        comes.
    warm_start : bool, default=False
        ``fit`` starts at the weights of the last one. The clock starts anew.
    average : bool or int, default=False
        ``coef_`` is the mean of the weights over all steps, or from that step on.

    Attributes
    ----------
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights; ``partial_fit`` changes the array in place.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    classes_ : ndarray of shape (n_classes,)
        Classes, sorted; of two, the second has the positive margins.
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
    sklearn.linear_model.SGDClassifier : The estimator that this one stands for.

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
    >>> from gradstream.linear_model import SGDClassifier
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> model = SGDClassifier(random_state=0, max_iter=5, tol=None).fit(X, [1, 1, 2, 2])
    >>> model.predict([[-0.8, -1.0]])
    array([1])
    """

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the probability of every class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            log_loss: sigmoids of the margins, modified_huber: (clip(margin, -1, 1) + 1) / 2; of more classes than two
            normalised.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        AttributeError
            For losses without probabilities.
        """
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
        """Return the logarithm of the probability of every class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Minus infinity where a probability is 0.

        Raises
        ------
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        AttributeError
            For losses without probabilities.
        """
        return np.log(self.predict_proba(X))


register("gradstream.linear_model.SGDClassifier", SGDClassifier)
