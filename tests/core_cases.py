"""The cases the learners of the core are tested on: axes, specifications, and learning a sample in pieces."""

import functools
import itertools

import numpy as np
import pytest

from core_arrays import counter, learner, make_spec, part, rows
from near import assert_near
from problems import make_sample
from reference import penalties

OPTIMIZERS = ["sgd", "momentum", "adagrad", "adam"]
PENALTIES = ["none", "l2", "l1", "elasticnet"]
SCHEDULES = ["constant", "invscaling", "inverse_time", "optimal"]
# Sparse rows are never centred.
LAYOUT_STANDARDIZE = [
    ("dense_c", "none"),
    ("dense_c", "scale"),
    ("dense_c", "center_scale"),
    ("csr32", "none"),
    ("csr32", "scale"),
]
D, ALPHA, L1_RATIO = 6, 0.02, 0.4

# Rates at which every loss stays bounded on these rows (poisson exponentiates its margin), row by row and in blocks.
ROW_ETA0 = {"sgd": 0.2, "momentum": 0.003, "adagrad": 0.3, "adam": 0.05}
BLOCK_ETA0 = {"sgd": 0.1, "momentum": 0.01, "adagrad": 0.2, "adam": 0.05}
# The rate of "optimal" is 1/(alpha (t0 + t)) and starts at alpha^(-1/4): these bring it near the others'.
OPTIMAL_ALPHA = {"sgd": 1.0, "momentum": 1e5, "adagrad": 1.0, "adam": 100.0}


def row_spec(task, optimizer, penalty="elasticnet", schedule="constant", standardize="none"):
    l1, l2 = penalties.strengths(penalty, ALPHA, L1_RATIO)
    return make_spec(
        loss=task[0],
        columns=task[1],
        optimizer=optimizer,
        l1=l1,
        l2=l2,
        schedule=schedule,
        alpha=OPTIMAL_ALPHA[optimizer] if schedule == "optimal" else ALPHA,
        eta0=ROW_ETA0[optimizer],
        standardize=standardize,
    )


def block_spec(task, optimizer, penalty="elasticnet", schedule="constant", standardize="none", batch_size=8):
    spec = row_spec(task, optimizer, penalty, schedule, standardize)
    return {**spec, "eta0": BLOCK_ETA0[optimizer], "batch_size": batch_size}


@functools.cache
def sample_of(task, n, d=D):
    return make_sample(task, n, d)


def random_cuts(n, seed):
    return sorted(np.random.default_rng(seed).integers(0, n + 1, 6).tolist())


def learner_after(spec, sample, layout, dtype=np.float64, cuts=()):
    """A learner, and its arrays, that learned the sample in the pieces between the cuts.

    Between two pieces it is asked for its model and a report, which must not leave a trace.
    """
    core, arrays = learner(spec, D, layout, dtype)
    for start, stop in itertools.pairwise([0, *cuts, len(sample.X)]):
        piece = slice(start, stop)
        X = part(rows(sample.X, layout, dtype), piece)
        assert core.learn(X, sample.y[piece], sample.s[piece], None, 1) == ("ok", -1)
        core.linear()
        core.report(X, np.empty((stop - start, spec["columns"])), 1)
    return core, arrays


def assert_model_near(core, arrays, twin, rtol):
    """The linear model, the slots settled as of now, and the counters."""
    for actual, expected in zip(core.linear(), twin.linear(), strict=True):
        assert_near(actual, expected, rtol)
    for plane, bias, expected in zip(core.planes(), arrays["bias"], twin.table, strict=True):
        assert_near(plane, expected[:-1], rtol)
        assert_near(bias, expected[-1], rtol)
    assert counter(arrays, "t") == pytest.approx(twin.t)
    assert counter(arrays, "steps") == twin.steps
    assert counter(arrays, "clock") == pytest.approx(twin.clock)


def linear_bits(core):
    return [array.tobytes() for array in core.linear()]
