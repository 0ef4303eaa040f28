"""Fitted attributes of any estimator: what they can be at all when a state or a file brings them, and for readers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

LABEL_TYPES = (str, int, float, bool)


def read_only(value: Any) -> Any:
    """Return what was made for a reader; an array raises when it is written to, for nothing would come of it."""
    for array in (value.data, value.indices, value.indptr) if sp.issparse(value) else (value,):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return value


def plain_label(label: Any) -> Any:
    """Return a label in Python's own type; arrays of objects may hold NumPy's."""
    return label.item() if isinstance(label, np.generic) else label


def check_fitted_values(state: dict[str, Any]) -> None:
    """Raise ValueError for the first attribute of a state that no estimator could have learnt."""
    for name, check in _CHECKS.items():
        if name in state:
            check(f"state[{name!r}]", state[name])


def _check_classes(where: str, classes: Any) -> None:
    """Sorted labels of one kind, each once: codes of labels are found by bisection."""
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        raise ValueError(f"{where} = {classes!r:.200}: a 1-D array of labels is needed.")
    labels = [plain_label(label) for label in classes.tolist()]
    if not all(type(label) in LABEL_TYPES for label in labels):
        raise ValueError(f"{where} = {classes!r:.200}: labels are str, int, float or bool.")
    try:
        rising = all(low < high for low, high in pairwise(labels))
    except TypeError:  # numbers and strings
        rising = False
    if not (rising and all(label == label for label in labels)):  # NaN is not itself
        raise ValueError(f"{where} = {classes!r:.200}: labels have to be of one kind, sorted, and each there once.")


def _check_names(where: str, names: Any) -> None:
    if (
        not isinstance(names, np.ndarray)
        or names.ndim != 1
        or not all(isinstance(name, str) for name in names.tolist())
    ):
        raise ValueError(f"{where} = {names!r:.200}: a 1-D array of strings is needed.")


def _check_count(where: str, count: Any) -> None:
    """An integer, or an array of them: scikit-learn's n_iter_ of several targets."""
    counts: NDArray[Any] = np.asarray(count)
    if counts.dtype.kind not in "iu" or not (counts >= 0).all():
        raise ValueError(f"{where} = {count!r:.200}: a number of features or iterations is an integer >= 0.")


def _check_numbers(where: str, values: Any) -> None:
    """Numbers that were measured, such as a curve."""
    measured = np.asarray(values)
    if measured.dtype.kind != "f" and measured.size:
        raise ValueError(f"{where} = {values!r:.200}: floats are needed.")


def _check_weights(where: str, weights: Any) -> None:
    if weights is not None and not (
        isinstance(weights, np.ndarray)
        and weights.dtype == np.float64
        and (np.isfinite(weights) & (weights >= 0)).all()
    ):
        raise ValueError(f"{where} = {weights!r:.200}: finite weights >= 0 are needed, or None.")


_CHECKS = {
    "classes_": _check_classes,
    "feature_names_in_": _check_names,
    "n_features_in_": _check_count,
    "n_iter_": _check_count,
    "objective_": _check_numbers,
    "optimality_": _check_numbers,
    "loss_curve_": _check_numbers,
    "validation_scores_": _check_numbers,
    "balanced_class_weights": _check_weights,
}
