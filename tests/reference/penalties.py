"""The penalty between two steps: the gradient flow dw/dtau = -l2 w - l1 sign(w), stopped at 0."""

import numpy as np

from reference.losses import sat


def strengths(penalty, alpha, l1_ratio):
    """(l1, l2) of a penalty by name; ``l1_ratio`` matters for elasticnet only."""
    ratio = {"none": 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": l1_ratio}[penalty]
    return (0.0, 0.0) if penalty == "none" else (alpha * ratio, alpha * (1 - ratio))


def flow(w, tau, l1, l2):
    """Where w is after a time tau.

    (|w| + l1/l2) exp(-l2 tau) - l1/l2 = |w| exp(-l2 tau) - l1 tau sat(l2 tau): the right side holds for l2 = 0 as well,
    and keeps its digits where l1/l2 is large.
    """
    w = np.asarray(w, float)
    return np.sign(w) * np.maximum(0.0, np.abs(w) * np.exp(-l2 * tau) - l1 * tau * sat(l2 * tau))


def value(w, l1, l2):
    return l2 / 2 * np.sum(np.square(w)) + l1 * np.sum(np.abs(w))


def prox_l1(v, step):
    return np.sign(v) * np.maximum(0.0, np.abs(v) - step)
