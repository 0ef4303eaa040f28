"""Least squares of many columns: conjugate gradients, all targets in every read of X."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._validation import CheckedRows, raise_for_status

if TYPE_CHECKING:
    from gradstream._core import BatchResult, Float64

MAX_ITERATIONS = 2**31 - 1  # what the core counts to
UNPENALISED = 1e-10  # what ``tol`` is at most where nothing but the data hold coefficients


@dataclass(frozen=True, eq=False)
class JointProblem:
    """Rows with targets (n, m), each with its own l2 beside the mean loss, (m,); columns are times ``scale``."""

    owner: str
    X: CheckedRows
    Y: Float64
    weights: Float64 | None
    l2: Float64
    fit_intercept: bool
    tol: float
    max_iter: int
    threads: int
    scale: Float64 | None = None


def solve(problem: JointProblem, on_iteration: Callable[[int, float, float], bool] | None) -> list[BatchResult]:
    """Return how the fit of every target went, in scaled units, or raise where sums are not finite."""
    tol = problem.tol if (problem.l2 > 0).all() else min(problem.tol, UNPENALISED)
    joint = _core.joint_squares(
        problem.X.data,
        np.ascontiguousarray(problem.Y),
        problem.weights,
        problem.scale,
        problem.l2,
        problem.fit_intercept,
        tol,
        min(problem.max_iter, MAX_ITERATIONS),
        problem.threads,
        on_iteration,
    )
    if joint["status"] == "non_finite":
        remedy = "The sums over X and y overflow float64: rescale them."
        raise_for_status(problem.owner, ("non_finite", -1), problem.X, "conjugate gradients", remedy)
    return [
        {
            "coef": np.ascontiguousarray(joint["coef"][:, [k]]),
            "intercept": joint["intercept"][[k]],
            "objective": float(joint["objective"][k]),
            "optimality": float(joint["optimality"][k]),
            "n_iter": joint["n_iter"][k],
            "status": joint["status"] if joint["optimality"][k] > tol else "converged",
            "loss_curve": joint["loss_curve"] if len(problem.l2) == 1 else [],
            "solver": "newton",
        }
        for k in range(len(problem.l2))
    ]
