"""Batch drop-ins to and from scikit-learn's estimators: of the same name, and of the same predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import check_is_fitted

from gradstream._parameters import online_spec
from gradstream._targets import Targets
from gradstream._validation import check_sample_weight, check_weight_left
from gradstream.estimators._transfer import started_at, state_of_sample
from gradstream.linear_model._sgd_exchange import scikit_learn_class
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64

SHARED = ("classes_", "n_features_in_", "feature_names_in_", "n_iter_", "solver_")


def _one_value(name: str, values: Any) -> float:
    distinct = np.unique(np.asarray(values, np.float64))
    if len(distinct) != 1:
        raise ValueError(f"model.{name} = {values!r}: one value for all classes is needed. Refit with that value.")
    return float(distinct[0])


def _searched(model: Any) -> dict[str, Any]:
    ratio = None if model.l1_ratio_ is None else np.ravel(np.array(model.l1_ratio_, object))[0]
    return {"C": _one_value("C_", model.C_), "l1_ratio": 0.0 if ratio is None else float(ratio)}


def _of_power(power: float) -> Callable[[Any], dict[str, Any]]:
    def parameters(model: Any) -> dict[str, Any]:
        if model.power != power or model.link == "identity":
            raise ValueError(
                f"model = {model!r:.200}: expected power={power:g} and a logarithmic link. TweedieRegressor takes it."
            )
        return {}

    return parameters


# Ours, theirs, and their parameters where the names do not say them.
KIN: dict[str, dict[str, Callable[[Any], dict[str, Any]]]] = {
    "LogisticRegression": {"LogisticRegressionCV": _searched},
    "Ridge": {"RidgeCV": lambda model: {"alpha": model.alpha_}, "LinearRegression": lambda model: {"alpha": 0.0}},
    "RidgeClassifier": {"RidgeClassifierCV": lambda model: {"alpha": model.alpha_}},
    "PoissonRegressor": {"TweedieRegressor": _of_power(1)},
    "GammaRegressor": {"TweedieRegressor": _of_power(2)},
    "TweedieRegressor": {
        "PoissonRegressor": lambda model: {"power": 1, "link": "log"},
        "GammaRegressor": lambda model: {"power": 2, "link": "log"},
    },
}


def to_scikit_learn(estimator: Any) -> Any:
    """Return scikit-learn's estimator of the same name with the parameters and a copy of the model."""
    other = scikit_learn_class(type(estimator))(**estimator.get_params(deep=False))
    coef, intercept = estimator._arrays()
    other.coef_, other.intercept_ = coef.copy(), np.copy(intercept)[()]
    _share(estimator, other)
    return other


def from_scikit_learn(cls: Any, model: Any, sample: tuple[Any, Any, Any]) -> Any:
    """Return a drop-in of class ``cls`` at the coefficients of a model."""
    parameters = _parameters(cls, model)
    check_is_fitted(model)
    _check_sample(model, sample)
    estimator = cls(**parameters)
    weight = 1.0 if sample[0] is None else _weight(*sample)
    if not estimator._keeps_sums or sample[0] is None:
        _share(model, estimator)
    labels = getattr(model, "_label_binarizer", None)
    if labels is not None and labels.y_type_.startswith("multilabel"):
        vars(estimator)["_several"] = "sparse" if labels.sparse_input_ else "dense"
    dense = model.coef_.toarray() if hasattr(model.coef_, "toarray") else np.array(model.coef_)
    coef = np.ascontiguousarray(np.atleast_2d(dense).T, np.float64)
    intercept = np.broadcast_to(np.ravel(np.asarray(model.intercept_, np.float64)), coef.shape[1]).copy()
    classes = getattr(model, "classes_", None)
    estimator._penalty_weight = weight
    if estimator._keeps_sums and sample[0] is not None:
        estimator.fit(*sample)
    elif estimator._learns_rows and (coef.shape[1] == 1 or (estimator.loss == "log_loss" and classes is not None)):
        _install(estimator, sample, coef, intercept)
    dtype = dense.dtype if dense.dtype in (np.float32, np.float64) else np.float64
    estimator.coef_, estimator.intercept_ = dense.astype(dtype, copy=False), _as_theirs(model.intercept_)
    return estimator


def _check_sample(model: Any, sample: tuple[Any, Any, Any]) -> None:
    if (sample[0] is None) != (sample[1] is None):
        raise ValueError("X and y go together: one of them is None.")
    shape, columns = getattr(sample[0], "shape", np.shape(sample[0])), np.shape(model.coef_)[-1]
    if sample[0] is not None and len(shape) == 2 and shape[1] != columns:
        raise ValueError(f"X has {shape[1]} features, but the model has {columns}.")


def _install(estimator: Any, sample: tuple[Any, Any, Any], coef: Float64, intercept: Float64) -> None:
    """Give an estimator the model that learns on."""
    classes = vars(estimator).get("classes_")
    if classes is not None:
        estimator._balanced_class_weights = _balanced(estimator, classes, sample)
    if sample[0] is None:
        spec = online_spec(estimator._checked_parameters(), columns=coef.shape[1], sparse=False)
        state, targets = started_at(spec, coef, intercept, estimator._draw_seed()), Targets(np.zeros(0), None, classes)
    else:
        state, targets = state_of_sample(estimator, sample, coef, intercept)
    estimator._keep(Model(state), targets)


def _balanced(estimator: Any, classes: Any, sample: tuple[Any, Any, Any]) -> Float64 | None:
    """Return the weights of classes that a fit of the sample computes, None where there are none to compute."""
    _, y, weights = sample
    if estimator.class_weight != "balanced" or y is None:
        return None
    counted = weights if estimator.loss == "log_loss" else None
    return np.asarray(compute_class_weight("balanced", classes=classes, y=y, sample_weight=counted), np.float64)


def _parameters(cls: Any, model: Any) -> dict[str, Any]:
    """Return the constructor's parameters that a model of scikit-learn stands for, or raise TypeError."""
    wanted = scikit_learn_class(cls)
    kin = KIN.get(wanted.__name__, {})
    name = type(model).__name__
    if name not in kin and not isinstance(model, wanted):
        raise TypeError(f"model is a {name}: {cls.__name__} can be made of {', '.join([wanted.__name__, *kin])} only.")
    given = model.get_params(deep=False)
    shared = {parameter: given[parameter] for parameter in cls._get_param_names() if parameter in given}
    check_is_fitted(model)
    shared |= kin.get(name, lambda model: {})(model)
    solvers = {
        option for rule in cls._parameter_constraints.get("solver", ()) for option in getattr(rule, "options", ())
    }
    if shared.get("solver") not in solvers:
        shared.pop("solver", None)
    return shared


def _weight(X: Any, y: Any, sample_weight: Any) -> float:
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    weights = check_sample_weight(sample_weight, n_rows)
    check_weight_left(weights)
    return float(n_rows if weights is None else weights.sum())


def _share(one: Any, other: Any) -> None:
    known = vars(one)
    vars(other).update({name: _copied(known[name]) for name in SHARED if name in known})


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _as_theirs(intercept: Any) -> Any:
    return np.copy(intercept) if np.ndim(intercept) else float(intercept)
