"""Columns far from 0, not standardised: solvers measure from elsewhere, and the optimum is that of X as it is."""

import numpy as np
import pytest

from gradstream import LinearClassifier, LinearRegressor


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("offset", [0.0, 5.0, -1e4])
@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge", "modified_huber"])
def test_the_gradient_at_the_solution_is_zero(loss, offset, n_classes):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4)) + offset
    y = rng.integers(n_classes, size=300)
    X[:, 1] += y
    model = LinearClassifier(loss, alpha=1e-3, standardize=False, tol=1e-10).fit(X, y)
    coef_gradient, intercept_gradient = model.gradient(X, y)
    assert np.abs(coef_gradient).max() <= 1e-7 * max(1.0, abs(offset))
    assert np.abs(intercept_gradient).max() <= 1e-7


@pytest.mark.parametrize("offset", [0.0, 5.0])
def test_columns_of_hinge_keep_their_intercepts(offset):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4))
    y = rng.integers(3, size=300)
    X[:, 1] += y
    here, there = (LinearClassifier("hinge", alpha=1e-2, standardize=False, tol=1e-8) for _ in range(2))
    here.fit(X, y)
    there.fit(X + offset, y)
    np.testing.assert_allclose(there.decision_function(X + offset), here.decision_function(X), atol=1e-4)


@pytest.mark.parametrize(("loss", "penalty"), [("huber", "l2"), ("squared_error", "l1")])
@pytest.mark.parametrize("warm", [False, True])
def test_targets_far_from_zero_move_the_intercept_alone(loss, penalty, warm):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 4))
    y = X @ rng.standard_normal(4) + rng.standard_normal(300)
    here, there = (LinearRegressor(loss, penalty=penalty, alpha=1e-2, warm_start=warm, tol=1e-10) for _ in range(2))
    for _ in range(1 + warm):
        here.fit(X, y)
        there.fit(X, y + 1e6)
    np.testing.assert_allclose(there.coef_, here.coef_, rtol=1e-6)
    assert there.intercept_ - 1e6 == pytest.approx(here.intercept_, abs=1e-6)
