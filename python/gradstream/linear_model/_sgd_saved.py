"""Files and states of the SGD estimators: what is read back is checked before the core gets to see it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.base import is_classifier

from gradstream.estimators._saved import SavedEstimator
from gradstream.estimators._turn import learning_turn
from gradstream.linear_model._sgd_model import OWED, SLOWING, STALLED

FLOATS = (np.float32, np.float64)
FINITE = (
    *("coef_", "_standard_coef", "_average_coef", "_paid"),
    *("intercept_", "offset_", "_standard_intercept", "_average_intercept"),
)


class SavedSGD(SavedEstimator):
    """Estimators whose model is ``coef_`` with arrays of its shape beside it."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Reduce to arrays of their own: what is copied or pickled is of a state between two calls that learn."""
        with learning_turn(self):
            reduced: Any = super().__reduce_ex__(protocol)
            return *reduced[:2], copy.deepcopy(reduced[2]), *reduced[3:]

    def _reader(self) -> Any:
        reader = type(self)(**copy.deepcopy(self.get_params(deep=False)))  # type: ignore[attr-defined]
        learnt: Any = self.__getstate__()
        vars(reader).update(copy.deepcopy(learnt))
        return reader

    def _restored(self, state: dict[str, Any]) -> dict[str, Any]:
        constants = {name: vars(self)[name] for name in vars(type(self)()) if name in vars(self)}
        if state.keys() <= constants.keys():  # nothing learnt
            return constants
        coef = _array(state, "coef_")
        shape = (1, coef.shape[0]) if coef.ndim == 1 else coef.shape
        if len(shape) != 2 or state.get("n_features_in_") != shape[1]:
            raise ValueError(
                f"state['coef_'] has shape {coef.shape}: expected one row for each column of the model, of "
                f"n_features_in_ = {state.get('n_features_in_')!r} weights."
            )
        for name in ("_standard_coef", "_average_coef", "_paid"):
            _same_shape(state, name, shape)
        for name in ("_standard_intercept", "_average_intercept", "intercept_", "offset_"):
            _same_shape(state, name, shape[:1])
        _same_shape(state, "_progress", (shape[0], 4))
        if not (isinstance(state.get("t_"), float) and 1.0 <= state["t_"] < np.inf):
            raise ValueError(f"state['t_'] = {state.get('t_')!r}: expected a finite float of at least 1.")
        for name in FINITE:
            _finite(state, name)
        _check_progress(state)
        _check_classes(type(self).__name__, state, is_classifier(self), shape[0])
        return state | constants


def _array(state: dict[str, Any], name: str) -> Any:
    array: Any = state.get(name)
    if not isinstance(array, np.ndarray) and not sp.issparse(array):
        raise ValueError(f"state[{name!r}] is a {type(array).__name__}: expected an array.")
    if array.dtype not in FLOATS:
        raise ValueError(f"state[{name!r}] has dtype {array.dtype}: expected float32 or float64.")
    return array


def _same_shape(state: dict[str, Any], name: str, shape: tuple[int, ...]) -> None:
    if name not in state or state[name] is None:
        return
    array = _array(state, name)
    if array.shape != shape and array.shape != shape[1:]:
        raise ValueError(f"state[{name!r}] has shape {array.shape}: beside coef_ it has to be {shape}.")


def _finite(state: dict[str, Any], name: str) -> None:
    array: Any = state.get(name)
    values = array.data if sp.issparse(array) else np.asarray(0.0 if array is None else array)
    if not np.isfinite(values).all():
        raise ValueError(f"state[{name!r}] holds numbers that are not finite: a model that has learnt has none.")


def _check_progress(state: dict[str, Any]) -> None:
    """Raise ValueError for what no column has been through; the best loss is infinite before the first epoch."""
    progress = state.get("_progress")
    if progress is None:
        return
    owed, slowing, best, stalled = progress.T
    fits = np.isfinite(progress[:, [OWED, SLOWING, STALLED]]).all() and not np.isnan(best).any()
    if not (fits and (owed >= 0).all() and (slowing > 0).all() and (stalled >= 0).all()):
        raise ValueError(
            f"state['_progress'] = {progress.tolist()}: expected per column a penalty >= 0, a share of the rate > 0, "
            "the best loss and a count >= 0."
        )


def _check_classes(owner: str, state: dict[str, Any], classifier: bool, columns: int) -> None:
    """Raise ValueError unless there is a column for two classes, or one for each of more."""
    classes = state.get("classes_")
    if not classifier:
        if classes is not None:
            raise ValueError(f"state['classes_'] = {classes!r:.200}: a {owner} has no classes.")
        return
    count = 0 if classes is None else len(classes)
    if columns != (1 if count == 2 else count):
        raise ValueError(
            f"state['classes_'] = {classes!r:.200}: expected as many classes as the {columns} columns of coef_ are "
            "for, two for one column."
        )
