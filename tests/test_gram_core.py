"""Sums of products in the core, and the least squares that they tell: beside NumPy in long double and its solver."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from core_arrays import rows
from gradstream import _core
from reference.least_squares import central_products, optimum

LAYOUTS = ["dense_c", "dense_f", "csr32", "csr64"]
SHAPES = [(1, 1, 1), (2, 3, 1), (63, 1, 2), (65, 7, 3), (64, 8, 1), (300, 23, 1), (200, 41, 9), (1000, 33, 2)]


def make(n, d, m, seed=0, zeros=0.5):
    rng = np.random.default_rng([seed, n, d])
    X = (rng.normal(size=(n, d)) * rng.choice([0.5, 2.0], d) + 0.3).astype(np.float32).astype(np.float64)
    X[rng.random((n, d)) < zeros] = 0.0
    weights = rng.choice([0.0, 0.5, 1.0, 2.5], n)
    weights[0] = 1.0
    return X, rng.normal(size=(n, m)) + 3.0, weights


def assert_sums(X, Y, weights, actual, rtol):
    weight, mean, products, cross, squares, finite = actual
    d = X.shape[1]
    s, means, all_products = central_products(X, Y, weights)
    size = np.sqrt(np.outer(np.diag(all_products), np.diag(all_products))).astype(float) + 1e-30
    assert finite
    assert_allclose(weight, float(s), rtol=1e-14)
    assert_allclose(mean, means.astype(float), rtol=1e-13, atol=1e-13)
    error = np.abs(np.block([[products, cross]]) - all_products[:d].astype(float)) / size[:d]
    assert error.max() < rtol
    assert_allclose(squares, np.diag(all_products)[d:].astype(float), rtol=rtol, atol=1e-28)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_sums_equal_long_double(isa, layout, shape, weighted):
    X, Y, weights = make(*shape)
    weights = weights if weighted else None
    for dtype in (np.float64, np.float32):
        assert_sums(X, Y, weights, _core.gram_sums(rows(X, layout, dtype), Y, weights, 1), 1e-12)


def test_large_means_cost_no_digits():
    """Columns at 1e6, sorted, so that the first rows say nothing of the others."""
    rng = np.random.default_rng(0)
    X = np.sort(rng.normal(size=(5000, 4)), axis=0) + np.array([0.0, 1e3, -1e6, 1e6])
    Y = X @ rng.normal(size=(4, 1)) + rng.normal(size=(5000, 1)) + 1e6
    assert_sums(X, Y, None, _core.gram_sums(X, Y, None, 1), 1e-12)


@pytest.mark.parametrize("lacking", [0, 3])
@pytest.mark.parametrize("layout", ["csr32", "csr64"])
def test_large_means_of_stored_columns_cost_no_digits(isa, layout, lacking):
    """Few values a row, so that they are multiplied one by one; two columns that all rows store, or nearly all."""
    X, Y, weights = make(700, 40, 6, zeros=0.95)
    X[:, [3, 39]] = np.random.default_rng(1).normal(size=(700, 2)) + np.array([1e6, -1e5])
    X[np.arange(lacking) * 200 + 7, [3, 39, 3][:lacking]] = 0.0
    for s in (None, weights):
        assert_sums(X, Y, s, _core.gram_sums(rows(X, layout), Y, s, 1), 1e-12)


@pytest.mark.parametrize("density", [0.02, 0.3, 1.0])
def test_sparse_rows_of_any_density(isa, density):
    X, Y, weights = make(900, 100, 3, zeros=1.0 - density)
    assert_sums(X, Y, weights, _core.gram_sums(rows(X, "csr32"), Y, weights, 1), 1e-12)


@pytest.mark.parametrize("n", [3, 64, 65, 96, 100, 200, 333])
def test_factors_of_any_size(isa, n):
    """In blocks from 65 columns on; a column that others make up is said to be one."""
    rng = np.random.default_rng(n)
    X, Y = rng.normal(size=(2 * n, n)) * np.geomspace(1e-3, 1e3, n), rng.normal(size=(2 * n, 2))
    coef, _, _, optimality, pivot = solved(X, Y, None, 0.0)
    assert_allclose(coef, optimum(X, Y, None, 0.0)[0], rtol=1e-7, atol=1e-12)
    assert (optimality < 1e-10).all()
    assert pivot > 1e-5
    X[:, -1] = X[:, :-1].sum(axis=1)
    assert solved(X, Y, None, 0.0)[-1] == 0.0


def test_any_number_of_threads_gives_the_same_bits():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(200_000, 20)), rng.normal(size=(200_000, 2))
    one, three = (_core.gram_sums(X, Y, None, threads) for threads in (1, 3))
    for a, b in zip(one, three, strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_is_said(value):
    X, Y, _ = make(200, 5, 1)
    X[150, 3] = value
    assert not _core.gram_sums(X, Y, None, 1)[-1]
    weights = np.ones(200)
    weights[150] = 0.0
    assert _core.gram_sums(X, Y, weights, 1)[-1] == np.isfinite(value)


def solved(X, Y, weights, l2, *, fit_intercept=True, scale=None):
    *sums, _ = _core.gram_sums(X, Y, weights, 1)
    return _core.least_squares(*sums, scale, np.full(Y.shape[1], l2), fit_intercept)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l2", [0.0, 1e-3, 1.0])
def test_solution_is_that_of_the_rows(l2, fit_intercept):
    X, Y, weights = make(200, 9, 2, zeros=0.0)
    coef, intercept, objective, optimality, pivot = solved(X, Y, weights, l2, fit_intercept=fit_intercept)
    expected, expected_intercept = optimum(X, Y, weights, l2, fit_intercept=fit_intercept)
    assert_allclose(coef, expected, rtol=1e-9)
    assert_allclose(intercept, expected_intercept, rtol=1e-9, atol=1e-12)
    left = weights @ (Y - X @ coef - intercept) ** 2
    assert_allclose(objective, 0.5 * left / weights.sum() + 0.5 * l2 * np.square(coef).sum(axis=0), rtol=1e-9)
    assert (optimality < 1e-12).all()
    assert 1e-3 < pivot <= 1.0


def test_singular_and_constant_columns():
    X, Y, _ = make(50, 3, 1, zeros=0.0)
    assert solved(np.hstack([X, X[:, :1]]), Y, None, 0.0)[-1] == 0.0
    constant = np.hstack([X, np.full((50, 1), 1e6)])
    coef, *_, pivot = solved(constant, Y, None, 0.0)
    assert coef[3, 0] == 0.0
    assert pivot > 0.0
    assert_allclose(coef[:3], solved(X, Y, None, 0.0)[0], rtol=1e-9)


def test_columns_of_any_scale():
    X, Y, _ = make(500, 4, 1, zeros=0.0)
    unit = np.array([1e-8, 1.0, 1e8, 1e-150])
    coef, _, _, _, pivot = solved(X * unit, Y, None, 0.0)
    assert_allclose(coef[:, 0] * unit, solved(X, Y, None, 0.0)[0][:, 0], rtol=1e-9)
    assert pivot > 1e-3
