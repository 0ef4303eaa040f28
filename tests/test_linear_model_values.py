"""Ridge, RidgeClassifier and PoissonRegressor beside scikit-learn's: the same optimum, errors and arrays."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gradstream import LinearRegressor
from gradstream.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier
from saved_models import known

RNG = np.random.default_rng
PAIRS = [(cls, getattr(linear_model, cls.__name__)) for cls in (PoissonRegressor, Ridge, RidgeClassifier)]


def problem(dtype=np.float64, layout="dense", n_samples=300, n_features=10):
    """Rows with columns of unequal scale and mean, values, counts, and weights."""
    rng = RNG(0)
    X = rng.normal(size=(n_samples, n_features)) * np.geomspace(0.2, 2.0, n_features) + np.linspace(-1, 3, n_features)
    if layout == "csr":
        X[rng.random(X.shape) < 0.6] = 0.0
    z = X @ rng.normal(size=n_features) * 0.3
    weights = rng.uniform(0.1, 3.0, n_samples)
    weights[::13] = 0.0
    X = sp.csr_array(X) if layout == "csr" else X
    return X.astype(dtype), z + rng.normal(size=n_samples), rng.poisson(np.exp(0.5 * z)).astype(float), weights


def assert_same_model(model, reference, rtol=1e-6):
    assert np.shape(model.coef_) == np.shape(reference.coef_)
    assert np.shape(model.intercept_) == np.shape(reference.intercept_)
    assert model.coef_.dtype == reference.coef_.dtype
    assert_allclose(model.coef_, reference.coef_, rtol, rtol * np.abs(reference.coef_).max())
    assert_allclose(model.intercept_, reference.intercept_, rtol, rtol)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_ridge_optimum(layout, alpha, weighted, fit_intercept):
    X, y, _, weights = problem(layout=layout)
    weights = weights if weighted else None
    model = Ridge(alpha, fit_intercept=fit_intercept).fit(X, y, weights)
    dense = X.toarray() if sp.issparse(X) else X
    assert_same_model(model, linear_model.Ridge(alpha, fit_intercept=fit_intercept).fit(dense, y, weights))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 1e-3, 1.0, 1e2])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_poisson_optimum(layout, alpha, weighted, fit_intercept):
    X, _, y, weights = problem(layout=layout)
    weights = weights if weighted else None
    parameters = {"alpha": alpha, "fit_intercept": fit_intercept}
    model = PoissonRegressor(tol=1e-10, **parameters).fit(X, y, weights)
    reference = linear_model.PoissonRegressor(tol=1e-12, solver="newton-cholesky", max_iter=1000, **parameters)
    assert_same_model(model, reference.fit(X, y, weights))
    assert_allclose(model.score(X, y, weights), reference.score(X, y, weights), rtol=1e-6)
    assert_allclose(model.predict(X), reference.predict(X), rtol=1e-6)


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0}])
@pytest.mark.parametrize("alpha", [1e-3, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_ridge_classifier_optimum(n_classes, alpha, class_weight):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes], y[y < n_classes]
    model = RidgeClassifier(alpha, class_weight=class_weight).fit(X, y)
    reference = linear_model.RidgeClassifier(alpha, class_weight=class_weight).fit(X, y)
    assert_same_model(model, reference)
    assert_array_equal(model.predict(X), reference.predict(X))
    assert_allclose(model.decision_function(X), reference.decision_function(X), rtol=1e-6, atol=1e-9)
    assert not hasattr(model, "predict_proba")


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_ridge_classifier_with_weights(class_weight, layout, fit_intercept):
    X, y, _, weights = problem(layout=layout)
    labels = np.digitize(y, np.quantile(y, [0.2, 0.5, 0.9]))
    parameters = {"class_weight": class_weight, "fit_intercept": fit_intercept}
    model = RidgeClassifier(tol=1e-8, **parameters).fit(X, labels, weights)
    dense = X.toarray() if sp.issparse(X) else X
    assert_same_model(model, linear_model.RidgeClassifier(**parameters).fit(dense, labels, weights))


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_targets_solved_together_are_those_solved_one_by_one(shift):
    X, y, counts, weights = problem()
    Y = np.column_stack([y, counts])
    together = Ridge([0.5, 2.0]).fit(X + shift, Y, weights)
    for column, alpha in enumerate([0.5, 2.0]):
        assert_allclose(together.coef_[column], Ridge(alpha).fit(X + shift, Y[:, column], weights).coef_, rtol=1e-6)
    collinear = np.column_stack([X, X])  # no factorisation without a penalty: one by one
    assert_allclose(Ridge(0.0).fit(collinear, Y).predict(collinear), Ridge(0.0).fit(X, Y).predict(X), rtol=1e-6)


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_float32(ours, theirs):
    X, y, counts, _ = problem(np.float32)
    y = {Ridge: y, PoissonRegressor: counts, RidgeClassifier: y > 0}[ours]
    model, reference = ours().fit(X, y), theirs().fit(X.astype(np.float64), y)
    assert model.coef_.dtype == np.float32
    assert_allclose(model.coef_, reference.coef_, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("alpha", [1.0, [0.1, 1.0, 10.0]])
def test_ridge_of_several_targets(alpha):
    X, y, counts, weights = problem()
    Y = np.column_stack([y, counts, y**2])
    model, reference = (cls(alpha).fit(X, Y, weights) for cls in (Ridge, linear_model.Ridge))
    assert_same_model(model, reference)
    assert_allclose(model.predict(X), reference.predict(X))
    assert_allclose(model.score(X, Y), reference.score(X, Y))
    assert_same_model(Ridge().fit(X, y[:, None]), linear_model.Ridge().fit(X, y[:, None]))


@pytest.mark.parametrize("shift", [1e3, 1e6])
def test_large_means_do_not_cost_digits(shift):
    X, y, _, _ = problem()
    assert_allclose(Ridge().fit(X + shift, y + shift).coef_, Ridge().fit(X, y).coef_, rtol=1e-6)


def test_more_columns_than_rows():
    X, y = RNG(0).normal(size=(40, 120)), RNG(1).normal(size=40)
    assert_same_model(Ridge(0.1).fit(X, y), linear_model.Ridge(0.1).fit(X, y))


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_parameters_are_scikit_learns(ours, theirs):
    assert ours().get_params() == theirs().get_params()
    assert list(ours().get_params()) == list(theirs().get_params())


@pytest.mark.parametrize("solver", ["auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"])
def test_every_solver_of_ridge(solver):
    X, y, _, _ = problem()
    model = Ridge(solver=solver).fit(X, y)
    assert_allclose(model.coef_, linear_model.Ridge().fit(X, y).coef_, rtol=1e-6)
    assert model.solver_ == linear_model.Ridge(solver=solver, max_iter=10_000).fit(X, y).solver_
    assert model.n_iter_.shape == (1,)


@pytest.mark.parametrize("cls", [Ridge, linear_model.Ridge])
def test_errors_of_ridge_are_scikit_learns(cls):
    X, y, _, _ = problem()
    with pytest.raises(ValueError, match="'lbfgs' solver can be used only when positive=True"):
        cls(solver="lbfgs").fit(X, y)
    with pytest.raises(ValueError, match="The 'alpha' parameter of Ridge must be"):
        cls(-1.0).fit(X, y)
    with pytest.raises(ValueError, match="Number of targets and number of penalties do not correspond: 2 != 1"):
        cls([1.0, 2.0]).fit(X, y)
    with pytest.raises(ValueError, match="solver='svd' does not support fitting the intercept on sparse data"):
        cls(solver="svd").fit(sp.csr_array(X), y)
    with pytest.raises(ValueError, match="Input X contains infinity"):
        cls().fit(np.full_like(X, np.inf), y)
    with pytest.raises(NotFittedError):
        cls().predict(X)


@pytest.mark.parametrize("cls", [PoissonRegressor, linear_model.PoissonRegressor])
def test_errors_of_poisson_are_scikit_learns(cls):
    X, y, counts, _ = problem()
    with pytest.raises(ValueError, match=r"Some value\(s\) of y are out of the valid range of the loss"):
        cls().fit(X, y)
    with pytest.raises(ValueError, match=r"Some value\(s\) of y are out of the valid range of the loss"):
        cls().fit(X, -counts - 1.0)
    with pytest.raises(ValueError, match="The 'tol' parameter of PoissonRegressor must be"):
        cls(tol=0).fit(X, counts)
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 1 iteration\(s\) \(status=1\)"):
        cls(max_iter=1).fit(X, counts)


def test_what_is_not_there_says_so():
    wide = np.zeros((2, 1100))
    with pytest.raises(ValueError, match=r"partial_fit before fit with 1100 columns is not available yet"):
        RidgeClassifier().partial_fit(wide, [0, 1], classes=[0, 1])
    with pytest.raises(ValueError, match=r"positive=True with 1100 columns.* is not available yet"):
        Ridge(positive=True).fit(wide, [0.0, 1.0])


@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_goes_on_as_the_main_estimator(layout):
    X, _, y, _ = problem(layout=layout)
    model = PoissonRegressor(alpha=0.5).fit(X[:200], y[:200])
    main = LinearRegressor("poisson", alpha=0.5, standardize=False, tol=1e-12).fit(X[:200], y[:200])
    assert_allclose(model.coef_, main.coef_, rtol=1e-3)
    model.partial_fit(X[200:240], y[200:240])
    main.partial_fit(X[200:240], y[200:240])
    assert_allclose(model.coef_, main.coef_, rtol=1e-2)
    assert model.partial_fit(X[240:], y[240:]).n_samples_seen_ == 300
    before = model.coef_.copy()
    model.learn_one(X[0] if layout == "dense" else (X[[0]].indices, X[[0]].data), 30.0)
    assert (model.coef_ != before).any()
    assert model.coef_.shape == (10,)


@pytest.mark.parametrize("cls", [Ridge, PoissonRegressor])
def test_arrays_can_be_written_to(cls):
    X, _, y, _ = problem()
    model = cls().fit(X, y)
    optimum = model.coef_.copy()
    model.coef_[:] = 0.0
    model.intercept_ = 2.0
    mean = 2.0 if cls is Ridge else np.exp(2.0)
    assert_array_equal(model.predict(X), np.full(300, mean))
    model.partial_fit(X[:1], [mean])
    if cls is Ridge:  # what it learns from are sums over all rows
        assert_allclose(model.coef_, optimum, rtol=0.1, atol=0.05)
    else:
        assert_allclose(model.predict(X), mean, rtol=1e-6)


@pytest.mark.parametrize("ours, theirs", PAIRS)
def test_pickle_clone_pipeline_and_search(ours, theirs):
    X, y = load_diabetes(return_X_y=True)
    y = y > 140 if ours is RidgeClassifier else y
    model = make_pipeline(StandardScaler(), ours())
    name = f"{ours.__name__.lower()}__alpha"
    grids = {name: [0.1, 1.0, 10.0]}
    search = GridSearchCV(model, grids, cv=3).fit(X, y)
    reference = GridSearchCV(make_pipeline(StandardScaler(), theirs()), grids, cv=3).fit(X, y)
    assert_allclose(search.cv_results_["mean_test_score"], reference.cv_results_["mean_test_score"], rtol=1e-3)
    fitted = clone(ours()).fit(X, y)
    copy = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(copy.partial_fit(X, y).coef_, fitted.partial_fit(X, y).coef_)


def test_poisson_warm_start():
    X, _, y, _ = problem()
    model = PoissonRegressor(warm_start=True, tol=1e-8).fit(X, y)
    assert model.fit(X, y).n_iter_ <= 2
    with pytest.raises(ValueError, match="warm_start=True goes on from 10 features"):
        model.fit(X[:, :3], y)


@pytest.mark.parametrize("cls", [LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_to_scikit_learn(cls, n_classes):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes], y[y < n_classes]
    model = cls().fit(X, y).to_sklearn()
    assert type(model) is getattr(linear_model, cls.__name__)
    assert_array_equal(model.predict(X), cls().fit(X, y).predict(X))
    with pytest.raises(NotFittedError):
        cls().to_sklearn()


@pytest.mark.parametrize("weights", ["many", np.full(300, np.nan), [[1.0]] * 300, np.full(300, -1.0)])
@pytest.mark.parametrize("cls", [LogisticRegression, PoissonRegressor, Ridge])
def test_a_failed_call_leaves_arrays_and_penalty(cls, weights):
    X, _, y, _ = problem()
    model = cls().fit(X[:20], y[:20] > 0 if cls is LogisticRegression else y[:20])
    y = y > 0 if cls is LogisticRegression else y
    coef, before = model.coef_, known(model)
    for call in (model.partial_fit, model.fit):
        with pytest.raises(ValueError, match=r"weight|string"):
            call(X, y, sample_weight=weights)
        assert model.coef_ is coef
        assert known(model) == before


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("n_labels", [2, 3])
def test_ridge_classifier_of_several_labels(n_labels, container, tmp_path):
    X, y, counts, weights = problem()
    Y = container(np.column_stack([y > 0, counts > 1, y > 1])[:, :n_labels].astype(int))
    model = RidgeClassifier().fit(X, Y, weights)
    reference = linear_model.RidgeClassifier().fit(X, Y, weights)
    assert_same_model(model, reference)
    assert_array_equal(model.classes_, reference.classes_)
    one, other = (each.predict(X) for each in (model, reference))
    assert type(one) is type(other)
    assert one.dtype == other.dtype
    assert_array_equal(*(each.toarray() if sp.issparse(each) else each for each in (one, other)))
    assert_allclose(model.score(X, Y), reference.score(X, Y))
    back = RidgeClassifier.from_sklearn(model.to_sklearn())
    assert_allclose(back.decision_function(X), reference.decision_function(X))
    assert type(back.predict(X)) is type(other)
    chunks = RidgeClassifier()
    for start in range(0, 300, 100):
        chunks.partial_fit(X[start : start + 100], Y[start : start + 100], sample_weight=weights[start : start + 100])
    assert_allclose(chunks.coef_, model.coef_, rtol=1e-8)
    with pytest.raises(ValueError, match="a column for each"):
        chunks.partial_fit(X, np.ones((300, 5)))
    with pytest.raises(ValueError, match="export of several labels a row is not available yet"):
        model.export(tmp_path / "model.c")
    with pytest.raises(ValueError, match="Multioutput target data is not supported"):
        RidgeClassifier().fit(X, np.arange(600).reshape(300, 2))


def test_ridge_classifier_weighs_several_labels():
    X, y, counts, _ = problem()
    Y = np.column_stack([y > 0, counts > 1]).astype(int)
    for class_weight in ("balanced", [{0: 1.0, 1: 3.0}, {0: 2.0, 1: 1.0}]):
        told = []
        for cls in (RidgeClassifier, linear_model.RidgeClassifier):
            try:
                told.append(cls(class_weight=class_weight).fit(X, Y).coef_)
            except ValueError as error:
                told.append(str(error)[:40])
        assert_array_equal(*told) if isinstance(told[1], str) else assert_allclose(*told, rtol=1e-6)
