"""What the parameters of :class:`LogisticRegression` allow, and what its pairs of parameters mean."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Hidden, Interval, StrOptions

SOLVERS = {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}
LOGISTIC: dict[str, list[Any]] = {
    "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({"deprecated"}))],
    "C": [Interval(Real, 0, None, closed="right")],
    "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
    "dual": ["boolean"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "fit_intercept": ["boolean"],
    "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
    "class_weight": [dict, StrOptions({"balanced"}), None],
    "random_state": ["random_state"],
    "solver": [StrOptions(SOLVERS)],
    "max_iter": [Interval(Integral, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "n_jobs": [None, Integral],
}


def l1_share(estimator: Any) -> float | None:
    """Return the share of l1 in the penalty, None without a penalty."""
    name = _penalty(estimator)
    if name is None or np.isinf(estimator.C):
        return None
    return float({"l1": 1.0, "l2": 0.0}.get(name, estimator.l1_ratio))


def _penalty(estimator: Any) -> str | None:
    if estimator.penalty != "deprecated":
        name: str | None = estimator.penalty
        return name
    if np.isinf(estimator.C):
        return None
    return {None: "l2", 0: "l2", 1: "l1"}.get(estimator.l1_ratio, "elasticnet")


def reject_pairs(estimator: Any) -> None:
    """Warn of parameters that are going, and raise for pairs that scikit-learn has no solver for, in its words."""
    penalty, solver, ratio = _penalty(estimator), estimator.solver, estimator.l1_ratio
    if estimator.penalty != "deprecated":
        _warn(
            "'penalty' was deprecated in version 1.8 and will be removed in 1.10. To avoid this warning, leave "
            "'penalty' set to its default value and use 'l1_ratio' or 'C' instead. Use l1_ratio=0 instead "
            "of penalty='l2', "
            "l1_ratio=1 instead of penalty='l1', l1_ratio set to a float between 0 and 1 instead of "
            "penalty='elasticnet', and C=np.inf instead of penalty=None.",
            FutureWarning,
        )
    elif ratio is None:
        _warn(
            "'l1_ratio=None' was deprecated in version 1.8 and will trigger an error in 1.10. "
            "Use 0<=l1_ratio<=1 instead.",
            FutureWarning,
        )
    _reject_solver(solver, penalty, dual=estimator.dual)
    if penalty != "elasticnet" and ratio is not None and 0 < ratio < 1:
        _warn(f"l1_ratio parameter is only used when penalty is 'elasticnet'. Got (penalty={penalty})")
    if (estimator.penalty == "l2" and ratio != 0) or (estimator.penalty == "l1" and ratio != 1):
        _warn(
            f"Inconsistent values: penalty={penalty} with l1_ratio={ratio}. penalty is deprecated. "
            "Please use l1_ratio only."
        )
    if penalty == "elasticnet" and ratio is None:
        raise ValueError("l1_ratio must be specified when penalty is elasticnet.")
    if estimator.penalty is None and estimator.C != 1.0:
        _warn("Setting penalty=None will ignore the C and l1_ratio parameters")
    if estimator.n_jobs is not None:
        _warn(
            "'n_jobs' has no effect since 1.8 and will be removed in 1.10. "
            f"You provided 'n_jobs={estimator.n_jobs}', please leave it unspecified.",
            FutureWarning,
        )


def _reject_solver(solver: str, penalty: str | None, *, dual: bool) -> None:
    if solver not in ("liblinear", "saga") and penalty not in ("l2", None):
        raise ValueError(f"Solver {solver} supports only 'l2' or None penalties, got {penalty} penalty.")
    if solver != "liblinear" and dual:
        raise ValueError(f"Solver {solver} supports only dual=False, got dual={dual}")
    if penalty == "elasticnet" and solver != "saga":
        raise ValueError(f"Only 'saga' solver supports elasticnet penalty, got solver={solver}.")
    if solver == "liblinear" and penalty is None:
        raise ValueError("C=np.inf as well as penalty=None is not supported for the liblinear solver")
    if solver == "liblinear" and dual and penalty == "l1":
        raise ValueError(
            "Unsupported set of arguments: The combination of penalty='l1' and loss='logistic_regression' are not "
            "supported when dual=True, Parameters: penalty='l1', loss='logistic_regression', dual=True"
        )


def _warn(text: str, category: type[Warning] = UserWarning) -> None:
    warnings.warn(text, category, stacklevel=5)


MULTICLASS_LIBLINEAR = (
    "Only binary classification is supported. The type of the target is multiclass. "
    "The 'liblinear' solver does not support multiclass classification (n_classes >= 3). Either use another solver or "
    "wrap the estimator in a OneVsRestClassifier to keep applying a one-versus-rest scheme."
)
SCALING = (
    "You might also want to scale the data as shown in:\n"
    "    https://scikit-learn.org/stable/modules/preprocessing.html\n"
    "Please also refer to the documentation for alternative solver options:\n"
    "    https://scikit-learn.org/stable/modules/linear_model.html#logistic-regression"
)


def unconverged(solver: str, n_iter: int, max_iter: int, gap: str) -> str:
    """Return the warning of a fit that ``max_iter`` ended, beginning as that solver's in scikit-learn."""
    if solver == "liblinear":
        return f"Liblinear failed to converge, increase the number of iterations. {gap}"
    if solver in ("sag", "saga"):
        return f"The max_iter was reached which means the coef_ did not converge. {gap}"
    if solver == "newton-cholesky":
        return f"Newton solver did not converge after {n_iter} iterations. {gap}"
    if solver == "newton-cg":
        return f"newton-cg failed to converge after {n_iter} iterations. Increase the number of iterations. {gap}"
    return (
        f"lbfgs failed to converge after {n_iter} iteration(s) (status=1):\n"
        f"STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT. {gap}\n\n"
        f"Increase the number of iterations to improve the convergence (max_iter={max_iter}).\n{SCALING}"
    )
