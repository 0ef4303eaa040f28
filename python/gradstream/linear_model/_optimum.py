"""The optimum of scikit-learn's objectives: X as it is, the penalty on its own coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._state import LearnerState
from gradstream.regimes.full_batch import solve
from gradstream.regimes.handover import GRADIENT_ROWS, Point, handed_over, sampled
from gradstream.regimes.problem import Problem, Standardisation, Watch

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64

NO_STATISTICS = np.zeros(0)


@dataclass(frozen=True, eq=False)
class Scale:
    """What a tolerance is relative to: means of X's columns, None where they are not taken out, and |gradient(0)|."""

    center: Float64 | None
    gradient: float

    @classmethod
    def of(cls, problem: Problem) -> Scale:
        """Measure a problem on at most 10,000 of its rows; the means of dense columns on all of them."""
        X, y, weights = sampled(problem)
        mean, _, weight = _core.moments(X.data, weights, 1)
        spec, columns = problem.plan.spec, problem.targets.columns
        zeros = np.zeros((X.shape[1], columns))
        _, g, g_intercept = _core.loss_gradient(X.data, y, weights, spec, zeros, None, np.zeros(columns), 1)
        if not spec["fit_intercept"]:
            return cls(None, float(np.linalg.norm(g)) / weight)
        norm = float(np.linalg.norm(g - mean[:, None] * g_intercept)) / weight  # the same at any intercept
        if X.layout == "sparse":
            return cls(None, norm)
        if problem.X.shape[0] > GRADIENT_ROWS:
            mean = _core.moments(problem.X.data, problem.targets.weights, problem.threads)[0]
        return cls(mean if np.isfinite(mean).all() else None, norm)

    def relative(self, gradient: float) -> float:
        """Return the tolerance that keeps every element of the gradient, in X's own units, below ``gradient``."""
        units = 1.0 if self.center is None else 1.0 + float(np.abs(self.center).max())
        of_sample = 2.0
        scale = of_sample * units * self.gradient
        return gradient / scale if scale > 1.0 else gradient


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a fit has ended: coefficients in X's own units, how it went, and the state that goes on from there."""

    point: Point
    result: BatchResult
    state: LearnerState


def minimise(problem: Problem, scale: Scale, watch: Watch | None) -> Optimum:
    """Minimise to ``problem.tol``. Dense columns are centred on the way where an intercept takes the centre up."""
    result, point = _solved(problem, scale, watch)
    return Optimum(point, result, go_on(problem, point))


def go_on(problem: Problem, point: Point) -> LearnerState:
    """Return the online state at a solution in X's own units."""
    return handed_over(problem, Standardisation.of(problem), point, epochs=0)


def _solved(problem: Problem, scale: Scale, watch: Watch | None) -> tuple[BatchResult, Point]:
    solver = problem.plan.solver
    assert solver is not None
    ones = None if scale.center is None else np.ones(problem.X.shape[1])
    statistics = Standardisation(NO_STATISTICS, NO_STATISTICS, 0.0, 0, scale.center, ones)
    result = solve(problem, solver, statistics, watch)
    intercept = result["intercept"]
    if scale.center is not None:
        intercept = intercept - scale.center @ result["coef"]
        if problem.targets.columns > 1:
            intercept -= intercept.mean()  # of equal solutions of a softmax, the one with mean 0
    return result, Point(result["coef"], intercept)
