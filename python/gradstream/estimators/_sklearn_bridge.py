"""Linear models of scikit-learn that predict what ours do, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn import linear_model
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from gradstream._parameters import LOG_LINK, LOSSES, PENALTIES, online_spec
from gradstream._state import LearnerState
from gradstream._targets import Targets
from gradstream.estimators._transfer import started_at, state_of_sample
from gradstream.regimes.merging import weight_seen
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64


def to_sklearn(estimator: Any) -> Any:
    """Return a fitted estimator of scikit-learn with the coefficients of ours."""
    model = _counterpart(estimator)
    coef, intercept = estimator._linear()
    regressor = not is_classifier(estimator)
    model.coef_ = coef[:, 0].copy() if regressor else np.ascontiguousarray(coef.T)
    model.intercept_ = intercept
    if regressor and not isinstance(model, linear_model.SGDRegressor):
        model.intercept_ = float(intercept[0])
    for name in ("n_features_in_", "feature_names_in_", "classes_"):
        if name in vars(estimator):
            setattr(
                model, name, np.copy(vars(estimator)[name]) if name != "n_features_in_" else estimator.n_features_in_
            )
    model.n_iter_ = int(getattr(estimator, "n_iter_", 1))
    if isinstance(model, linear_model.LogisticRegression):
        model.n_iter_ = np.array([model.n_iter_], np.int32)
    if isinstance(model, linear_model.SGDClassifier | linear_model.SGDRegressor):
        model.t_ = 1.0 + estimator.t_
    if hasattr(model, "_get_loss"):
        model._base_loss = model._get_loss()
    return model


def _counterpart(estimator: Any) -> Any:
    """Return scikit-learn's estimator of the same loss, its parameters those of the same objective."""
    loss, alpha, penalty = estimator.loss, float(estimator.alpha), estimator.penalty
    fixed = None if penalty is None else PENALTIES[penalty]
    ratio = 0.0 if penalty is None else float(estimator.l1_ratio if fixed is None else fixed)
    strength = 0.0 if penalty is None else alpha
    weight = max(1.0, weight_seen(estimator._model.state))
    shared = {"fit_intercept": estimator.fit_intercept}
    if loss == "log_loss":
        return _logistic(1.0 / (strength * weight) if strength > 0 else np.inf, ratio, shared)
    if loss in LOG_LINK:
        shared |= {"alpha": strength * (1.0 - ratio)}
        if loss == "tweedie":
            return linear_model.TweedieRegressor(power=float(estimator.power), link="log", **shared)
        return (linear_model.PoissonRegressor if loss == "poisson" else linear_model.GammaRegressor)(**shared)
    if loss == "squared_error":
        if ratio == 0.0:
            return linear_model.Ridge(alpha=strength * weight, **shared)
        if ratio == 1.0:
            return linear_model.Lasso(alpha=strength, **shared)
        return linear_model.ElasticNet(alpha=strength, l1_ratio=ratio, **shared)
    shared |= {"loss": loss, "penalty": penalty, "alpha": alpha, "l1_ratio": ratio}
    if is_classifier(estimator):
        return linear_model.SGDClassifier(**shared)
    return linear_model.SGDRegressor(epsilon=float(estimator.epsilon), **shared)


def _logistic(C: float, ratio: float, shared: dict[str, Any]) -> Any:
    """Return a LogisticRegression of one of scikit-learn's versions."""
    solver = "lbfgs" if ratio == 0.0 else "saga"
    if "l1_ratio" in linear_model.LogisticRegression._parameter_constraints and _penalty_is_gone():
        return linear_model.LogisticRegression(C=C, l1_ratio=ratio, solver=solver, **shared)
    penalty = {0.0: "l2", 1.0: "l1"}.get(ratio, "elasticnet")
    l1_ratio = ratio if penalty == "elasticnet" else None
    return linear_model.LogisticRegression(C=C, penalty=penalty, l1_ratio=l1_ratio, solver=solver, **shared)


def _penalty_is_gone() -> bool:
    """Say whether ``l1_ratio`` alone names the penalty (scikit-learn 1.8 and newer)."""
    return linear_model.LogisticRegression().get_params().get("penalty", "deprecated") == "deprecated"


def loss_of(model: Any) -> str:
    """Return our loss that reads margins as a fitted model does, or raise TypeError or ValueError."""
    name, many = type(model).__name__, len(getattr(model, "classes_", ())) > 2
    if name == "LogisticRegression" and (not many or model.solver != "liblinear"):
        return "log_loss"
    if name in ("SGDClassifier", "SGDRegressor", "LinearSVC"):
        loss = str(model.loss)
        if loss in LOSSES and not (many and loss == "log_loss"):
            return loss
        raise ValueError(
            f"model = {name} with loss={loss!r}{' and more than two classes' if many else ''}: no loss of gradstream "
            "makes the same predictions of its margins. Fit LogisticRegression for the softmax of several classes."
        )
    if name == "TweedieRegressor":
        return _tweedie(model)
    fixed = {
        **dict.fromkeys(("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet"), "squared_error"),
        **dict.fromkeys(("ElasticNetCV", "BayesianRidge", "ARDRegression", "SGDRegressor"), "squared_error"),
        "HuberRegressor": "huber",
        "PoissonRegressor": "poisson",
        "GammaRegressor": "gamma",
        "LogisticRegressionCV": "log_loss",
    }
    if name not in fixed:
        raise TypeError(
            f"model = {model!r:.200}: from_sklearn takes LogisticRegression, LinearSVC, SGDClassifier, SGDRegressor, "
            f"{', '.join(sorted(fixed))}."
        )
    return fixed[name]


def _tweedie(model: Any) -> str:
    if model.link == "log" or (model.link == "auto" and model.power > 0):
        return "tweedie"
    if model.power == 0:
        return "squared_error"
    raise ValueError(
        f"model = {model!r}: its margins are its predictions, with a power other than 0. Only "
        "gradstream.linear_model.TweedieRegressor, which learns from all rows at once, takes it."
    )


def from_sklearn(cls: Any, model: Any, sample: tuple[Any, Any, Any], parameters: dict[str, Any]) -> Any:
    """Return an estimator of ours at the coefficients of a model."""
    loss = loss_of(model)
    check_is_fitted(model)
    task = "classification" if "class_weight" in cls._get_param_names() else "regression"
    if LOSSES[loss]["task"] != task:
        raise ValueError(
            f"model = {type(model).__name__} with loss={loss!r} is for {LOSSES[loss]['task']}, "
            f"a {cls.__name__} for {task}."
        )
    if parameters.setdefault("loss", loss) != loss:
        raise ValueError(
            f"loss={parameters['loss']!r} with {type(model).__name__}: its predictions are those of {loss!r}."
        )
    if loss == "tweedie":
        parameters.setdefault("power", float(model.power))
    coef, intercept = _coefficients(model)
    if not parameters.setdefault("fit_intercept", bool(getattr(model, "fit_intercept", True))) and intercept.any():
        raise ValueError(
            f"fit_intercept=False with {type(model).__name__}, whose intercept is {intercept}: its predictions would "
            "be lost. Use fit_intercept=True."
        )
    X, y, weights = sample
    if (X is None) != (y is None):
        raise ValueError("X and y go together: one of them is None.")
    if X is None and parameters.setdefault("standardize", False) is not False:
        raise ValueError(
            f"standardize={parameters['standardize']!r} needs rows to measure the columns by: pass X and y, or use "
            "standardize=False."
        )
    estimator = cls(**parameters)
    classes = np.copy(model.classes_) if is_classifier(estimator) else None
    values = vars(estimator)
    if X is None:
        checked = estimator._checked_parameters()
        values["n_features_in_"] = coef.shape[0]
        if hasattr(model, "feature_names_in_"):
            values["feature_names_in_"] = np.copy(model.feature_names_in_)
        spec = online_spec(checked, columns=coef.shape[1], sparse=False)
        state = started_at(spec, coef, intercept, estimator._draw_seed())
        targets = Targets(np.zeros(0), None, classes)
    else:
        if classes is not None:
            values["classes_"] = classes
        state, targets = state_of_sample(estimator, (X, y, weights), coef, intercept)
    _install(estimator, state, targets)
    return estimator


def _install(estimator: Any, state: LearnerState, targets: Targets) -> None:
    estimator._keep(Model(state), targets)
    if "class_weight" in estimator.get_params():
        estimator._balanced_class_weights = None


def _coefficients(model: Any) -> tuple[Float64, Float64]:
    """Return coefficients (d, K) and intercepts (K,)."""
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    coef = np.atleast_2d(np.asarray(coef, np.float64))
    if coef.shape[0] > 1 and not hasattr(model, "classes_"):
        raise ValueError(f"model has {coef.shape[0]} targets: a LinearRegressor has one. Take them one at a time.")
    intercept: NDArray[np.float64] = np.broadcast_to(np.asarray(model.intercept_, np.float64).ravel(), coef.shape[0])
    if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
        raise ValueError(
            f"model = {model!r:.200} has coefficients or intercepts that are not finite: nothing learns on."
        )
    return np.ascontiguousarray(coef.T), intercept.copy()
