"""What both estimators are: parameters, a model, and what can be read from it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from gradstream import _core
from gradstream._callbacks import CallbackSupportMixin
from gradstream._parameters import has_statistics, online_spec, reject_values
from gradstream._state import LANE_NAMES, LANES, N_SAMPLES_SEEN, T
from gradstream._targets import Targets
from gradstream._threads import thread_count
from gradstream._validation import check_row, check_rows, check_sample_weight, check_weight_left
from gradstream.regimes import objective as objectives
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec

COLUMNS = {  # what a model reads, by its specification
    "none": "columns as they are",
    "scale": "columns divided by their standard deviation",
    "center_scale": "columns centred and divided by their standard deviation",
    "root_mean_square": "sparse columns divided by the root mean square of the values they store",
}


FEW_ROWS = 64  # less than one block of a report


class LinearEstimator(CallbackSupportMixin, BaseEstimator):
    """Base of the main estimators: reading a model, ``_model``, which is not there before the first call."""

    loss: str
    max_iter: int
    n_jobs: int | None
    n_features_in_: int
    _model: Model

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a parameter makes the specification that the core works from stale."""
        super().__setattr__(name, value)
        if not name.endswith("_") and not name.startswith("_"):
            self._parameters_changed()

    def set_params(self, **params: Any) -> Any:
        """Set parameters, nested ones included (``optimizer__beta_1``); the next call learns with them.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no parameter of that name. Values are checked by the next call that learns.
        """
        super().set_params(**params)
        self._parameters_changed()
        return self

    def _parameters_changed(self) -> None:
        model = vars(self).get("_model")
        if model is not None:
            model.outdate()

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked_parameters(self) -> dict[str, Any]:
        """Return the constructor's parameters, or raise for values and pairs of values that are not allowed."""
        self._validate_params()
        parameters = {name: getattr(self, name) for name in type(self)._names()}
        reject_values(parameters)
        return parameters

    def _present_spec(self, model: Model) -> Spec:
        """Return what the parameters say now about a model that has learnt, or raise where it cannot take effect."""
        learnt = model.state.spec
        if model.current:
            return learnt
        parameters = self._checked_parameters()
        specs = [online_spec(parameters, columns=learnt["columns"], sparse=sparse) for sparse in (False, True)]
        if learnt["fit_intercept"] != specs[0]["fit_intercept"]:  # first: centring depends on it
            raise _fixed("fit_intercept", self, f"fit_intercept {'on' if learnt['fit_intercept'] else 'off'}")
        for spec in specs:
            if learnt["standardize"] == spec["standardize"] or not (has_statistics(learnt) or has_statistics(spec)):
                return {**specs[0], "standardize": spec["standardize"]}
        raise _fixed("standardize", self, COLUMNS[learnt["standardize"]])

    @classmethod
    @cache
    def _names(cls) -> tuple[str, ...]:
        return tuple(cls._get_param_names())

    @property
    def _owner(self) -> str:
        return type(self).__name__

    def _fitted(self) -> Model:
        model: Model | None = vars(self).get("_model")
        if model is None:
            check_is_fitted(self)
            raise NotFittedError
        return model

    def _linear(self) -> tuple[Float64, Float64]:
        """Return coefficients (d, K) and intercepts (K,) in X's own units, or raise AttributeError."""
        model = vars(self).get("_model")
        if model is None:
            raise AttributeError(f"This {self._owner} has no coefficients before its first call of fit or partial_fit.")
        return model.linear()

    @property
    def t_(self) -> float:
        """Clock of the learning rate: weight seen at batch size 1, steps otherwise."""
        return float(self._counter(T))

    @property
    def n_samples_seen_(self) -> int:
        """Rows of positive weight that the model has learnt from; a fit of several epochs counts its rows once."""
        return int(self._counter(N_SAMPLES_SEEN))

    @property
    def learning_rate_weights_(self) -> dict[str, float]:
        """Weight of every rate of the untuned learner, by name; they sum to 1. Large rates rise when the data drift."""
        model = vars(self).get("_model")
        if model is None or not model.state.bank:
            raise AttributeError(
                f"This {self._owner} has no weights of learning rates: they are of the untuned learner, which learns "
                "row by row with optimizer='auto' and learning_rate='auto' from the first call of partial_fit on."
            )
        return dict(zip(LANE_NAMES, model.state.experts[:LANES].tolist(), strict=True))

    def _counter(self, position: int) -> float:
        model = vars(self).get("_model")
        if model is None:
            raise AttributeError(f"This {self._owner} has counted nothing before its first call of fit or partial_fit.")
        return float(model.state.counters[position])

    def _margins(self, X: Any) -> Float64:
        """Return (n, K) margins of checked rows."""
        model = self._fitted()
        rows = check_rows(self, X, reset=False)
        return model.margins(self._owner, rows, self._report_threads(rows.shape[0]))

    def _report_threads(self, n_rows: int) -> int:
        return 1 if n_rows <= FEW_ROWS else thread_count(self.n_jobs)

    def _margins_one(self, x: Any) -> Float64:
        """Return the (1, K) margins of one row."""
        model = self._fitted()
        margins = model.one.margins(x)
        if margins is None:
            margins = model.margins(self._owner, check_row(self, x, model.state.table.dtype), 1)
        return margins

    def objective(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the objective at the present coefficients on given rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Targets, in the domain of the loss.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless. None means 1 for every row.

        Returns
        -------
        objective : float
            Weighted mean loss plus ``alpha`` times the penalty of the standardised coefficients.

        Raises
        ------
        ValueError
            If X, y or the weights are not what the model expects, or all weights are 0.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return self._evaluate(objectives.objective, X, y, sample_weight)

    def gradient(self, X: Any, y: Any, sample_weight: Any = None) -> tuple[NDArray[Any], Any]:
        """Return the gradient of the objective in ``coef_`` and ``intercept_`` on given rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.
        y : array-like of shape (n_samples,)
            Targets, in the domain of the loss.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless. None means 1 for every row.

        Returns
        -------
        coef_gradient : ndarray, shape of ``coef_``
            Per unit of X. At a kink of the l1 penalty the subgradient nearest to 0; 0 for constant columns.
        intercept_gradient : float or ndarray, shape of ``intercept_``
            0 without an intercept.

        Raises
        ------
        ValueError
            If X, y or the weights are not what the model expects, or all weights are 0.
        NotFittedError
            Before the first call of ``fit`` or ``partial_fit``.
        """
        return self._shaped(*self._evaluate(objectives.gradient, X, y, sample_weight))

    def _evaluate(self, function: Callable[..., Any], X: Any, y: Any, sample_weight: Any) -> Any:
        model = self._fitted()
        rows = check_rows(self, X, reset=False)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        check_weight_left(weights)
        state, spec = model.state, self._present_spec(model)
        targets = self._online_targets(y, weights, rows.shape[0], None)
        scale = None
        if has_statistics(spec):
            scale = _core.inverse_deviation(*state.moments())
        linear = objectives.LinearModel(*self._linear(), scale)
        return function(rows, targets, spec, linear, thread_count(self.n_jobs))

    def _online_targets(self, y: Any, weights: Float64 | None, n_rows: int, classes: Any) -> Targets:
        """Check y against what the model already knows."""
        raise NotImplementedError

    def _shaped(self, coef: Float64, intercept: Float64) -> tuple[NDArray[Any], Any]:
        """Return (d, K) and (K,) arrays in the shapes of ``coef_`` and ``intercept_``."""
        raise NotImplementedError


def _fixed(name: str, estimator: LinearEstimator, learnt: str) -> ValueError:
    return ValueError(
        f"{name}={getattr(estimator, name)!r} cannot take effect on a model that has learnt with {learnt}: its state "
        "is in other units. Set it back, or call fit."
    )
