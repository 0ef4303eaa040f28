"""What users do around a fit, in two tables: every entry gives with ours what it gives with scikit-learn's class."""

import copy
import tempfile
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn import linear_model
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 it makes IterativeImputer importable
from sklearn.feature_selection import RFECV, SelectFromModel, SelectKBest, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.impute import IterativeImputer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, SplineTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import estimator_html_repr
from threadpoolctl import threadpool_limits

from estimator_data import counts, features, labels, standard
from gradstream import linear_model as ours

X = standard(features(120, 6))
Y2, Y3, COUNTS = labels(X), labels(X, 3), counts(X) + 1.0
WORDS = np.array(["no", "yes", "maybe"])
TABLE = pd.DataFrame(X[:, :3], columns=list("abc"))
MIXED = TABLE.assign(kind=np.where(X[:, 3] > 0, "x", "y"), flag=X[:, 4] > 0)
OPTIMUM = {"tol": 1e-10, "max_iter": 20_000}
STEPS = {"tol": None, "max_iter": 5, "random_state": 0}
CLASSIFIERS = {
    "LogisticRegression": OPTIMUM,
    "RidgeClassifier": OPTIMUM,
    "SGDClassifier": STEPS | {"loss": "log_loss", "learning_rate": "constant"},  # small steps: rounding stays rounding
    "Perceptron": STEPS,
}
REGRESSORS = {
    "Ridge": OPTIMUM,
    "PoissonRegressor": OPTIMUM,
    "GammaRegressor": OPTIMUM,
    "TweedieRegressor": OPTIMUM | {"power": 1.5},
    "SGDRegressor": STEPS,
}


def has_probabilities(model):
    return hasattr(model, "predict_proba")


def encoded(model):
    """A table of numbers, words and flags through a ColumnTransformer that gives frames."""
    columns = [("numbers", StandardScaler(), ["a", "b"]), ("words", OneHotEncoder(sparse_output=False), ["kind"])]
    prepared = ColumnTransformer(columns, remainder="passthrough").set_output(transform="pandas")
    pipe = Pipeline([("columns", prepared), ("model", model)]).fit(MIXED, Y2)
    return pipe.predict(MIXED), pipe[-1].feature_names_in_.tolist()


def through_joblib(model, **how):
    with tempfile.TemporaryDirectory() as folder:
        joblib.dump(model.fit(X, Y2), Path(folder) / "model")
        loaded = joblib.load(Path(folder) / "model", **how)
        return loaded.predict(X), loaded.coef_.copy()


def path_of_strengths(model):
    """One model, warm or cold, over a grid."""
    name = "C" if hasattr(model, "C") else "alpha"
    if "warm_start" in model.get_params() and name == "C":
        model.set_params(warm_start=True)
    return [model.set_params(**{name: value}).fit(X, Y2).coef_.copy() for value in (0.01, 0.1, 1.0)]


def in_threads(model):
    with joblib.parallel_config("threading", n_jobs=2):
        return cross_val_score(model, X, Y2, cv=4)


def half_labelled(model):
    y = Y2.copy()
    y[::3] = -1
    return SelfTrainingClassifier(model).fit(X, y).predict(X) if has_probabilities(model) else None


def copies(model):
    model.fit(X, Y2)
    deep, shallow = copy.deepcopy(model), copy.copy(model)
    deep.coef_[:] = 0.0
    return model.predict(X), shallow.predict(X), deep.predict(X)


def two_shapes(model):
    model.fit(X, Y2)
    model.set_params(fit_intercept=False).fit(X[:, :4], WORDS[Y3])
    return model.coef_, model.intercept_, model.classes_, model.n_features_in_


def soft(model):
    return (
        VotingClassifier([("a", model), ("b", clone(model))], voting="soft").fit(X, Y2).predict_proba(X)
        if has_probabilities(model)
        else None
    )


AROUND_CLASSIFIERS = {
    "words": lambda m: m.fit(X, WORDS[Y3]).predict(X),
    "bools": lambda m: m.fit(X, Y2 > 0).predict(X),
    "minus and plus one": lambda m: m.fit(X, 2 * Y2 - 1).predict(X),
    "floats": lambda m: m.fit(X, Y3 + 0.0).predict(X),
    "bytes": lambda m: m.fit(X, Y3.astype(np.uint8)).predict(X),
    "list": lambda m: m.fit(X.tolist(), WORDS[Y3].tolist()).predict(X),
    "series of words": lambda m: m.fit(X, pd.Series(WORDS[Y3])).predict(X).tolist(),
    "category": lambda m: m.fit(X, pd.Series(WORDS[Y3]).astype("category")).predict(X).tolist(),
    "nullable integers": lambda m: m.fit(X, pd.Series(Y3).astype("Int64")).predict(X),
    "nullable bools": lambda m: m.fit(X, pd.Series(Y2 > 0).astype("boolean")).predict(X),
    "polars": lambda m: m.fit(pl.DataFrame(X), pl.Series(WORDS[Y3].tolist())).predict(pl.DataFrame(X)).tolist(),
    "column": lambda m: m.fit(X, pd.DataFrame({"y": Y2})).coef_,
    "missing label": lambda m: m.fit(X, np.where(np.arange(120) == 3, np.nan, Y2)),
    "one row": lambda m: m.fit(X, Y2).predict(X[0]),
    "no rows": lambda m: m.fit(X, Y2).predict(X[:0]),
    "nullable floats": lambda m: m.fit(TABLE.astype("Float64"), Y2).coef_,
    "objects": lambda m: m.fit(TABLE.astype(object), Y2).coef_,
    "sparse frame": lambda m: m.fit(pd.DataFrame.sparse.from_spmatrix(sp.csr_matrix(X * (X > 0))), Y2).coef_,
    "whole numbers and flags": lambda m: m.fit((10 * TABLE).astype(int).assign(d=X[:, 4] > 0), Y2).coef_,
    "words among columns": lambda m: m.fit(MIXED, Y2),
    "missing value": lambda m: m.fit(TABLE.astype("Float64").mask(TABLE > 2.0), Y2),
    "numbered columns": lambda m: hasattr(m.fit(pd.DataFrame(X), Y2), "feature_names_in_"),
    "names of two kinds": lambda m: m.fit(TABLE.rename(columns={"a": 1}), Y2),
    "renamed columns": lambda m: m.fit(TABLE, Y2).predict(TABLE.rename(columns={"a": "z"})),
    "a column more": lambda m: m.fit(TABLE, Y2).predict(TABLE.assign(d=1.0)),
    "columns encoded": encoded,
    "polars output": lambda m: make_pipeline(StandardScaler().set_output(transform="polars"), m).fit(X, Y2).predict(X),
    "union": lambda m: (
        make_pipeline(FeatureUnion([("s", StandardScaler()), ("k", SelectKBest(k=2))]), m).fit(X, Y2).predict(X)
    ),
    "other byte order": lambda m: m.fit(X.astype(">f8"), Y2).coef_,
    "long doubles": lambda m: m.fit(X.astype(np.longdouble), Y2).coef_,
    "weights of a series": lambda m: m.fit(X, Y2, sample_weight=pd.Series(np.arange(120) % 3 + 0.5)).coef_,
    "weights of a list": lambda m: m.fit(X, Y2, sample_weight=[2.0] * 120).coef_,
    "one weight": lambda m: m.fit(X, Y2, sample_weight=2.0).coef_,
    "class weights": lambda m: m.set_params(class_weight={"no": 2.0, "yes": 1}).fit(X, WORDS[Y2]).coef_,
    "balanced": lambda m: m.set_params(class_weight="balanced").fit(X, Y3).coef_,
    "a class without weight": lambda m: m.set_params(class_weight={0: 2.0}).fit(X, Y3).coef_,
    "weight of no class": lambda m: m.set_params(class_weight={"other": 2.0}).fit(X, WORDS[Y2]),
    "weights in a list": lambda m: m.set_params(class_weight=[1, 2]).fit(X, Y2),
    "no such parameter": lambda m: m.set_params(nope=3),
    "no number": lambda m: m.set_params(fit_intercept="yes").fit(X, Y2),
    "not fitted": lambda m: m.coef_,
    "strengths": path_of_strengths,
    "two shapes": two_shapes,
    "copies": copies,
    "joblib": through_joblib,
    "memory map": lambda m: through_joblib(m, mmap_mode="r"),
    "picture": lambda m: ["<div" in estimator_html_repr(m), "fitted" in estimator_html_repr(m.fit(X, Y2))],
    "repr": lambda m: [str(m), repr(make_pipeline(m))],
    "scores": lambda m: [cross_val_score(m, X, Y2, cv=3, scoring=s) for s in ("roc_auc", "f1", "average_precision")],
    "log loss": lambda m: cross_val_score(m, X, Y2, cv=3, scoring="neg_log_loss") if has_probabilities(m) else None,
    "predictions of folds": lambda m: cross_val_predict(m, X, Y3, cv=3, method="decision_function"),
    "curve": lambda m: validation_curve(m, X, Y2, param_name="fit_intercept", param_range=[True, False], cv=3),
    "threads": in_threads,
    "threshold": lambda m: TunedThresholdClassifierCV(m, cv=3).fit(X, Y2).best_score_,
    "isotonic": lambda m: CalibratedClassifierCV(m, cv=3, method="isotonic").fit(X, Y2).predict_proba(X),
    "calibrated frozen": lambda m: (
        CalibratedClassifierCV(FrozenEstimator(m.fit(X[:80], Y2[:80])), cv=3).fit(X[80:], Y2[80:]).predict_proba(X)
    ),
    "one against rest": lambda m: OneVsRestClassifier(m).fit(X, Y3).predict(X),
    "several labels": lambda m: OneVsRestClassifier(m).fit(X, np.column_stack([Y2, Y3 > 1]).astype(int)).predict(X),
    "codes": lambda m: OutputCodeClassifier(m, random_state=0).fit(X, Y3).predict(X),
    "outputs": lambda m: MultiOutputClassifier(m).fit(X, np.column_stack([Y2, Y3])).predict(X),
    "chain": lambda m: ClassifierChain(m, random_state=0).fit(X, np.column_stack([Y2, Y3 > 1])).predict(X),
    "stacked on columns": lambda m: (
        StackingClassifier([("a", m)], linear_model.RidgeClassifier(), cv=3, passthrough=True)
        .fit(X, Y2)
        .decision_function(X)
    ),
    "soft votes": soft,
    "half labelled": half_labelled,
    "importance": lambda m: permutation_importance(m.fit(X, Y2), X, Y2, random_state=0, n_repeats=2).importances_mean,
    "dependence": lambda m: partial_dependence(
        m.fit(X, Y2), X, [0], response_method="decision_function", grid_resolution=5
    )["average"],
    "elimination": lambda m: RFECV(m, cv=3, importance_getter="coef_").fit(X, Y2).support_,
    "selection one by one": lambda m: (
        SequentialFeatureSelector(m, n_features_to_select=2, cv=2).fit(X[:, :4], Y2).get_support()
    ),
    "selection by coefficients": lambda m: (
        SelectFromModel(m, threshold="1.25*median", max_features=3).fit(X, Y2).get_support()
    ),
}
AROUND_REGRESSORS = {
    "series": lambda m: m.fit(TABLE, pd.Series(COUNTS)).predict(TABLE),
    "column": lambda m: [np.shape(part) for part in (m.fit(X, COUNTS[:, None]).coef_, m.intercept_, m.predict(X))],
    "whole numbers": lambda m: m.fit(X, COUNTS.astype(int)).coef_,
    "objects": lambda m: m.fit(X, COUNTS.astype(object)).coef_,
    "digits in words": lambda m: m.fit(X, COUNTS.astype(str)).coef_,
    "bools": lambda m: m.fit(X, COUNTS > 2).coef_,
    "below 0": lambda m: m.fit(X, COUNTS - 10.0).coef_,
    "a constant": lambda m: m.fit(X, np.full(120, 3.0)).predict(X),
    "float32": lambda m: m.fit(X.astype(np.float32), COUNTS.astype(np.float32)).coef_.dtype,
    "type of the intercept": lambda m: type(m.fit(X, COUNTS).intercept_).__name__,
    "weighted score": lambda m: m.fit(X, COUNTS).score(X, COUNTS, sample_weight=np.arange(120) % 4 + 1.0),
    "formats": lambda m: m.fit(sp.csc_array(X), COUNTS).predict(sp.coo_array(X)) if m.tol else None,
    "scores": lambda m: [cross_val_score(m, X, COUNTS, cv=3, scoring=s) for s in ("r2", "neg_mean_absolute_error")],
    "scaled target": lambda m: (
        TransformedTargetRegressor(m, transformer=MinMaxScaler((1, 2))).fit(X, COUNTS).predict(X)
    ),
    "chain": lambda m: RegressorChain(m).fit(X, np.column_stack([COUNTS, COUNTS[::-1]])).predict(X),
    "bags": lambda m: (
        BaggingRegressor(m, n_estimators=2, bootstrap=False, max_features=3, random_state=0).fit(X, COUNTS).predict(X)
    ),
    "votes": lambda m: VotingRegressor([("a", m), ("b", clone(m))]).fit(X, COUNTS).predict(X),
    "stacked": lambda m: StackingRegressor([("a", m)], linear_model.Ridge(), cv=3).fit(X, COUNTS).predict(X),
    "imputer": lambda m: IterativeImputer(m, max_iter=2, random_state=0).fit_transform(
        np.where(np.arange(720).reshape(120, 6) % 17 == 0, np.nan, X + 5.0)
    ),
    "importance": lambda m: permutation_importance(m.fit(X, COUNTS), X, COUNTS, random_state=0).importances_mean,
    "elimination": lambda m: RFECV(m, cv=3).fit(X, COUNTS).ranking_,
    "splines": lambda m: make_pipeline(SplineTransformer(), m).fit(X[:, :3], COUNTS).predict(X[:, :3]),
    "memory map": lambda m: through_joblib(m, mmap_mode="r"),
}


@pytest.fixture(autouse=True)
def one_thread():
    """Threads of scikit-learn that wait for one another take a hundred times longer where other work has the cores."""
    with threadpool_limits(1):
        yield


def outcome(doing, model):
    with warnings.catch_warnings(record=True) as noticed:
        warnings.simplefilter("always")
        try:
            value, error = doing(model), None
        except (ValueError, TypeError, AttributeError) as raised:
            value, error = None, (type(raised), str(raised)[:40])
    return value, error, {warning.category for warning in noticed}


def assert_same(one, other):
    if isinstance(other, list | tuple):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(other, np.ndarray) and other.dtype.kind == "f":
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5 * max(1e-9, np.abs(other).max(initial=0.0)))
    elif isinstance(other, np.ndarray):
        np.testing.assert_array_equal(one, other)
    else:
        assert one == (pytest.approx(other, rel=2e-4) if isinstance(other, float) else other)


TABLES = [
    *((name, given, AROUND_CLASSIFIERS) for name, given in CLASSIFIERS.items()),
    *((name, given, AROUND_REGRESSORS) for name, given in REGRESSORS.items()),
]


@pytest.mark.parametrize(
    "name, given, what, doing",
    [(name, given, what, doing) for name, given, table in TABLES for what, doing in table.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_outcome_is_scikit_learns(name, given, what, doing):
    one, other = (outcome(doing, getattr(home, name)(**given)) for home in (ours, linear_model))
    assert one[1:] == other[1:]
    assert_same(one[0], other[0])


@pytest.mark.parametrize("name", ["LogisticRegression", "Ridge"])
def test_processes_beside_one_another(name):
    y = Y2 if name in CLASSIFIERS else COUNTS
    found = [
        GridSearchCV(getattr(home, name)(**OPTIMUM), {"fit_intercept": [True, False]}, cv=3, n_jobs=2).fit(X, y)
        for home in (ours, linear_model)
    ]
    assert_same(found[0].cv_results_["mean_test_score"], found[1].cv_results_["mean_test_score"])
