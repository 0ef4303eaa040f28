"""The bank learns the same from a target in any unit, and a model that was fitted loses nothing by going on."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose
from sklearn.metrics import mean_tweedie_deviance

from estimator_data import features
from gradstream import LinearRegressor

POWERS = {"poisson": 1.0, "gamma": 2.0, "tweedie": 1.5}


def amounts(loss, n_rows=2_000):
    """Rows, and targets whose deviation is half their mean; of the counts among them a third are 0."""
    rng = np.random.default_rng(3)
    X = features(n_rows, 5)
    y = rng.gamma(4.0, np.exp(0.3 * X @ [1.0, -1.0, 0.5, 0.0, 0.2]) / 4.0)
    none = (rng.random(n_rows) < 1 / 3) & (loss != "gamma")
    none[0] = False  # it tells the unit
    return X, np.where(none, 0.0, y)


@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("unit", [1e-3, 1e5])
@pytest.mark.parametrize("loss", POWERS)
def test_a_stream_is_the_same_in_any_unit(loss, unit, layout):
    X, y = amounts(loss)
    X = layout(X)
    ours, other = (LinearRegressor(loss, penalty=None).progressive_fit(X, scale * y) for scale in (1.0, unit))
    assert_allclose(other[500:] / unit, ours[500:], rtol=1e-3)  # the AdaGrad sums start at 1e-8
    assert mean_tweedie_deviance(y[500:], ours[500:], power=POWERS[loss]) < 0.9 * mean_tweedie_deviance(
        y[500:], np.full(len(y) - 500, y[:500].mean()), power=POWERS[loss]
    )


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e5])
@pytest.mark.parametrize("loss", POWERS)
def test_going_on_loses_nothing(loss, unit):
    X, y = amounts(loss)
    before, after = slice(0, 1_000), slice(1_000, None)
    model = LinearRegressor(loss).fit(X[before], unit * y[before])
    frozen = model.predict(X[after])
    learning = model.progressive_fit(X[after], unit * y[after])
    deviance = [mean_tweedie_deviance(unit * y[after], p, power=POWERS[loss]) for p in (frozen, learning)]
    assert deviance[1] < 1.01 * deviance[0]
