"""LogisticRegression beside scikit-learn's: the same optimum, the same words, and then it goes on."""

import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_iris, make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradstream import LinearClassifier
from gradstream.linear_model import LogisticRegression

TIGHTEST = {"tol": 1e-12, "max_iter": 100_000}
THEIR_SAGA_STOPS = pytest.mark.filterwarnings("ignore:The max_iter was reached which means the coef_ did not converge$")
CLASS_WEIGHTS = {"none": None, "balanced": "balanced", "named": {0: 2.0, 1: 0.5}}


def problem(n_classes, dtype=np.float64, layout="dense", n_samples=300, n_features=12):
    """Rows with columns of unequal scale and mean, labels that overlap, and weights."""
    X, y = make_classification(
        n_samples, n_features, n_informative=6, n_redundant=0, n_classes=n_classes, flip_y=0.2, random_state=n_classes
    )
    X = X * np.geomspace(0.3, 3.0, n_features) + np.linspace(-1.0, 4.0, n_features)
    weights = np.random.default_rng(0).uniform(0.1, 3.0, n_samples)
    weights[::17] = 0.0
    if layout == "csr":
        X[np.random.default_rng(1).random(X.shape) < 0.5] = 0.0
        X = sp.csr_array(X)
    return X.astype(dtype), y, weights


def assert_same_model(model, reference, rtol=1e-6):
    assert model.coef_.shape == reference.coef_.shape
    assert model.intercept_.shape == (len(reference.coef_),)
    assert model.coef_.dtype == model.intercept_.dtype == reference.coef_.dtype
    assert_array_equal(model.classes_, reference.classes_)
    assert_allclose(model.coef_, reference.coef_, rtol, rtol * np.abs(reference.coef_).max())
    assert_allclose(model.intercept_, reference.intercept_, rtol, rtol * max(1.0, np.abs(reference.intercept_).max()))


@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS)
@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_optimum_l2(n_classes, C, weighted, layout, class_weight):
    X, y, weights = problem(n_classes, layout=layout)
    weights = weights if weighted else None
    parameters = {"C": C, "class_weight": CLASS_WEIGHTS[class_weight]}
    reference = linear_model.LogisticRegression(solver="newton-cholesky", **parameters, **TIGHTEST)
    assert_same_model(
        LogisticRegression(tol=1e-12, **parameters).fit(X, y, weights), reference.fit(X, y, sample_weight=weights)
    )


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_optimum_without_penalty(n_classes, fit_intercept):
    X, y, _ = problem(n_classes)
    parameters = {"C": np.inf, "fit_intercept": fit_intercept}
    model = LogisticRegression(tol=1e-10, max_iter=1000, **parameters).fit(X, y)
    reference = linear_model.LogisticRegression(tol=1e-10, max_iter=100_000, **parameters).fit(X, y)
    assert_allclose(model.predict_proba(X), reference.predict_proba(X), atol=2e-6)
    assert_allclose(model.coef_ - model.coef_.mean(0) * (n_classes > 2), reference.coef_, 1e-4, 1e-4)


@THEIR_SAGA_STOPS
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_optimum_l1(n_classes, l1_ratio, layout):
    X, y, weights = problem(n_classes, layout=layout, n_samples=150, n_features=8)
    parameters = {"l1_ratio": l1_ratio, "solver": "saga", "C": 0.05, "max_iter": 20_000}
    model = LogisticRegression(tol=1e-10, **parameters).fit(X, y, weights)
    reference = linear_model.LogisticRegression(tol=1e-10, **parameters, random_state=0).fit(X, y, weights)
    assert_same_model(model, reference)
    assert_array_equal(model.coef_ == 0, np.abs(reference.coef_) < 1e-9)


@pytest.mark.parametrize("intercept_scaling", [1.0, 10.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 1.0])
@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_liblinear_penalises_its_intercept(layout, l1_ratio, intercept_scaling, fit_intercept):
    X, y, weights = problem(2, layout=layout)
    parameters = {
        "l1_ratio": l1_ratio,
        "intercept_scaling": intercept_scaling,
        "solver": "liblinear",
        "fit_intercept": fit_intercept,
        "C": 0.2,
    }
    model = LogisticRegression(tol=1e-8, max_iter=10_000, **parameters).fit(X, y, weights)
    reference = linear_model.LogisticRegression(tol=1e-10, max_iter=100_000, **parameters).fit(X, y, weights)
    assert_same_model(model, reference, 1e-5 if l1_ratio else 1e-6)
    assert model.partial_fit(X, y).coef_.shape == (1, 12)


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_is_the_optimum_of_its_values(n_classes, layout):
    X, y, _ = problem(n_classes, np.float32, layout)
    model = LogisticRegression(tol=1e-10).fit(X, y)
    reference = linear_model.LogisticRegression(solver="newton-cholesky", **TIGHTEST).fit(X.astype(np.float64), y)
    assert model.coef_.dtype == model.intercept_.dtype == np.float32
    assert_allclose(model.coef_, reference.coef_, 1e-5, 1e-5)
    assert (
        model.predict_proba(X).dtype
        == linear_model.LogisticRegression(solver="newton-cholesky").fit(X, y).predict_proba(X).dtype
    )


@THEIR_SAGA_STOPS
@pytest.mark.parametrize("solver", ["lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"])
@pytest.mark.parametrize("tol", [1e-2, 1e-4])
def test_never_less_exact_than_scikit_learn(solver, tol):
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X) + 3.0
    parameters = {"solver": solver, "tol": tol, "max_iter": 3000}
    ours = LogisticRegression(**parameters).fit(X, y)
    theirs = linear_model.LogisticRegression(**parameters, random_state=0).fit(X, y)

    def objective(model):
        signed = np.where(y == 1, 1.0, -1.0) * model.decision_function(X)
        penalised = np.append(model.coef_, model.intercept_ if solver == "liblinear" else 0.0)
        return np.logaddexp(0.0, -signed).sum() + 0.5 * penalised @ penalised

    assert objective(ours) <= objective(theirs) * (1 + 1e-12)


def test_large_means_do_not_cost_digits():
    X, y, _ = problem(2)
    shifted = LogisticRegression(tol=1e-10).fit(X + 1e4, y)
    assert_allclose(shifted.coef_, LogisticRegression(tol=1e-10).fit(X, y).coef_, rtol=1e-6)


def test_attributes():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression().fit(X, y)
    assert model.n_iter_.dtype == np.int32
    assert model.n_iter_.shape == (1,)
    assert 1 <= model.n_iter_[0] <= 100
    assert model.n_features_in_ == 4
    assert list(LogisticRegression().get_params()) == list(linear_model.LogisticRegression().get_params())
    assert LogisticRegression().get_params() == linear_model.LogisticRegression().get_params()
    assert not LogisticRegression(fit_intercept=False).fit(X, y).intercept_.any()


def test_arrays_can_be_written_to():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression().fit(X, y)
    model.coef_[:] = 0.0
    model.intercept_ = np.array([0.0, 1.0, 0.0])
    assert (model.predict(X) == 1).all()
    model.coef_[0, 0] = 5.0
    once = clone(model).fit(X, y)
    once.coef_, once.intercept_ = model.coef_.copy(), model.intercept_.copy()
    assert_array_equal(model.partial_fit(X[:1], y[:1]).coef_, once.partial_fit(X[:1], y[:1]).coef_)
    assert model.coef_[0, 0] > 4.0


def test_a_model_put_together_by_hand_predicts():
    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = np.array([[1.0, -1.0]]), np.zeros(1), np.array(["no", "yes"])
    assert model.predict([[2.0, 1.0]]) == "yes"


def test_sparsify():
    X, y, _ = problem(3)
    model = LogisticRegression(l1_ratio=1.0, C=0.02, solver="saga", max_iter=1000).fit(X, y)
    dense = model.decision_function(X)
    assert sp.issparse(model.sparsify().coef_)
    assert_allclose(model.decision_function(X), dense)
    assert not sp.issparse(model.densify().coef_)
    assert model.sparsify().partial_fit(X, y).coef_.shape == (3, 12)


@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_goes_on_as_the_main_estimator(layout, n_classes):
    X, y, _ = problem(n_classes, layout=layout)
    first, rest = slice(0, 200), slice(200, 300)
    model = LogisticRegression(C=0.5, tol=1e-10).fit(X[first], y[first])
    main = LinearClassifier(alpha=1 / (0.5 * 200), standardize=False, tol=1e-12).fit(X[first], y[first])
    assert_allclose(model.coef_, main.coef_, rtol=1e-5)
    model.partial_fit(X[rest.start : 240], y[rest.start : 240])
    main.partial_fit(X[rest.start : 240], y[rest.start : 240])
    assert_allclose(model.coef_, main.coef_, rtol=1e-4)
    assert model.n_samples_seen_ == 240
    assert model.partial_fit(X[240:], y[240:]).n_samples_seen_ == 300


def test_penalty_follows_the_weight_seen():
    X, y, _ = problem(2)
    model = LogisticRegression(C=2.0).partial_fit(X[:50], y[:50], classes=[0, 1])
    assert model._model.state.spec["l2"] == 1 / (2.0 * 50)
    model.partial_fit(X[50:60], y[50:60])
    assert model._model.state.spec["l2"] == 1 / (2.0 * 50)
    model.partial_fit(X[60:100], y[60:100])
    assert model._model.state.spec["l2"] == 1 / (2.0 * 100)


def test_penalty_follows_the_weight_seen_row_by_row():
    X, y, _ = problem(2)
    model = LogisticRegression(C=2.0).partial_fit(X[:1], y[:1], classes=[0, 1])
    for x, label in zip(X[1:], y[1:], strict=True):
        model.learn_one(x, label)
    assert 1 / (2.0 * 300) <= model._model.state.spec["l2"] <= 1.25 / (2.0 * 300)


def test_learns_single_rows():
    X, y, _ = problem(2)
    model = LogisticRegression().fit(X, y)
    before = model.coef_.copy()
    model.learn_one(X[0], 1 - y[0])
    assert (model.coef_ != before).any()
    assert_allclose(model.decision_function(X[:1])[0], X[0] @ model.coef_[0] + model.intercept_[0])


def test_warm_start_takes_no_iterations_at_the_optimum():
    X, y, _ = problem(2)
    model = LogisticRegression(warm_start=True, tol=1e-8).fit(X, y)
    assert model.fit(X, y).n_iter_[0] <= 2
    with pytest.raises(ValueError, match=r"Initialization coef is of shape \(1, 13\), expected shape"):
        model.fit(X[:, :5], y)


ERRORS = [
    ({"C": -1.0}, "The 'C' parameter of LogisticRegression must be a float in the range"),
    ({"solver": "newton"}, "The 'solver' parameter of LogisticRegression must be a str among"),
    ({"l1_ratio": 1.0}, "Solver lbfgs supports only 'l2' or None penalties, got l1 penalty."),
    ({"l1_ratio": 0.5, "solver": "liblinear"}, "Only 'saga' solver supports elasticnet penalty, got solver=liblinear."),
    ({"dual": True}, "Solver lbfgs supports only dual=False, got dual=True"),
    (
        {"C": np.inf, "solver": "liblinear"},
        "C=np.inf as well as penalty=None is not supported for the liblinear solver",
    ),
]


@pytest.mark.parametrize("parameters, text", ERRORS)
def test_errors_are_scikit_learns(parameters, text):
    X, y, _ = problem(2)
    for cls in (LogisticRegression, linear_model.LogisticRegression):
        with pytest.raises(ValueError, match=re.escape(text)):
            cls(**parameters).fit(X, y)


@pytest.mark.parametrize("cls", [LogisticRegression, linear_model.LogisticRegression])
def test_errors_about_data_are_scikit_learns(cls):
    X, y, _ = problem(3)
    with pytest.raises(ValueError, match="The 'liblinear' solver does not support multiclass classification"):
        cls(solver="liblinear").fit(X, y)
    with pytest.raises(ValueError, match="at least 2 classes in the data, but the data contains only one class: "):
        cls().fit(X, np.ones(300))
    with pytest.raises(ValueError, match="Unknown label type: "):
        cls().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="Input X contains NaN"):
        cls().fit(np.full_like(X, np.nan), y)
    with pytest.raises(NotFittedError):
        cls().predict(X)
    with pytest.raises(ValueError, match="X has 5 features, but LogisticRegression is expecting 12 features as input"):
        cls(tol=0.1).fit(X, y).predict(X[:, :5])


WARNINGS = [
    ({"penalty": "l2"}, FutureWarning, "'penalty' was deprecated in version 1.8"),
    ({"l1_ratio": None}, FutureWarning, "'l1_ratio=None' was deprecated in version 1.8"),
    ({"n_jobs": 1}, FutureWarning, "'n_jobs' has no effect since 1.8"),
    ({"max_iter": 1}, ConvergenceWarning, r"lbfgs failed to converge after 1 iteration\(s\) \(status=1\)"),
    ({"max_iter": 1, "solver": "sag"}, ConvergenceWarning, "The max_iter was reached which means the coef_ did not"),
    ({"max_iter": 1, "solver": "liblinear"}, ConvergenceWarning, "Liblinear failed to converge, increase the number"),
]


@pytest.mark.parametrize("cls", [LogisticRegression, linear_model.LogisticRegression])
@pytest.mark.parametrize("parameters, category, text", WARNINGS)
def test_warnings_are_scikit_learns(cls, parameters, category, text):
    X, y, _ = problem(2)
    with pytest.warns(category, match=text):
        cls(**parameters, **({} if "max_iter" in parameters else {"max_iter": 1000})).fit(X, y)


def test_max_iter_0():
    X, y, _ = problem(2)
    with pytest.warns(ConvergenceWarning):
        model = LogisticRegression(max_iter=0).fit(X, y)
    assert not model.coef_.any()


def test_separable_without_penalty_is_finite():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), [0, 0, 1, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(C=np.inf).fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) == 1.0


def test_in_scikit_learns_company():
    X, y = load_breast_cancer(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(pipe, {"logisticregression__C": [0.1, 1.0]}, cv=3).fit(X, y)
    reference = GridSearchCV(
        make_pipeline(StandardScaler(), linear_model.LogisticRegression()), search.param_grid, cv=3
    ).fit(X, y)
    assert_allclose(search.cv_results_["mean_test_score"], reference.cv_results_["mean_test_score"])
    calibrated = CalibratedClassifierCV(LogisticRegression(max_iter=1000), cv=2).fit(
        StandardScaler().fit_transform(X), y
    )
    assert calibrated.score(StandardScaler().fit_transform(X), y) > 0.95
    selected = SelectFromModel(LogisticRegression(l1_ratio=1.0, C=0.05, solver="saga", max_iter=1000))
    assert 0 < selected.fit(X, y).get_support().sum() < 30


def test_pickle_goes_on():
    X, y, _ = problem(3)
    model = LogisticRegression().fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    assert_array_equal(copy.partial_fit(X, y).coef_, model.partial_fit(X, y).coef_)


def test_threads_do_not_matter():
    X, y = make_classification(20_000, 30, random_state=0)
    with pytest.warns(FutureWarning, match="n_jobs"):
        one, two = (LogisticRegression(n_jobs=n, random_state=0).fit(X, y) for n in (1, 2))
    assert_array_equal(one.coef_, two.coef_)


def test_a_failed_call_changes_nothing():
    X, y, _ = problem(2)
    model = LogisticRegression().fit(X, y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.full((4, 3), np.nan), [0, 1, 0, 1])
    with pytest.raises(ValueError, match="This model knows the classes"):
        model.partial_fit(X[:1], [7])
    assert_array_equal(pickle.loads(before).predict_proba(X), model.predict_proba(X))
    assert model.n_features_in_ == 12
