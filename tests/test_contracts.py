"""What the estimators promise: one objective, and weights that are counts."""

import copy

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Lasso, LogisticRegression, PoissonRegressor, Ridge
from sklearn.preprocessing import StandardScaler

from estimator_data import (
    CLASSIFIER_LOSSES,
    LAYOUTS,
    OPTIMIZERS,
    RATES,
    REGRESSOR_LOSSES,
    counts,
    estimator,
    features,
    in_layout,
    labels,
    state_of,
    targets,
    values,
)
from gradstream import LinearClassifier, LinearRegressor
from gradstream.optim import InvScaling
from near import assert_near

N, D = 300, 5
TIGHT = {"tol": 1e-10}


# 1. One objective.


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_optimum_for_all_layouts_and_dtypes(layout, dtype, n_classes):
    X = features(N, D, density=0.6).astype(dtype)
    y = labels(X.astype(float), n_classes)
    alpha = 0.01
    peer = LogisticRegression(C=1 / (alpha * N), tol=1e-12, max_iter=5000).fit(X.astype(float), y)
    model = LinearClassifier(alpha=alpha, standardize=False, **TIGHT).fit(in_layout(X, layout), y)
    rtol = 1e-6 if dtype == np.float64 else 1e-4
    assert_near(model.coef_, peer.coef_, rtol)
    assert model.coef_.dtype == dtype
    assert_near(model.predict_proba(X), peer.predict_proba(X.astype(float)), rtol)
    assert model.optimality_ <= 1e-10


def test_standardized_optimum_is_that_of_a_scaler_before_the_model():
    X = features(N, D)
    y = values(X)
    scaler = StandardScaler().fit(X)
    peer = Ridge(alpha=0.1 * N, tol=1e-12).fit(scaler.transform(X), y)
    model = LinearRegressor(alpha=0.1, **TIGHT).fit(X, y)
    assert_near(model.coef_, peer.coef_ / scaler.scale_, 1e-9)
    assert_near(model.predict(X), peer.predict(scaler.transform(X)), 1e-9)


def test_l1_optimum_and_poisson_optimum():
    X = standardized(features(N, D))
    y = values(X)
    peer = Lasso(alpha=0.5, tol=1e-12).fit(X, y)
    model = LinearRegressor(penalty="l1", alpha=0.5, standardize=False, **TIGHT).fit(X, y)
    assert_near(model.coef_, peer.coef_, 1e-8)
    np.testing.assert_array_equal(model.coef_ == 0, peer.coef_ == 0)
    y = counts(X)
    peer = PoissonRegressor(alpha=0.1, tol=1e-12, max_iter=2000).fit(X, y)
    model = LinearRegressor("poisson", alpha=0.1, standardize=False, **TIGHT).fit(X, y)
    assert_near(model.coef_, peer.coef_, 1e-6)
    assert_near(model.predict(X), peer.predict(X), 1e-6)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e5])
def test_poisson_in_any_unit(unit):
    X = features(N, D)
    y = unit * (1 + counts(X))
    model, one = LinearRegressor("poisson", alpha=0.0).fit(X, y), LinearRegressor("poisson", alpha=0.0).fit(X, y / unit)
    assert_near(model.coef_, one.coef_, 1e-6)
    assert_near(model.predict(X), unit * one.predict(X), 1e-6)


def standardized(X):
    return StandardScaler().fit_transform(X)


@pytest.mark.parametrize("loss", [loss for loss in CLASSIFIER_LOSSES if loss != "hinge"] + REGRESSOR_LOSSES)
@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
def test_the_fit_is_a_minimum_of_the_objective_it_reports(loss, penalty):
    X = features(N, D)
    y = targets(loss, X)
    model = estimator(loss, penalty=penalty, alpha=0.05, **TIGHT).fit(X, y)
    assert model.objective_ == pytest.approx(model.objective(X, y), rel=1e-12)
    gradient, intercept_gradient = model.gradient(X, y)
    zero = estimator(loss, penalty=penalty, alpha=0.05, max_iter=1, tol=None).fit(X, y).gradient(X, y)[0]
    assert np.abs(gradient).max() < 1e-7 * max(1.0, np.abs(zero).max())
    assert np.abs(intercept_gradient).max() < 1e-7


def test_gradient_is_that_of_the_objective():
    X, step = features(N, D), 1e-6
    y = labels(X, 3)
    model = LinearClassifier(alpha=0.3, max_iter=2, tol=None).fit(X, y)
    gradient, _ = model.gradient(X, y)

    def objective(coef):
        start = {"coef_init": coef, "intercept_init": model.intercept_}
        return LinearClassifier(alpha=0.3, max_iter=1, tol=None, learning_rate=1e-300, batch_size=N).fit(X, y, **start)

    for k, j in [(0, 0), (1, 3), (2, 4)]:
        shift = np.zeros_like(gradient)
        shift[k, j] = step
        up, down = (objective(model.coef_ + sign * shift).objective_ for sign in (1, -1))
        assert (up - down) / (2 * step) == pytest.approx(gradient[k, j], rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_blocks_approach_the_optimum_of_full_batch(optimizer):
    X = features(2000, D)
    y = labels(X)
    best = LinearClassifier(alpha=0.01, **TIGHT).fit(X, y)
    schedule = InvScaling(eta0={"sgd": 2.5, "momentum": 0.25, "adagrad": 1.0, "adam": 0.5}[optimizer], power_t=0.6)
    model = LinearClassifier(
        alpha=0.01, optimizer=optimizer, learning_rate=schedule, random_state=0, tol=None, max_iter=60
    )
    assert model.fit(X, y).objective_ < best.objective_ * 1.0001


# 5. A weight is a count.


@pytest.mark.parametrize("loss", ["log_loss", "hinge", "squared_error", "huber", "poisson", "gamma", "tweedie"])
def test_a_weight_is_a_count_in_full_batch(loss):
    X = features(60, D)
    y = targets(loss, X)
    weights = np.random.default_rng(0).integers(0, 4, 60)
    weighted = estimator(loss, alpha=0.01, **TIGHT).fit(X, y, weights)
    repeated = estimator(loss, alpha=0.01, **TIGHT).fit(X.repeat(weights, axis=0), y.repeat(weights))
    assert_near(weighted.coef_, repeated.coef_, 1e-7)
    assert weighted.n_samples_seen_ == np.count_nonzero(weights)


def test_class_weights_are_row_weights():
    X = features(N, D)
    y = labels(X, 3)
    by_class = LinearClassifier(class_weight={0: 2.0, 2: 0.5}, **TIGHT).fit(X, y)
    by_row = LinearClassifier(**TIGHT).fit(X, y, np.array([2.0, 1.0, 0.5])[y])
    assert_near(by_class.coef_, by_row.coef_, 1e-9)
    balanced = LinearClassifier(class_weight="balanced", **TIGHT).fit(X, y)
    by_row = LinearClassifier(**TIGHT).fit(X, y, (N / (3 * np.bincount(y)))[y])
    assert_near(balanced.coef_, by_row.coef_, 1e-9)
    peer = LogisticRegression(C=1 / (1e-4 * N), class_weight="balanced", tol=1e-12, max_iter=5000).fit(X, y, None)
    plain = LinearClassifier(class_weight="balanced", standardize=False, **TIGHT).fit(X, y)
    assert_near(plain.predict_proba(X), peer.predict_proba(X), 1e-5)


def test_online_keeps_balanced_weights_of_the_fit():
    X = features(100, D)
    y = labels(X)
    model = LinearClassifier(class_weight="balanced").fit(X, y)
    weights = 100 / (2 * np.bincount(y))
    other = copy.deepcopy(model).set_params(class_weight={0: weights[0], 1: weights[1]})
    assert state_of(model.partial_fit(X, y)) == state_of(other.partial_fit(X, y))
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported for partial_fit"):
        LinearClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_weight_zero_is_no_row_online(optimizer, batch_size, container):
    X = features(40, D, density=0.6)
    y = labels(X)
    weights = np.where(np.arange(40) % 3 == 0, 0.0, 1.0)
    kept = weights > 0
    parameters = {
        "optimizer": optimizer,
        "learning_rate": RATES[optimizer],
        "batch_size": batch_size,
        "random_state": 0,
    }
    weighted, short = LinearClassifier(**parameters), LinearClassifier(**parameters)
    weighted.partial_fit(container(X), y, classes=[0, 1], sample_weight=weights)
    short.partial_fit(container(X[kept]), y[kept], classes=[0, 1])
    assert state_of(weighted) == state_of(short)
    assert weighted.n_samples_seen_ == kept.sum()


def test_all_zero_weights_are_an_error_in_fit_and_nothing_online():
    X = features(20, D)
    y = labels(X)
    with pytest.raises(ValueError, match="must contain at least one non-zero number"):
        LinearClassifier().fit(X, y, np.zeros(20))
    model = LinearClassifier().fit(X, y)
    coef, t = model.coef_, model.t_
    model.partial_fit(X, y, sample_weight=np.zeros(20))  # the lanes take their places: their mean is what they are
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-15)
    assert (model.t_, model.n_samples_seen_) == (t, 20)
    before = state_of(model)
    model.partial_fit(X, y, sample_weight=np.zeros(20))
    model.learn_one(X[0], y[0], 0.0)
    assert state_of(model) == before


def test_a_weight_is_one_step_of_its_size():
    X = features(1, D)
    twice, double = LinearRegressor(optimizer="sgd", standardize=False, penalty=None), None
    double = copy.deepcopy(twice)
    twice.partial_fit(np.vstack([X, X]), [2.0, 2.0])
    double.partial_fit(X, [2.0], sample_weight=[2.0])
    assert_near(double.coef_, twice.coef_, 1e-12)
    assert double.t_ == twice.t_ == 2.0
