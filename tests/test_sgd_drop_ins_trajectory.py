"""The SGD drop-ins make scikit-learn's steps: equal parameters, equal weights, epoch by epoch."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from gradstream import _core
from sgd_cases import CALM, CLASSIFICATION, REGRESSION, SCHEDULES, assert_same, data, fitted, pair

PENALTIES = ("l2", "l1", "elasticnet", None)
LAYOUTS = ("dense", "csr")


def schedules(loss, pa_loss):
    return (*SCHEDULES, "pa1", "pa2") if loss == pa_loss else SCHEDULES


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", CLASSIFICATION + REGRESSION)
def test_classifier(loss, penalty, layout):
    rows = data(layout=layout)
    for schedule, average, weighted in itertools.product(schedules(loss, "hinge"), (False, True, 70), (False, True)):
        chosen = {**CALM, "loss": loss, "penalty": penalty, "learning_rate": schedule, "average": average}
        if weighted:
            chosen["class_weight"] = {0: 2.0, 1: 0.5}
        for y in (rows.two, rows.four):
            assert_same(*fitted("SGDClassifier", rows, y, rows.weights if weighted else None, **chosen))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("loss", REGRESSION)
def test_regressor(loss, penalty, layout):
    rows = data(layout=layout)
    chosen = itertools.product(schedules(loss, "epsilon_insensitive"), (False, True, 70), (False, True))
    for schedule, average, weighted in chosen:
        parameters = {**CALM, "loss": loss, "penalty": penalty, "learning_rate": schedule, "average": average}
        assert_same(*fitted("SGDRegressor", rows, rows.real, rows.weights if weighted else None, **parameters))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_one_class(schedule, layout):
    rows = data(layout=layout)
    common = {key: value for key, value in CALM.items() if key != "alpha"}
    for average, intercept in itertools.product((False, True, 70), (True, False)):
        parameters = {**common, "nu": 0.3, "learning_rate": schedule, "average": average, "fit_intercept": intercept}
        ours, theirs = fitted("SGDOneClassSVM", rows, None, rows.weights, **parameters)
        assert_same(ours, theirs)
        np.testing.assert_allclose(ours.decision_function(rows.X), theirs.decision_function(rows.X), atol=1e-9)
        np.testing.assert_array_equal(ours.predict(rows.X), theirs.predict(rows.X))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("penalty", PENALTIES)
def test_perceptron(penalty, layout):
    rows = data(layout=layout)
    for y in (rows.two, rows.four):
        assert_same(*fitted("Perceptron", rows, y, penalty=penalty, alpha=1e-3, max_iter=3, tol=None))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", CLASSIFICATION + REGRESSION)
def test_float32(loss, layout):
    rows = data(layout=layout, dtype="float32")
    for penalty, average in itertools.product(("l2", "elasticnet"), (False, 70)):
        chosen = {**CALM, "alpha": 0.01, "loss": loss, "penalty": penalty, "learning_rate": "constant"}
        for y in (rows.two, rows.four):
            ours, theirs = fitted("SGDClassifier", rows, y, average=average, **chosen)
            assert_same(ours, theirs, np.float32)
            assert average or ours.intercept_.dtype == theirs.intercept_.dtype
        if loss in REGRESSION:
            assert_same(*fitted("SGDRegressor", rows, rows.real, average=average, **chosen), np.float32)


@pytest.mark.parametrize("isa", _core.available_isas())
@pytest.mark.parametrize("d", [1, 3, 8, 9, 30, 65, 140])
def test_widths_on_every_instruction_set(isa, d):
    before = _core.isa()
    _core.use_isa(isa)
    try:
        rng = np.random.default_rng(d)
        X = rng.standard_normal((60, d)) / np.sqrt(d)
        y = (X.sum(axis=1) > 0).astype(int)
        for rows, penalty, average in itertools.product(
            (X, sp.csr_array(X), X.astype(np.float32)), ("l2", "elasticnet"), (False, 20)
        ):
            chosen = {**CALM, "loss": "log_loss", "penalty": penalty, "average": average, "tol": 1e-4, "max_iter": 3}
            ours, theirs = pair("SGDClassifier", **{**chosen, "n_iter_no_change": 99, "tol": None})
            assert_same(ours.fit(rows, y), theirs.fit(rows, y), rows.dtype)
    finally:
        _core.use_isa(before)


@pytest.mark.parametrize("seed", [0, 7, None, "instance", "legacy"])
@pytest.mark.parametrize("name", ["SGDClassifier", "SGDRegressor", "SGDOneClassSVM"])
def test_draws_from_every_kind_of_random_state(name, seed):
    rows = data()
    y = {"SGDClassifier": rows.four, "SGDRegressor": rows.real, "SGDOneClassSVM": None}[name]
    models = pair(name, learning_rate="constant", eta0=0.01, max_iter=2, tol=None)
    for model in models:
        np.random.mtrand._rand.seed(5)
        given = {"instance": np.random.RandomState(11), "legacy": np.random.mtrand._rand}.get(seed, seed)
        model.set_params(random_state=given).fit(rows.X, y)
        model.drawn = (np.random if seed in (None, "legacy") or isinstance(seed, int) else given).randint(1000)
    assert_same(*models)
    if not (name == "SGDOneClassSVM" and isinstance(seed, int)):  # there scikit-learn draws a number that it never uses
        assert models[0].drawn == models[1].drawn


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("average", [False, 50])
def test_partial_fit_goes_on(layout, average):
    rows = data(layout=layout)
    chosen = {**CALM, "average": average, "fit_intercept": average is False, "loss": "log_loss"}
    for y in (rows.two, rows.four):
        models = pair("SGDClassifier", **chosen)
        for model in models:
            for part in (slice(0, 50), slice(50, 51), slice(51, 160)):
                model.partial_fit(rows.X[part], y[part], classes=np.unique(y))
        assert_same(*models)
    models = pair("SGDRegressor", **CALM, average=average)
    for model in models:
        for part in (slice(0, 50), slice(50, 160)):
            model.partial_fit(rows.X[part], rows.real[part])
    assert_same(*models)


def test_stopping_on_dense_rows():
    rows = data()
    for parameters in ({}, {"learning_rate": "adaptive", "eta0": 0.1}, {"average": True, "loss": "log_loss"}):
        for y in (rows.two, rows.four):
            assert_same(*fitted("SGDClassifier", rows, y, random_state=0, alpha=0.01, **parameters))
    assert_same(*fitted("SGDRegressor", rows, rows.real, random_state=0))
    assert_same(*fitted("SGDOneClassSVM", rows, None, random_state=0))
    assert_same(
        *fitted(
            "SGDClassifier", rows, rows.two, random_state=0, penalty=None, learning_rate="constant", early_stopping=True
        )
    )


def test_one_epoch_of_a_long_shuffle():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((70_001, 3))
    y = (X[:, 0] > 0).astype(int)
    ours, theirs = pair("SGDClassifier", **{**CALM, "random_state": 0})
    assert_same(ours.fit(X, y), theirs.fit(X, y))


def test_threads_change_no_bit():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((9000, 12))
    y = rng.integers(0, 5, 9000)
    for rows in (X, sp.csr_array(X)):
        one, many = (pair("SGDClassifier", **CALM, loss="log_loss", n_jobs=n_jobs)[0].fit(rows, y) for n_jobs in (1, 3))
        np.testing.assert_array_equal(one.coef_, many.coef_)
        np.testing.assert_array_equal(one.intercept_, many.intercept_)
