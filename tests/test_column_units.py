"""Standardised fits do not see the units of columns: a power of two takes the same steps to the same bits."""

import numpy as np
import pytest
from scipy import sparse

from gradstream import LinearClassifier, LinearRegressor

N, D = 400, 30
UNITS = np.exp2(np.random.default_rng(5).integers(-12, 13, D))
MODELS = [
    pytest.param(LinearClassifier(), id="log_loss"),
    pytest.param(LinearClassifier(optimizer="lbfgs"), id="log_loss-lbfgs"),
    pytest.param(LinearClassifier(optimizer="newton"), id="log_loss-newton"),
    pytest.param(LinearClassifier(optimizer="cd"), id="log_loss-cd"),
    pytest.param(LinearClassifier(penalty="l1", alpha=1e-2), id="log_loss-l1"),
    pytest.param(LinearClassifier("hinge", alpha=1e-2), id="hinge"),
    pytest.param(LinearClassifier("squared_hinge", penalty="elasticnet", alpha=1e-2), id="squared_hinge-elasticnet"),
    pytest.param(LinearRegressor(), id="squared_error"),
    pytest.param(LinearRegressor("huber", optimizer="newton"), id="huber-newton"),
    pytest.param(LinearRegressor("poisson"), id="poisson"),
]


def with_targets(model, name):
    """A model with each kind of targets that it learns."""
    two_or_more = ["labels"] if model.optimizer == "cd" else ["labels", "classes"]
    kinds = ["counts"] if isinstance(model, LinearRegressor) else two_or_more
    return [pytest.param(model, targets, id=f"{name}-{targets}") for targets in kinds]


def problem(layout, targets):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((N, D)) < 0.4, rng.normal(1.0, 2.0, (N, D)), 0.0)
    z = X @ rng.normal(size=D) / 4
    y = {"labels": z + rng.normal(size=N) > 0, "classes": np.digitize(z, [-1, 1]), "counts": np.abs(np.round(z))}
    return (sparse.csr_array if layout == "csr" else np.asarray), X, y[targets], rng.uniform(0.0, 3.0, N)


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(
    ("model", "targets"), [each for case in MODELS for each in with_targets(*case.values, case.id)]
)
def test_a_fit(model, targets, weighted, layout):
    container, X, y, s = problem(layout, targets)
    s = s if weighted else None
    model.set_params(standardize=True, random_state=0)
    one = type(model)(**model.get_params()).fit(container(X), y, s)
    other = type(model)(**model.get_params()).fit(container(X * UNITS), y, s)
    assert one.n_iter_ == other.n_iter_
    assert one.objective_ == other.objective_
    assert one.optimality_ == other.optimality_
    np.testing.assert_array_equal(one.coef_, other.coef_ * UNITS)
    np.testing.assert_array_equal(one.intercept_, other.intercept_)
