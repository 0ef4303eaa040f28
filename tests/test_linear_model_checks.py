"""scikit-learn's own checks of the batch drop-ins, without one expected failure."""

import pytest

from gradstream.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    TweedieRegressor,
)
from test_sklearn_contract import checks_of

ESTIMATORS = [
    LogisticRegression(),
    LogisticRegression(solver="liblinear"),
    LogisticRegression(solver="saga", l1_ratio=0.5, max_iter=1000),
    PoissonRegressor(),
    GammaRegressor(),
    TweedieRegressor(),
    TweedieRegressor(power=1.5),
    TweedieRegressor(power=3.0),
    Ridge(),
    Ridge(positive=True),
    RidgeClassifier(),
    Ridge(alpha=0.0, solver="lsqr", fit_intercept=False),
]


@pytest.mark.parametrize("estimator, check", checks_of(ESTIMATORS))
def test_drop_in(estimator, check):
    check(estimator)
