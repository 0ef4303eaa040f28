"""Where the fit of a deviance starts: at coefficients that give every row a mean above 0.

With a logarithmic link all do. With the identity link the intercept does, at the mean of the targets; without one such
coefficients have to be found, or there are none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog
from scipy.sparse.linalg import lsqr

from gradstream._parameters import LOG_LINK, POSITIVE
from gradstream.regimes.handover import Point
from gradstream.regimes.problem import Problem, Start

if TYPE_CHECKING:
    from gradstream._core import Float64

CLEAR = 1e-3  # of the mean of the targets: margins that are not at the edge


def with_means_above_0(problem: Problem) -> Problem:
    """Return the problem with a start that its loss knows, or raise ValueError where there is none."""
    spec, start = problem.plan.spec, problem.start
    positive = spec["loss"] in POSITIVE
    if not positive and (spec["loss"] not in LOG_LINK or not spec["fit_intercept"] or start is not None):
        return problem
    y, weights = problem.targets.y, problem.targets.weights
    mean = float(np.average(y, weights=weights))
    if mean < 0.0 or (mean == 0.0 and (positive or bool(np.any(y if weights is None else weights * y)))):
        raise ValueError(_without_mean(problem.owner, mean, positive=positive))
    if not positive or spec["fit_intercept"]:
        return problem
    rows = _counted_rows(problem)
    if start is not None and (rows @ start.coef[:, 0] > 0.0).all():
        return problem
    return replace(problem, start=Start(_inside(problem.owner, rows, mean)[:, None], np.zeros(1)))


def at_the_edge(problem: Problem, point: Point) -> bool:
    """Say whether a row of positive weight has next to no mean, the margin being the mean."""
    rows, y, weights = _counted_rows(problem), problem.targets.y, problem.targets.weights
    least = float((rows @ point.weights[:, 0]).min() + point.intercept[0])
    return least < CLEAR * float(np.average(y, weights=weights))


def _without_mean(owner: str, mean: float, *, positive: bool) -> str:
    link = "identity" if positive else "logarithmic"
    return (
        f"{owner}: the mean of y is {mean:.3g}, but with this power and the {link} link predictions are above 0, and a "
        "fit starts at the mean. Shift y, or use power=0 with the identity link (loss='squared_error')."
    )


def _counted_rows(problem: Problem) -> Any:
    """Return the rows of positive weight, as NumPy or SciPy know them."""
    rows, weights = problem.X.matrix(), problem.targets.weights
    return rows if weights is None else rows[weights > 0.0]


def _inside(owner: str, rows: Any, mean: float) -> Float64:
    """Return coefficients (d,) that give every row a margin above 0: nearly the mean, or as far from 0 as can be."""
    ones = np.ones(rows.shape[0])
    least_squares = lsqr(rows, ones)[0] if sp.issparse(rows) else np.linalg.lstsq(rows, ones, rcond=None)[0]
    coef: Float64 = np.asarray(least_squares, np.float64)
    if not (rows @ coef >= CLEAR).all():
        coef = _farthest_inside(rows)
    margins = rows @ coef
    if not (margins > 0.0).all():
        raise ValueError(
            f"{owner}: no coefficients give all rows of positive weight a margin above 0, which the identity link "
            "needs with a power other than 0. Use fit_intercept=True, or link='log'."
        )
    return coef * (mean / float(margins.mean()))


def _farthest_inside(rows: Any) -> Float64:
    """Return the coefficients, of columns of largest size 1 at most 1, whose least margin is largest."""
    size = np.ravel(abs(rows).max(axis=0).toarray() if sp.issparse(rows) else np.abs(rows).max(axis=0))
    size = np.where(size > 0.0, size, 1.0)
    n, d = rows.shape
    scaled = rows @ sp.diags_array(1.0 / size) if sp.issparse(rows) else rows / size
    least = np.ones((n, 1))
    bounds = [(-1.0, 1.0)] * d + [(None, 1.0)]
    constraints = sp.hstack([-scaled, least]) if sp.issparse(rows) else np.hstack([-scaled, least])
    found = linprog(np.append(np.zeros(d), -1.0), A_ub=constraints, b_ub=np.zeros(n), bounds=bounds, method="highs")
    return np.zeros(d) if found.x is None else np.asarray(found.x[:d] / size, np.float64)
