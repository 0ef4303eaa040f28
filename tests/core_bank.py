"""The bank of the core on arrays of its own: specifications, growing records, what it holds."""

import itertools

import numpy as np

from core_arrays import counter, family, make_spec, part, rows
from core_cases import ALPHA, L1_RATIO
from gradstream import _state
from gradstream._state import (
    COUNTED,
    FEATURES,
    LANES,
    MIXTURE_LOSS,
    NORM,
    RESIDUAL,
    TARGET_M2,
    TARGET_MEAN,
    LearnerState,
)
from near import assert_near
from reference import penalties

# Layouts and how rows may be read in them: sparse ones are never centred, and have a way of their own.
LAYOUT_STANDARDIZE = [
    ("dense_c", "none"),
    ("dense_c", "scale"),
    ("dense_c", "center_scale"),
    ("csr32", "none"),
    ("csr32", "scale"),
    ("csr32", "root_mean_square"),
]


def bank_spec(task, penalty="none", standardize="none", **changes):
    l1, l2 = penalties.strengths(penalty, ALPHA, L1_RATIO)
    spec = make_spec(loss=task[0], columns=task[1], l1=l1, l2=l2, standardize=standardize, optimizer="bank")
    return {**spec, "share": 1e-4, **changes}


def new_bank(spec, n_features, layout, dtype=np.float64):
    return LearnerState.create(spec, n_features, family(layout), dtype, 0)


def learn(state, X, y, s=None, report=None):
    """One call of the core, a second one where it asked for room."""
    status = state.core().learn(X, y, s, report, 1)
    if status[0] == "full":
        state.reserve(status[1])
        status = state.core().learn(X, y, s, report, 1)
    return status


def bank_after(spec, sample, layout, dtype=np.float64, cuts=()):
    """The state that learned the sample in the pieces between the cuts.

    Between two pieces it is asked for its model and a report, which must not leave a trace.
    """
    state = new_bank(spec, sample.X.shape[1], layout, dtype)
    for start, stop in itertools.pairwise([0, *cuts, len(sample.X)]):
        piece = slice(start, stop)
        X = part(rows(sample.X, layout, dtype), piece)
        assert learn(state, X, sample.y[piece], sample.s[piece]) == ("ok", -1)
        state.core().linear()
        state.core().planes()
        state.core().report(X, np.empty((stop - start, spec["columns"])), 1)
    return state


def used_arrays(state):
    """The arrays of a state without the room that its records have left."""
    arrays = state.arrays()
    used = int(state.experts[FEATURES]) if state.layout == "sparse" else 0
    return {**arrays, "records": arrays["records"][:used]}


def used_bits(state):
    return {name: array.tobytes() for name, array in used_arrays(state).items()}


def mixture_of(state):
    """Sum of -log(sum_l weight_l exp(-loss_l)), its logarithms taken."""
    evidence = state.experts[_state.EVIDENCE] if hasattr(_state, "EVIDENCE") else 1.0
    return state.experts[MIXTURE_LOSS] - np.log(evidence)


def assert_state_near(state, twin, rtol):
    """The linear model, all lanes and the accumulator settled as of now, the weights of lanes, and the counters."""
    core = state.core()
    for actual, expected in zip(core.linear(), twin.linear(), strict=True):
        assert_near(actual, expected, rtol)
    for plane, expected in zip(core.planes(), twin.planes(), strict=True):
        assert_near(plane, expected, rtol)
    assert_near(state.bias, twin.biases(), rtol)
    assert_near(state.experts[[NORM, TARGET_MEAN, TARGET_M2, RESIDUAL, COUNTED]], twin.experts(), rtol)
    assert_near(mixture_of(state), twin.mixture_loss, rtol)
    assert_near(state.experts[:LANES], twin.weight, rtol)
    arrays = state.arrays()
    for name in ("t", "clock"):
        assert_near(counter(arrays, name), getattr(twin, name), rtol)
    assert counter(arrays, "steps") == counter(arrays, "n_samples_seen") == twin.steps
