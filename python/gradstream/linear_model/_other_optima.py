"""What sums of products tell beside the optimum: the shortest of many, the best without negative coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cholesky
from scipy.optimize import nnls

from gradstream.regimes.least_squares import LeastSquaresOptimum, Sums

if TYPE_CHECKING:
    from gradstream._core import Float64


def _normal_equations(sums: Sums, *, fit_intercept: bool) -> tuple[Float64, Float64]:
    d = len(sums.products)
    gram, products = sums.products / sums.weight, sums.cross / sums.weight
    if fit_intercept:
        return gram, products
    mean = sums.mean[:d]
    return gram + np.outer(mean, mean), products + np.outer(mean, sums.target_mean)


def _completed(sums: Sums, coef: Float64, l2: Float64, *, fit_intercept: bool, gap: Float64) -> LeastSquaresOptimum:
    d = len(sums.products)
    gram, products = _normal_equations(sums, fit_intercept=fit_intercept)
    intercept = sums.target_mean - sums.mean[:d] @ coef if fit_intercept else np.zeros(len(l2))
    squares = sums.squares / sums.weight + (0.0 if fit_intercept else sums.target_mean**2)
    penalty = l2 * np.square(coef).sum(axis=0)
    value = 0.5 * (squares - 2.0 * (products * coef).sum(axis=0) + (coef * (gram @ coef)).sum(axis=0) + penalty)
    size = np.linalg.norm(products, axis=0)
    return LeastSquaresOptimum(coef, intercept, np.maximum(value, 0.0), gap / np.where(size > 0, size, 1.0), 1.0)


def shortest(sums: Sums, l2: Float64, *, fit_intercept: bool) -> LeastSquaresOptimum:
    """Return, of the optima of a problem that is singular to rounding, the shortest."""
    gram, products = _normal_equations(sums, fit_intercept=fit_intercept)
    values, vectors = np.linalg.eigh(gram)
    coef = np.zeros_like(products)
    for k, strength in enumerate(l2):
        kept = values + strength > 1e-12 * max(float(values[-1]), np.finfo(float).tiny)
        coef[:, k] = vectors[:, kept] @ ((vectors[:, kept].T @ products[:, k]) / (values[kept] + strength))
    return _completed(sums, coef, l2, fit_intercept=fit_intercept, gap=np.zeros(len(l2)))


def nonnegative(sums: Sums, l2: Float64, *, fit_intercept: bool) -> LeastSquaresOptimum:
    """Return the optimum among coefficients >= 0, by an active set (Lawson and Hanson 1974) on the root of the sums.

    ``optimality`` is the norm of the projected gradient over that of the gradient at 0.
    """
    gram, products = _normal_equations(sums, fit_intercept=fit_intercept)
    coef, gap = np.zeros_like(products), np.zeros(len(l2))
    size = np.sqrt(np.diagonal(gram) + l2.max())
    unit = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)  # of equal columns roots lose fewest digits
    for k, strength in enumerate(l2):
        penalised = gram + strength * np.eye(len(gram))
        scaled = unit[:, None] * penalised * unit
        ridge = 0.0
        while True:
            try:
                root = cholesky(scaled + ridge * np.eye(len(gram)), check_finite=False)
                break
            except np.linalg.LinAlgError:
                ridge = max(10.0 * ridge, 1e-14)
        w, _ = nnls(root, np.linalg.solve(root.T, unit * products[:, k]))
        coef[:, k] = unit * w
        gradient = penalised @ coef[:, k] - products[:, k]
        gap[k] = np.linalg.norm(np.where(coef[:, k] > 0, gradient, np.minimum(gradient, 0.0)))
    return _completed(sums, coef, l2, fit_intercept=fit_intercept, gap=gap)
