"""`standardize` without touching X, and `warm_start`, on the batch path: dense and sparse, one column and many."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from gradstream import LinearClassifier, LinearRegressor
from gradstream.linear_model import LogisticRegression, PoissonRegressor

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "csr": sp.csr_array,
    "csc": sp.csc_array,
}
LOSSES = ["log_loss", "softmax", "squared_hinge", "squared_error", "huber", "poisson"]


def problem(loss, layout, *, n_samples=400):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_samples, 5)) * np.geomspace(1e-3, 1e3, 5) + np.geomspace(1e-3, 1e3, 5)
    X[rng.random(X.shape) < 0.4] = 0.0
    X[:, 3] = 2.0  # constant: it has no effect
    z = (X / X.std(axis=0).clip(1e-9)) @ [1.0, -0.5, 0.5, 0.0, 0.3]
    z += rng.logistic(size=n_samples) - z.mean()
    y = {"softmax": np.digitize(z, [-1, 1]), "poisson": rng.poisson(np.exp(0.3 * z))}.get(loss, z)
    y = z > 0 if loss in ("log_loss", "squared_hinge") else y
    X = LAYOUTS[layout](X)
    for part in (X.data, X.indices, X.indptr) if sp.issparse(X) else (X,):
        part.flags.writeable = False
    return X, y


def estimator(loss, **parameters):
    parameters = {"alpha": 1e-2, "tol": 1e-10, **parameters}
    if loss in ("log_loss", "softmax", "squared_hinge"):
        return LinearClassifier("log_loss" if loss == "softmax" else loss, **parameters)
    return LinearRegressor(loss, **parameters)


@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_standardize_is_a_scaler_before_the_model(loss, layout, penalty):
    X, y = problem(loss, layout)
    dense = X.toarray() if sp.issparse(X) else np.array(X)
    scale = dense.std(axis=0)
    scaled = np.divide(dense - dense.mean(axis=0), scale, out=np.zeros_like(dense), where=scale > 0)
    model = estimator(loss, standardize=True, penalty=penalty).fit(X, y)
    reference = estimator(loss, standardize=False, penalty=penalty).fit(scaled, y)
    in_units_of_x = np.divide(reference.coef_, scale, out=np.zeros_like(reference.coef_), where=scale > 0)
    assert_allclose(model.coef_ * scale, in_units_of_x * scale, rtol=1e-6, atol=1e-8)
    assert_allclose(model.objective_, reference.objective_, rtol=1e-9)
    assert_array_equal(X.toarray() if sp.issparse(X) else X, dense)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("layout", ["C", "csr"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_warm_start_at_the_optimum_has_nothing_to_do(loss, layout, standardize):
    X, y = problem(loss, layout)
    model = estimator(loss, standardize=standardize, warm_start=True, tol=1e-8).fit(X, y)
    coef, iterations = model.coef_.copy(), model.n_iter_
    model.fit(X, y)
    assert model.n_iter_ <= max(2, iterations // 4)
    assert_allclose(model.coef_, coef, rtol=1e-5, atol=1e-9 * np.abs(coef).max())


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("layout", ["C", "csr"])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_warm_start_elsewhere_ends_at_the_same_optimum(loss, layout, standardize):
    X, y = problem(loss, layout)
    parameters = {"standardize": standardize, "tol": 1e-10}
    cold = estimator(loss, **parameters).fit(X, y)
    warm = estimator(loss, warm_start=True, **parameters).fit(X[:200], y[:200])
    warm.fit(X, y)
    scale = np.abs(cold.coef_) + np.abs(cold.coef_).max() * 1e-6
    assert np.all(np.abs(warm.coef_ - cold.coef_) <= 1e-5 * scale)


@pytest.mark.parametrize("layout", ["C", "csr"])
@pytest.mark.parametrize("make, loss", [(LogisticRegression, "log_loss"), (LogisticRegression, "softmax")])
def test_warm_start_of_logistic_regression(make, loss, layout):
    X, y = problem(loss, layout)
    model = make(warm_start=True, tol=1e-6, max_iter=1000).fit(X, y)
    coef, iterations = model.coef_.copy(), model.n_iter_[0]
    model.fit(X, y)
    assert model.n_iter_[0] <= max(2, iterations // 4)
    assert_allclose(model.coef_, coef, rtol=1e-4, atol=1e-7 * np.abs(coef).max())


@pytest.mark.parametrize("layout", ["C", "csr"])
def test_warm_start_of_poisson_regressor(layout):
    X, y = problem("poisson", layout)
    model = PoissonRegressor(warm_start=True, tol=1e-6, max_iter=1000).fit(X, y)
    coef, iterations = model.coef_.copy(), model.n_iter_
    model.fit(X, y)
    assert model.n_iter_ <= max(2, iterations // 4)
    assert_allclose(model.coef_, coef, rtol=1e-4, atol=1e-7 * np.abs(coef).max())
