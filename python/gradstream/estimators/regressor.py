"""LinearRegressor: real targets and counts, one objective, any regime."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from gradstream._parameters import REGRESSOR_CONSTRAINTS
from gradstream.estimators._lasting import LastingEstimator
from gradstream.estimators._values import ValueEstimator
from gradstream.persistence import register


class LinearRegressor(RegressorMixin, LastingEstimator, ValueEstimator):
    """Linear regressor that learns from all rows, from blocks of rows or from one row at a time.

    ``fit`` finds the optimum of one regularised objective; ``partial_fit``, ``learn_one`` and ``progressive_fit`` go on
    from there, or start from nothing. No scaler and no learning rate have to be chosen.

    Parameters
    ----------
    loss : {"squared_error", "huber", "poisson", "gamma", "tweedie"}, default="squared_error"
        "squared_error" is half the square; "poisson", "gamma" and "tweedie" predict ``exp(margin)``: "poisson" wants
        y >= 0, "gamma" y > 0, "tweedie" y >= 0; with ``power >= 2`` y > 0, with ``power <= 0`` any y.
    epsilon : float >= 0, default=0.1
        In "huber": where the loss turns linear, in units of y; must be positive there.
    quantile : float in (0, 1), default=0.5
        For a loss that is not available yet.
    power : float, default=1.5
        In "tweedie": of the mean that the variance grows with. Convex from 1 to 2.
    penalty : {"l2", "l1", "elasticnet"} or None, default="l2"
        Acts on standardised coefficients, never on the intercept.
    alpha : float >= 0, default=1e-4
        Strength of the penalty beside the mean loss. scikit-learn's ``C`` is ``alpha = 1 / (C * n_samples)``.
    l1_ratio : float in [0, 1], default=0.5
        Share of l1 in ``penalty="elasticnet"``.
    fit_intercept : bool, default=True
        Whether margins have an intercept.
    standardize : "auto" or bool, default="auto"
        Scale every column by its standard deviation, and centre dense columns when there is an intercept. "auto" does
        so for dense data; sparse data are left as they are, or, streaming untuned, divided by the root mean square of
        their column's stored values. X is not copied for it; coefficients are in X's units.
    batch_size : "auto", "full" or int >= 1, default="auto"
        Rows that one update sees. "auto" is "full" in ``fit`` (256 with an optimizer for blocks, or
        ``early_stopping``). Online calls take an integer at its word, and one row at a time otherwise.
    optimizer : str or Optimizer, default="auto"
        For "full": "lbfgs", "newton" (conjugate gradients), "gd" (accelerated, proximal); "auto" picks one. For blocks
        and rows: "sgd", "momentum", "adagrad", "adam", or an object of :mod:`gradstream.optim`; "auto" is "adagrad" for
        blocks, and for rows eight rates of "sgd" and "adagrad" side by side (see Notes).
    learning_rate : str, float > 0 or Schedule, default="auto"
        For blocks and rows. "auto" with a named optimizer is a constant: sgd 0.1, momentum 0.01, adagrad 0.5, adam
        0.01. Names: "constant", "invscaling", "inverse_time", "optimal"; or an object of :mod:`gradstream.optim`.
    max_iter : int >= 1, default=1000
        Iterations over all rows, or epochs.
    tol : float >= 0 or None, default=1e-6
        Full batch: stop at ``optimality_ <= tol``. Epochs: stop when the mean objective has fallen by less than
        ``tol`` of itself (with ``early_stopping``, when the score has risen by less than ``tol``) for
        ``n_iter_no_change`` epochs. None runs ``max_iter``. No effect online.
    shuffle : bool, default=True
        Visit rows in a new seeded order in every epoch of ``fit``. Online calls keep the order given.
    average : bool, default=False
        Not available yet.
    bounds : None, default=None
        Not available yet.
    missing : {"error"}, default="error"
        What NaN in X means.
    early_stopping : bool, default=False
        Score a held-out share of the rows, or ``X_val``, after every epoch of ``fit``, and keep the best epoch.
    validation_fraction : float in (0, 1), default=0.1
        The share.
    n_iter_no_change : int >= 1, default=5
        Epochs without improvement before ``fit`` stops.
    warm_start : bool, default=False
        Whether ``fit`` starts at the present coefficients.
    n_jobs : int or None, default=None
        Threads; results do not depend on it. None is all, 1 inside joblib workers; -1 is all processors.
    random_state : int, RandomState or None, default=None
        Order of epochs and held-out rows.
    verbose : int, default=0
        Print a line per iteration or epoch of ``fit``.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        In X's own units, computed on access, read-only.
    intercept_ : float
        Computed on access.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, when X was a frame with string names.
    n_iter_ : int
        Iterations or epochs of the last ``fit``.
    t_ : float
        Clock of the learning rate: weight seen at batch size 1, steps otherwise.
    n_samples_seen_ : int
        Rows of positive weight learnt from.
    loss_curve_ : list of float
        Objective after every iteration, or its mean during every epoch, of the last ``fit``.
    objective_ : float
        Objective at the end of the last ``fit``.
    optimality_ : float
        Full batch: norm of the gradient over its norm at w = 0.
    validation_scores_ : list of float
        With early stopping: R2 after every epoch.
    optimizer_ : str
        What was last learnt with; "bank" is streaming untuned.
    learning_rate_weights_ : dict of str to float
        Streaming untuned: weight of each rate in the model, sum 1. Computed on access.

    See Also
    --------
    LinearClassifier : The same for labels.
    sklearn.linear_model.Ridge : Full batch, squared error.
    sklearn.linear_model.SGDRegressor : One row at a time only.

    Notes
    -----
    Row by row, with ``optimizer`` and ``learning_rate`` both "auto", eight models learn side by side on
    running-standardised columns: gradient descent at rates 0.03, 0.3, 1 and 10 over the mean of ``|x|^2``, and AdaGrad
    [1]_ at 0.05, 0.2, 0.5 and 1, all with importance-invariant steps [2]_ and free of the columns' scales, as in [4]_.
    Predictions and ``coef_`` are those of their average; its weights are exponential in the losses, with a fixed share
    of 1e-4 [3]_.

    References
    ----------
    .. [1] J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic
       optimization", JMLR 12, 2011.
    .. [2] N. Karampatziakis and J. Langford, "Online importance weight aware updates", UAI 2011.
    .. [3] M. Herbster and M. Warmuth, "Tracking the best expert", Machine Learning 32, 1998.
    .. [4] S. Ross, P. Mineiro and J. Langford, "Normalized online learning", UAI 2013.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from gradstream import LinearRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = LinearRegressor().fit(X[:300], y[:300])
    >>> model.score(X[300:], y[300:]) > 0.4
    True
    >>> model.partial_fit(X[300:], y[300:]).n_samples_seen_
    442
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = REGRESSOR_CONSTRAINTS

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        epsilon: float = 0.1,
        quantile: float = 0.5,
        power: float = 1.5,
        penalty: str | None = "l2",
        alpha: float = 1e-4,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        standardize: str | bool = "auto",
        batch_size: str | int = "auto",
        optimizer: Any = "auto",
        learning_rate: Any = "auto",
        max_iter: int = 1000,
        tol: float | None = 1e-6,
        shuffle: bool = True,
        average: bool = False,
        bounds: Any = None,
        missing: str = "error",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.loss = loss
        self.epsilon = epsilon
        self.quantile = quantile
        self.power = power
        self.penalty = penalty
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol
        self.shuffle = shuffle
        self.average = average
        self.bounds = bounds
        self.missing = missing
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegressor:
        """Learn one chunk of rows in the order given, and go on from wherever the model is.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Dense arrays and CSR matrices of the model's dtype are read in place.
        y : array-like of shape (n_samples,)
            Targets, in the domain of the loss.
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
        Any split of a stream into chunks gives the same bits. With an integer ``batch_size`` an unfinished block is
        carried to the next call; ``flush`` steps on it.
        """
        self._learn(X, y, sample_weight, None)
        return self

    def progressive_fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, method: str = "auto", delay: int = 0
    ) -> NDArray[Any]:
        """Predict every row, then learn it: progressive validation, bit for bit the loop of the two.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows, in the order they came.
        y : array-like of shape (n_samples,)
            Targets, in the domain of the loss.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless. None means 1 for every row.
        method : {"auto", "predict"}, default="auto"
            What to return for each row; there is only "predict".
        delay : int >= 0, default=0
            A row is learnt after the row ``delay`` places later was predicted. Rows that wait are part of the model,
            and the next call goes on with them; ``flush`` learns them. What could not be learnt later is refused.

        Returns
        -------
        predictions : ndarray of shape (n_samples,)
            Out-of-sample predictions.

        Raises
        ------
        ValueError
            If the chunk is not what the model expects; the model is what it was before.
        DivergenceError
            If a coefficient would become infinite or NaN; the model is what it was before.
        RuntimeError
            If another thread is teaching this estimator.
        """
        if method not in ("auto", "predict"):
            raise ValueError(f"method={method!r}: allowed are 'auto' and 'predict'.")
        return self._predictions_of(self._progress(X, y, sample_weight, None, delay))


register("gradstream.LinearRegressor", LinearRegressor)
