"""Optima to the last digit: Newton's method with gradients in long double, whatever the scale of columns and rows."""

from dataclasses import dataclass

import numpy as np

LONG = np.longdouble
LOSSES = {  # value, slope and curvature at margin z
    "log_loss": lambda z, y: (np.logaddexp(LONG(0), -y * z), -y / (1 + np.exp(y * z)), 1 / (2 + 2 * np.cosh(z))),
    "poisson": lambda z, y: (np.exp(z) - y * z, np.exp(z) - y, np.exp(z)),
    "squared_error": lambda z, y: ((z - y) ** 2 / 2, z - y, np.ones_like(z)),
}


@dataclass(frozen=True)
class Objective:
    """Mean loss over weighted rows plus ``l2 |w|^2 / 2``, l2 a number or one for each column; with an intercept."""

    loss: str
    l2: object
    weights: object = None


def optimum(objective, X, y):
    """Return coefficients (d,) and the intercept in X's units; constant columns and columns of zeros get 0."""
    X, y = np.asarray(X, LONG), np.asarray(y, LONG)
    n, d = X.shape
    s = np.full(n, LONG(1) / n) if objective.weights is None else np.asarray(objective.weights, LONG)
    s = s / s.sum()
    mean = s @ X
    y_shift = s @ y if objective.loss == "squared_error" else LONG(0)
    A = X - mean
    scale = np.sqrt(s @ A**2)
    scale[scale <= 1e-15 * np.abs(mean)] = 0
    A = np.hstack([np.divide(A, scale, out=np.zeros_like(A), where=scale > 0), np.ones((n, 1), LONG)])
    scale[scale == 0] = 1
    penalty = np.append(np.broadcast_to(np.asarray(objective.l2, LONG), d) / scale**2, 0)
    w = np.zeros(d + 1, LONG)
    if objective.loss == "poisson":
        w[-1] = np.log(s @ y)

    def parts(w):
        value, r, bend = LOSSES[objective.loss](A @ w, y - y_shift)
        return s @ value + penalty @ w**2 / 2, A.T @ (s * r) + penalty * w, bend

    for _ in range(100):
        value, g, bend = parts(w)
        H = ((A * (s * bend)[:, None]).T @ A + np.diag(penalty)).astype(float)
        unit = np.sqrt(np.diag(H))
        unit[unit == 0] = 1
        step = -np.linalg.lstsq(H / np.outer(unit, unit), (g / unit).astype(float), rcond=1e-15)[0] / unit
        size = LONG(1)
        while size > 1e-6 and parts(w + size * step)[0] > value * (1 + 1e-17):
            size /= 2
        w = w + size * step
        if np.abs(step).max() <= 1e-17 * np.abs(w).max():
            break
    coef = w[:d] / scale
    return coef.astype(float), float(w[d] + y_shift - mean @ coef)
