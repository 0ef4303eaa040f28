"""``progressive_fit(delay=k)``: rows wait as part of the state, and nothing that waits stays for ever."""

import copy

import numpy as np
import pytest
from scipy import sparse

from estimator_data import features, labels, state_of, values
from gradstream import LinearClassifier, LinearRegressor

N, D = 60, 5
CLASSES = [0, 1, 2]


def loop(model, X, y, weights, cuts):
    """Predict a row, then learn what has waited for its delay: row by row, in calls that nobody is waited for in."""
    waiting, said = [], []
    for start, stop, delay in cuts:
        for i in range(start, stop):
            said.append(model.decision_function(X[i : i + 1]))
            waiting.append(i)
            while len(waiting) > delay:
                j = waiting.pop(0)
                model.partial_fit(X[j : j + 1], y[j : j + 1], sample_weight=weights[j : j + 1])
    for j in waiting:
        model.partial_fit(X[j : j + 1], y[j : j + 1], sample_weight=weights[j : j + 1])
    return np.concatenate(said)


CUTS = {
    "one call": [(0, N, 7)],
    "more rows wait than come": [(0, 20, 35), (20, 21, 35), (21, 24, 35), (24, N, 35)],
    "nothing is learnt before the end": [(0, 30, 100), (30, N, 100)],
    "delays change": [(0, 10, 3), (10, 25, 20), (25, 26, 2), (26, 40, 0), (40, N, 9)],
}


@pytest.mark.parametrize("cuts", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sparse.csr_array, np.float32], ids=str)
@pytest.mark.parametrize("parameters", [{}, {"optimizer": "adagrad"}, {"optimizer": "sgd", "batch_size": 4}], ids=str)
def test_any_delay_in_any_calls_is_the_loop(parameters, container, cuts):
    X, rng = features(N, D), np.random.default_rng(0)
    X[rng.random(X.shape) < 0.5] = 0.0
    y, weights = labels(X, 3), rng.integers(0, 3, N) * 0.5
    start = LinearClassifier(**parameters).partial_fit(container(X[:3]), y[:3], CLASSES)
    rows = container(X)
    expected = copy.deepcopy(start)
    said = loop(expected, rows, y, weights, cuts)
    found = copy.deepcopy(start)
    parts = [
        found.progressive_fit(rows[a:b], y[a:b], sample_weight=weights[a:b], delay=delay, method="decision_function")
        for a, b, delay in cuts
    ]
    np.testing.assert_array_equal(np.concatenate(parts), said)
    assert state_of(found.flush()) == state_of(expected.flush())


def test_rows_wait_in_another_layout():
    """A dense model that is shown sparse rows, in another precision: what waits is learnt as if it came later."""
    X, y = features(40, D), labels(features(40, D))
    found, expected = (LinearClassifier().partial_fit(X[:5], y[:5], [0, 1]) for _ in range(2))
    parts = [X[5:12], sparse.csr_array(X[12:20].astype(np.float32)), X[20:]]
    targets = [y[5:12], y[12:20], y[20:]]
    for part, target in zip(parts, targets, strict=True):
        found.progressive_fit(part, target, delay=4)
    for part, target in zip(parts, targets, strict=True):
        expected.partial_fit(part, target)
    np.testing.assert_array_equal(found.flush().coef_, expected.coef_)


def test_rows_that_wait_are_the_models_own():
    X, y = features(20, D), labels(features(20, D))
    shown, model = X.copy(), LinearClassifier()
    model.progressive_fit(shown, y, [0, 1], delay=6)
    shown[:] = 1e3
    np.testing.assert_array_equal(model.flush().coef_, LinearClassifier().partial_fit(X, y, [0, 1]).coef_)


def test_wide_rows_are_taken_in_pieces():
    """More elements than are copied at a time: 3 x 400,000 columns and 2^20 elements."""
    X = np.zeros((3, 400_000))
    X[:, :50] = features(3, 50)
    y = np.array([0, 1, 0])
    whole, single = (LinearClassifier(optimizer="sgd") for _ in range(2))
    parts = [single.progressive_fit(X[i : i + 1], y[i : i + 1], [0, 1], delay=1) for i in range(3)]
    np.testing.assert_array_equal(whole.progressive_fit(X, y, [0, 1], delay=1), np.concatenate(parts))
    assert state_of(whole) == state_of(single)


# What can never be learnt does not wait.


def broken(X, i, j, value):
    X = X.copy()
    X[i, j] = value
    return X


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array], ids=str)
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200], ids=str)
@pytest.mark.parametrize("optimizer", ["auto", "adagrad"])
def test_rows_that_cannot_be_learnt_are_refused_before_they_wait(container, value, optimizer):
    """The sparse model has met none but column 0: a value of another one does not show in a decision value."""
    X = features(30, D)
    y = labels(X)
    first = X * (np.arange(D) == 0)
    model = LinearClassifier(optimizer=optimizer, standardize=False)
    model.progressive_fit(container(first[:10]), y[:10], [0, 1], delay=4)
    before = state_of(model)
    match = "X holds 1e.200, whose square overflows" if value == 1e200 else "Input X contains"
    with pytest.raises(ValueError, match=match):
        model.progressive_fit(container(broken(X[10:], 19, 3, value)), y[10:], delay=40)
    assert state_of(model) == before
    model.progressive_fit(container(X[10:]), y[10:], delay=4)
    model.flush()
    assert model.n_samples_seen_ == 30


@pytest.mark.parametrize("target", [7, None, np.nan])
def test_labels_that_cannot_be_learnt_are_refused_before_they_wait(target):
    X = features(10, D)
    y = np.array([0, 1] * 5, object)
    model = LinearClassifier()
    model.progressive_fit(X, y.astype(int), [0, 1], delay=4)
    before = state_of(model)
    y[6] = target
    with pytest.raises(ValueError, match=r"knows the classes|contains NaN|Unknown label type"):
        model.progressive_fit(X, y, delay=40)
    assert state_of(model) == before


def test_targets_that_cannot_be_learnt_are_refused_before_they_wait():
    X = features(10, D)
    model = LinearRegressor().partial_fit(X, values(X))
    before = state_of(model)
    with pytest.raises(ValueError, match=r"y holds 1e\+200, whose square overflows.*Rescale the targets"):
        model.progressive_fit(X, np.r_[values(X)[:9], 1e200], delay=40)
    assert state_of(model) == before


def test_single_precision_has_squares_of_its_own():
    """1e20 squared overflows float32, and no sum of the model; 1e50 is infinite in the model's own dtype."""
    X = features(12, D)
    y = labels(X)
    model = LinearClassifier(standardize=False)
    model.progressive_fit(broken(X, 4, 1, 1e20).astype(np.float32), y, [0, 1], delay=20)
    before = state_of(model)
    with pytest.raises(ValueError, match=r"X holds 1e\+50, whose square overflows"):
        model.progressive_fit(broken(X, 0, 0, 1e50), y, delay=20)
    assert state_of(model) == before


# What is said where a decision value overflows.


@pytest.mark.parametrize("optimizer", ["auto", "sgd"])
@pytest.mark.parametrize("delay", [0, 3])
def test_a_decision_value_that_overflows_is_no_divergence(optimizer, delay):
    """Row 7 could be learnt; it is the weights that are large."""
    X = features(30, D)
    model = LinearRegressor(optimizer=optimizer, standardize=False).partial_fit(X, values(X))
    model._model.state.set_point(np.full((D, 1), 1e200), np.zeros(1))
    before = state_of(model)
    with pytest.raises(
        ValueError, match=r"decision value of row 7 of X overflows with this LinearRegressor, before"
    ) as e:
        model.progressive_fit(broken(0.0 * X, 7, 1, 1e153), values(X), delay=delay)
    assert type(e.value) is ValueError
    assert state_of(model) == before


@pytest.mark.parametrize("optimizer", ["auto", "sgd"])
def test_positions_that_are_none(optimizer):
    X = features(4, D)
    learner = LinearRegressor(optimizer=optimizer).partial_fit(X, values(X))._model.learner
    for first, shift, match in (
        (5, 0, "first: expected a position"),
        (-1, -2, "first: "),
        (1, 2, "shift: a row is le"),
    ):
        with pytest.raises(ValueError, match=match):
            learner.learn_delayed(X, values(X), None, np.zeros((3, 1)), first, shift)
    with pytest.raises(ValueError, match="report: expected 3 elements"):
        learner.learn_delayed(X, values(X), None, np.zeros((4, 1)), 1, 0)


def test_a_fresh_model_of_sparse_rows_makes_room():
    """300 features more with every call than the bank has room for, and rows of weight 0 among them."""
    rng = np.random.default_rng(0)
    X = sparse.random(40, 5_000, 0.02, "csr", rng=rng)
    y, weights = rng.integers(0, 2, 40), rng.integers(0, 2, 40) * 1.0
    found, expected = LinearClassifier(), LinearClassifier()
    for part in (slice(0, 3), slice(3, 30), slice(30, 40)):
        found.progressive_fit(X[part], y[part], [0, 1], weights[part], delay=5)
        expected.partial_fit(X[part], y[part], [0, 1], weights[part])
    np.testing.assert_array_equal(found.flush().coef_, expected.coef_)
