"""What a fit says of itself is true: how far the optimum is at most, and that nothing better was seen on the way."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from gradstream import LinearClassifier, LinearRegressor, _core

N, D = 600, 12


def problem(share, seed=0):
    """Labels of which that share is positive, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((N, D)) @ (np.eye(D) + 0.5 * rng.standard_normal((D, D)))
    z = X @ rng.standard_normal(D) + 2.0 * rng.logistic(size=N)
    return X, z > np.quantile(z, 1.0 - share), rng.uniform(0.0, 2.0, N)


def fitted(model, X, y, s=None, **parameters):
    model = type(model)(**{**model.get_params(), "random_state": 0, "n_jobs": 1, **parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, s)


HINGES = [
    LinearClassifier("hinge", alpha=1e-1),
    LinearClassifier("hinge", alpha=1e-4),
    LinearClassifier("hinge", alpha=1e-2, penalty="elasticnet"),
    LinearClassifier("hinge", alpha=1e-2, fit_intercept=False),
]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("model", HINGES, ids=["strong", "weak", "elasticnet", "through_the_origin"])
def test_no_hinge_fit_is_farther_from_the_optimum_than_its_gap(model, layout, weighted, share):
    X, y, s = problem(share)
    X, s = layout(X), s if weighted else None
    best = fitted(model, X, y, s, tol=1e-10).objective_
    for max_iter in (1, 2, 3, 5, 8):
        some = fitted(model, X, y, s, tol=1e-12, max_iter=max_iter)
        assert some.objective_ * (1.0 - some.optimality_) <= best * (1.0 + 1e-9)
        assert some.objective_ <= min(some.loss_curve_) * (1.0 + 1e-11)


@pytest.mark.parametrize("model", HINGES[:3], ids=["strong", "weak", "elasticnet"])
def test_a_small_hinge_fit_goes_past_its_goal(model):
    """A gap of a hundredth says little about coefficients."""
    X, y, _ = problem(0.3)
    rough, exact = fitted(model, X, y, tol=1e-2), fitted(model, X, y, tol=1e-10)
    np.testing.assert_allclose(rough.coef_, exact.coef_, rtol=0.0, atol=1e-3 * np.abs(exact.coef_).max())


SMOOTH = [
    LinearClassifier(),
    LinearClassifier("squared_hinge", alpha=1e-6),
    LinearRegressor("huber", alpha=1e-6),
    LinearRegressor("poisson"),
]


@pytest.mark.parametrize("model", SMOOTH, ids=lambda model: model.loss)
@pytest.mark.parametrize("seed", range(3))
def test_rounding_makes_nothing_worse(model, seed):
    """Newton's steps go on until rounding stops them; the best of them counts."""
    X, y, _ = problem(0.4, seed)
    X = X * np.geomspace(1e-3, 1e3, D)
    spec_of = fitted(model, X, y.astype(float), max_iter=1)._model.state.spec
    targets = np.where(y, 1.0, -1.0) if model.loss in ("log_loss", "squared_hinge") else y.astype(float)
    heard = []

    def listen(_, objective, optimality):
        heard.append(optimality)
        return True

    spec = {**spec_of, "standardize": "none"}
    result = _core.full_batch(X, targets, None, spec, None, None, None, None, "lbfgs", 1e-16, 200, 0, 1, listen)
    assert result["optimality"] <= 1.0001 * min(heard)
