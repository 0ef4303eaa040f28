"""Fits of several columns whose Hessian has too many entries: blocks of one column each stand in for its inverse."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import softmax

from gradstream import LinearClassifier

N, D, K = 3_000, 80, 8  # 648 parameters: beyond the Hessian as a whole


def rows(spread=10.0):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, D)) * np.geomspace(1.0 / spread, spread, D)
    z = X @ (rng.standard_normal((D, K)) / np.geomspace(1.0 / spread, spread, D)[:, None])
    return X, np.argmax(z + 3.0 * rng.gumbel(size=(N, K)), axis=1)


def softmax_gradient(model, X, y, s, alpha):
    p = softmax(X @ model.coef_.T + model.intercept_, axis=1)
    p[np.arange(len(y)), y] -= 1.0
    r = p * (s / s.sum())[:, None]
    return np.concatenate([(r.T @ X + alpha * model.coef_).ravel(), r.sum(axis=0)])


def fitted(X, y, alpha=1e-4, s=None, **parameters):
    model = LinearClassifier(alpha=alpha, standardize=False, tol=1e-10, n_jobs=1, **parameters)
    return model.fit(X, y, sample_weight=s)


@pytest.mark.parametrize("alpha", [1e-2, 1e-4, 1e-8])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_softmax_ends_where_the_gradient_is_zero_in_few_iterations(alpha, weighted):
    X, y = rows()
    s = np.random.default_rng(1).uniform(0.0, 3.0, N) if weighted else np.ones(N)
    model = fitted(X, y, alpha, s)
    at_zero = LinearClassifier(alpha=alpha, standardize=False, max_iter=1)
    with pytest.warns(UserWarning, match="max_iter"):
        at_zero.fit(X, y, sample_weight=s)
    scale = np.linalg.norm(softmax_gradient(at_zero, X, y, s, alpha))
    assert np.linalg.norm(softmax_gradient(model, X, y, s, alpha)) <= 1e-8 * max(1.0, scale)
    assert model.n_iter_ <= 60
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0.0, atol=1e-6 * np.abs(model.coef_).max())


def test_without_a_penalty_what_all_columns_share_stays_at_zero():
    X, y = rows()
    model = fitted(X, y, penalty=None)
    assert model.n_iter_ <= 60
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0.0, atol=1e-9 * np.abs(model.coef_).max())
    assert np.linalg.norm(softmax_gradient(model, X, y, np.ones(N), 0.0)) <= 1e-8


def test_a_start_shifted_in_all_columns_ends_at_the_same_optimum():
    X, y = rows()
    model = fitted(X, y, 1e-3)
    start = model.coef_ + np.linspace(-2.0, 2.0, D)
    again = LinearClassifier(alpha=1e-3, standardize=False, tol=1e-10, n_jobs=1)
    again.fit(X, y, coef_init=start, intercept_init=model.intercept_)
    np.testing.assert_allclose(again.coef_, model.coef_, atol=1e-7 * np.abs(model.coef_).max())
    assert again.n_iter_ <= 60


def test_separate_columns_are_told_by_their_blocks():
    X, y = rows(spread=3.0)
    model = fitted(X, y, 1e-3, loss="squared_hinge")
    z = X @ model.coef_.T + model.intercept_
    sign = np.where(np.arange(K) == y[:, None], 1.0, -1.0)
    r = -2.0 * sign * np.maximum(0.0, 1.0 - sign * z) / N
    gradient = np.concatenate([(r.T @ X + 1e-3 * model.coef_).ravel(), r.sum(axis=0)])
    assert np.linalg.norm(gradient) <= 1e-7
    assert model.n_iter_ <= 60


@pytest.mark.parametrize("layout", [np.asfortranarray, sp.csr_array], ids=["columns", "csr"])
def test_layouts_and_threads_leave_the_fit(layout):
    X, y = rows()
    one = fitted(X, y, optimizer="lbfgs")
    other = LinearClassifier(standardize=False, tol=1e-10, n_jobs=2, optimizer="lbfgs").fit(layout(X), y)
    np.testing.assert_allclose(other.coef_, one.coef_, atol=1e-7 * np.abs(one.coef_).max())


def test_constant_and_empty_columns_have_no_effect():
    X, y = rows()
    X[:, 3], X[:, 7] = 5.0, 0.0
    model = fitted(X, y, 1e-3)
    assert np.isfinite(model.coef_).all()
    np.testing.assert_allclose(model.coef_[:, 7], 0.0, atol=1e-10)
    assert np.linalg.norm(softmax_gradient(model, X, y, np.ones(N), 1e-3)) <= 1e-8
