"""Batch drop-ins from scikit-learn's models: of the same name, of their kin, with rows and without."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model, svm
from sklearn.exceptions import NotFittedError

from every_estimator import ROWS, TARGETS
from gradstream.linear_model import (
    GammaRegressor,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    RidgeClassifier,
    TweedieRegressor,
)

SEARCHED = {"use_legacy_attributes": False, "max_iter": 1000, "scoring": "neg_log_loss"}
KIN = [
    (LogisticRegression, linear_model.LogisticRegressionCV(Cs=3, cv=3, l1_ratios=(0.0,), **SEARCHED), "three"),
    (LogisticRegression, linear_model.LogisticRegression(C=0.3, solver="newton-cg", fit_intercept=False), "two"),
    (Ridge, linear_model.RidgeCV(alphas=[0.5, 2.0]), "values"),
    (Ridge, linear_model.LinearRegression(), "several"),
    (Ridge, linear_model.LinearRegression(fit_intercept=False), "values"),
    (Ridge, linear_model.Ridge(alpha=3.0, solver="lsqr"), "values"),
    (RidgeClassifier, linear_model.RidgeClassifierCV(alphas=[0.5, 2.0]), "three"),
    (RidgeClassifier, linear_model.RidgeClassifier(class_weight="balanced"), "two"),
    (PoissonRegressor, linear_model.TweedieRegressor(power=1, alpha=0.3), "counts"),
    (GammaRegressor, linear_model.TweedieRegressor(power=2, alpha=0.3), "amounts"),
    (GammaRegressor, linear_model.GammaRegressor(fit_intercept=False), "amounts"),
    (TweedieRegressor, linear_model.PoissonRegressor(alpha=0.1), "counts"),
    (TweedieRegressor, linear_model.GammaRegressor(alpha=0.1), "amounts"),
    (TweedieRegressor, linear_model.TweedieRegressor(alpha=0.1), "values"),
]


@pytest.mark.parametrize(("cls", "theirs", "kind"), KIN, ids=lambda value: getattr(value, "__name__", str(value)[:30]))
@pytest.mark.parametrize("rows", [False, True])
def test_a_given_model_predicts_the_same_and_has_its_parameters(cls, theirs, kind, rows):
    y = TARGETS[kind]
    theirs.fit(ROWS, y)
    model = cls.from_sklearn(theirs, *((ROWS, y) if rows else ()))
    for name in ("predict", "decision_function", "predict_proba"):
        if hasattr(theirs, name):
            one, other = getattr(model, name)(ROWS), getattr(theirs, name)(ROWS)
            assert_array_equal(one, other) if other.dtype.kind in "iU" else assert_allclose(one, other, rtol=1e-12)
    assert model.coef_.shape == theirs.coef_.shape
    for name, value in theirs.get_params().items():
        if name in model.get_params() and name not in ("solver", "n_jobs"):
            assert model.get_params()[name] == value or name == "alpha", name
    refitted = cls(**model.get_params()).set_params(tol=1e-8, max_iter=10_000).fit(ROWS, y)
    assert_allclose(refitted.predict(ROWS[:1]) == theirs.predict(ROWS[:1]), True) if kind in ("two", "three") else (
        assert_allclose(refitted.coef_, theirs.coef_, rtol=1e-2, atol=1e-3)
    )


@pytest.mark.parametrize("container", [np.asarray, np.float32])
def test_with_rows_it_goes_on_as_after_a_fit(container):
    X, y = container(ROWS), TARGETS["three"]
    theirs = linear_model.LogisticRegression(class_weight="balanced", tol=1e-12, max_iter=1000).fit(X[:60], y[:60])
    model = LogisticRegression.from_sklearn(theirs, X[:60], y[:60])
    ours = LogisticRegression(class_weight="balanced", tol=1e-12, max_iter=1000).fit(X[:60], y[:60])
    assert model.n_samples_seen_ == 60
    for one in (model, ours):
        one.partial_fit(X[60:], y[60:])
    assert_allclose(model.coef_, ours.coef_, rtol=0.02, atol=0.02)
    assert model.n_samples_seen_ == 80


def test_names_of_columns_come_along():
    pd = pytest.importorskip("pandas")  # of the test extra
    X = pd.DataFrame(ROWS, columns=list("abcde"))
    model = Ridge.from_sklearn(linear_model.Ridge().fit(X, TARGETS["values"]))
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[list("edcba")])


def test_what_is_not_taken():
    y = TARGETS["two"]
    with pytest.raises(TypeError, match="can be made of LogisticRegression, LogisticRegressionCV only"):
        LogisticRegression.from_sklearn(svm.LinearSVC().fit(ROWS, y))
    with pytest.raises(TypeError, match="can be made of PoissonRegressor, TweedieRegressor only"):
        PoissonRegressor.from_sklearn(linear_model.GammaRegressor().fit(ROWS, TARGETS["counts"] + 1))
    with pytest.raises(ValueError, match="expected power=1"):
        PoissonRegressor.from_sklearn(linear_model.TweedieRegressor(power=0).fit(ROWS, TARGETS["values"]))
    with pytest.raises(NotFittedError):
        Ridge.from_sklearn(linear_model.Ridge())
    with pytest.raises(ValueError, match="X and y go together"):
        Ridge.from_sklearn(linear_model.Ridge().fit(ROWS, TARGETS["values"]), ROWS)
    with pytest.raises(ValueError, match="X has 4 features, but the model has 5"):
        Ridge.from_sklearn(linear_model.Ridge().fit(ROWS, TARGETS["values"]), ROWS[:, 1:], TARGETS["values"])
