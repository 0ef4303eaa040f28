"""Files and states of the SGD estimators: what is read back is checked before the core gets to see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from gradstream.estimators._saved import SavedEstimator

FLOATS = (np.float32, np.float64)


class SavedSGD(SavedEstimator):
    """Estimators whose model is ``coef_`` with arrays of its shape beside it."""

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
        if not (isinstance(state.get("t_"), float) and state["t_"] >= 1.0):
            raise ValueError(f"state['t_'] = {state.get('t_')!r}: expected a float of at least 1.")
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
