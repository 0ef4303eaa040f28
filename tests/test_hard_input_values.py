"""Hard input that has an answer: batch fits beside optima computed in long double.

Collinear one-hot, collinear and constant columns, columns at 1e-8 and 1e8 side by side, weights over 12 orders of
magnitude, columns around 1e6, fewer rows than columns; targets of regressions around 1e6.
"""

from functools import cache

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn import linear_model
from sklearn.base import clone

from gradstream import LinearClassifier, LinearRegressor
from gradstream.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
from reference.tight import Objective, optimum

RNG = np.random.default_rng


def one_hot():
    rng = RNG(0)
    X = np.hstack([np.eye(k)[rng.integers(0, k, 300)] for k in (8, 12, 3)])
    return X, X @ rng.normal(size=23), None


def plain(n=150, d=4):
    X = RNG(1).normal(size=(n, d))
    return X, X @ np.linspace(0.6, -0.4, d), None


def collinear_and_constant():
    X, z, _ = plain()
    return np.hstack([X, X[:, :2], np.ones((150, 1)), np.zeros((150, 1))]), z, None


def unequal_scales():
    X, z, _ = plain()
    return X * [1e-8, 1e8, 1.0, 1e4], z, None


def unequal_weights():
    X, z, _ = plain()
    return X, z, 10.0 ** RNG(2).uniform(-6, 6, 150)


def far_off():
    X, z, _ = plain()
    return X + 1e6, z, None


def wide():
    return plain(30, 80)


DESIGNS = {
    design.__name__: design
    for design in (one_hot, collinear_and_constant, unequal_scales, unequal_weights, far_off, wide)
}
CASES = [
    pytest.param(design, layout, id=f"{name}-{layout.__name__[:3]}")
    for name, design in DESIGNS.items()
    for layout in (np.asarray, sp.csr_array)
    if not (design is far_off and layout is sp.csr_array)  # nobody stores such columns sparse, and none is centred
]


def targets(loss, z):
    rng = RNG(3)
    if loss == "log_loss":
        return np.where(z - np.median(z) + rng.logistic(size=len(z)) > 0, 1.0, -1.0)
    if loss == "poisson":
        return rng.poisson(np.exp(np.clip(z - z.mean(), -3, 3))).astype(float)
    return z + rng.normal(size=len(z)) + 1e6


def assert_optimum(model, solution, rtol=1e-6):
    coef, intercept = solution
    assert_allclose(np.ravel(model.coef_), coef, rtol, rtol * 1e-2 * np.abs(coef).max())
    assert_allclose(np.ravel(model.intercept_)[0], intercept, rtol, rtol)


@cache
def expected(design, loss, l2, *, standardize=False, of_the_sum=False, labels=False):
    """Return the optimum; ``l2`` is beside the sum of losses, or acts on standardised columns, where it says so."""
    X, z, weights = design()
    y = targets("log_loss" if labels else loss, z)
    if standardize:
        mean = np.average(X, axis=0, weights=weights)
        l2 = l2 * np.average((X - mean) ** 2, axis=0, weights=weights)
    if of_the_sum:
        l2 = l2 / (len(y) if weights is None else weights.sum())
    return optimum(Objective(loss, l2, weights), X, y)


@pytest.mark.parametrize("loss", ["log_loss", "poisson", "squared_error"])
@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("design, layout", CASES)
def test_main_estimators(design, layout, standardize, loss):
    X, z, weights = design()
    y = targets(loss, z)
    estimator = LinearClassifier if loss == "log_loss" else LinearRegressor
    model = estimator(loss, alpha=1e-3, standardize=standardize, tol=1e-10).fit(layout(X), y, weights)
    assert_optimum(model, expected(design, loss, 1e-3, standardize=standardize))


@pytest.mark.parametrize("C", [1.0, 1e3])
@pytest.mark.parametrize("design, layout", CASES)
def test_logistic_regression(design, layout, C):
    X, z, weights = design()
    y = targets("log_loss", z)
    model = LogisticRegression(C=C, tol=1e-10, max_iter=1000).fit(layout(X), y, weights)
    assert_optimum(model, expected(design, "log_loss", 1.0 / C, of_the_sum=True))


@pytest.mark.parametrize("design, layout", CASES)
def test_poisson_regressor(design, layout):
    X, z, weights = design()
    y = targets("poisson", z)
    model = PoissonRegressor(alpha=1e-3, tol=1e-10, max_iter=1000).fit(layout(X), y, weights)
    assert_optimum(model, expected(design, "poisson", 1e-3))


@pytest.mark.parametrize("estimator, loss", [(Ridge, "squared_error"), (RidgeClassifier, "log_loss")])
@pytest.mark.parametrize("alpha", [1.0, 1e-3])
@pytest.mark.parametrize("design, layout", CASES)
def test_ridges(design, layout, alpha, estimator, loss):
    X, z, weights = design()
    y = targets(loss, z)
    model = estimator(alpha, tol=1e-10).fit(layout(X), y, weights)
    assert_optimum(model, expected(design, "squared_error", alpha, of_the_sum=True, labels=loss == "log_loss"))


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", ["one_hot", "collinear_and_constant"])
def test_scikit_learn_at_its_tightest(name, n_classes, layout):
    X, z, _ = DESIGNS[name]()
    y = np.digitize(z + RNG(4).logistic(size=len(z)), np.quantile(z, np.linspace(0, 1, n_classes + 1)[1:-1]))
    model = LogisticRegression(tol=1e-10, max_iter=1000).fit(layout(X), y)
    reference = linear_model.LogisticRegression(tol=1e-14, max_iter=1000, solver="newton-cholesky").fit(X, y)
    assert_allclose(model.coef_, reference.coef_, rtol=1e-6, atol=1e-8 * np.abs(reference.coef_).max())
    counts = targets("poisson", z)
    model = PoissonRegressor(alpha=1e-3, tol=1e-10, max_iter=1000).fit(layout(X), counts)
    reference = linear_model.PoissonRegressor(alpha=1e-3, tol=1e-13, max_iter=1000, solver="newton-cholesky")
    assert_allclose(model.coef_, reference.fit(X, counts).coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("estimator", [LinearRegressor(alpha=0.0, standardize=False), Ridge(0.0)])
def test_the_shortest_of_many_least_squares(estimator, layout):
    X, z, _ = wide()
    y = z + 1e6
    model = clone(estimator).fit(layout(X), y)
    assert_allclose(model.predict(layout(X)), y, rtol=1e-12)
    if layout is np.asarray:  # the shortest from the columns' means, where no intercept counts
        shortest = np.linalg.pinv(X - X.mean(axis=0)) @ (y - y.mean())
        assert_allclose(np.ravel(model.coef_), shortest, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("scale", [1e6, 1e12, 1e18, 1e100])
@pytest.mark.parametrize("estimator", [LinearRegressor("poisson", alpha=0.0), PoissonRegressor(alpha=0.0)])
def test_huge_counts(estimator, scale):
    X, z, _ = plain()
    counts = np.floor(np.exp(z) * scale)
    model = estimator.fit(X, counts)
    coef, intercept = optimum(Objective("poisson", 0.0), X, counts / scale)
    assert_allclose(np.ravel(model.coef_), coef, rtol=1e-6)
    assert_allclose(np.ravel(model.intercept_)[0], intercept + np.log(scale), rtol=1e-6)


@pytest.mark.parametrize("y", [3.0, 1e6, 0.5])
@pytest.mark.parametrize(
    "estimator",
    [
        *(
            LinearRegressor(loss, alpha=alpha)
            for loss in ("squared_error", "huber", "poisson")
            for alpha in (0.0, 1e-4)
        ),
        *(cls(alpha=alpha) for cls in (Ridge, PoissonRegressor) for alpha in (0.0, 1.0)),
    ],
    ids=str,
)
def test_one_row(estimator, y):
    model = estimator.fit(np.array([[1.0, -2.0]]), [y])
    assert_allclose(np.ravel(model.coef_), 0.0, atol=1e-12)
    assert_allclose(model.predict([[1.0, -2.0]]), y, rtol=1e-9)


@pytest.mark.parametrize(
    "estimator",
    [LinearClassifier(), LogisticRegression(), RidgeClassifier(), LinearRegressor(), Ridge(), PoissonRegressor()],
    ids=lambda estimator: type(estimator).__name__,
)
def test_one_column_and_two_rows(estimator):
    X, y = np.array([[0.0], [2.0]]), np.array([0, 1])
    model = estimator.fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.predict(X)[1] > model.predict(X)[0]
