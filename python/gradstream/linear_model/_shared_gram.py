"""Least squares of several targets at once: one Gram matrix of dense rows, one factorisation for each penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from gradstream._validation import BLOCK_ELEMENTS
from gradstream.linear_model._optimum import Optimum, center_of
from gradstream.regimes.handover import Point
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64

MOST_COLUMNS = 2_000  # of X: beyond, the Gram matrix costs more than iterations
EXACT = 1e-10  # of the right-hand side: what a factorisation must leave, or the columns are solved one by one


def solved_together(problems: list[Problem]) -> list[Optimum] | None:
    """Return the optima of targets of the same dense rows, or None where columns had better be solved one by one."""
    first = problems[0]
    penalties = [problem.plan.spec["l2"] for problem in problems]
    if len(problems) == 1 or first.X.layout == "sparse" or first.X.shape[1] > MOST_COLUMNS or min(penalties) <= 0:
        return None
    intercept = first.plan.spec["fit_intercept"]
    center = center_of(first)
    if intercept and center is None:
        return None
    Y = np.stack([problem.targets.y for problem in problems], axis=1)
    y_mean = np.average(Y, axis=0, weights=first.targets.weights) if intercept else np.zeros(Y.shape[1])
    gram, products, squares = _moments(first, center, Y - y_mean)
    factors = {l2: _factor(gram, l2) for l2 in set(penalties)}
    optima = []
    for column, l2 in enumerate(penalties):
        factor = factors[l2]
        if factor is None:
            return None
        w = np.asarray(cho_solve(factor, products[:, column], check_finite=False))
        b = y_mean[column] - (0.0 if center is None else center @ w)
        optima.append(_optimum(gram, products[:, column], squares[column], l2, Point(w[:, None], np.array([b]))))
    return optima if all(optimum.result["optimality"] <= EXACT for optimum in optima) else None


def _moments(problem: Problem, center: Float64 | None, Y: Float64) -> tuple[Float64, Float64, Float64]:
    """Return means of x x', x y' and y^2 of centred rows, block by block."""
    X, weights = problem.X.data, problem.targets.weights
    assert isinstance(X, np.ndarray)
    n, d = X.shape
    gram, products = np.zeros((d, d)), np.zeros((d, Y.shape[1]))
    step = max(1, BLOCK_ELEMENTS // d)
    for start in range(0, n, step):
        part = slice(start, start + step)
        block = X[part].astype(np.float64)
        if center is not None:
            block -= center
        weighted = block if weights is None else block * weights[part, None]
        gram += weighted.T @ block
        products += weighted.T @ Y[part]
    total = float(n) if weights is None else float(weights.sum())
    squares = np.square(Y) if weights is None else np.square(Y) * weights[:, None]
    return gram / total, products / total, squares.sum(axis=0) / total


def _factor(gram: Float64, l2: float) -> tuple[Float64, bool] | None:
    """Return the Cholesky factor of the penalised matrix, None where it is singular to rounding or not finite."""
    penalised = gram + l2 * np.eye(len(gram))
    try:
        factor: tuple[Float64, bool] = cho_factor(penalised, lower=True)
    except (LinAlgError, ValueError):
        return None
    return factor


def _optimum(gram: Float64, product: Float64, square: float, l2: float, point: Point) -> Optimum:
    w = point.weights[:, 0]
    left = float(np.linalg.norm(gram @ w + l2 * w - product))
    scale = float(np.linalg.norm(product))
    objective = 0.5 * float(square - product @ w)
    result: BatchResult = {
        "coef": point.weights,
        "intercept": point.intercept,
        "objective": objective,
        "optimality": left / scale if scale > 0 else left,
        "n_iter": 1,
        "status": "converged",
        "loss_curve": [objective],
        "solver": "newton",
    }
    return Optimum(point, result)
