"""What the estimators promise about calls that fail: they change nothing."""

import contextlib
import signal

import numpy as np
import pytest
from scipy import sparse

from estimator_data import features, labels, state_of, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream.exceptions import DivergenceError

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
