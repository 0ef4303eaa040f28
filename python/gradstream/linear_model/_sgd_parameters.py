"""Parameters of the SGD drop-ins: what is allowed, and what they say to the core."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

if TYPE_CHECKING:
    from gradstream._core import SgdRule

REGRESSION_LOSSES = {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}
CLASSIFICATION_LOSSES = REGRESSION_LOSSES | {"hinge", "squared_hinge", "perceptron", "log_loss", "modified_huber"}
SCHEDULES = {"constant", "optimal", "invscaling", "adaptive"}
PASSIVE_AGGRESSIVE = {"pa1", "pa2"}

SHARED: dict[str, Any] = {
    "fit_intercept": ["boolean"],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left"), None],
    "shuffle": ["boolean"],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
    "warm_start": ["boolean"],
    "average": [Interval(Integral, 0, None, closed="neither"), "boolean"],
    "eta0": [Interval(Real, 0, None, closed="neither")],
}
EARLY_STOPPING: dict[str, Any] = {
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
}
PENALTY: dict[str, Any] = {
    "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
}
STEP: dict[str, Any] = {
    "power_t": [Interval(Real, None, None, closed="neither")],
    "epsilon": [Interval(Real, 0, None, closed="left")],
    "learning_rate": [StrOptions(SCHEDULES | PASSIVE_AGGRESSIVE)],
}
CLASSES: dict[str, Any] = {"n_jobs": [Integral, None], "class_weight": [StrOptions({"balanced"}), dict, None]}

CLASSIFIER = {**SHARED, **EARLY_STOPPING, **PENALTY, **STEP, **CLASSES, "loss": [StrOptions(CLASSIFICATION_LOSSES)]}
REGRESSOR = {**SHARED, **EARLY_STOPPING, **PENALTY, **STEP, "loss": [StrOptions(REGRESSION_LOSSES)]}
ONE_CLASS = {
    **SHARED,
    "nu": [Interval(Real, 0.0, 1.0, closed="right")],
    "learning_rate": [StrOptions(SCHEDULES), Hidden(StrOptions(PASSIVE_AGGRESSIVE))],
    "power_t": [Interval(Real, None, None, closed="neither")],
}
PERCEPTRON = {
    **{name: rule for name, rule in SHARED.items() if name != "average"},
    **EARLY_STOPPING,
    **PENALTY,
    **CLASSES,
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
}


def reject_pairs(estimator: Any, alpha: float, pa_loss: str) -> None:
    """Raise ValueError for parameters that do not go together; ``pa_loss`` is the one that pa1 and pa2 work with."""
    if estimator.learning_rate == "optimal" and alpha == 0:
        raise ValueError(
            "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute the optimal learning rate."
        )
    if estimator.learning_rate in PASSIVE_AGGRESSIVE and estimator.loss != pa_loss:
        raise ValueError(f"Learning rate '{estimator.learning_rate}' only works with loss '{pa_loss}'.")
    if estimator.penalty == "elasticnet" and estimator.l1_ratio is None:
        raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")


def rule_of(estimator: Any, alpha: float, *, one_class: bool) -> SgdRule:
    """Return what the core needs to know of the parameters."""
    l1_ratio = {"l1": 1.0, "elasticnet": estimator.l1_ratio}.get(estimator.penalty, 0.0)
    return {
        "loss": estimator.loss,
        "epsilon": float(estimator.epsilon),
        "learning_rate": estimator.learning_rate,
        "eta0": float(estimator.eta0),
        "power_t": float(estimator.power_t),
        "alpha": float(alpha),
        "l1_ratio": float(l1_ratio),
        "shrinks": estimator.penalty in ("l2", "elasticnet"),
        "truncates": estimator.penalty in ("l1", "elasticnet"),
        "fit_intercept": bool(estimator.fit_intercept),
        "one_class": one_class,
        "average": float(estimator.average),
        "tol": -np.inf if estimator.tol is None else float(estimator.tol),
        "n_iter_no_change": int(estimator.n_iter_no_change),
        "shuffle": bool(estimator.shuffle),
    }
