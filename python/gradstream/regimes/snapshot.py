"""The linear model of a state and nothing else: what is needed to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradstream._parameters import has_statistics
from gradstream._state import N_SAMPLES_SEEN, WEIGHT, LearnerState, T

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec


def snapshot(state: LearnerState) -> LearnerState:
    """Return a state that predicts as this one does now, without slots and lanes, that shares no memory with it.

    An unfinished block has not been stepped on, so predictions do not know of it.
    """
    spec: Spec = {**state.spec, "optimizer": "sgd", "batch_size": 1, "schedule": "constant", "l1": 0.0, "l2": 0.0}
    if spec["standardize"] == "root_mean_square":
        spec["standardize"] = "none"  # weights of such a state are taken in X's own units
    weights, intercept = _point(state)
    new = LearnerState.create(spec, state.n_features, state.layout, state.table.dtype, state.seed)
    if new.mean.size:
        new.mean[:], new.m2[:], new.seen[:] = state.moments()
    new.set_planes(weights[None])  # before the counters: no record is behind their clock
    new.bias[0] = intercept
    for counter in (T, WEIGHT, N_SAMPLES_SEEN):
        new.counters[counter] = state.counters[counter]
    return new


def _point(state: LearnerState) -> tuple[Float64, Float64]:
    """Return weights (d, K) in the units of the snapshot, and intercepts (K,), without all planes where that can be."""
    if has_statistics(state.spec):
        return state.point()
    coef, intercept = state.core().linear()
    return np.ascontiguousarray(coef.T), intercept
