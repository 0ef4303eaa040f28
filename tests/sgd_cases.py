"""Data for the SGD drop-ins, and comparison with scikit-learn's estimators of the same name."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model
from sklearn.exceptions import ConvergenceWarning

import gradstream.linear_model

RELATIVE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-4}
CLASSIFICATION = ("hinge", "perceptron", "squared_hinge", "log_loss", "modified_huber")
REGRESSION = ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive")
SCHEDULES = ("constant", "optimal", "invscaling", "adaptive")
# A rate at which steps contract: where they amplify rounding, scikit-learn differs from itself with columns exchanged.
CALM = {"alpha": 0.05, "eta0": 0.05, "random_state": 3, "max_iter": 2, "tol": None}


@dataclass(frozen=True, eq=False)
class Data:
    """Rows, a real target, two and four classes, weights."""

    X: Any
    real: Any
    two: Any
    four: Any
    weights: Any


def data(n: int = 160, d: int = 11, *, layout: str = "dense", dtype: str = "float64") -> Data:
    """Return rows of which CSR ones store 40 % of the values."""
    rng = np.random.default_rng(0)
    X = 0.5 * rng.standard_normal((n, d))
    real = X[:, 0] - X[:, 1] + 0.3 * rng.standard_normal(n)
    weights = rng.random(n) + 0.5
    stored = np.where(rng.random((n, d)) < 0.4, X, 0.0)
    rows = X.astype(dtype) if layout == "dense" else sp.csr_array(stored.astype(dtype))
    return Data(rows, real, (real > 0).astype(int), np.digitize(real, [-0.6, 0.0, 0.6]), weights)


def pair(name: str, **parameters: Any) -> tuple[Any, Any]:
    """Return our estimator and scikit-learn's with equal parameters."""
    return tuple(getattr(side, name)(**parameters) for side in (gradstream.linear_model, sklearn.linear_model))


def fitted(name: str, rows: Data, y: Any, sample_weight: Any = None, **parameters: Any) -> tuple[Any, Any]:
    """Return both, fitted."""
    ours, theirs = pair(name, **parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for model in (ours, theirs):
            model.fit(rows.X, y, sample_weight=sample_weight)
    return ours, theirs


def gap(ours: Any, theirs: Any) -> float:
    """Return the largest difference of weights and intercepts, relative to the largest weight or intercept."""
    worst = 0.0
    for name in ("coef_", "offset_" if hasattr(theirs, "offset_") else "intercept_"):
        a, b = np.asarray(getattr(ours, name)), np.asarray(getattr(theirs, name))
        assert a.shape == b.shape
        worst = max(worst, float(np.abs(a - b).max()))
    size = max(float(np.abs(theirs.coef_).max()), float(np.abs(getattr(theirs, name)).max()))
    return worst / size if size else worst


def assert_same(ours: Any, theirs: Any, dtype: Any = np.float64) -> None:
    """Check the trajectory: weights, intercepts, epochs and clock."""
    assert gap(ours, theirs) < RELATIVE[np.dtype(dtype)], (ours, gap(ours, theirs))
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)
    assert ours.coef_.dtype == theirs.coef_.dtype
