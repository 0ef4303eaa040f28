"""What the estimators promise online: batch then online, chunks that do not matter, streams that change."""

import copy

import numpy as np
import pytest
from scipy import sparse

from estimator_data import (
    OPTIMIZERS,
    RATES,
    counts,
    estimator,
    features,
    first_classes,
    labels,
    state_of,
    targets,
    values,
)
from gradstream import LinearClassifier, LinearRegressor
from gradstream.optim import Adam, InvScaling, Momentum
from near import assert_near

D = 5


# 2. Batch then online.


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "hinge", "poisson", "gamma", "tweedie"])
def test_online_goes_on_from_the_batch_solution(loss, container):
    X = features(1500, D, density=0.7)
    y = targets(loss, X)
    model = estimator(loss, alpha=1e-3).fit(container(X[:1000]), y[:1000])
    batch, coef = model.objective(container(X), y), model.coef_
    assert model.n_samples_seen_ == model.t_ == 1000
    model.partial_fit(container(X[1000:1001]), y[1000:1001])
    assert np.abs(model.coef_ - coef).max() < 0.1 * np.abs(coef).max()
    model.partial_fit(container(X[1001:]), y[1001:])
    assert model.n_samples_seen_ == 1500
    blank = estimator(loss).partial_fit(container(X[:1]), y[:1], **first_classes(model), sample_weight=[0.0])
    # a constant rate wanders around the optimum, within a tenth of the way to it
    assert model.objective(container(X), y) - batch < 0.1 * (blank.objective(container(X), y) - batch)


def test_online_follows_a_concept_that_the_batch_has_not_seen():
    X = features(4000, D)
    y = labels(X)
    flipped = 1 - y[2000:]
    model = LinearClassifier().fit(X[:2000], y[:2000])
    frozen = model.score(X[3000:], flipped[1000:])
    model.partial_fit(X[2000:3000], flipped[:1000])
    assert model.score(X[3000:], flipped[1000:]) > max(0.6, frozen + 0.2)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_epochs_then_online_keeps_what_was_learnt(optimizer):
    X = features(1000, D)
    y = values(X)
    parameters = {"optimizer": optimizer, "learning_rate": RATES[optimizer] / 5, "max_iter": 300, "tol": None}
    model = LinearRegressor(random_state=0, **parameters).fit(X, y)
    before = model.objective_
    model.partial_fit(X, y)
    assert model.objective(X, y) < before * 1.1 + 0.05


# 3. Chunks do not matter.


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, Adam(beta_1=0.5), Momentum(0.5)], ids=str)
@pytest.mark.parametrize("penalty", [None, "l2", "elasticnet"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_any_chunks_give_the_same_bits(optimizer, penalty, container, batch_size):
    X = features(60, D, density=0.5)
    y = values(X)
    name = getattr(optimizer, "name", optimizer)
    rate = InvScaling(eta0=RATES[name] / 10, power_t=0.25)
    parameters = {"optimizer": optimizer, "penalty": penalty, "alpha": 0.01, "learning_rate": rate}
    whole, chunks = (LinearRegressor(batch_size=batch_size, random_state=0, **parameters) for _ in range(2))
    whole.partial_fit(container(X), y)
    for rows in np.split(np.arange(60), [1, 2, 9, 30]):
        chunks.partial_fit(container(X[rows]), y[rows])
    assert state_of(whole) == state_of(chunks)
    assert state_of(whole.flush()) == state_of(chunks.flush())


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_any_chunks_of_weighted_rows_give_the_same_bits(container):
    X = features(300, D, density=0.5)
    y, weights = values(X), np.random.default_rng(0).uniform(0.0, 2.0, 300) * (np.arange(300) % 5 > 0)
    for cut in range(1, 300, 7):
        whole, chunks = (LinearRegressor(batch_size=32, alpha=0.1, random_state=0) for _ in range(2))
        whole.partial_fit(container(X), y, sample_weight=weights)
        for rows in np.split(np.arange(300), sorted({7, cut, 290})):
            chunks.partial_fit(container(X[rows]), y[rows], sample_weight=weights[rows])
        assert state_of(whole) == state_of(chunks)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_any_chunks_give_the_same_bits_with_many_columns(optimizer, container, loss):
    X = features(60, 2 * D, density=0.5)
    y = labels(X, 5)
    parameters = {"optimizer": optimizer, "learning_rate": RATES[optimizer] / 5, "batch_size": 7, "random_state": 0}
    whole, chunks = LinearClassifier(loss, **parameters), LinearClassifier(loss, **parameters)
    whole.partial_fit(container(X), y, classes=range(5))
    for rows in np.split(np.arange(60), [1, 2, 9, 30]):
        chunks.partial_fit(container(X[rows]), y[rows], classes=range(5))
    assert state_of(whole) == state_of(chunks)


def test_one_row_at_a_time_gives_the_bits_of_one_chunk():
    X = features(50, D, density=0.5)
    y = labels(X, 3)
    for container, row in ((np.asarray, lambda i: X[i]), (sparse.csr_array, lambda i: pair(X[i]))):
        chunk, rows = LinearClassifier(random_state=0), LinearClassifier(random_state=0)
        chunk.partial_fit(container(X), y, classes=[0, 1, 2])
        rows.partial_fit(container(X[:1]), y[:1], classes=[0, 1, 2])
        for i in range(1, 50):
            rows.learn_one(row(i), y[i])
        assert state_of(chunk) == state_of(rows)
        np.testing.assert_array_equal(rows.predict_proba_one(row(3)), chunk.predict_proba(container(X))[3])


def pair(x):
    present = np.flatnonzero(x)
    return present, x[present]


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("batch_size", ["auto", 4])
@pytest.mark.parametrize("delay", [0, 3])
def test_progressive_fit_is_the_loop_of_predict_then_learn(container, batch_size, delay):
    X = features(40, D, density=0.6)
    y = labels(X, 3)
    whole, loop = (LinearClassifier(batch_size=batch_size, random_state=0) for _ in range(2))
    for model in (whole, loop):
        model.partial_fit(container(X[:5]), y[:5], classes=[0, 1, 2])
    parts = [whole.progressive_fit(container(X[rows]), y[rows], delay=delay) for rows in (slice(5, 20), slice(20, 40))]
    expected = []
    for i in range(5, 40):
        expected.append(loop.predict_proba(container(X[i : i + 1]))[0])
        if i - delay >= 5:
            loop.partial_fit(container(X[i - delay : i - delay + 1]), y[i - delay : i - delay + 1])
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    if delay:
        loop.partial_fit(container(X[40 - delay :]), y[40 - delay :])
    assert state_of(whole.flush()) == state_of(loop.flush())


def test_progressive_fit_of_regressors_and_its_methods():
    X = features(30, D)
    y = counts(X)
    model, other = LinearRegressor("poisson"), LinearRegressor("poisson")
    predictions = model.progressive_fit(X, y)
    assert predictions.shape == (30,)
    assert (predictions > 0).all()
    np.testing.assert_array_equal(predictions, other.progressive_fit(X, y, method="predict"))
    margins = LinearClassifier("hinge").progressive_fit(X, labels(X), classes=[0, 1])
    assert margins.shape == (30,)
    names = LinearClassifier("hinge").progressive_fit(X, labels(X), classes=[0, 1], method="predict")
    np.testing.assert_array_equal(names, (margins > 0).astype(int))


# Layouts may change in the middle of a stream.


@pytest.mark.parametrize("standardize", ["auto", True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_stream_may_change_its_layout(standardize, optimizer):
    X = features(60, D, density=0.5)
    y = labels(X)
    parameters = {"standardize": standardize, "optimizer": optimizer, "random_state": 0, "fit_intercept": True}
    mixed = LinearClassifier(**parameters).partial_fit(X[:20], y[:20], [0, 1])
    dense = copy.deepcopy(mixed).partial_fit(X[20:], y[20:])
    mixed.partial_fit(sparse.csr_array(X[20:40]), y[20:40]).partial_fit(X[40:], y[40:])
    assert mixed.n_samples_seen_ == 60
    # momentum and adam step on the zeros of dense rows and not on the absent features of sparse ones
    rtol = 1e-9 if optimizer in ("sgd", "adagrad") or standardize is not False else 1.0
    assert_near(mixed.decision_function(X), dense.decision_function(sparse.csc_array(X)), rtol)


def test_a_stream_may_change_its_dtype():
    X = features(60, D)
    y = values(X)
    model = LinearRegressor().partial_fit(X[:30].astype(np.float32), y[:30])
    model.partial_fit(X[30:], y[30:])
    assert model.coef_.dtype == np.float32
    other = LinearRegressor().partial_fit(X.astype(np.float32), y)
    assert state_of(model) == state_of(other)
    np.testing.assert_array_equal(model.predict(X), model.predict(X.astype(np.float32)))


def test_parameters_may_change_in_the_middle_of_a_stream():
    X = features(60, D)
    y = labels(X)
    model = LinearClassifier(batch_size=8).partial_fit(X[:20], y[:20], [0, 1])
    coef = copy.deepcopy(model).flush().coef_
    model.set_params(batch_size=1, optimizer=Adam(), alpha=0.1)
    model.partial_fit(X[20:21], y[20:21], sample_weight=[0.0])
    np.testing.assert_array_equal(model.coef_, coef)
    assert model.optimizer_ == "adam"
    model.set_params(optimizer__beta_1=0.5).partial_fit(X[20:], y[20:])
    model.standardize = False
    with pytest.raises(ValueError, match=r"standardize=False cannot take effect.* centred and divided by their stand"):
        model.partial_fit(X, y)
    sparse_model = LinearClassifier().partial_fit(sparse.csr_array(X), y, [0, 1])
    sparse_model.standardize = True
    with pytest.raises(ValueError, match="has learnt with sparse columns divided by the root mean square of the val"):
        sparse_model.partial_fit(sparse.csr_array(X), y)


def test_full_batch_words_stand_for_one_row_at_a_time_online():
    X = features(60, D)
    y = labels(X)
    plain = LinearClassifier(random_state=0).fit(X, y).partial_fit(X, y)
    named = LinearClassifier(random_state=0, batch_size="full", optimizer="lbfgs").fit(X, y)
    assert named.optimizer_ == "lbfgs"
    assert state_of(named.partial_fit(X, y)) == state_of(plain)
    assert named.optimizer_ == plain.optimizer_ == "bank"


def test_the_objective_is_that_of_the_parameters_of_now():
    X = features(60, D)
    y = values(X)
    model = LinearRegressor(alpha=0.5, max_iter=2, tol=None).fit(X, y)
    w = model.coef_ * X.std(axis=0)
    mean_loss = np.mean((model.predict(X) - y) ** 2) / 2
    for alpha in (0.5, 2.0):
        model.alpha = alpha
        assert model.objective(X, y) == pytest.approx(mean_loss + alpha / 2 * w @ w, rel=1e-10)
    model.set_params(penalty="l1")
    assert model.objective(X, y) == pytest.approx(mean_loss + 2.0 * np.abs(w).sum(), rel=1e-10)
    model.loss = "absolute"
    for call in (lambda: model.objective(X, y), lambda: model.learn_one(X[0], 0.0), lambda: model.partial_fit(X, y)):
        with pytest.raises(ValueError, match="The 'loss' parameter of LinearRegressor must be"):
            call()
