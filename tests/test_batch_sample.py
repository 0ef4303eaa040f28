"""Large dense fits start from the optimum and the curvature of a few of their rows: the answer is that of all rows."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from gradstream import LinearClassifier, LinearRegressor

N, D = 60_000, 20  # a Newton step on all rows is dear enough for a sample to be taken


def logistic_rows(positives=0.5, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, D)) * np.geomspace(0.1, 10.0, D)
    X[:, 1] += X[:, 2]
    z = X @ (rng.standard_normal(D) / np.geomspace(0.1, 10.0, D)) + rng.logistic(size=N)
    return X.astype(dtype), np.where(z > np.quantile(z, 1.0 - positives), 1.0, -1.0)


def best_value(X, y, s, alpha):
    """The minimum of F by scikit-learn."""
    other = LogisticRegression(C=1.0 / (alpha * s.sum()), solver="newton-cholesky", tol=1e-12).fit(X, y, s)
    z = other.decision_function(X)
    return np.sum(s * np.logaddexp(0.0, -y * z)) / s.sum() + 0.5 * alpha * np.sum(other.coef_**2)


@pytest.mark.parametrize("positives", [0.5, 0.0005], ids=["even", "rare"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_a_large_fit_ends_at_the_optimum_in_few_iterations(positives, weighted):
    X, y = logistic_rows(positives)
    s = np.random.default_rng(1).uniform(0.0, 3.0, N) if weighted else np.ones(N)
    model = LinearClassifier(alpha=1e-4, standardize=False, tol=1e-8).fit(X, y, sample_weight=s)
    assert model.optimality_ <= 1e-8
    assert model.objective_ <= best_value(X, y, s, 1e-4) * (1.0 + 1e-9)
    assert model.n_iter_ <= 15


def test_fewer_rows_take_more_iterations():
    """Those of 2,000 rows, of which no sample is taken: the curvature of these rows is far from the identity."""
    X, y = logistic_rows()
    many = LinearClassifier(alpha=1e-4, standardize=False, tol=1e-8).fit(X[:2000], y[:2000]).n_iter_
    assert LinearClassifier(alpha=1e-4, standardize=False, tol=1e-8).fit(X, y).n_iter_ < many / 2


def test_rows_that_a_sample_misses_count():
    """All weight on rows between those of the sample."""
    X, y = logistic_rows()
    s = np.zeros(N)
    s[:1000] = 1.0
    model = LinearClassifier(alpha=1e-3, standardize=False, tol=1e-8).fit(X, y, sample_weight=s)
    same = LinearClassifier(alpha=1e-3, standardize=False, tol=1e-8).fit(X[:1000], y[:1000])
    np.testing.assert_allclose(model.coef_, same.coef_, rtol=1e-4, atol=1e-7)


def test_weights_count_in_a_sample():
    """13 iterations; 22 where the sample's rows weigh the same, and its optimum is that of other rows."""
    X, y = logistic_rows()
    y = np.where((X[:, 1] > 0) & (X[:, 0] < 0), 1 - y, y)
    s = np.exp(1.5 * X[:, 0] / X[:, 0].std())
    model = LinearClassifier(alpha=1e-4, standardize=False, tol=1e-8).fit(X, y, sample_weight=s)
    assert model.n_iter_ <= 17


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_and_memory_order_leave_the_fit(dtype):
    X, y = logistic_rows(dtype=dtype)
    one = LinearClassifier(n_jobs=1).fit(X, y)
    two = LinearClassifier(n_jobs=2).fit(X, y)
    assert one.coef_.tobytes() == two.coef_.tobytes()
    np.testing.assert_allclose(LinearClassifier().fit(np.asfortranarray(X), y).coef_, one.coef_, rtol=1e-6)


def test_a_warm_start_stays_near():
    X, y = logistic_rows()
    model = LinearClassifier(warm_start=True, tol=1e-8).fit(X, y)
    assert model.fit(X, y).n_iter_ <= 2


def test_regression_on_many_rows_is_least_squares():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((N, D)) * np.geomspace(1e-2, 1e2, D)
    y = X @ rng.standard_normal(D) + 3.0 + rng.standard_normal(N)
    model = LinearRegressor(penalty=None, tol=1e-10).fit(X, y)
    solution = np.linalg.lstsq(np.c_[X, np.ones(N)], y, rcond=None)[0]
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), solution, rtol=1e-6)
