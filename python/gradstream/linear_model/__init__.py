"""Linear models with the names, parameters and attributes of :mod:`sklearn.linear_model`.

Estimators are imported when first asked for, so that importing this package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradstream.linear_model.gamma_regressor import GammaRegressor
    from gradstream.linear_model.logistic_regression import LogisticRegression
    from gradstream.linear_model.perceptron import Perceptron
    from gradstream.linear_model.poisson_regressor import PoissonRegressor
    from gradstream.linear_model.ridge import Ridge
    from gradstream.linear_model.ridge_classifier import RidgeClassifier
    from gradstream.linear_model.sgd_classifier import SGDClassifier
    from gradstream.linear_model.sgd_one_class import SGDOneClassSVM
    from gradstream.linear_model.sgd_regressor import SGDRegressor
    from gradstream.linear_model.tweedie_regressor import TweedieRegressor

__all__ = [
    "GammaRegressor",
    "LogisticRegression",
    "Perceptron",
    "PoissonRegressor",
    "Ridge",
    "RidgeClassifier",
    "SGDClassifier",
    "SGDOneClassSVM",
    "SGDRegressor",
    "TweedieRegressor",
]

_HOMES = {
    "GammaRegressor": "gamma_regressor",
    "LogisticRegression": "logistic_regression",
    "Perceptron": "perceptron",
    "PoissonRegressor": "poisson_regressor",
    "Ridge": "ridge",
    "RidgeClassifier": "ridge_classifier",
    "SGDClassifier": "sgd_classifier",
    "SGDOneClassSVM": "sgd_one_class",
    "SGDRegressor": "sgd_regressor",
    "TweedieRegressor": "tweedie_regressor",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
