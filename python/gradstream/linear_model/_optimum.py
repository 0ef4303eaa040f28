"""The optimum of scikit-learn's objectives: X as it is, the penalty on its own coefficients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._state import LearnerState
from gradstream._validation import assert_finite
from gradstream.regimes.full_batch import solve
from gradstream.regimes.handover import GRADIENT_ROWS, Point, handed_over, sampled
from gradstream.regimes.problem import Problem, Standardisation, Start, Watch

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64

NO_STATISTICS = np.zeros(0)
CLOSER = 0.5  # than what is known to be needed, when a goal was missed
ROUNDING = 1e-12  # of the gradient at 0: what sums over rows leave


def _norm(g: Float64) -> float:
    with np.errstate(over="ignore", invalid="ignore"):  # then nothing is relative to it
        norm = float(np.sqrt(np.square(g).sum()))
    return norm if np.isfinite(norm) else 1.0


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
        if not np.isfinite(mean).all():
            assert_finite(problem.owner, problem.X)
            return cls(None, 1.0)
        spec, columns = problem.plan.spec, problem.targets.columns
        zeros = np.zeros((X.shape[1], columns))
        _, g, g_intercept = _core.loss_gradient(X.data, y, weights, spec, zeros, None, np.zeros(columns), 1)
        if not spec["fit_intercept"]:
            return cls(None, _norm(g) / weight)
        norm = _norm(g - mean[:, None] * g_intercept) / weight  # the same at any intercept
        if X.layout == "sparse":
            return cls(None, norm)
        if problem.X.shape[0] > GRADIENT_ROWS:
            mean = _core.moments(problem.X.data, problem.targets.weights, problem.threads)[0]
        return cls(mean if np.isfinite(mean).all() else None, norm)

    def relative(self, gradient: float) -> float:
        """Return a bound of the gradient's norm over that at 0; the norm is never less than the largest element."""
        return gradient / self.gradient if self.gradient > 1.0 else gradient


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a fit has ended, coefficients in X's own units, and how it went."""

    point: Point
    result: BatchResult


@dataclass(frozen=True)
class Goal:
    """When to stop: ``relative`` bounds ``optimality``, ``gradient`` every element of the gradient in X's own units."""

    relative: float
    gradient: float | None = None


def minimise(problem: Problem, scale: Scale, goal: Goal, watch: Watch | None) -> Optimum:
    """Minimise to a goal. Dense columns are centred on the way where an intercept takes the centre up."""
    problem = replace(problem, tol=goal.relative)
    result, point = _solved(problem, scale, watch)
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
        result, point = _solved(problem, scale, watch)
        iterations += result["n_iter"]
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
