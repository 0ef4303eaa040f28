"""The compiled core as benchmarks call it: below the estimators, without their checks."""

from typing import Any

import numpy as np

from benchmarks.data import Rows
from gradstream import LinearClassifier, _core
from gradstream._parameters import online_spec
from gradstream._state import LearnerState


def specification(**parameters: Any) -> Any:
    """Return the core's specification of a LinearClassifier with two classes, columns read as they are."""
    chosen = {"standardize": False, **parameters}
    return online_spec(LinearClassifier(**chosen).get_params(), columns=1, sparse=False)


def learner(spec: Any, rows: Rows) -> Any:
    """Return a fresh learner for rows like these."""
    layout = "sparse" if isinstance(rows.core, tuple) else "dense"
    state = LearnerState.create(spec, rows.X.shape[1], layout, rows.X.dtype, seed=0)
    if state.bank and layout == "sparse":
        state.reserve(rows.X.shape[1])
    return state.core()


def gradient_call(rows: Rows, threads: int) -> Any:
    """Return a call without arguments: logistic loss and gradient at some w, one pass over X."""
    spec = specification()
    w = np.random.default_rng(1).standard_normal((rows.X.shape[1], 1)) * 0.1
    return lambda: _core.loss_gradient(rows.core, rows.y, None, spec, w, None, np.zeros(1), threads)
