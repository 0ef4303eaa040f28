"""Columns far from 0, not standardised: solvers measure from elsewhere, and the optimum is that of X as it is."""

import numpy as np
import pytest

from gradstream import LinearClassifier


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
