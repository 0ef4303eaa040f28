"""Second derivatives of the mean loss, written down as a matrix; rows at a kink count as on their flat side."""

import numpy as np

from reference import columns


def _second(loss, parameter, Z, y):
    """(n, K): d2loss/dz^2 of columns that stand on their own."""
    m = columns.targets(y, Z.shape[1]) * Z
    if loss == "log_loss":
        return 0.25 / np.cosh(m / 2) ** 2
    if loss == "squared_hinge":
        return 2.0 * (m < 1)
    if loss == "modified_huber":
        return 2.0 * ((m < 1) & (m > -1))
    if loss == "squared_error":
        return np.ones_like(Z)
    if loss == "huber":
        return 1.0 * (np.abs(Z - np.asarray(y)[:, None]) < parameter)
    if loss == "poisson":
        return np.exp(Z)
    if loss == "gamma":
        return np.asarray(y)[:, None] * np.exp(-Z)
    if loss == "tweedie":
        p = parameter
        return (2 - p) * np.exp((2 - p) * Z) - (1 - p) * np.asarray(y)[:, None] * np.exp((1 - p) * Z)
    if loss == "tweedie_identity":
        return (1 - parameter) * Z**-parameter + parameter * np.asarray(y)[:, None] * Z ** (-parameter - 1)
    raise ValueError(loss)


def row_curvatures(loss, parameter, Z, y):
    """(n, K, K): d2loss/dz_k dz_l of each row."""
    Z = np.asarray(Z, float)
    if columns.is_softmax(loss, Z.shape[1]):
        p = np.exp(Z - Z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return p[:, :, None] * (np.eye(Z.shape[1]) - p[:, None, :])
    return _second(loss, parameter, Z, y)[:, :, None] * np.eye(Z.shape[1])


def hessian(problem, W, b):
    """Of F in its parameters (d K coefficients, then K intercepts), without an l1 part."""
    d, K = problem.shape
    rows = np.column_stack([problem.rows, np.full(len(problem.X), float(problem.fit_intercept))])
    C = row_curvatures(problem.loss, problem.loss_parameter, problem.rows @ W + b, problem.y)
    H = np.einsum("i,ij,ikl,im->jkml", problem.weights, rows, C, rows).reshape(((d + 1) * K,) * 2)
    H[np.arange(d * K), np.arange(d * K)] += problem.l2
    return H
