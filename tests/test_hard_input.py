"""Hard input without an answer: batch fits say what is wrong and what to do, and stay finite where they go on."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from gradstream import LinearClassifier, LinearRegressor
from gradstream.evaluation import progressive_validate
from gradstream.exceptions import DivergenceError
from gradstream.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier

CLASSIFIERS = [LinearClassifier(), LogisticRegression(), RidgeClassifier()]
ESTIMATORS = [*CLASSIFIERS, LinearRegressor(), Ridge(), PoissonRegressor()]
LAYOUTS = [np.asarray, sp.csr_array]


def name_of(estimator):
    return type(estimator).__name__


def separable(n_classes, n_samples=120):
    X = np.random.default_rng(0).normal(size=(n_samples, 3))
    return X, (X[:, 0] - X[:, 1] > 0.1).astype(int) if n_classes == 2 else X.argmax(axis=1)


def almost_separable():
    """One direction of the columns tells the classes apart where it is not 0, and only there."""
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 200)
    told = (rng.random(200) < 0.3) * (2.0 * y - 1.0)
    other = rng.normal(size=200)
    return np.column_stack([told + other, other]), y


def inseparable():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(300, 3)) * [1.0, 30.0, 1.0]  # many rows are all but certain
    y = (X[:, 1] + rng.logistic(size=300) > 0).astype(int)
    return X, y


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("parameters", [{"alpha": 0.0}, {"penalty": None}])
def test_separable_classes(parameters, n_classes, layout):
    X, y = separable(n_classes)
    with pytest.warns(ConvergenceWarning, match=r"LinearClassifier: the classes are separable.*Use alpha > 0"):
        model = LinearClassifier(**parameters).fit(layout(X), y)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) == 1.0


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"])
def test_separable_classes_of_logistic_regression(solver, n_classes, layout):
    X, y = separable(n_classes)
    with pytest.warns(ConvergenceWarning, match=r"LogisticRegression: the classes are separable.*Use a finite C"):
        model = LogisticRegression(C=np.inf, solver=solver).fit(layout(X), y)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, y) == 1.0


def test_classes_that_are_separable_along_one_direction():
    X, y = almost_separable()
    for estimator in (LinearClassifier(alpha=0.0), LogisticRegression(C=np.inf)):
        with pytest.warns(ConvergenceWarning, match="the classes are separable"):
            assert np.isfinite(estimator.fit(X, y).coef_).all()


@pytest.mark.parametrize("loss", ["squared_hinge", "modified_huber"])
def test_separable_classes_of_a_loss_that_ends_at_0(loss):
    X, y = separable(2)
    model = LinearClassifier(loss, alpha=0.0).fit(X, y)
    assert model.objective_ < 1e-12
    assert model.score(X, y) == 1.0


def test_hinge_without_a_penalty_is_an_error():
    with pytest.raises(ValueError, match=r"loss='hinge' and no l2 part.*alpha > 0"):
        LinearClassifier("hinge", alpha=0.0).fit(*separable(2))


@pytest.mark.parametrize("make", [inseparable, separable, almost_separable])
def test_no_warning_where_there_is_an_optimum(make):
    X, y = make() if make is not separable else separable(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogisticRegression().fit(X, y)
        LinearClassifier().fit(X, y)
        if make is inseparable:
            LogisticRegression(C=np.inf).fit(X, y)
            LinearClassifier(alpha=0.0).fit(X, y)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("estimator", [LinearRegressor("poisson"), PoissonRegressor()], ids=name_of)
def test_counts_of_0_only(estimator, layout):
    X, _ = separable(2)
    with pytest.warns(ConvergenceWarning, match="all targets of positive weight are 0"):
        model = clone(estimator).fit(layout(X), np.zeros(len(X)))
    assert np.isfinite(model.intercept_)
    assert np.all(model.predict(X) < 1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("estimator", [LinearRegressor("poisson", alpha=0.0), PoissonRegressor(alpha=0.0)], ids=name_of)
def test_counts_that_are_0_for_one_of_two_groups(estimator, layout):
    X = np.tile([[0.0], [1.0]], (100, 1))
    y = np.random.default_rng(0).poisson(3.0, 200) * (X[:, 0] == 0)
    with pytest.warns(ConvergenceWarning, match=r"seen by rows of y = 0 only.*Use alpha > 0"):
        model = clone(estimator).fit(layout(X), y)
    np.testing.assert_allclose(model.predict([[0.0]]), y[::2].mean(), rtol=1e-6)
    assert model.predict([[1.0]]) < 1e-5


@pytest.mark.parametrize("estimator", [LinearRegressor("poisson"), PoissonRegressor()], ids=name_of)
def test_counts_outside_the_domain(estimator):
    X, _ = separable(2)
    y = np.zeros(len(X))
    y[7] = -1.0
    with pytest.raises(ValueError, match=r"needs y >= 0.*y\[7\] = -1\.0"):
        clone(estimator).fit(X, y)
    with pytest.raises(DivergenceError, match=r"overflow float64: rescale"):
        clone(estimator).fit(X, np.full(len(X), 1e305))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_of)
def test_one_class(estimator):
    X, y = separable(2)
    with pytest.raises(ValueError, match="class"):
        clone(estimator).fit(X, np.ones(len(X)))
    with pytest.raises(ValueError, match="class"):
        clone(estimator).fit(X[:1], y[:1])


def test_one_class_of_positive_weight():
    X, y = separable(2)
    with pytest.raises(ValueError, match=r"classes of positive weight.*got 1 class \(1\)"):
        LinearClassifier().fit(X, y, y)
    for estimator in (LogisticRegression(), RidgeClassifier()):  # as scikit-learn's: the class that is left
        assert np.all(estimator.fit(X, y, y).predict(X) == 1)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_weights_of_0_only(estimator):
    X, y = separable(2)
    with pytest.raises(ValueError, match="at least one non-zero number"):
        clone(estimator).fit(X, y, np.zeros(len(X)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_no_rows_and_no_columns(estimator, layout):
    X, y = separable(2)
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(120, 0\)\) while a minimum of 1 is required"):
        clone(estimator).fit(layout(X[:, :0]), y)
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"):
        clone(estimator).fit(layout(X[:0]), y[:0])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_rows_that_float32_cannot_hold(estimator, layout):
    X, y = separable(2)
    if isinstance(estimator, RidgeClassifier):  # goes on after a fit of two classes
        y = y.astype(bool)
    model = clone(estimator).fit(layout(X).astype(np.float32), y)
    coef = np.copy(model.coef_)
    X[5, 1] = 1e300
    why = r"1e\+300, and this model keeps the float32.*ends at 3\.4e\+38.*float64"
    if isinstance(estimator, (Ridge, RidgeClassifier)):
        why = "sums over X and y overflow float64: rescale"
    with pytest.raises(ValueError, match=why):
        model.partial_fit(layout(X), y)
    np.testing.assert_array_equal(model.coef_, coef)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=name_of)
def test_sums_that_overflow(estimator):
    X, y = separable(2)
    X[5, 1] = 1e300
    with pytest.raises(DivergenceError, match=r"overflow.* [Rr]escale"):
        clone(estimator).fit(X, y)


def test_arguments_of_progressive_validate():
    X, y = separable(2)
    with pytest.raises(ValueError, match=r"metrics=3: for classification, allowed are 'log_loss'"):
        progressive_validate(LinearClassifier(), X, y, metrics=3)
    with pytest.raises(TypeError, match=r"model is the class LinearClassifier: pass an instance"):
        progressive_validate(LinearClassifier, X, y)


def test_what_a_sparse_model_reads_is_named():
    X, y = separable(2)
    model = LinearClassifier().fit(sp.csr_array(X), y).set_params(standardize=True)
    with pytest.raises(ValueError, match=r"learnt with columns as they are: its state"):
        model.partial_fit(sp.csr_array(X), y)
    model.set_params(standardize="auto").partial_fit(sp.csr_array(X), y).set_params(standardize=True)
    with pytest.raises(ValueError, match="sparse columns divided by the root mean square"):
        model.partial_fit(sp.csr_array(X), y)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "estimator",
    [
        LinearClassifier(max_iter=1, tol=1e-9),
        LinearClassifier(penalty="l1", max_iter=1, tol=1e-9),
        LinearClassifier("hinge", max_iter=1, tol=1e-9),
        LinearClassifier("log_loss", optimizer="gd", max_iter=1, tol=1e-9),
        LinearRegressor("huber", max_iter=1, tol=1e-9),
        LinearRegressor("poisson", penalty="elasticnet", max_iter=1, tol=1e-9),
    ],
    ids=str,
)
def test_a_fit_that_is_cut_short_names_the_gap_and_the_remedy(estimator, layout):
    X, y = inseparable()
    with pytest.warns(ConvergenceWarning, match=r"optimality_ = \S+ > tol = 1\.0e-09.*Increase max_iter"):
        clone(estimator).fit(layout(X), y)


@pytest.mark.parametrize(
    "estimator",
    [
        *(
            LogisticRegression(solver=s, max_iter=1)
            for s in ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "saga")
        ),
        PoissonRegressor(max_iter=1, alpha=1e-3),
    ],
    ids=str,
)
def test_a_drop_in_that_is_cut_short_names_the_gap(estimator):
    X, y = inseparable()
    with pytest.warns(ConvergenceWarning, match=r"Gradient over that at 0: \S+, wanted \S+"):
        clone(estimator).fit(X, y)
