"""All rows for every update: a solver of the core to a certified optimum, then a state that can go on online."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._validation import CheckedRows, raise_for_status
from gradstream.regimes import dual_squares, joint_squares, least_squares
from gradstream.regimes.first_point import with_means_above_0
from gradstream.regimes.handover import Point, handed_over
from gradstream.regimes.no_optimum import no_optimum
from gradstream.regimes.origin import centred, far_off, rough_center, shifted, uncentred
from gradstream.regimes.problem import Problem, Solution, Standardisation, Watch

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64


def fit(problem: Problem, solver: str, watch: Watch | None) -> Solution:
    """Minimise the objective to ``tol``, or as far as ``max_iter`` goes."""
    if problem.plan.quadratic and least_squares.pays(problem.X, 1):
        solution = least_squares.fit(problem, watch)
        if solution is not None:
            return solution
    if problem.plan.quadratic and problem.start is None:
        solution = _jointly(problem, watch)
        if solution is not None:
            return solution
    statistics = Standardisation.of(problem)
    center = rough_center(problem) if problem.plan.spec["standardize"] == "none" else None
    result = solve(problem, solver, statistics if center is None else centred(problem, center), watch)
    point = uncentred(problem, Point(result["coef"], result["intercept"]), center)
    return Solution(
        state=handed_over(problem, statistics, point, epochs=0),
        optimizer=result["solver"],
        n_iter=result["n_iter"],
        objective=result["objective"],
        optimality=result["optimality"],
        loss_curve=list(result["loss_curve"]),
        warning=_without_optimum(problem, statistics, point) or _warning(problem, result),
    )


def solve_jointly(
    joint: joint_squares.JointProblem, watch: Watch | None, good_enough: float
) -> list[BatchResult] | None:
    """Return how the fit of every target went: few dense rows as equations, if that is as optimal as wanted, else by
    conjugate gradients; None for a single target of dense rows, where L-BFGS is better than these.
    """
    results = dual_squares.solve(joint) if _few_rows(joint.X, joint.l2, watch) else None
    if results is not None and not max(result["optimality"] for result in results) > good_enough:
        return results
    if joint.X.layout == "dense" and len(joint.l2) == 1:
        return None
    return joint_squares.solve(joint, None if watch is None else _reporter(watch))


def _few_rows(X: CheckedRows, l2: Float64, watch: Watch | None) -> bool:
    return watch is None and dual_squares.pays(X, l2)


def _jointly(problem: Problem, watch: Watch | None) -> Solution | None:
    """Solve least squares of sparse rows, or of few; None where another way is better."""
    spec = problem.plan.spec
    l2 = np.array([spec["l2"]])
    if problem.X.layout == "dense" and not _few_rows(problem.X, l2, watch):
        return None
    statistics = Standardisation.of(problem)
    joint = joint_squares.JointProblem(
        owner=problem.owner,
        X=problem.X,
        Y=problem.targets.y[:, None],
        weights=problem.targets.weights,
        l2=l2,
        fit_intercept=spec["fit_intercept"],
        tol=0.0 if problem.tol is None else problem.tol,
        max_iter=problem.max_iter,
        threads=problem.threads,
        scale=statistics.scale,
    )
    results = solve_jointly(joint, watch, good_enough=joint.tol)
    if results is None:
        return None
    (result,) = results
    coef = result["coef"]
    intercept = result["intercept"]
    if statistics.center is not None and statistics.scale is not None:
        intercept = intercept + (statistics.center * statistics.scale) @ coef
    return Solution(
        state=handed_over(problem, statistics, Point(coef, intercept), epochs=0),
        optimizer=result["solver"],
        n_iter=result["n_iter"],
        objective=result["objective"],
        optimality=result["optimality"],
        loss_curve=list(result["loss_curve"]),
        warning=_warning(problem, result),
    )


def solve(problem: Problem, solver: str, statistics: Standardisation, watch: Watch | None) -> BatchResult:
    """Minimise, in standardised coordinates, or raise where sums are not finite."""
    problem = with_means_above_0(problem)
    shift = far_off(problem)
    if shift != 0.0:
        problem = shifted(problem, shift)
    coef, intercept = (None, None) if problem.start is None else statistics.standardised(problem.start)
    result = _core.full_batch(
        problem.X.data,
        problem.targets.y,
        problem.targets.weights,
        problem.plan.spec,
        statistics.center,
        statistics.scale,
        coef,
        intercept,
        solver,
        0.0 if problem.tol is None else problem.tol,
        min(problem.max_iter, joint_squares.MAX_ITERATIONS),
        problem.seed,
        problem.threads,
        None if watch is None else _reporter(watch),
    )
    if result["status"] == "non_finite":
        where = f"iteration {result['n_iter']} of optimizer {result['solver']!r}"
        remedy = "The sums over X and y overflow float64: rescale them."
        raise_for_status(problem.owner, ("non_finite", -1), problem.X, where, remedy)
    return {**result, "intercept": result["intercept"] + shift} if shift != 0.0 else result


def _reporter(watch: Watch) -> Callable[[int, float, float], bool]:
    """Return what the core calls after every iteration; False stops it."""
    watch.begin()

    def on_iteration(n_iter: int, objective: float, optimality: float) -> bool:
        stop = watch.end(f"iteration {n_iter}  objective {objective:.8g}  optimality {optimality:.2e}", None)
        if not stop:
            watch.begin()
        return not stop

    return on_iteration


def _without_optimum(problem: Problem, statistics: Standardisation, point: Point) -> str | None:
    in_units_of_x = Point(*statistics.in_units_of_x(point.weights, point.intercept))
    return no_optimum(problem, in_units_of_x, "Use alpha > 0 with a penalty.")


def _warning(problem: Problem, result: BatchResult) -> str | None:
    """Name the gap and the remedy when the solver stopped before ``tol``."""
    if problem.tol is None or result["optimality"] <= problem.tol:
        return None
    gap = f"at optimality_ = {result['optimality']:.1e} > tol = {problem.tol:.1e}"
    if result["status"] == "max_iter":
        return (
            f"{problem.owner} stopped after max_iter = {problem.max_iter} iterations {gap}. "
            "Increase max_iter or tol, or alpha."
        )
    if result["status"] == "no_progress":
        return (
            f"{problem.owner} stopped in iteration {result['n_iter']} {gap}: rounding allows no further progress. "
            "Increase tol."
        )
    return None
