"""Models to and from scikit-learn's estimators of the same name."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn.linear_model

SHARED = ("classes_", "n_features_in_", "feature_names_in_", "n_iter_", "t_")
WEIGHTS = ("coef_", "intercept_", "offset_")
RUNNING = ("_standard_coef", "_standard_intercept", "_average_coef", "_average_intercept")


def scikit_learn_class(cls: type) -> Any:
    """Return the class of scikit-learn that a drop-in stands for."""
    for base in cls.__mro__:
        if base.__module__.startswith("gradstream.") and hasattr(sklearn.linear_model, base.__name__):
            return getattr(sklearn.linear_model, base.__name__)
    raise TypeError(f"{cls.__name__} stands for no class of sklearn.linear_model.")


def to_scikit_learn(estimator: Any) -> Any:
    """Return scikit-learn's estimator with the parameters and a copy of the model."""
    other = scikit_learn_class(type(estimator))(**estimator.get_params(deep=False))
    attributes = vars(estimator)
    for name in (*SHARED, *WEIGHTS, *RUNNING):
        if name in attributes:
            setattr(other, name, _copy(attributes[name]))
    flat = getattr(estimator, "coef_", np.zeros((1, 1))).ndim == 1
    if flat and "_standard_coef" in attributes:
        other._standard_coef = other._standard_coef.ravel()
        other._average_coef = other._average_coef.ravel()
    _share_average(other)
    return other


def from_scikit_learn(cls: Any, model: Any) -> Any:
    """Return a drop-in with the parameters and a copy of the model of scikit-learn's estimator."""
    wanted = scikit_learn_class(cls)
    if not isinstance(model, wanted):
        raise TypeError(f"model is a {type(model).__name__}: {cls.__name__} can be made of {wanted.__name__} only.")
    estimator = cls(**model.get_params(deep=False))
    attributes = vars(model)
    columns = 1 if attributes["coef_"].ndim == 1 else len(attributes["coef_"])
    for name in (*SHARED, *WEIGHTS, *RUNNING):
        if attributes.get(name) is not None:
            setattr(estimator, name, _copy(attributes[name]))
    for name in ("_standard_coef", "_average_coef"):
        if name in vars(estimator):
            setattr(estimator, name, getattr(estimator, name).reshape(columns, -1))
    for name in ("_standard_intercept", "_average_intercept"):
        if name in vars(estimator):
            setattr(estimator, name, np.array(getattr(estimator, name), np.float64))
    return estimator


def _copy(value: Any) -> Any:
    return value.copy() if hasattr(value, "copy") else value


def _share_average(other: Any) -> None:
    """Let ``coef_`` be the running or the averaged weights themselves, which scikit-learn changes in place."""
    if "_standard_coef" not in vars(other):
        return
    averaged = other.average and other.average <= other.t_ - 1.0
    source = other._average_coef if averaged else other._standard_coef
    other.coef_ = source.reshape(other.coef_.shape)
