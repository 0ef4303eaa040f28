"""K columns of margins against one target: binary or regression (K = 1), softmax, one-vs-rest.

``Z`` is (n, K); ``y`` is (n,), a class index when K > 1.
"""

import numpy as np

from reference import losses


def is_softmax(loss, n_columns):
    return loss == "log_loss" and n_columns > 1


def targets(y, n_columns):
    """(n, K): y itself for one column, else +1 in the column of the class and -1 elsewhere."""
    y = np.asarray(y, float)
    return y[:, None] if n_columns == 1 else np.where(y[:, None] == np.arange(n_columns), 1.0, -1.0)


def row_losses(loss, parameter, Z, y):
    """(n,): the loss of each row, a sum over its columns."""
    Z = np.asarray(Z, float)
    if is_softmax(loss, Z.shape[1]):
        top = Z.max(axis=1)
        return top + np.log(np.exp(Z - top[:, None]).sum(axis=1)) - Z[np.arange(len(Z)), np.asarray(y, int)]
    return losses.value(loss, parameter, Z, targets(y, Z.shape[1])).sum(axis=1)


def row_derivatives(loss, parameter, Z, y):
    """(n, K): dloss/dz of each margin."""
    Z = np.asarray(Z, float)
    if is_softmax(loss, Z.shape[1]):
        p = np.exp(Z - Z.max(axis=1, keepdims=True))
        return p / p.sum(axis=1, keepdims=True) - (np.asarray(y)[:, None] == np.arange(Z.shape[1]))
    return losses.derivative(loss, parameter, Z, targets(y, Z.shape[1]))


def row_steps(loss, parameter, z, y, h, q):
    """(K,): the importance-invariant step of one row with margins z (K,) and one q for each column."""
    z = np.asarray(z, float)
    if is_softmax(loss, len(z)):
        return -h * row_derivatives(loss, parameter, z[None, :], np.array([y]))[0]
    return losses.invariant_step(loss, parameter, z, targets(np.array([y]), len(z))[0], h, q)
