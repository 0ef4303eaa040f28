"""Fits without an optimum: coefficients that could grow for ever, because the data only ever ask for more.

Albert and Anderson (1984), "On the existence of maximum likelihood estimates in logistic regression models",
Biometrika 71. Near the infimum every row either pulls with and against the others or has been decided, its probability
0 or 1 (its mean 0, for counts) to rounding. Coefficients are free to grow where only decided rows see them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, softmax

from gradstream._parameters import LOG_LINK
from gradstream._validation import BLOCK_ELEMENTS
from gradstream.regimes.handover import Point
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradstream._core import Float64

DECIDED = 1e-5  # probabilities this near 0 or 1, means this small
UNSEEN, SEEN = 1e-10, 1e-6  # mean squares of a direction, columns having 1
MOST_COLUMNS = 2_000  # beyond, only data without any undecided row are recognised


def no_optimum(problem: Problem, point: Point, stronger: str) -> str | None:
    """Return a warning where the solution, in X's own units, stands for none. ``stronger`` says how to penalise."""
    spec = problem.plan.spec
    loss = spec["loss"]
    if loss in LOG_LINK and spec["fit_intercept"] and not _any_count(problem):
        return (
            f"{problem.owner}: all targets of positive weight are 0, so that the best intercept is -infinity; the fit "
            "stopped where the loss is flat. Predict 0 for such rows, or use fit_intercept=False."
        )
    if loss not in ("log_loss", "poisson") or spec["l1"] > 0 or spec["l2"] > 0:
        return None
    undecided = _undecided(problem, point)
    if undecided.all() or not any(_can_grow(problem, column) for column in undecided.T):
        return None
    found = "some direction of X is seen by rows of y = 0 only" if loss == "poisson" else "the classes are separable"
    return (
        f"{problem.owner}: {found}, so that without a penalty the best coefficients are infinite; the fit stopped "
        f"where the loss is flat. {stronger}"
    )


def _any_count(problem: Problem) -> bool:
    y, weights = problem.targets.y, problem.targets.weights
    return bool(y.any() if weights is None else (weights * y).any())


def _undecided(problem: Problem, point: Point) -> NDArray[np.bool_]:
    """Return (n, K): which rows still pull at which column of coefficients."""
    X, y, weights = problem.X, problem.targets.y, problem.targets.weights
    step = max(1, BLOCK_ELEMENTS // X.shape[1])
    z = np.concatenate(
        [X.part(at, at + step).matrix() @ point.weights + point.intercept for at in range(0, X.shape[0], step)]
    )
    if problem.plan.spec["loss"] == "poisson":
        with np.errstate(over="ignore"):
            undecided = (np.exp(z) > DECIDED * max(float(y.mean()), DECIDED)) | (y[:, None] > 0)
    else:
        p = softmax(z, axis=1) if z.shape[1] > 1 else expit(z)
        undecided = (p > DECIDED) & (p < 1.0 - DECIDED)
    return undecided if weights is None else undecided | (weights[:, None] == 0)


def _can_grow(problem: Problem, undecided: NDArray[np.bool_]) -> bool:
    """Say whether a direction in the space of coefficients is seen by decided rows and by no others."""
    weights = problem.targets.weights
    counts = np.ones(len(undecided), bool) if weights is None else weights > 0
    if not undecided[counts].any():
        return True
    if undecided.all() or problem.X.shape[1] > MOST_COLUMNS:
        return False
    all_rows, live = _gram(problem, counts), _gram(problem, undecided & counts)
    scale = np.sqrt(np.diag(all_rows))
    scale = np.outer(scale, scale)
    scale[scale == 0] = 1.0
    squares, directions = np.linalg.eigh(live / scale)
    unseen = directions[:, squares < UNSEEN]
    return bool(unseen.size and np.linalg.eigvalsh(unseen.T @ (all_rows / scale) @ unseen)[-1] > SEEN)


def _gram(problem: Problem, rows: NDArray[np.bool_]) -> Float64:
    """Return sums of products of columns over some rows, the intercept's among them, block by block."""
    X, intercept = problem.X, float(problem.plan.spec["fit_intercept"])
    step = max(1, BLOCK_ELEMENTS // X.shape[1])
    gram = np.zeros((X.shape[1] + 1,) * 2)
    for at in range(0, X.shape[0], step):
        part = X.part(at, at + step).matrix()[rows[at : at + step]]
        ones = np.full((part.shape[0], 1), intercept)
        A = sp.hstack([part, ones], format="csr") if sp.issparse(part) else np.hstack([part, ones])
        product = A.T @ A
        gram += product.toarray() if sp.issparse(product) else product
    return gram
