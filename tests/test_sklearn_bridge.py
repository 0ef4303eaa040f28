"""to_sklearn() and from_sklearn(): the same predictions on both sides, and a transferred model that learns on."""

import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model, svm
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from estimator_data import CLASSIFIER_LOSSES, REGRESSOR_LOSSES, counts, features, labels, values
from gradstream import LinearClassifier, LinearRegressor
from near import assert_near
from saved_models import named, stream

SEVERAL = [(loss, 3) for loss in CLASSIFIER_LOSSES] + [(loss, 2) for loss in CLASSIFIER_LOSSES + REGRESSOR_LOSSES]


def assert_predict_alike(one, other, X, rtol=1e-10):
    for name in ("predict", "decision_function", "predict_proba"):
        if not (hasattr(one, name) and hasattr(other, name)):
            continue
        a, b = getattr(one, name)(X), getattr(other, name)(X)
        if np.asarray(b).dtype.kind == "f":
            assert_near(a, b, rtol)
        else:
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("penalty", [None, "l2", "l1", "elasticnet"])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize(("loss", "n_classes"), SEVERAL)
def test_scikit_learn_predicts_the_same(loss, n_classes, layout, penalty):
    X, y = stream(loss, layout, n_classes)
    model = named(loss, "sgd", penalty=penalty, alpha=0.01, max_iter=5, tol=None).fit(X, y)
    other = model.to_sklearn()
    check_is_fitted(other)
    assert type(other).__module__.startswith("sklearn.")
    assert_predict_alike(other, model, X)
    assert hasattr(model, "predict_proba") <= hasattr(other, "predict_proba")
    back = type(model).from_sklearn(other)
    assert back.loss == loss
    assert_predict_alike(back, model, X)
    assert_near(back.coef_, other.coef_, 1e-14)


@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "poisson", "gamma", "tweedie"])
@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_the_parameters_are_those_of_the_same_objective(loss, penalty):
    """Fitting the result once more leads to the same coefficients."""
    if loss in ("poisson", "gamma", "tweedie") and penalty == "l1":
        pytest.skip("scikit-learn's generalised linear models have no l1")
    X, y = stream(loss, "dense", n=200)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = named(loss, "bank", penalty=penalty, alpha=0.02, standardize=False, tol=1e-10).fit(X, y)
    other = model.to_sklearn()
    coef = other.coef_.copy()
    other.set_params(tol=1e-10, max_iter=20_000).fit(X, y)
    assert_near(other.coef_, coef, 1e-4)


def test_sgd_counterparts_learn_on():
    X, y = stream("hinge", "dense")
    other = LinearClassifier("hinge").fit(X, y).to_sklearn()
    coef = other.coef_.copy()
    other.partial_fit(X, y)
    assert (other.coef_ != coef).any()


def test_names_and_labels_come_along():
    pd = pytest.importorskip("pandas")  # of the test extra
    X = pd.DataFrame(features(40, 3), columns=["a", "b", "c"])
    y = np.array(["no", "yes"])[labels(X.to_numpy())]
    model = LinearClassifier().fit(X, y)
    other = model.to_sklearn()
    assert other.feature_names_in_.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(other.predict(X), model.predict(X))
    back = LinearClassifier.from_sklearn(other)
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="feature names"):
        back.predict(X[["c", "b", "a"]])


REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.Ridge(),
    linear_model.Lasso(0.1),
    linear_model.ElasticNet(0.1),
    linear_model.HuberRegressor(max_iter=1000),
    linear_model.SGDRegressor(random_state=0),
    linear_model.PoissonRegressor(),
]
CLASSIFIERS = [
    linear_model.LogisticRegression(max_iter=5000),
    svm.LinearSVC(),
    linear_model.SGDClassifier(random_state=0),
    linear_model.SGDClassifier("modified_huber", random_state=0),
]


@pytest.mark.parametrize("transfer", ["model only", "with rows"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("optimizer", ["auto", "sgd", "adam"])
@pytest.mark.parametrize("peer", REGRESSORS + CLASSIFIERS, ids=lambda peer: type(peer).__name__)
def test_a_model_of_scikit_learn_goes_on(peer, optimizer, container, transfer):
    X = features(200, 4)
    X = container((X - X.mean(axis=0)) / X.std(axis=0) + 0.5)
    dense = X.toarray() if sparse.issparse(X) else X
    regression = peer in REGRESSORS
    y = counts(dense) if regression else labels(dense, 3)
    peer.fit(X[:150], y[:150])
    cls = LinearRegressor if regression else LinearClassifier
    sample = {"X": X[:150], "y": y[:150]} if transfer == "with rows" else {}
    model = cls.from_sklearn(peer, **sample, optimizer=optimizer, learning_rate="auto" if optimizer == "auto" else 1e-4)
    assert_predict_alike(model, peer, X, 1e-6 if optimizer == "auto" and sparse.issparse(X) else 1e-9)
    assert model.n_samples_seen_ == (150 if sample else 0)
    before = model.score(X[150:], y[150:])
    for start in range(150, 200, 10):
        model.partial_fit(X[start : start + 10], y[start : start + 10])
    assert np.isfinite(model.coef_).all()
    assert model.n_samples_seen_ == (200 if sample else 50)
    assert model.score(X[150:], y[150:]) > before - 0.1


def test_untuned_a_given_model_is_not_forgotten():
    """The bank rests at it until rows say otherwise; a model that starts from nothing has to learn first."""
    X = features(2_000, 20)
    y = labels(X)
    peer = linear_model.LogisticRegression(max_iter=5000).fit(X[:1_900], y[:1_900])
    rows = slice(1_900, None)
    given = LinearClassifier.from_sklearn(peer, X[:1_900], y[:1_900]).progressive_fit(X[rows], y[rows])
    fresh = LinearClassifier().progressive_fit(X[rows], y[rows], classes=[0, 1])
    alone = peer.predict_proba(X[rows])

    def loss(proba):
        return -np.log(np.maximum(proba[np.arange(100), y[rows]], 1e-12)).mean()

    assert loss(given) < loss(alone) + 0.02
    assert loss(given) < loss(fresh) - 0.05


def test_what_does_not_go_over():
    X, y = features(60, 3), labels(features(60, 3), 3)
    several = linear_model.SGDClassifier("log_loss").fit(X, y)
    with pytest.raises(ValueError, match="more than two classes: no loss of gradstream makes the same predictions"):
        LinearClassifier.from_sklearn(several)
    with pytest.raises(ValueError, match="is for regression, a LinearClassifier for classification"):
        LinearClassifier.from_sklearn(linear_model.SGDClassifier("squared_error").fit(X, y))
    with pytest.raises(TypeError, match="from_sklearn takes LogisticRegression"):
        LinearClassifier.from_sklearn(svm.SVC().fit(X, y))
    with pytest.raises(NotFittedError):
        LinearClassifier.from_sklearn(linear_model.LogisticRegression())
    with pytest.raises(NotFittedError):
        LinearClassifier().to_sklearn()
    ridge = linear_model.Ridge().fit(X, values(X))
    with pytest.raises(ValueError, match="is for regression, a LinearClassifier for classification"):
        LinearClassifier.from_sklearn(ridge)
    with pytest.raises(ValueError, match="has 2 targets"):
        LinearRegressor.from_sklearn(linear_model.Ridge().fit(X, np.column_stack([y, y])))
    with pytest.raises(ValueError, match="its predictions are those of 'squared_error'"):
        LinearRegressor.from_sklearn(ridge, loss="huber")
    with pytest.raises(ValueError, match="standardize='auto' needs rows"):
        LinearRegressor.from_sklearn(ridge, standardize="auto")
    with pytest.raises(ValueError, match="X and y go together"):
        LinearRegressor.from_sklearn(ridge, X)
    with pytest.raises(ValueError, match="X has 2 features, but the model has 3"):
        LinearRegressor.from_sklearn(ridge, X[:, :2], y)
    constant = np.column_stack([X[:, :2], np.ones(60)])
    with pytest.raises(ValueError, match="column 2 is constant and has a coefficient"):
        LinearRegressor.from_sklearn(ridge, constant, y)
    LinearRegressor.from_sklearn(ridge, constant, y, standardize=False)


def test_the_way_there_is_imported_when_it_is_taken():
    code = "import sys, gradstream.estimators; sys.exit('sklearn.linear_model' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("sample", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        linear_model.LogisticRegression(fit_intercept=False),
        linear_model.SGDClassifier(fit_intercept=False, random_state=0),
        linear_model.Ridge(fit_intercept=False),
        linear_model.PoissonRegressor(fit_intercept=False),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_without_intercept_stays_without(model, sample):
    X = features(200, 4)
    X = X / X.std(axis=0)
    y = counts(X) if isinstance(model, linear_model.PoissonRegressor) else labels(X)
    model.fit(X, y)
    cls = LinearClassifier if hasattr(model, "classes_") else LinearRegressor
    ours = cls.from_sklearn(model, *((X, y) if sample else ()))
    assert ours.fit_intercept is False
    assert_predict_alike(ours, model, X)
    ours.partial_fit(X, y)
    assert np.all(ours.intercept_ == 0.0)
    with_one = cls.from_sklearn(model, fit_intercept=True).partial_fit(X, y)
    assert with_one.fit_intercept is True


def test_an_intercept_is_not_dropped_in_silence():
    X = features(50, 3)
    model = linear_model.Ridge().fit(X, values(X))
    with pytest.raises(ValueError, match="whose intercept is"):
        LinearRegressor.from_sklearn(model, fit_intercept=False)


def test_classes_are_copied():
    X = features(50, 3)
    model = linear_model.LogisticRegression().fit(X, labels(X))
    ours = LinearClassifier.from_sklearn(model)
    model.classes_[:] = 7
    assert ours.classes_.tolist() == [0, 1]
