"""PoissonRegressor: scikit-learn's, on gradstream's solvers, and able to go on row by row."""

from __future__ import annotations

from gradstream.linear_model._glm import GeneralisedLinearModel
from gradstream.persistence import register


class PoissonRegressor(GeneralisedLinearModel):
    """Poisson regression with the parameters and attributes of :class:`sklearn.linear_model.PoissonRegressor`.

    The optimum is scikit-learn's, the one of half the mean deviance plus ``alpha / 2 |w|^2``; ``partial_fit`` goes on
    from it.

    Parameters
    ----------
    alpha : float >= 0, default=1
        Strength of the penalty beside the mean loss.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        What may be asked for, as in scikit-learn; both are mapped onto L-BFGS with a Newton tail.
    max_iter : int >= 1, default=100
        Iterations over all rows.
    tol : float > 0, default=1e-4
        Bound of the gradient's largest element. Never less exact than scikit-learn at the same value.
    warm_start : bool, default=False
        Whether ``fit`` starts at the present coefficients.
    verbose : int, default=0
        Print a line per iteration.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        In X's own units and of its dtype; may be written to.
    intercept_ : float
        May be written to.
    n_iter_ : int
        Iterations of the last ``fit``.
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
        What was last learnt with; "bank" is streaming untuned.
    t_ : float
        Clock of the learning rate: weight seen.
    n_samples_seen_ : int
        Rows of positive weight learnt from.
    learning_rate_weights_ : dict of str to float
        After ``partial_fit``: weight of each rate in the model, sum 1.

    See Also
    --------
    gradstream.LinearRegressor : The main estimator, with ``loss="poisson"``.
    sklearn.linear_model.PoissonRegressor : What this stands in for.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", second edition, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from gradstream.linear_model import PoissonRegressor
    >>> X, y = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]]), np.array([12, 17, 22, 21])
    >>> model = PoissonRegressor().fit(X, y)
    >>> model.score(X, y) > 0.98
    True
    >>> model.partial_fit(X, y).n_samples_seen_
    8
    """

    loss = "poisson"
    _scikit_learns_loss = "HalfPoissonLoss"
    _power = 1.0


register("gradstream.linear_model.PoissonRegressor", PoissonRegressor)
