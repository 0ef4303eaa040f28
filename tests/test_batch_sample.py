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


@pytest.mark.parametrize("classes", [2, 3])
def test_threads_leave_the_hessian(classes):
    """Newton's method on all rows, whose Hessian is summed in blocks."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal((20_000, 40)) + 5.0
    y = (X[:, :5].sum(axis=1) + rng.logistic(size=len(X)) > np.array([[25.0], [27.0]])[: classes - 1]).sum(axis=0)
    s = 1.0 + X[:, 0] ** 2
    one, three = (LinearClassifier(n_jobs=jobs, tol=1e-10).fit(X, y, sample_weight=s) for jobs in (1, 3))
    assert one.coef_.tobytes() == three.coef_.tobytes()
    assert one.optimality_ <= 1e-10


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_optimality_is_relative_to_zero_coefficients(fit_intercept, weighted):
    """Whose gradient is summed in the same read as that of the start."""
    X, y = logistic_rows(positives=0.3)
    s = np.random.default_rng(1).uniform(0.0, 3.0, N) if weighted else np.ones(N)
    model = LinearClassifier(alpha=1e-4, fit_intercept=fit_intercept, standardize=False, tol=1e-2)
    model.fit(X, y, sample_weight=s)
    center = np.average(X[::6], axis=0, weights=s[::6])  # columns as the solver measures them
    Xc = np.c_[X - center, np.ones(N)] if fit_intercept else X

    def gradient(z, w):
        r = -s * y / (1.0 + np.exp(y * z))
        g = Xc.T @ r / s.sum()
        g[:D] += 1e-4 * w
        return np.linalg.norm(g)

    share = s[y > 0].sum() / s.sum()
    at_zero = gradient(np.log(share / (1.0 - share)) * fit_intercept, np.zeros(D))
    at_end = gradient(model.decision_function(X), model.coef_[0])
    np.testing.assert_allclose(model.optimality_, at_end / at_zero, rtol=1e-6)


def test_rows_with_a_period_are_met_at_all_its_phases():
    """Twelve kinds of rows in turn: every twelfth would be of one kind."""
    X, y = logistic_rows()
    kind = np.argsort(np.argsort(X[:, D - 1])) * 12 // N
    order = np.argsort(kind, kind="stable").reshape(12, -1).T.ravel()
    mixed = LinearClassifier(alpha=1e-4, standardize=False, tol=1e-8).fit(X, y)
    in_turn = LinearClassifier(alpha=1e-4, standardize=False, tol=1e-8).fit(X[order], y[order])
    assert in_turn.n_iter_ <= mixed.n_iter_ + 2
    np.testing.assert_allclose(in_turn.coef_, mixed.coef_, rtol=1e-6)


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
