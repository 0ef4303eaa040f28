"""What the estimators promise about calls that fail: they change nothing."""

import contextlib
import signal
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse

from estimator_data import features, labels, state_of, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream.exceptions import DivergenceError
from sanitized import measures

D = 5


# 6. A call either happens or does not.


def bad_chunks(X, y):
    broken = X.copy()
    broken[-1, -1] = np.nan
    huge = X.copy()
    huge[-1] = 1e308
    return {
        "nan": (broken, y, None, ValueError),
        "labels": (X, np.where(np.arange(len(y)) == 7, 9, y), None, ValueError),
        "weights": (X, y, np.where(np.arange(len(y)) == 7, -1.0, 1.0), ValueError),
        "columns": (X[:, 1:], y, None, ValueError),
        "overflow": (huge, y, None, ValueError),
    }


@pytest.mark.parametrize("fault", ["nan", "labels", "weights", "columns", "overflow"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("call", ["fit", "partial_fit", "progressive_fit", "delayed"])
def test_a_failed_call_changes_nothing(fault, container, call):
    X = features(30, D)
    y = labels(X)
    bad_X, bad_y, weights, error = bad_chunks(X, y)[fault]
    if fault == "overflow" and container is sparse.csr_array:
        bad_X = bad_X.copy()
        bad_X[-1] = 1e308
    model = LinearClassifier(batch_size=4 if call == "partial_fit" else "auto", standardize=True)
    model.partial_fit(container(X), y, classes=[0, 1])
    before, attributes = state_of(model), sorted(vars(model))
    if fault in ("labels", "columns") and call == "fit":
        return  # fit is free to learn other labels and other columns
    function = {
        "fit": lambda: model.fit(container(bad_X), bad_y, weights),
        "partial_fit": lambda: model.partial_fit(container(bad_X), bad_y, None, weights),
        "progressive_fit": lambda: model.progressive_fit(container(bad_X), bad_y, None, weights),
        "delayed": lambda: model.progressive_fit(container(bad_X), bad_y, None, weights, delay=3),
    }[call]
    with pytest.raises(error):
        function()
    assert state_of(model) == before
    assert sorted(vars(model)) == attributes
    assert model.n_features_in_ == D
    fresh = LinearClassifier()
    if call == "fit":
        with pytest.raises(error):
            fresh.fit(container(bad_X), bad_y, weights)
        assert not hasattr(fresh, "n_features_in_")


def test_divergence_is_named_and_undone():
    X = features(200, D) * 1e3
    y = values(X)
    model = LinearRegressor(optimizer="momentum", learning_rate=10.0, standardize=False)
    model.partial_fit(X[:1], y[:1])
    before = state_of(model)
    with pytest.raises(DivergenceError, match=r"diverged.*row \d+ of X.*'momentum'.*eta0 = 10.*was kept"):
        model.partial_fit(X, y)
    assert state_of(model) == before
    blocks = LinearRegressor(optimizer="momentum", learning_rate=10.0, standardize=False, batch_size=8)
    with pytest.raises(DivergenceError, match=r"diverged.*epoch 1 "):
        blocks.fit(X, y)
    assert not hasattr(blocks, "coef_")


def test_learn_one_checks_before_it_writes():
    X = features(30, D)
    y = labels(X)
    model = LinearClassifier().fit(X, y)
    before = state_of(model)
    for x, label, weight, match in [
        (np.array([1.0, 2.0, np.nan, 0.0, 0.0]), 0, 1.0, "Input X contains NaN"),
        (X[0, :3], 0, 1.0, r"x has shape \(3,\)"),
        (X[0], 5, 1.0, "knows the classes"),
        (X[0], 0, -1.0, "sample_weight = -1.0"),
        (X[0], 0, np.nan, "sample_weight = nan"),
        (X[0], 0, None, "sample_weight = None"),
        (X[0], 0, np.ones(2), "a weight is a number"),
        (X[0], [0], 1.0, "the label of one row is a single value"),
        (([0, 9], [1.0, 1.0]), 0, 1.0, "column index outside"),
        (([2, 1], [1.0, 1.0]), 0, 1.0, "indices that decrease"),
    ]:
        with pytest.raises(ValueError, match=match):
            model.learn_one(x, label, weight)
        assert state_of(model) == before


def test_an_interrupt_leaves_the_model_as_it_was():
    X = features(400_000, D)
    y = labels(X)
    model = LinearClassifier("hinge", optimizer="sgd", tol=None, max_iter=100_000).partial_fit(X[:10], y[:10], [0, 1])
    before = state_of(model)

    def stop(*_):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert state_of(model) == before


def test_an_interrupt_between_rows_does_not_keep_the_turn():
    X = features(100, D)
    y = labels(X)
    model = LinearClassifier().fit(X, y)
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for round in range(200):
            with contextlib.suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.001 + 1e-6 * round)
                while True:
                    model.learn_one(X[0], y[0])
            model.learn_one(X[1], y[1])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


WITHOUT_MEMORY = """
import resource
import sys
import numpy as np
from scipy import sparse
from gradstream import LinearClassifier

D = 300_000
def chunk(seed, stored, n=40):
    rng = np.random.default_rng(seed)
    indices = [np.sort(rng.choice(D, stored, replace=False)) for _ in range(n)]
    indptr = np.arange(n + 1) * stored
    X = sparse.csr_array((rng.normal(size=n * stored), np.concatenate(indices), indptr), shape=(n, D))
    return X, np.arange(n) % 2

def told(model):
    state = model._model.state
    known = int(state.experts[12]) if state.bank else 0  # records beyond are room
    return {n: (a[:known] if n == "records" else a).tobytes() for n, a in state.arrays().items()}

def limit(more):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + more if more else -1, -1))

parameters = eval(sys.argv[1])
model, twin = (LinearClassifier(random_state=0, **parameters).partial_fit(*chunk(1, 50), [0, 1]) for _ in range(2))
rows, before, failed = chunk(2, 3000), told(model), 0
for more in range(100_000, 200_000_000, 300_000):
    try:
        limit(more)
        model.partial_fit(*rows)
        break
    except MemoryError:
        failed += 1
    finally:
        limit(None)
    assert told(model) == before, more
assert told(model) == told(twin.partial_fit(*rows))
print(failed)
"""


@measures
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, and RLIMIT_AS does not bind elsewhere")
@pytest.mark.parametrize("parameters", [{}, {"optimizer": "adam", "batch_size": 16}])
def test_memory_that_runs_out_changes_nothing(parameters):
    """Wherever in a call it does: the limit moves on until the call has what it needs."""
    command = [sys.executable, "-c", WITHOUT_MEMORY, repr(parameters)]
    failed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(failed) > 0
