"""The SGD drop-ins against their slow twin, so that what they do is written down apart from scikit-learn's code."""

import numpy as np
import pytest
import scipy.sparse as sp

from gradstream.linear_model import SGDClassifier, SGDRegressor
from reference.sklearn_sgd import Column, shuffled
from sgd_cases import CALM, CLASSIFICATION, REGRESSION, data

L1_RATIOS = {"l2": 0.0, "l1": 1.0, "elasticnet": 0.15, None: 0.0}


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("penalty", L1_RATIOS)
@pytest.mark.parametrize("loss", CLASSIFICATION + REGRESSION)
def test_steps(loss, penalty, layout):
    rows = data(80, layout=layout)
    classifies = loss in CLASSIFICATION
    estimator = SGDClassifier if classifies else SGDRegressor
    for schedule, average in (("optimal", 0), ("invscaling", 30), ("constant", 0)):
        if average and penalty in ("l1", "elasticnet"):
            continue  # the l1 penalty of averages acts with hindsight: see the guide
        chosen = {**CALM, "loss": loss, "penalty": penalty, "learning_rate": schedule, "average": average or False}
        model = estimator(**{**chosen, "power_t": 0.4}).fit(
            rows.X, rows.two if classifies else rows.real, sample_weight=rows.weights
        )
        generator = np.random.RandomState(3)
        if classifies:  # draws for the data set first, a regressor for the shuffle
            generator.randint(1, 2**31 - 1)
        seed = generator.randint(2**31 - 1)
        column = Column(
            rows.X.shape[1],
            loss,
            schedule,
            0.05,
            L1_RATIOS[penalty],
            penalty is not None,
            0.05,
            0.4,
            0.1,
            average,
            decay=0.01 if layout == "csr" else 1.0,
        )
        X = rows.X.toarray() if sp.issparse(rows.X) else rows.X
        y = 2.0 * rows.two - 1.0 if classifies else rows.real
        order = np.arange(80)
        for _ in range(2):
            order = shuffled(order, seed)
            for i in order:
                column.step(X[i], y[i], rows.weights[i], X[i] != 0 if layout == "csr" else np.ones(11, bool))
        w, b = column.w, column.b
        if average:
            w, b = column.sum_of_w / (column.t - average), column.averaged_b
        np.testing.assert_allclose(model.coef_.ravel(), w, rtol=0, atol=1e-10)
        np.testing.assert_allclose(model.intercept_, [b], rtol=0, atol=1e-10)


def test_the_order_is_a_shuffle_from_the_same_seed_every_epoch():
    first = shuffled(np.arange(50), 7)
    assert sorted(first) == list(range(50))
    assert not np.array_equal(shuffled(first, 7), first)
    np.testing.assert_array_equal(shuffled(np.arange(50), 0), shuffled(np.arange(50), 1))
