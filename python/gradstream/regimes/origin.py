"""Where columns and targets are measured from while a fit is solved: large means then cost neither steps nor digits.

The intercept, which is not penalised, takes the origin up, so that the objective is the same from any origin.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gradstream.regimes.handover import Point
from gradstream.regimes.problem import Problem, Standardisation, Start

if TYPE_CHECKING:
    from gradstream._core import Float64

NO_STATISTICS = np.zeros(0)
SHIFTED = ("squared_error", "huber")  # losses of y - z: one number added to y is the same added to the intercept
SOFTMAX = "log_loss"  # of several columns
FAR = 100.0  # ranges of the targets from 0: two digits lost


def rough_center(problem: Problem) -> Float64 | None:
    """Return the means of dense columns over at most 10,000 rows, None where no intercept takes them up."""
    if problem.X.layout == "sparse" or not problem.plan.spec["fit_intercept"]:
        return None
    weights = problem.sample.weights
    if weights is not None and not weights.any():
        return None
    mean = problem.sample.moments[0]
    return mean if np.isfinite(mean).all() else None


def centred(problem: Problem, center: Float64 | None) -> Standardisation:
    """Return what solvers subtract, columns left in their units."""
    ones = None if center is None else np.ones(problem.X.shape[1])
    return Standardisation(NO_STATISTICS, NO_STATISTICS, 0.0, 0, center, ones)


def uncentred(problem: Problem, point: Point, center: Float64 | None) -> Point:
    """Return a solution in X's own units."""
    if center is None:
        return point
    intercept = point.intercept - center @ point.weights
    if len(intercept) > 1 and problem.plan.spec["loss"] == SOFTMAX:
        intercept -= intercept.mean()  # of equal solutions, the one with mean 0
    return Point(point.weights, intercept)


def far_off(problem: Problem) -> float:
    """Return where the targets lie when that is far from 0, else 0."""
    spec, y = problem.plan.spec, problem.targets.y
    if spec["loss"] not in SHIFTED or not spec["fit_intercept"] or problem.targets.classes is not None:
        return 0.0
    low, high = float(y.min()), float(y.max())
    return low + 0.5 * (high - low) if abs(low + high) > 2.0 * FAR * (high - low) else 0.0


def shifted(problem: Problem, shift: float) -> Problem:
    """Return the problem with targets, and the start, measured from ``shift``."""
    start = problem.start and Start(problem.start.coef, problem.start.intercept - shift, problem.start.classes)
    return replace(problem, targets=replace(problem.targets, y=problem.targets.y - shift), start=start)
