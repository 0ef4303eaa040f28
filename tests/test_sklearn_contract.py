"""scikit-learn's own checks of an estimator, without one expected failure."""

import warnings

import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import estimator_checks_generator

from estimator_data import CLASSIFIER_LOSSES, REGRESSOR_LOSSES
from gradstream import LinearClassifier, LinearRegressor
from gradstream.optim import Adam

FULL_BATCH = [
    *(LinearClassifier(loss) for loss in CLASSIFIER_LOSSES),
    *(LinearRegressor(loss) for loss in REGRESSOR_LOSSES),
    LinearClassifier(penalty="l1", alpha=1e-3),
    LinearClassifier(penalty="elasticnet", alpha=1e-3, optimizer="gd"),
    LinearClassifier("squared_hinge", standardize=False),
    LinearRegressor(penalty="l1", alpha=1e-3),
    LinearRegressor("poisson", penalty="elasticnet", alpha=1e-3),
    LinearRegressor(penalty=None, fit_intercept=False),
]
BLOCKS = [
    LinearClassifier(batch_size=32, max_iter=100),
    LinearRegressor("huber", batch_size=32, optimizer=Adam(), max_iter=200),
]
# A row of weight 2 is one step of twice the size, a row repeated fills two places of a block.
NOT_FOR_BLOCKS = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")


def checks_of(estimators, without=()):
    """Every check of every estimator, as pytest parameters."""
    cases = []
    for estimator in estimators:
        for _, check in estimator_checks_generator(estimator):
            name = check.func.__name__
            if name not in without:
                options = "".join(f",{key}={value}" for key, value in check.keywords.items())
                cases.append(pytest.param(estimator, check, id=f"{estimator!r}-{name}{options}"))
    return cases


@pytest.mark.parametrize("estimator, check", checks_of(FULL_BATCH))
def test_full_batch(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator, check", checks_of(BLOCKS, without=NOT_FOR_BLOCKS))
def test_blocks(estimator, check):
    with warnings.catch_warnings():
        # Some checks have labels that a line separates: their objective falls for ever.
        warnings.simplefilter("ignore", ConvergenceWarning)
        check(estimator)
