"""Least squares of many columns: conjugate gradients for all targets, and as many equations as rows."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from core_arrays import rows
from gradstream import _core
from gradstream._validation import CheckedRows
from gradstream.regimes import dual_squares
from gradstream.regimes.joint_squares import JointProblem
from reference.least_squares import optimum

LAYOUTS = ["dense_c", "dense_f", "csr32", "csr64"]
SHAPES = [(1, 1, 1), (40, 7, 1), (60, 9, 3), (30, 50, 2), (200, 33, 17)]


def make(n, d, m, seed=0):
    rng = np.random.default_rng([seed, n, d])
    X = (rng.normal(size=(n, d)) * np.geomspace(1.0, 10.0, d)).astype(np.float32).astype(np.float64)
    X[rng.random((n, d)) < 0.5] = 0.0
    weights = rng.choice([0.0, 0.5, 1.0, 2.5], n)
    weights[0] = 1.0
    return X, rng.normal(size=(n, m)) + 3.0, weights


def solved(X, Y, weights, l2, *, fit_intercept=True, scale=None, tol=1e-13, max_iter=10_000, threads=1, told=None):
    l2 = np.array(np.broadcast_to(l2, Y.shape[1]), float)
    return _core.joint_squares(X, Y, weights, scale, l2, fit_intercept, tol, max_iter, threads, told)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_optimum_is_that_of_the_rows(isa, layout, shape, weighted, fit_intercept):
    X, Y, weights = make(*shape)
    weights = weights if weighted else None
    l2 = np.geomspace(0.1, 1.0, shape[2])
    for dtype in (np.float64, np.float32):
        fit = solved(rows(X, layout, dtype), Y, weights, l2, fit_intercept=fit_intercept)
        coef, intercept = optimum(X, Y, weights, l2, fit_intercept=fit_intercept)
        assert_allclose(fit["coef"], coef, rtol=1e-9, atol=1e-11)
        assert_allclose(fit["intercept"], intercept, rtol=1e-9, atol=1e-11)
        assert fit["optimality"].max() <= 1e-13
        assert fit["status"] == "converged"
        s = np.ones(len(X)) if weights is None else weights
        left = s @ (Y - X @ coef - intercept) ** 2 / s.sum()
        expected = 0.5 * (left + l2 * np.square(coef).sum(axis=0))
        assert_allclose(fit["objective"], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
def test_scaled_columns_and_one_curve_for_all_targets(layout):
    X, Y, weights = make(80, 12, 3)
    scale = np.geomspace(0.1, 10.0, 12)
    told = []

    def on_iteration(*values):
        told.append(values)
        return True

    fit = solved(rows(X, layout), Y, weights, 0.01, scale=scale, told=on_iteration)
    coef, intercept = optimum(X, Y, weights, 0.01, scale=scale)
    assert_allclose(fit["coef"], coef, rtol=1e-9, atol=1e-11)
    assert_allclose(fit["intercept"], intercept, rtol=1e-9)
    assert (np.diff(fit["loss_curve"]) <= 1e-15).all()
    assert_allclose(fit["loss_curve"][-1], fit["objective"].sum(), rtol=1e-10)
    assert [value for _, value, _ in told] == fit["loss_curve"]
    assert max(fit["n_iter"]) <= len(told)


def test_a_listener_and_max_iter_end_it():
    X, Y, weights = make(80, 12, 3)
    X = rows(X, "csr32")
    stopped = solved(X, Y, weights, 0.01, told=lambda *_: False)
    assert (stopped["status"], stopped["n_iter"]) == ("interrupted", [1, 1, 1])
    assert solved(X, Y, weights, 0.01, max_iter=2)["status"] == "max_iter"


def test_any_number_of_threads_gives_the_same_bits():
    rng = np.random.default_rng(0)
    X = sp.random_array((60_000, 300), density=0.1, format="csr", rng=rng)
    X = (X.data, X.indices.astype(np.int32), X.indptr.astype(np.int32), 300)
    Y = rng.normal(size=(60_000, 2))
    one, three = (solved(X, Y, None, 1e-3, tol=1e-8, threads=threads) for threads in (1, 3))
    for name in ("coef", "intercept", "objective"):
        assert_array_equal(one[name], three[name])


def test_constant_columns_and_columns_of_any_scale():
    X, Y, weights = make(100, 6, 2)
    plain = solved(rows(X, "csr32"), Y, weights, 0.0)["coef"]
    unit = np.array([1e-8, 1.0, 1e8, 1e-3, 1.0, 1e4])
    assert_allclose(solved(rows(X * unit, "csr32"), Y, weights, 0.0)["coef"] * unit[:, None], plain, rtol=1e-6)
    constant = np.hstack([X, np.full((100, 1), 1e6), np.zeros((100, 1))])
    for layout in ("csr32", "dense_c"):
        coef = solved(rows(constant, layout), Y, weights, 0.0, tol=1e-12)["coef"]
        assert_array_equal(coef[6:], 0.0)
        assert_allclose(coef[:6], plain, rtol=1e-8)


def test_more_columns_than_rank_is_an_optimum():
    X, Y, _ = make(100, 6, 1)
    fit = solved(rows(np.hstack([X, X]), "csr32"), Y, None, 0.0, tol=1e-10)
    assert fit["status"] == "converged"
    assert_allclose(fit["coef"][:6], fit["coef"][6:], rtol=1e-6)
    assert_allclose(2.0 * fit["coef"][:6], optimum(X, Y, None, 0.0)[0], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_is_said(value):
    X, Y, _ = make(50, 5, 2)
    X[30, 3] = value
    for layout in ("csr32", "dense_c"):
        assert solved(rows(X, layout), Y, None, 0.1)["status"] == "non_finite"


@pytest.mark.parametrize("scale", [None, "root"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_as_many_equations_as_rows(dtype, weighted, fit_intercept, scale):
    X, Y, weights = make(20, 700, 3)
    X += 100.0
    weights = weights if weighted else None
    scale = None if scale is None else np.geomspace(0.5, 2.0, 700)
    problem = JointProblem(
        owner="Ridge",
        X=CheckedRows(X.astype(dtype), (20, 700), np.dtype(dtype)),
        Y=Y,
        weights=weights,
        l2=np.array([0.1, 0.1, 2.0]),
        fit_intercept=fit_intercept,
        tol=1e-12,
        max_iter=100,
        threads=1,
        scale=scale,
    )
    assert dual_squares.pays(problem.X, problem.l2)
    fits = dual_squares.solve(problem)
    X = X.astype(dtype).astype(float)
    coef, intercept = optimum(X, Y, weights, problem.l2, fit_intercept=fit_intercept, scale=scale)
    s = np.ones(20) if weights is None else weights
    unit = np.ones(700) if scale is None else scale
    for k, fit in enumerate(fits):
        assert_allclose(fit["coef"][:, 0], coef[:, k], rtol=1e-7, atol=1e-9 * np.abs(coef).max())
        assert_allclose(fit["intercept"], intercept[k], rtol=1e-7)
        left = s @ (Y[:, k] - X @ (unit * coef[:, k]) - intercept[k]) ** 2 / s.sum()
        assert_allclose(fit["objective"], 0.5 * (left + problem.l2[k] * coef[:, k] @ coef[:, k]), rtol=1e-7)
        assert fit["optimality"] < 1e-12
