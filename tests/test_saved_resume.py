"""Contract 7: stopping at any row and going on gives the bits of never having stopped, whichever way."""

import copy

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from estimator_data import CLASSIFIER_LOSSES, OPTIMIZERS, REGRESSOR_LOSSES
from gradstream import LinearClassifier, LinearRegressor
from gradstream.exceptions import DivergenceError
from gradstream.optim import Adam, InverseTime, InvScaling
from saved_models import STREAM, WAYS, known, learn, named, stream

LOSSES = CLASSIFIER_LOSSES + REGRESSOR_LOSSES


@st.composite
def streamed(draw):
    """A model, its rows and where it stops."""
    loss, layout = draw(st.sampled_from(LOSSES)), draw(st.sampled_from(["dense", "sparse"]))
    n_classes = draw(st.sampled_from([2, 3])) if loss in CLASSIFIER_LOSSES else 2
    optimizer = draw(st.sampled_from([*OPTIMIZERS, "bank"]))
    batch_size = "auto" if optimizer == "bank" else draw(st.sampled_from([1, 4, 7, 100]))
    model = named(
        loss,
        optimizer,
        batch_size=batch_size,
        penalty=draw(st.sampled_from([None, "l2", "l1", "elasticnet"])),
        alpha=0.01,
        fit_intercept=draw(st.booleans()),
        standardize=draw(st.sampled_from(["auto", True, False])),
    )
    if optimizer != "bank":
        rates = [0.01, InvScaling(eta0=0.01, power_t=0.7), InverseTime(eta0=0.01, decay=0.5)]
        model.set_params(learning_rate=draw(st.sampled_from(rates)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    X, y = stream(loss, layout, n_classes, seed=draw(st.integers(0, 3)))
    X = X.astype(dtype)
    try:
        learn(copy.deepcopy(model), X, y, n_classes).flush()
    except DivergenceError:  # poisson, in blocks of rows that nobody scales
        reject()
    return model, X, y, n_classes, draw(st.integers(1, STREAM - 1))


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=100)
@given(case=streamed())
def test_a_stream_stops_at_any_row(way, case):
    model, X, y, n_classes, stop = case
    learn(model, X[:stop], y[:stop], n_classes)
    resumed = WAYS[way](model)
    assert known(resumed) == known(model)
    np.testing.assert_array_equal(resumed.predict(X), model.predict(X))
    for one in (model, resumed):
        learn(one, X[stop:], y[stop:], n_classes)
    assert known(resumed) == known(model)
    assert known(resumed.flush()) == known(model.flush())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("parameters", [{}, {"batch_size": 8}, {"optimizer": Adam(beta_1=0.8), "batch_size": 1}])
def test_a_fit_goes_on(way, layout, parameters):
    X, y = stream("log_loss", layout, 3)
    model = LinearClassifier(random_state=0, **parameters)
    resumed = WAYS[way](model.fit(X, y))
    for name in ("objective_", "n_iter_", "loss_curve_", "optimizer_"):
        assert getattr(resumed, name) == getattr(model, name)
    np.testing.assert_array_equal(resumed.coef_, model.coef_)
    assert known(resumed.partial_fit(X, y)) == known(model.partial_fit(X, y))
    assert known(resumed.fit(X, y)) == known(model.fit(X, y))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_rows_that_wait_are_part_of_the_model(way, layout):
    X, y = stream("squared_error", layout)
    model = LinearRegressor(learning_rate=InvScaling(eta0=0.05))
    model.progressive_fit(X[:10], y[:10], np.arange(1.0, 11.0), delay=3)
    resumed = WAYS[way](model)
    assert len(resumed.get_state()["model"]["pending"]) == 3
    predictions = [one.progressive_fit(X[10:], y[10:], delay=3) for one in (model, resumed)]
    np.testing.assert_array_equal(*predictions)
    assert known(resumed.flush()) == known(model.flush())


@pytest.mark.parametrize("way", WAYS)
def test_learn_one_goes_on(way):
    X, y = stream("log_loss", "dense")
    model = LinearClassifier().partial_fit(X[:20], y[:20], classes=[0, 1])
    resumed = WAYS[way](model)
    for one in (model, resumed):
        for i in range(20, STREAM):
            one.learn_one(X[i], y[i], 0.5)
    assert known(resumed) == known(model)


@pytest.mark.parametrize("way", WAYS)
def test_parameters_and_generators_come_along(way):
    X, y = stream("log_loss", "dense")
    model = LinearClassifier(
        batch_size=5,
        optimizer="sgd",
        learning_rate=InverseTime(eta0=0.1, decay=0.5),
        class_weight={0: 2.0, 1: 0.5},
        random_state=np.random.RandomState(7),
        max_iter=3,
        tol=None,
    )
    resumed = WAYS[way](model)
    assert repr(resumed.get_params()["learning_rate"]) == repr(model.learning_rate)
    assert resumed.class_weight == {0: 2.0, 1: 0.5}
    if way == "state":
        resumed.random_state = np.random.RandomState(7)
    assert known(resumed.fit(X, y)) == known(model.fit(X, y))  # the order of rows is the next draw of the generator
    assert known(resumed.fit(X, y)) == known(model.fit(X, y))


@pytest.mark.parametrize("way", WAYS)
def test_balanced_weights_of_a_fit_come_along(way):
    X, y = stream("log_loss", "dense")
    model = LinearClassifier(class_weight="balanced").fit(X, y)
    assert known(WAYS[way](model).partial_fit(X, y)) == known(model.partial_fit(X, y))


@pytest.mark.parametrize("way", ["file", "state"])
def test_a_model_that_has_learnt_nothing(way):
    fresh = WAYS[way](LinearClassifier(alpha=0.5))
    assert fresh.get_state() == {}
    assert fresh.alpha == 0.5
    assert not hasattr(fresh, "coef_")
