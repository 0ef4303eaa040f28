"""What the parameters of :class:`Ridge` and :class:`RidgeClassifier` allow, and what they mean."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from sklearn.utils._param_validation import Interval, StrOptions

from gradstream.linear_model._optimum import Goal, Optimum
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from gradstream.linear_model._drop_in import Rows

SOLVERS = {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}
FOR_SPARSE_INTERCEPTS = ("auto", "lbfgs", "lsqr", "sag", "sparse_cg")
MOST_ITERATIONS = 15_000
RIDGE: dict[str, list[Any]] = {
    "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
    "fit_intercept": ["boolean"],
    "copy_X": ["boolean"],
    "max_iter": [Interval(Integral, 1, None, closed="left"), None],
    "tol": [Interval(Real, 0, None, closed="left")],
    "solver": [StrOptions(SOLVERS)],
    "positive": ["boolean"],
    "random_state": ["random_state"],
}
RIDGE_CLASSIFIER = RIDGE | {"class_weight": [dict, StrOptions({"balanced"}), None]}


def reject_pairs(estimator: Any, X: Any) -> None:
    """Raise for what scikit-learn has no solver for, in its words, and for what is not available yet."""
    solver = estimator.solver
    if estimator.positive and solver not in ("auto", "lbfgs"):
        raise ValueError(
            f"solver='{solver}' does not support positive fitting. Please set the solver to 'auto' or 'lbfgs', or set "
            "`positive=False`"
        )
    if solver == "lbfgs" and not estimator.positive:
        raise ValueError("'lbfgs' solver can be used only when positive=True. Please use another solver.")
    if not sp.issparse(X):
        return
    if estimator.fit_intercept and solver not in FOR_SPARSE_INTERCEPTS:
        raise ValueError(
            f"solver='{solver}' does not support fitting the intercept on sparse data. Please set the solver to 'auto' "
            "or 'lsqr', 'sparse_cg', 'sag', 'lbfgs' or set `fit_intercept=False`"
        )
    if solver == "svd":
        raise TypeError("SVD solver does not support sparse inputs currently")


def reject_alphas(estimator: Any, n_targets: int) -> None:
    """Raise for penalties that are not numbers, one for all targets or one for each."""
    alphas = np.asarray(estimator.alpha, np.float64)
    if alphas.size not in (1, n_targets):
        raise ValueError(f"Number of targets and number of penalties do not correspond: {alphas.size} != {n_targets}")
    if not (np.isfinite(alphas) & (alphas >= 0)).all():
        raise ValueError(f"alpha = {estimator.alpha!r}: penalties are finite numbers >= 0.")


def in_main_parameters(estimator: Any, weight: float, column: int) -> dict[str, Any]:
    """Return the penalty of one target beside the sum of squares as one beside half their mean."""
    alphas = np.ravel(np.asarray(estimator.alpha, np.float64))
    alpha = float(alphas[column if len(alphas) > 1 else 0])
    return {"loss": "squared_error", "alpha": alpha / weight, "fit_intercept": estimator.fit_intercept}


def goal(tol: float, problem: Problem) -> Goal:
    """Return a goal: scikit-learn solves for dense rows to rounding, and sparse ones to ``tol``, as measured here."""
    exact = 1e-12
    return Goal(exact if problem.X.layout == "dense" else min(0.1 * tol, 1e-5))


def solver_name(estimator: Any, layout: str) -> str:
    """Return what scikit-learn's ``solver_`` says."""
    if estimator.solver != "auto":
        return str(estimator.solver)
    if estimator.positive:
        return "lbfgs"
    return "cholesky" if layout == "dense" else "sparse_cg"


def unconverged(n_iter: int, gap: str) -> str:
    """Return the warning of a fit that ``max_iter`` ended."""
    return f"The max_iter was reached which means the coef_ did not converge, after {n_iter} iterations. {gap}"


def stacked(rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
    """Return coefficients (n_targets, d), (d,) of one target, and intercepts (n_targets,)."""
    dtype = rows.X.dtype
    coef = np.stack([optimum.point.weights[:, 0] for optimum in optima]).astype(dtype)
    intercept = np.array([optimum.point.intercept[0] for optimum in optima], dtype)
    return coef if len(coef) > 1 else coef[0], intercept
