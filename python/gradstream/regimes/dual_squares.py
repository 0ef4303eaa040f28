"""Least squares of dense rows that are fewer than their columns: as many equations as rows, for all targets.

With rows x in units of their weights' roots, about the means, the optimum is ``w = X' a`` where
``(X X' + lambda) a = y`` and ``lambda`` is l2 times the weight (Saunders, Gammerman and Vovk 1998).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.blas import dsymm, dsyrk

from gradstream._validation import CheckedRows
from gradstream.regimes.joint_squares import JointProblem

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64

MOST_ROWS = 4096
PARTS = 16  # of X, which is centred part by part: no copy of it
LEAST_PIVOT = 1e-12  # share of a diagonal element left in a factor


def pays(X: CheckedRows, l2: Float64) -> bool:
    """Say whether there are few enough rows, and a penalty that determines the optimum."""
    n, d = X.shape
    return X.layout == "dense" and n < d and n <= MOST_ROWS and bool((l2 > 0).all())


def solve(problem: JointProblem) -> list[BatchResult] | None:
    """Return the optimum of every target, coefficients in scaled units; None where rounding has spoilt it."""
    rows = _CentredRows(problem)
    with np.errstate(over="ignore", invalid="ignore"):  # then there is no factor
        products = rows.products()
        Y = problem.Y - rows.target_mean
        if rows.root is not None:
            Y = rows.root * Y
        try:
            a, left = _solutions(products, Y, problem.l2 * rows.weight)
        except (LinAlgError, ValueError):
            return None
        return _results(problem, rows, a, left, Y)


class _CentredRows:
    """Rows times the roots of their weights, columns about their weighted means and times ``scale``."""

    def __init__(self, problem: JointProblem) -> None:
        assert isinstance(problem.X.data, np.ndarray)
        self.X = problem.X.data
        self.scale = problem.scale
        weights = np.ones(len(problem.Y)) if problem.weights is None else problem.weights
        self.weight = float(weights.sum())
        self.root = None if problem.weights is None else np.sqrt(weights)[:, None]
        share = weights / self.weight
        self.mean = share @ self.X if problem.fit_intercept else np.zeros(problem.X.shape[1])
        self.target_mean = share @ problem.Y if problem.fit_intercept else np.zeros(problem.Y.shape[1])

    def parts(self) -> Iterator[tuple[slice, Float64]]:
        d = len(self.mean)
        step = max(256, -(-d // PARTS))
        for start in range(0, d, step):
            columns = slice(start, min(start + step, d))
            part = self.X[:, columns] - self.mean[columns]
            if self.root is not None:
                part *= self.root
            if self.scale is not None:
                part *= self.scale[columns]
            yield columns, part

    def products(self) -> Float64:
        """Return X X', lower triangle."""
        n = len(self.X)
        sums = np.zeros((n, n), order="F")
        for _, part in self.parts():
            sums = dsyrk(1.0, part.T, beta=1.0, c=sums, trans=1, lower=1, overwrite_c=1)
        return sums

    def back(self, a: Float64) -> Float64:
        """Return X' a, (d, columns of a)."""
        out = np.empty((len(self.mean), a.shape[1]))
        for columns, part in self.parts():
            out[columns] = part.T @ a
        return out


def _solutions(products: Float64, Y: Float64, strengths: Float64) -> tuple[Float64, Float64]:
    """Return a (n, m) and what it leaves of Y, refined once. Raise LinAlgError where there is no factor."""
    a, left = np.empty_like(Y), np.empty_like(Y)
    diagonal = np.diagonal(products)
    for strength in np.unique(strengths):
        which = strengths == strength
        penalised = products.copy(order="F")
        np.fill_diagonal(penalised, diagonal + strength)
        factor = cho_factor(penalised, lower=True, overwrite_a=True)
        if not (np.square(np.diagonal(factor[0])) > LEAST_PIVOT * (diagonal + strength)).all():
            raise LinAlgError
        b = Y[:, which]
        own = cho_solve(factor, b)
        own += cho_solve(factor, _left(products, strength, own, b))
        a[:, which], left[:, which] = own, _left(products, strength, own, b)
    return a, left


def _left(products: Float64, strength: float, a: Float64, b: Float64) -> Float64:
    return np.asarray(b - dsymm(1.0, products, a, lower=1) - strength * a)


def _results(problem: JointProblem, rows: _CentredRows, a: Float64, left: Float64, Y: Float64) -> list[BatchResult]:
    m = Y.shape[1]
    w, gradient, at_zero = np.split(rows.back(np.hstack([a, left, Y])), [m, 2 * m], axis=1)
    residual = rows.weight * problem.l2 * a + left
    objective = 0.5 * np.square(residual).sum(axis=0) / rows.weight + 0.5 * problem.l2 * np.square(w).sum(axis=0)
    size = np.linalg.norm(at_zero, axis=0)
    optimality = np.linalg.norm(gradient, axis=0) / np.maximum(size, np.finfo(float).tiny)
    in_x = w if rows.scale is None else rows.scale[:, None] * w
    intercept = rows.target_mean - rows.mean @ in_x
    return [
        {
            "coef": np.ascontiguousarray(w[:, [k]]),
            "intercept": intercept[[k]],
            "objective": float(objective[k]),
            "optimality": float(optimality[k]),
            "n_iter": 1,
            "status": "converged",
            "loss_curve": [float(objective[k])] if m == 1 else [],
            "solver": "newton",
        }
        for k in range(m)
    ]
