"""The optimum of scikit-learn's objectives: X as it is, the penalty on its own coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._state import LearnerState
from gradstream.regimes.full_batch import solve
from gradstream.regimes.handover import Point, handed_over
from gradstream.regimes.least_squares import Sums
from gradstream.regimes.origin import centred, uncentred
from gradstream.regimes.problem import Problem, Standardisation, Start, Watch

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64

CLOSER = 0.5  # than what is known to be needed, when a goal was missed
ROUNDING = 1e-12  # of the gradient at 0: what sums over rows leave


def gradient_at_zero(problem: Problem, center: Float64 | None) -> float:
    """Return the norm of the gradient at w = 0 with the best intercept, of at most 10,000 of the rows."""
    X, y, weights = problem.sample.X, problem.sample.y, problem.sample.weights
    spec, columns = problem.plan.spec, problem.targets.columns
    zeros = np.zeros((X.shape[1], columns))
    _, g, g_intercept = _core.loss_gradient(X.data, y, weights, spec, zeros, None, np.zeros(columns), problem.threads)
    weight = X.shape[0] if weights is None else float(weights.sum())
    with np.errstate(over="ignore", invalid="ignore"):  # then nothing is relative to it
        if spec["fit_intercept"]:
            if center is None or X is not problem.X:
                center = problem.sample.moments[0]
            g = g - center[:, None] * g_intercept  # the same at any intercept
        norm = float(np.sqrt(np.square(g).sum())) / max(weight, 1e-300)
    return norm if 0.0 < norm < np.inf else 1.0


def relative(problem: Problem, center: Float64 | None, gradient: float) -> float:
    """Return a bound of the gradient's norm over that at 0; the norm is never less than the largest element."""
    return gradient / max(1.0, gradient_at_zero(problem, center))


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a fit has ended, coefficients in X's own units, and how it went; ``sums`` where they are kept."""

    point: Point
    result: BatchResult
    sums: Sums | None = None
    solver: str = "lbfgs"


@dataclass(frozen=True)
class Goal:
    """When to stop: ``relative`` bounds ``optimality``, ``gradient`` every element of the gradient in X's own units."""

    relative: float
    gradient: float | None = None


def minimise(problem: Problem, center: Float64 | None, goal: Goal, watch: Watch | None) -> Optimum:
    """Minimise to a goal. Dense columns are centred on the way where an intercept takes the centre up."""
    problem = replace(problem, tol=goal.relative)
    result, point = _solved(problem, center, watch)
    iterations = result["n_iter"]
    while goal.gradient and result["status"] == "converged" and iterations < problem.max_iter:
        largest = _largest_element(problem, point)
        assert problem.tol is not None
        if not largest > goal.gradient or problem.tol <= ROUNDING:
            break
        start = Start(point.weights, point.intercept)
        tighter = problem.tol * min(CLOSER, CLOSER * goal.gradient / largest)
        problem = replace(
            problem, start=start, tol=max(tighter, ROUNDING), max_iter=problem.max_iter - result["n_iter"]
        )
        result, point = _solved(problem, center, watch)
        iterations += result["n_iter"]
    if goal.gradient and result["status"] == "max_iter" and _largest_element(problem, point) <= goal.gradient:
        result = {**result, "status": "converged"}  # which is all that scikit-learn asks for: no reason to warn
    return Optimum(point, {**result, "n_iter": iterations})


def _largest_element(problem: Problem, point: Point) -> float:
    """Return the largest element of the gradient in X's own units, at the price of one more read of X."""
    X, targets, spec = problem.X, problem.targets, problem.plan.spec
    sums = _core.loss_gradient(
        X.data, targets.y, targets.weights, spec, point.weights, None, point.intercept, problem.threads
    )
    weight = X.shape[0] if targets.weights is None else float(targets.weights.sum())
    largest = np.abs(sums[1] / weight + spec["l2"] * point.weights).max()
    return float(max(largest, np.abs(sums[2]).max() / weight) if spec["fit_intercept"] else largest)


def go_on(problem: Problem, point: Point) -> LearnerState:
    """Return the online state at a solution in X's own units."""
    return handed_over(problem, Standardisation.of(problem), point, epochs=0)


def _solved(problem: Problem, center: Float64 | None, watch: Watch | None) -> tuple[BatchResult, Point]:
    solver = problem.plan.solver
    assert solver is not None
    result = solve(problem, solver, centred(problem, center), watch)
    return result, uncentred(problem, Point(result["coef"], result["intercept"]), center)
