"""Ridge and RidgeClassifier that go on exactly: chunks, single rows and a fit of all rows are one model."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.datasets import load_digits, load_iris

from gradstream import LinearRegressor
from gradstream.exceptions import DivergenceError
from gradstream.linear_model import Ridge, RidgeClassifier

RNG = np.random.default_rng


def data(n=300, d=7, m=None, shift=0.0, layout="dense"):
    rng = RNG(0)
    X = rng.normal(size=(n, d)) * np.geomspace(0.1, 10, d) + shift
    if layout == "csr":
        X[rng.random(X.shape) < 0.6] = 0.0
    y = X @ rng.normal(size=(d, m or 1)) + rng.normal(size=(n, m or 1)) + shift
    weights = rng.choice([0.0, 0.5, 1.0, 3.0], n)
    return sp.csr_array(X) if layout == "csr" else X, y if m else y[:, 0], weights


def assert_same(model, other, rtol=1e-10):
    assert model.coef_.shape == other.coef_.shape
    assert_allclose(model.coef_, other.coef_, rtol, rtol * np.abs(other.coef_).max())
    assert_allclose(model.intercept_, other.intercept_, rtol, rtol)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("first", ["fit", "partial_fit"])
def test_chunks_are_one_fit(first, targets, layout, fit_intercept):
    X, y, weights = data(m=targets, layout=layout)
    model = Ridge(0.5, fit_intercept=fit_intercept)
    getattr(model, first)(X[:40], y[:40], sample_weight=weights[:40])
    for cut in (slice(40, 41), slice(41, 150), slice(150, 300)):
        model.partial_fit(X[cut], y[cut], sample_weight=weights[cut])
    whole = Ridge(0.5, fit_intercept=fit_intercept).fit(X, y, weights)
    assert_same(model, whole)
    for name in ("weight", "mean", "products", "cross", "squares"):
        assert_allclose(getattr(model._sums, name), getattr(whole._sums, name), 1e-10, 1e-10)
    dense = X.toarray() if layout == "csr" else X
    assert_same(model, linear_model.Ridge(0.5, fit_intercept=fit_intercept).fit(dense, y, weights), 1e-8)
    assert model.n_samples_seen_ == np.count_nonzero(weights)
    assert_allclose(model.t_, weights.sum())
    assert model.optimizer_ == "newton"


def test_single_rows_are_one_fit():
    X, y, _ = data(60, shift=1e3)
    model = Ridge(0.1)
    for x, value in zip(X, y, strict=True):
        model.learn_one(x, value)
    assert_same(model, Ridge(0.1).fit(X, y), 1e-9)
    pair = sp.csr_array(X[[0]])
    model.learn_one((pair.indices, pair.data), y[0], 2.0)
    assert_same(model, Ridge(0.1).fit(X, y, np.append(3.0, np.ones(59))), 1e-9)
    assert_allclose(model.predict_one(X[0]), model.predict(X[:1])[0])


def test_chunks_are_one_fit_also_where_the_fit_was_of_few_rows():
    X, y, weights = data(30, 400)
    model = Ridge(0.5, tol=1e-10).fit(X[:20], y[:20], weights[:20])
    assert model.optimizer_ == "newton"
    assert_same(model.partial_fit(X[20:], y[20:], weights[20:]), Ridge(0.5).fit(X, y, weights), 1e-6)
    assert model.n_samples_seen_ == np.count_nonzero(weights)


def test_wide_sparse_rows_go_on_row_by_row():
    X, y, _ = data(60, 200, layout="csr")
    assert Ridge().partial_fit(X, y).optimizer_ == "bank"
    assert Ridge().fit(X, y).partial_fit(X, y).optimizer_ == "bank"
    assert Ridge().fit(X.toarray(), y).partial_fit(X, y).optimizer_ == "newton"


def test_chunks_of_very_unlike_means():
    X, y, _ = data(200)
    X[100:] += 1e3
    y[100:] -= 1e3
    model = Ridge(1e-3).partial_fit(X[:100], y[:100]).partial_fit(X[100:], y[100:])
    assert_same(model, Ridge(1e-3).fit(X, y), 1e-6)


def test_fewer_rows_than_columns_and_no_penalty_give_the_shortest():
    X, y, _ = data(4)
    model = Ridge(0.0).partial_fit(X, y)
    assert_allclose(model.predict(X), y, rtol=1e-6)
    centred = X - X.mean(axis=0)
    assert_allclose(model.coef_, np.linalg.lstsq(centred, y - y.mean(), rcond=None)[0], rtol=1e-6, atol=1e-9)


def test_weight_zero_is_no_row_and_parameters_may_change():
    X, y, _ = data()
    model = Ridge().partial_fit(X, y, np.zeros(300))
    assert_array_equal(model.coef_, 0.0)
    model.partial_fit(X, y)
    model.alpha = 30.0
    model.partial_fit(X[:1], y[:1], [0.0])
    assert_same(model, Ridge(30.0).fit(X, y))


def test_calls_that_fail_change_nothing():
    X, y, _ = data()
    model = Ridge()
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.where(X > 2, np.nan, X), y)
    assert not [name for name in vars(model) if name.endswith("_") or name.startswith("_")]
    model.partial_fit(X, y)
    before = pickle.dumps(model)
    with pytest.raises(DivergenceError, match="overflow float64"):
        model.partial_fit(X * 1e200, y)
    with pytest.raises(ValueError, match="7 features"):
        model.partial_fit(X[:, :3], y)
    with pytest.raises(ValueError, match="sample_weight = -1"):
        model.learn_one(X[0], y[0], -1)
    assert_array_equal(pickle.loads(before).coef_, model.coef_)
    two = Ridge().fit(X, np.column_stack([y, -y]))
    with pytest.raises(ValueError, match=r"y has shape \(300,\): the model has 2 targets a row"):
        two.partial_fit(X, y)


def test_objective_and_gradient_are_of_the_optimum():
    X, y, _ = data()
    model = Ridge(2.0).fit(X, y)
    assert_allclose(model.objective(X, y), model.objective_, rtol=1e-10)
    gradient, by_intercept = model.gradient(X, y)
    assert np.abs(gradient).max() < 1e-10
    assert abs(by_intercept) < 1e-10
    assert model.optimality_ < 1e-12


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, {0: 2.0}])
def test_classifier_chunks_are_one_fit(n_classes, class_weight):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes], y[y < n_classes]
    model = RidgeClassifier(class_weight=class_weight)
    for part in np.array_split(RNG(0).permutation(len(y)), 4):
        model.partial_fit(X[part], y[part], classes=np.arange(n_classes))
    whole = RidgeClassifier(class_weight=class_weight).fit(X, y)
    assert_same(model, whole)
    assert_array_equal(model.predict(X), whole.predict(X))
    assert model.predict_one(X[0]) == whole.predict(X[:1])[0]
    whole.learn_one(X[0], y[0])
    assert_same(whole, model.partial_fit(X[:1], y[:1]))


def test_classifier_after_a_balanced_fit_keeps_its_weights():
    X, y = load_digits(return_X_y=True)
    model = RidgeClassifier(class_weight="balanced").fit(X[:900], y[:900])
    counts = np.bincount(y[:900])
    weights = (900 / (10 * counts))[y]
    model.partial_fit(X[900:], y[900:])
    assert_same(model, RidgeClassifier().fit(X, y, weights), 1e-8)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        RidgeClassifier().partial_fit(X, y)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alpha", [0.0, 1.0, 1e3])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_positive_coefficients(layout, alpha, fit_intercept):
    X, y, weights = data(m=2, layout=layout)
    parameters = {"positive": True, "fit_intercept": fit_intercept}
    model = Ridge(alpha, **parameters).fit(X, y, weights)
    reference = linear_model.Ridge(alpha, tol=1e-12, max_iter=100_000, **parameters)
    reference.fit(X.toarray() if layout == "csr" else X, y, weights)
    assert (model.coef_ >= 0).all()
    assert (model.coef_ == 0).any()
    assert_same(model, reference, 1e-4)
    objectives = [
        weights @ (y - m.predict(X)) ** 2 + alpha * np.square(m.coef_).sum(axis=1) for m in (model, reference)
    ]
    assert (objectives[0] <= objectives[1] * (1 + 1e-12)).all()
    assert model.solver_ == "lbfgs"
    half = Ridge(alpha, **parameters).fit(X[:150], y[:150], weights[:150])
    assert_same(half.partial_fit(X[150:], y[150:], weights[150:]), model, 1e-8)


@pytest.mark.parametrize("cls", [Ridge, linear_model.Ridge])
def test_errors_of_positive_are_scikit_learns(cls):
    X, y, _ = data()
    with pytest.raises(ValueError, match="solver='svd' does not support positive fitting"):
        cls(positive=True, solver="svd").fit(X, y)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_main_estimator_takes_one_step(layout, standardize):
    X, y, weights = data(400, layout=layout)
    parameters = {"alpha": 1e-2, "standardize": standardize, "tol": 1e-9}
    model = LinearRegressor(**parameters).fit(X, y, weights)
    iterative = LinearRegressor(optimizer="lbfgs", **parameters).fit(X, y, weights)
    assert (model.optimizer_, model.n_iter_) == ("newton", 1)
    assert iterative.optimizer_ == "lbfgs"
    assert_allclose(model.coef_, iterative.coef_, rtol=1e-6)
    assert_allclose(model.intercept_, iterative.intercept_, rtol=1e-6)
    assert_allclose(model.objective_, iterative.objective_, rtol=1e-9)
    assert_allclose(model.objective(X, y, weights), model.objective_, rtol=1e-9)
    assert model.optimality_ <= 1e-12
    assert model.partial_fit(X[:5], y[:5]).n_samples_seen_ == np.count_nonzero(weights) + 5


def test_nearly_collinear_columns_are_polished():
    """Two columns that differ by 1e-5: sums know the difference to 1e-6 only."""
    rng = RNG(1)
    X = rng.normal(size=(2000, 4)) + 5.0
    X = np.column_stack([X, X[:, 0] + 1e-5 * rng.normal(size=2000)])
    y = X @ [1.0, 2.0, 3.0, 4.0, 5.0] + 0.1 * rng.normal(size=2000)
    exact = np.linalg.lstsq(np.column_stack([X - X.mean(axis=0)]), y - y.mean(), rcond=None)[0]
    assert_allclose(Ridge(0.0).fit(X, y).coef_, exact, rtol=1e-7)
    model = LinearRegressor(alpha=0.0, standardize=False, tol=1e-10).fit(X, y)
    assert_allclose(model.coef_, exact, rtol=1e-7)
    assert model.optimizer_ == "newton"


def test_main_estimator_without_a_unique_solution_is_solved_as_before():
    X, y, _ = data(100)
    X = np.column_stack([X, X[:, 0]])
    model = LinearRegressor(alpha=0.0, standardize=False, tol=1e-8).fit(X, y)
    assert model.optimizer_ == "lbfgs"
    assert_allclose(model.coef_[0], model.coef_[-1], rtol=1e-6)


@pytest.mark.parametrize("y", [[1e6], [1e6, 1e6 + 1, 1e6 - 2]])
def test_few_rows_and_large_targets(y):
    X = np.arange(2.0 * len(y)).reshape(len(y), 2) ** 1.5
    for cls in (Ridge, LinearRegressor):
        assert_allclose(cls().fit(X, y).predict(X), y, rtol=1e-5)
