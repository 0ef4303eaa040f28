"""Wide sparse fits by Newton's method and by dual ascent: the optimum, whatever the loss, the rows and the weights."""

import os
import signal
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression as Peer
from sklearn.linear_model import PoissonRegressor as PeerPoisson

from core_arrays import make_spec
from gradstream import LinearClassifier, LinearRegressor, _core
from gradstream.linear_model import LogisticRegression, PoissonRegressor
from near import assert_near
from problems import TASKS, make_targets, task_name

SMOOTH_TASKS = [task for task in TASKS if task[0] != "hinge"]
N, D = 300, 700  # more columns than a Hessian is written down for


def text_rows(n=N, d=D, seed=0):
    """Rows of about ten of d features, a few of them frequent; row 3 and the last ten columns are empty."""
    rng = np.random.default_rng(seed)
    columns = np.minimum(rng.zipf(1.3, n * 12) - 1, d - 11)
    X = sp.csr_array((rng.normal(size=n * 12), (np.repeat(np.arange(n), 12), columns)), shape=(n, d)).tolil()
    X[3] = 0.0
    return sp.csr_array(X)


def one_hot_rows(n, levels, seed=0):
    """Two categories, all levels of both: columns are collinear with the intercept."""
    rng = np.random.default_rng(seed)
    codes = np.sort(np.minimum(rng.geometric(0.02, (n, 2)), levels) - 1 + [0, levels], axis=1)
    return sp.csr_array((np.ones(2 * n), codes.ravel(), 2 * np.arange(n + 1)), shape=(n, 2 * levels))


def gradient_of(X, y, s, spec, result):
    """The gradient of F in coefficients and intercepts, in one column of numbers."""
    core = X.data, X.indices, X.indptr, X.shape[1]
    _, g, g_b = _core.loss_gradient(core, y, s, spec, result["coef"], None, result["intercept"], 1)
    weight = len(y) if s is None else s.sum()
    return np.append(g / weight + spec["l2"] * result["coef"], spec["fit_intercept"] * g_b / weight)


def solve(X, y, s, spec, solver="auto", tol=1e-10, n_threads=1, max_iter=1000, start=(None, None), heard=None):
    core = X.data, X.indices, X.indptr, X.shape[1]
    return _core.full_batch(core, y, s, spec, None, None, *start, solver, tol, max_iter, 0, n_threads, heard)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l2", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("task", SMOOTH_TASKS, ids=task_name)
def test_gradient_vanishes(task, l2, fit_intercept):
    X = text_rows()
    rng = np.random.default_rng(1)
    y, s = make_targets(task, X.toarray(), rng), rng.choice([0.0, 0.5, 1.0, 2.5], N)
    spec = make_spec(loss=task[0], columns=task[1], l2=l2, fit_intercept=fit_intercept)
    result = solve(X, y, s, spec)
    assert (result["solver"], result["status"]) == ("newton", "converged")
    blank = {"coef": np.zeros((D, task[1])), "intercept": np.zeros(task[1])}
    left = np.linalg.norm(gradient_of(X, y, s, spec, result))
    assert left <= 1e-9 * np.linalg.norm(gradient_of(X, y, s, spec, blank))
    assert not result["coef"][-10:].any()  # columns that no row has


@pytest.mark.parametrize("alpha", [1e-7, 1e-4, 1e-1])
@pytest.mark.parametrize("optimizer", ["newton", "cd"])
def test_coefficients_are_those_of_scikit_learn(optimizer, alpha):
    X = text_rows()
    y = np.where(make_targets(("squared_error", 1), X.toarray(), np.random.default_rng(1)) > 0.3, 1, 0)
    other = Peer(C=1.0 / (alpha * N), solver="newton-cg", tol=1e-13, max_iter=10_000).fit(X, y)
    model = LinearClassifier(alpha=alpha, optimizer=optimizer, tol=1e-10).fit(X, y)
    assert model.optimizer_ == optimizer
    assert_near(model.coef_, other.coef_, 1e-6)
    assert_near(model.intercept_, other.intercept_, 1e-6)


def test_collinear_one_hot_columns():
    X = one_hot_rows(2_000, 300)
    rng = np.random.default_rng(2)
    y = rng.poisson(np.exp(np.clip(X @ rng.normal(size=600) * 0.3, -2, 2))).astype(float)
    other = PeerPoisson(alpha=1e-4, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X.toarray(), y)
    model = LinearRegressor("poisson", alpha=1e-4, tol=1e-10).fit(X, y)
    assert model.optimizer_ == "newton"
    assert_near(model.coef_, other.coef_, 1e-6)
    drop_in = PoissonRegressor(alpha=1e-4, tol=1e-10).fit(X, y)
    assert_near(drop_in.coef_, other.coef_, 1e-6)


def test_weights_over_twelve_orders_of_magnitude():
    X = text_rows()
    rng = np.random.default_rng(4)
    y = make_targets(("log_loss", 1), X.toarray(), rng)
    s = 10.0 ** rng.uniform(-6, 6, N)
    spec = make_spec(l2=1e-3)
    newton, ascent = (solve(X, y, s, spec, solver, tol=1e-12) for solver in ("newton", "cd"))
    assert_near(newton["coef"], ascent["coef"], 1e-8)
    assert newton["optimality"] <= 1e-12


@pytest.mark.parametrize("solver", ["newton", "cd"])
def test_threads_leave_the_bits(solver, n_threads):
    X = text_rows(20_000, 5_000)
    y = make_targets(("log_loss", 1), np.asarray(X[:, :50].toarray()), np.random.default_rng(0))
    one, many = (solve(X, y, None, make_spec(l2=1e-4), solver, n_threads=threads) for threads in (1, n_threads))
    assert one["coef"].tobytes() == many["coef"].tobytes()
    assert one["loss_curve"] == many["loss_curve"]


@pytest.mark.parametrize("task", [("log_loss", 3), ("poisson", 1)], ids=task_name)
def test_threads_leave_the_bits_of_other_losses(task, n_threads):
    X = text_rows(20_000, 1_000)
    y = make_targets(task, np.asarray(X[:, :50].toarray()), np.random.default_rng(0))
    spec = make_spec(loss=task[0], columns=task[1], l2=1e-4)
    one, many = (solve(X, y, None, spec, "newton", 1e-6, threads) for threads in (1, n_threads))
    assert one["coef"].tobytes() == many["coef"].tobytes()


def test_wide_dense_rows():
    X = text_rows(400, 1_500).toarray() + 5.0
    y = make_targets(("log_loss", 1), X - 5.0, np.random.default_rng(0))
    newton, lbfgs = (LinearClassifier(alpha=1e-3, optimizer=name, tol=1e-11).fit(X, y) for name in ("newton", "lbfgs"))
    assert newton.optimizer_ == "newton"
    assert_near(newton.coef_, lbfgs.coef_, 1e-7)


def test_fit_without_a_seed_is_always_the_same():
    X = text_rows()
    y = make_targets(("log_loss", 1), X.toarray(), np.random.default_rng(1))
    first, second = (LinearClassifier().fit(X, y).coef_ for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_warm_start_goes_on_where_it_was():
    X = text_rows()
    y = make_targets(("log_loss", 1), X.toarray(), np.random.default_rng(1))
    model = LinearClassifier(warm_start=True, tol=1e-8).fit(X, y)
    assert model.fit(X, y).n_iter_ <= 1
    again = LinearClassifier(optimizer="cd", warm_start=True, tol=1e-8).fit(X, y)
    assert again.fit(X, y).n_iter_ <= 1


def test_few_columns_and_no_penalty_are_for_lbfgs():
    X = text_rows()
    y = make_targets(("log_loss", 1), X.toarray(), np.random.default_rng(1))
    assert LinearClassifier().fit(X[:, :100], y).optimizer_ == "lbfgs"
    assert LinearClassifier(penalty=None, max_iter=3, tol=None).fit(X, y).optimizer_ == "lbfgs"


def test_drop_in_takes_it():
    X = text_rows()
    y = make_targets(("log_loss", 3), X.toarray(), np.random.default_rng(1))
    other = Peer(tol=1e-12, max_iter=10_000).fit(X, y)
    assert_near(LogisticRegression(tol=1e-10).fit(X, y).coef_, other.coef_, 1e-5)


@pytest.mark.parametrize("optimizer", ["newton", "cd"])
def test_interrupt_comes_through_a_long_iteration(optimizer):
    X = text_rows(100_000, 20_000)
    y = np.where(np.random.default_rng(0).random(100_000) < 0.5, 1, 0)
    model = LinearClassifier(alpha=1e-9, optimizer=optimizer, tol=1e-15)
    sent = []

    def interrupt():
        sent.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    def wait():
        timer = threading.Timer(0.3, interrupt)
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        late = time.process_time() - sent[-1]
        timer.join()
        return late

    assert any(wait() < 0.3 for _ in range(3))


def badly_scaled(rng, n, d):
    return rng.standard_normal((n, d)) * np.geomspace(1e-2, 1e2, d)


def like_their_neighbours(rng, n, d):
    """Columns with a correlation of 0.98 to the one before: what a diagonal does not see."""
    X = rng.standard_normal((n, d))
    for j in range(1, d):
        X[:, j] = 0.98 * X[:, j - 1] + 0.2 * X[:, j]
    return X


@pytest.mark.parametrize(("columns", "alpha"), [(badly_scaled, 1e-6), (like_their_neighbours, 1e-4)])
def test_few_iterations_where_gradients_point_elsewhere(columns, alpha):
    """11 and 9; not in 60 without the diagonal as preconditioner, or where directions are not conjugate."""
    rng = np.random.default_rng(0)
    X = columns(rng, 1500, 600)
    y = X @ (rng.standard_normal(600) / np.sqrt(600) / X.std(axis=0)) + 0.5 * rng.logistic(size=1500) > 0
    model = LinearClassifier(optimizer="newton", alpha=alpha, standardize=False, tol=1e-8, max_iter=60, n_jobs=1)
    assert model.fit(X, y).n_iter_ <= 20
