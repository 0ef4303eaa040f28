"""Slow twin of least squares: the optimum of every target from rows in long double, or by a triangular factor."""

import numpy as np


def central_products(X, Y, weights):
    """Return weight, means and products of deviations of all columns, in long double."""
    joined = np.hstack([X, Y]).astype(np.longdouble)
    s = np.ones(len(X), np.longdouble) if weights is None else weights.astype(np.longdouble)
    mean = (s[:, None] * joined).sum(axis=0) / s.sum()
    return s.sum(), mean, (s[:, None] * (joined - mean)).T @ (joined - mean)


def optimum(X, Y, weights, l2, *, fit_intercept=True, scale=None):
    """Return coefficients (d, m) in units of scale, and intercepts (m,), by QR of the rows about their means."""
    s = np.ones(len(X)) if weights is None else weights
    share = (s / s.sum()).astype(np.longdouble)
    x_mean = share @ X if fit_intercept else np.zeros(X.shape[1])
    y_mean = share @ Y if fit_intercept else np.zeros(Y.shape[1])
    unit = np.ones(X.shape[1]) if scale is None else scale
    A = np.sqrt(share)[:, None] * (X - x_mean) * unit
    B = np.sqrt(share)[:, None] * (Y - y_mean)
    d = X.shape[1]
    coef = np.zeros((d, Y.shape[1]))
    for k, strength in enumerate(np.broadcast_to(l2, Y.shape[1])):
        rows = np.vstack([A, np.sqrt(strength) * np.eye(d)]).astype(float)
        coef[:, k] = np.linalg.lstsq(rows, np.append(B[:, k].astype(float), np.zeros(d)), rcond=None)[0]
    return coef, (y_mean - x_mean @ (unit[:, None] * coef)).astype(float)
