"""The bank beside the rest: from a fit to a stream, copies that go on, parameters, layouts and dtypes that change."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from scipy import sparse

from core_bank import mixture_of, used_bits
from estimator_data import features, in_layout, labels, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream._state import COUNTED, LANES, RESIDUAL, TARGET_M2, TARGET_MEAN, WOKEN
from near import assert_near

D, N = 8, 2000
SHARE = 1e-4
CONTAINERS = [np.asarray, sparse.csr_array]
# What a switch can cost: naming the lane at the start, and the share that it gives away with every row.
ALLOWED = np.log(LANES) - N * np.log1p(-SHARE)


def stream(seed=0, density=1.0, flipped=False):
    """2 N rows of one logistic model; flipped: the second half of its negative."""
    rng = np.random.default_rng(seed)
    X = features(2 * N, D, seed, density)
    z = 1.5 * (X / X.std(axis=0)) @ rng.normal(size=D) / np.sqrt(D)
    if flipped:
        z[N:] *= -1
    return X, (z + rng.logistic(size=2 * N) > 0).astype(int)


def log_losses(probability, y):
    return -np.log(probability[np.arange(len(y)), y])


def mixture_loss(model):
    return mixture_of(model._model.state)


def lane_weights(model):
    return model._model.state.experts[:LANES]


def asleep(model):
    state = model._model.state
    return state.experts[WOKEN] > state.counters[2]


# Batch, then online.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("container", CONTAINERS)
def test_what_is_known_of_targets_and_errors_is_handed_over(container, weighted):
    X = features(500, D, density=0.7)
    y, s = values(X), np.random.default_rng(0).uniform(0.5, 2.0, 500) if weighted else None
    model = LinearRegressor(alpha=0.1).fit(container(X), y, s)
    experts = model._model.state.experts
    mean = np.average(y, weights=s)
    assert experts[COUNTED] == pytest.approx(500 if s is None else s.sum())
    assert experts[TARGET_MEAN] == pytest.approx(mean)
    assert experts[TARGET_M2] == pytest.approx(np.average((y - mean) ** 2, weights=s) * experts[COUNTED])
    assert experts[RESIDUAL] == pytest.approx(0.5 * np.average((y - model.predict(container(X))) ** 2, weights=s))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_stationary_continuation_costs_no_more_than_naming_the_solution(container, seed):
    """Of the mixture this is exact. The averaged model predicts one margin, not a mixture: a thousandth more."""
    frozen, model, online = continued(container, False, seed)
    assert mixture_loss(model) <= frozen + ALLOWED
    assert online <= 1.001 * (frozen + ALLOWED)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("container", "standardize"), [(np.asarray, "auto"), (sparse.csr_array, True), (sparse.csr_array, "auto")]
)
def test_a_standardised_continuation_costs_little_more(container, standardize, seed):
    """The solution's coefficients are in units that go on being measured."""
    frozen, model, online = continued(container, standardize, seed)
    assert mixture_loss(model) <= 1.005 * frozen + ALLOWED
    assert online <= 1.005 * frozen + ALLOWED


def continued(container, standardize, seed):
    """The frozen model's loss on the second half, the model that went on there, and its progressive loss."""
    X, y = stream(seed, density=0.4 if container is sparse.csr_array else 1.0)
    batch, rest = (container(part) for part in (X[:N], X[N:]))
    model = LinearClassifier(alpha=1e-4, standardize=standardize).fit(batch, y[:N])
    frozen = log_losses(model.predict_proba(rest), y[N:]).sum()
    online = log_losses(model.progressive_fit(rest, y[N:]), y[N:]).sum()
    return frozen, model, online


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("noise", [1.0, 0.1, 0.01])
def test_of_a_regression_the_continuation_is_as_good_as_the_solution(noise, fit_intercept, standardize):
    """However precise it is: what a mean or a deviation moves by from row to row is far more than a small noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * N, D))
    y = X @ rng.normal(size=D) + noise * rng.normal(size=2 * N)
    model = LinearRegressor(alpha=1e-6, standardize=standardize, fit_intercept=fit_intercept).fit(X[:N], y[:N])
    frozen = np.mean((model.predict(X[N:]) - y[N:]) ** 2)
    online = np.mean((model.progressive_fit(X[N:], y[N:]) - y[N:]) ** 2)
    assert online <= 1.015 * frozen


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_drifting_continuation_wakes_the_lane_that_rests_and_beats_the_frozen_model(container):
    X, y = stream(density=0.4 if container is sparse.csr_array else 1.0, flipped=True)
    model = LinearClassifier().fit(container(X[:N]), y[:N])
    frozen = log_losses(model.predict_proba(container(X[N:])), y[N:]).sum()
    model.partial_fit(container(X[N : N + 1]), y[N : N + 1], sample_weight=[0.0])
    assert asleep(model)
    online = log_losses(model.progressive_fit(container(X[N:]), y[N:]), y[N:]).sum()
    assert online < 0.7 * frozen
    assert not asleep(model)
    assert lane_weights(model)[0] < 0.5


def test_while_it_rests_lane_0_is_the_solution():
    X, y = stream()
    model = LinearClassifier(standardize=False, alpha=0.01).fit(X[:N], y[:N])
    coef, intercept = model.coef_[0], model.intercept_[0]
    for start in range(N, N + 200, 20):
        model.partial_fit(X[start : start + 20], y[start : start + 20])
        assert asleep(model)
        np.testing.assert_array_equal(model._model.state.planes()[0, :, 0], coef)
        assert model._model.state.bias[0, 0] == intercept
    assert np.ptp(model._model.state.planes()[:LANES, 0, 0]) > 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_rows_of_weight_zero_after_a_fit_change_its_form_alone(n_classes, container, dtype):
    X = features(300, D, density=0.5).astype(dtype)
    y = labels(X, n_classes)
    model = LinearClassifier().fit(container(X), y)
    formed = copy.deepcopy(model).partial_fit(container(X[:20]), y[:20], sample_weight=np.zeros(20))
    assert (formed.n_samples_seen_, formed.t_) == (model.n_samples_seen_, model.t_)
    rtol = 1e-6 if container is sparse.csr_array or dtype == np.float32 else 1e-12
    assert_near(formed.coef_, model.coef_, rtol)
    assert_near(formed.intercept_, model.intercept_, rtol)
    assert_near(formed.predict_proba(X), model.predict_proba(X), rtol)
    assert lane_weights(formed).tolist() == [1 / LANES] * LANES
    after = [other.partial_fit(container(X[20:60]), y[20:60]) for other in (model, formed)]
    assert used_bits(after[0]._model.state) == used_bits(after[1]._model.state)


def test_an_explicit_zero_does_not_take_the_solution_away():
    """A stored 0 has no unit to give: the weight waits for the first value that has one."""
    X = sparse.csr_array(features(300, D, density=0.5))
    y = labels(X.toarray())
    model = LinearClassifier().fit(X, y)
    coef = model.coef_
    zeros = sparse.csr_array((np.zeros(D), np.arange(D), np.array([0, D])), shape=(1, D))
    values = sparse.csr_array(np.full((1, D), 100.0))
    model.partial_fit(zeros, [1], sample_weight=[1e-9]).partial_fit(values, [1], sample_weight=[1e-9])
    assert_near(model.coef_, coef, 1e-3)


# Weights of lanes.


@pytest.mark.parametrize("container", CONTAINERS)
def test_learning_rate_weights_say_which_lane_wins(container):
    X = features(500, D)
    y = values(X)
    model = LinearRegressor().partial_fit(container(X), y)
    weights = model.learning_rate_weights_
    assert len(weights) == LANES
    assert sum(weights.values()) == pytest.approx(1.0, abs=1e-12)
    assert sorted(weights.values()) == sorted(lane_weights(model).tolist())
    assert all(isinstance(name, str) for name in weights)


# Copies go on with the same bits.


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@pytest.fixture
def through_a_memory_map(tmp_path):
    def go(model):
        joblib.dump(model, tmp_path / "model")
        return joblib.load(tmp_path / "model", mmap_mode="r")

    return go


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, through_pickle, through_joblib, "through_a_memory_map"])
@pytest.mark.parametrize("start", ["partial_fit", "fit"])
def test_copies_go_on_with_the_same_bits(copied, container, start, request):
    if isinstance(copied, str):
        copied = request.getfixturevalue(copied)
    X = features(600, 60, density=0.3)
    y = labels(X)
    X[:300, 30:] = 0.0  # what comes later makes the records grow
    model = LinearClassifier(alpha=1e-3)
    model = model.fit(container(X[:300]), y[:300]) if start == "fit" else model.partial_fit(X[:300], y[:300], [0, 1])
    twin = copied(model)
    for other in (model, twin):
        other.partial_fit(container(X[300:]), y[300:])
    assert used_bits(model._model.state) == used_bits(twin._model.state)
    np.testing.assert_array_equal(model.predict_proba(container(X)), twin.predict_proba(container(X)))


# What may change in the middle of a stream.


@pytest.mark.parametrize("other", ["sgd", "adagrad", "momentum", "adam"])
@pytest.mark.parametrize(
    ("container", "standardize"), [(np.asarray, "auto"), *((sparse.csr_array, s) for s in ("auto", True))]
)
def test_another_optimizer_and_back_keeps_the_model(other, container, standardize):
    X = features(300, D, density=0.5)
    y = labels(X, 3)
    model = LinearClassifier(standardize=standardize).partial_fit(container(X), y, [0, 1, 2])
    coef, intercept = model.coef_, model.intercept_
    for optimizer in (other, "auto"):
        model.set_params(optimizer=optimizer).partial_fit(container(X[:5]), y[:5], sample_weight=np.zeros(5))
        assert model.optimizer_ == ("bank" if optimizer == "auto" else optimizer)
        assert_near(model.coef_, coef, 1e-6)
        assert_near(model.intercept_, intercept, 1e-6)
    model.partial_fit(container(X), y)
    assert np.isfinite(model.coef_).all()
    assert model.score(container(X), y) > 0.5


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_little_more_penalty_changes_little(container):
    """What the bank knows, the units of sparse features included, outlives a change of parameters."""
    X, y = stream(density=0.4)
    model = LinearClassifier(alpha=1e-4).partial_fit(container(X[:N]), y[:N], [0, 1])
    changed = copy.deepcopy(model).set_params(alpha=1.001e-4)
    losses = [log_losses(other.progressive_fit(container(X[N:]), y[N:]), y[N:]).sum() for other in (model, changed)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize("standardize", ["auto", True, False])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error"])
@pytest.mark.parametrize("first", ["csr32", "dense_c"])
def test_chunks_of_another_layout_go_on_with_one_model(first, loss, standardize):
    """Weights that are float32 on sparse rows, and float64 on dense ones, are all that may differ."""
    X = features(90, D, density=0.5)
    other = "dense_c" if first == "csr32" else "csr64"
    classifier = loss == "log_loss"
    y = labels(X) if classifier else values(X)
    first_call = {"classes": [0, 1]} if classifier else {}
    mixed = (LinearClassifier if classifier else LinearRegressor)(loss, standardize=standardize, penalty=None)
    whole = copy.deepcopy(mixed).partial_fit(in_layout(X, first), y, **first_call)
    mixed.partial_fit(in_layout(X[:30], first), y[:30], **first_call)
    mixed.partial_fit(in_layout(X[30:60], other), y[30:60]).partial_fit(in_layout(X[60:], first), y[60:])
    assert mixed.n_samples_seen_ == whole.n_samples_seen_ == 90
    assert_near(mixed.coef_, whole.coef_, 1e-4)
    assert_near(mixed.intercept_, whole.intercept_, 1e-4)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("loss", ["log_loss", "huber"])
def test_the_dtype_is_that_of_the_first_chunk(loss, container):
    X = features(60, D, density=0.5)
    y = labels(X) if loss == "log_loss" else values(X)
    first_call = {"classes": [0, 1]} if loss == "log_loss" else {}
    estimator = LinearClassifier if loss == "log_loss" else LinearRegressor
    model = estimator(loss).partial_fit(container(X[:30].astype(np.float32)), y[:30], **first_call)
    model.partial_fit(container(X[30:]), y[30:])
    same = estimator(loss).partial_fit(container(X.astype(np.float32)), y, **first_call)
    assert model.coef_.dtype == np.float32
    assert used_bits(model._model.state) == used_bits(same._model.state)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("delay", [0, 3])
def test_progressive_fit_is_predict_then_learn(container, delay):
    X = features(40, D, density=0.6)
    y = values(X)
    whole, loop = LinearRegressor(), LinearRegressor()
    for model in (whole, loop):
        model.partial_fit(container(X[:5]), y[:5])
    predictions, expected = whole.progressive_fit(container(X[5:]), y[5:], delay=delay), []
    for i in range(5, 40):
        expected.append(loop.predict(container(X[i : i + 1]))[0])
        if i - delay >= 5:
            loop.partial_fit(container(X[i - delay : i - delay + 1]), y[i - delay : i - delay + 1])
    np.testing.assert_array_equal(predictions, expected)
    if delay:
        loop.partial_fit(container(X[40 - delay :]), y[40 - delay :])
    assert used_bits(whole.flush()._model.state) == used_bits(loop._model.state)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    "change",
    [
        {"learning_rate": 0.1},
        {"batch_size": 16},
        {"optimizer": "adagrad"},
        {"optimizer": "adagrad", "batch_size": 16},
        {"optimizer": "sgd"},
        {"optimizer": "adam"},
        {"alpha": 1e-3},
    ],
    ids=str,
)
def test_after_a_fit_any_online_parameter_may_change(change, container):
    X, y = stream(density=0.4)
    model = LinearClassifier().fit(container(X[:N]), y[:N])
    frozen = log_losses(model.predict_proba(container(X[N:])), y[N:]).sum()
    online = log_losses(model.set_params(**change).progressive_fit(container(X[N:]), y[N:]), y[N:]).sum()
    assert online < 1.5 * frozen
