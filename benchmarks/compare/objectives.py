"""What the batch estimators minimise, from their fitted arrays, in NumPy: the judge of both sides."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import logsumexp, xlogy

Objective = Callable[[Any, Any, NDArray[Any]], float]


def _margins(model: Any, X: Any) -> NDArray[np.float64]:
    coef = model.coef_.toarray() if sp.issparse(model.coef_) else np.asarray(model.coef_)
    return np.asarray(X @ np.atleast_2d(coef).T.astype(np.float64)) + np.ravel(model.intercept_)


def logistic(model: Any, X: Any, y: NDArray[Any]) -> float:
    """C sum loss + penalty, over n; the intercept of "liblinear" is penalised."""
    z, codes = _margins(model, X), np.searchsorted(model.classes_, y)
    if z.shape[1] == 1:
        losses = np.logaddexp(0.0, np.where(codes == 1, -z[:, 0], z[:, 0]))
    else:
        losses = logsumexp(z, axis=1) - z[np.arange(len(y)), codes]
    if np.isinf(model.C):
        return float(losses.mean())
    coef, l1 = np.ravel(model.coef_), float(model.l1_ratio or 0.0)
    if model.solver == "liblinear":
        coef = np.append(coef, model.intercept_)
    penalty = 0.5 * (1.0 - l1) * coef @ coef + l1 * np.abs(coef).sum()
    return float(losses.mean() + penalty / (model.C * len(y)))


def ridge(model: Any, X: Any, y: NDArray[Any]) -> float:
    """Mean square and penalty."""
    coef = np.ravel(model.coef_)
    return float((np.square(y - _margins(model, X)[:, 0]).sum() + model.alpha * coef @ coef) / len(y))


def ridge_classifier(model: Any, X: Any, y: NDArray[Any]) -> float:
    """The same on columns of -1 and +1."""
    z = _margins(model, X)
    codes = np.searchsorted(model.classes_, y)
    Y = np.where(codes[:, None] == (np.arange(z.shape[1]) if z.shape[1] > 1 else 1), 1.0, -1.0)
    coef = np.ravel(model.coef_)
    return float((np.square(Y - z).sum() + model.alpha * coef @ coef) / len(y))


def deviance(power: float) -> Objective:
    """Half the mean deviance and penalty; identity link at power 0, else the logarithm."""

    def objective(model: Any, X: Any, y: NDArray[Any]) -> float:
        z, coef = _margins(model, X)[:, 0], np.ravel(model.coef_)
        return float(_half_deviance(power, y, z).mean() + 0.5 * model.alpha * coef @ coef)

    return objective


def _half_deviance(power: float, y: NDArray[Any], z: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        if power == 0.0:
            return np.square(y - z) / 2
        if power == 1.0:
            return np.exp(z) - y * z + xlogy(y, y) - y
        if power == 2.0:
            return z + y * np.exp(-z) - np.log(y) - 1.0
        p = power
        of_the_mean = np.exp((2 - p) * z) / (2 - p) - y * np.exp((1 - p) * z) / (1 - p)
        return of_the_mean + y ** (2 - p) / ((1 - p) * (2 - p))
