"""Margins of the SGD estimators: by the core, which needs less than scikit-learn's checks and products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from gradstream import _core
from gradstream._threads import thread_count
from gradstream._validation import check_rows

if TYPE_CHECKING:
    from gradstream._core import Float64

FEW_ROWS = 64  # less than a thread is worth


def margins_of(estimator: Any, X: Any, coef: Any, intercept: Any) -> Float64:
    """Return (n, K) margins of rows under ``coef``, (K, d) or (d,), and ``intercept``, (K,) or a number."""
    check_is_fitted(estimator, "coef_")
    if isinstance(coef, np.ndarray):
        margins = _by_core(estimator, X, coef, intercept)
        if margins is not None:
            return margins
    return _by_products(estimator, X, coef, intercept)


def labels_of(estimator: Any, margins: Float64) -> NDArray[Any]:
    """Return the label of every row of (n, K) margins."""
    threads = 1 if len(margins) <= FEW_ROWS else thread_count(estimator.n_jobs)
    labels = _core.labels_of_margins(margins, estimator.classes_, threads)
    if labels is not None:
        return labels
    codes = margins.argmax(axis=1) if margins.shape[1] > 1 else (margins[:, 0] > 0).astype(np.intp)
    return estimator.classes_[codes]


def _by_core(estimator: Any, X: Any, coef: NDArray[Any], intercept: Any) -> Float64 | None:
    """Return margins; None where something is not finite, or coefficients side by side cost more than the rows."""
    if "n_features_in_" not in vars(estimator):  # a model made by hand
        return None
    rows = check_rows(estimator, X, reset=False)
    weights = coef.reshape(-1, coef.shape[-1])
    n_columns, n_features = weights.shape
    if n_features != rows.shape[1] or (rows.layout == "sparse" and n_columns > 1 and len(rows.data[0]) < n_features):
        return None
    intercepts = np.array(np.broadcast_to(np.ravel(intercept), (n_columns,)), np.float64)
    threads = 1 if rows.shape[0] <= FEW_ROWS else thread_count(getattr(estimator, "n_jobs", None))
    margins = _core.linear_margins(rows.data, np.ascontiguousarray(weights.T, np.float64), intercepts, threads)
    dtype = np.result_type(rows.dtype, coef.dtype, np.asarray(intercept).dtype)
    return margins if margins is None else margins.astype(dtype, copy=False)


def _by_products(estimator: Any, X: Any, coef: Any, intercept: Any) -> Any:
    """Return margins as scikit-learn does, with its errors."""
    X = validate_data(estimator, X, accept_sparse="csr", reset=False)
    margins = np.asarray(safe_sparse_dot(X, coef.T, dense_output=True) + intercept)
    return margins.reshape(len(margins), -1)
