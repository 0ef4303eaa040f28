"""Perceptron."""

from __future__ import annotations

from typing import Any

from gradstream.linear_model._sgd_classes import SGDClasses
from gradstream.linear_model._sgd_parameters import PERCEPTRON
from gradstream.persistence import register


class Perceptron(SGDClasses):
    """Perceptron, as scikit-learn's: SGD of the loss max(0, -y z) at a constant rate.

    Parameters
    ----------
    penalty : {"l2", "l1", "elasticnet"} or None, default=None
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
    eta0 : float > 0, default=1.0
        Rate, see ``learning_rate``.
    n_jobs : int or None, default=None
        Threads over classes; None is as many as there are cores, 1 inside joblib workers. They change no bit.
    random_state : int, RandomState or None, default=0
        Of the orders and the validation split: the draws are those of scikit-learn.
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
    sklearn.linear_model.Perceptron : The estimator that this one stands for.

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
    >>> from gradstream.linear_model import Perceptron
    >>> X = np.array([[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]])
    >>> Perceptron(max_iter=5, tol=None).fit(X, ["a", "a", "b", "b"]).predict(X)
    array(['a', 'a', 'b', 'b'], dtype='<U1')
    """

    _parameter_constraints: dict[str, Any] = PERCEPTRON

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: Any = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
    ) -> None:
        super().__init__(
            loss="perceptron",
            penalty=penalty,
            alpha=alpha,
            l1_ratio=l1_ratio,
            fit_intercept=fit_intercept,
            max_iter=max_iter,
            tol=tol,
            shuffle=shuffle,
            verbose=verbose,
            eta0=eta0,
            n_jobs=n_jobs,
            random_state=random_state,
            learning_rate="constant",
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            class_weight=class_weight,
            warm_start=warm_start,
        )


register("gradstream.linear_model.Perceptron", Perceptron)
