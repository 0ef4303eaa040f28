"""TweedieRegressor at the powers and links where the problem is not convex, or means have to be kept above 0."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import gradstream
from gradstream import LinearRegressor
from gradstream.linear_model import TweedieRegressor
from reference import losses

RNG = np.random.default_rng
LOG = [(power, "log") for power in (-3, -1.0, -0.5, 0, 0.5, 2.5)]
IDENTITY = [(power, "identity") for power in (-3, -1, -0.5, 0.5, 1, 1.5, 2, 3)]
ALL = LOG + IDENTITY


def problem(power, link, n=120, d=4, seed=0):
    """Rows, targets about a mean that is well above 0, and weights of which some are 0."""
    rng = RNG(seed)
    X = rng.normal(size=(n, d))
    X[rng.random(X.shape) < 0.3] = 0.0
    z = X @ np.linspace(-0.4, 0.5, d)
    mean = np.exp(0.5 * z + 1.0) if link == "log" else 6.0 + z
    y = mean + 0.5 * rng.normal(size=n) if power <= 0 else rng.gamma(8.0, mean / 8.0)
    if 0 < power < 2:
        y *= rng.random(n) < 0.8
    weights = rng.uniform(0.1, 3.0, n)
    weights[::9] = 0.0
    return X, y, weights


def slope(model, X, y, weights):
    """Largest element of the gradient, of sums whose terms are of size 1."""
    loss = "tweedie" if model.loss == "tweedie" else "tweedie_identity"
    s = np.ones(len(y)) if weights is None else weights
    kept = s > 0
    rows = X.toarray() if sp.issparse(X) else X
    r = s[kept] * losses.derivative(loss, model.power, (rows @ model.coef_ + model.intercept_)[kept], y[kept])
    parts = rows[kept] * r[:, None] / s.sum()
    g = parts.sum(axis=0) + model.alpha * model.coef_
    size = np.abs(parts).sum(axis=0) + model.alpha * np.abs(model.coef_)
    relative = np.abs(g) / np.where(size > 0, size, 1.0)
    return max(relative.max(), abs(r.sum()) / np.abs(r).sum() if model.fit_intercept else 0.0)


def scikit_learns(model):
    tight = {"solver": "lbfgs", "tol": 1e-9, "max_iter": 10_000}
    return linear_model.TweedieRegressor(**{**model.get_params(), **tight})


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("power, link", ALL)
def test_optimum(power, link, layout, alpha, weighted):
    X, y, weights = problem(power, link)
    X, weights = layout(X), weights if weighted else None
    model = TweedieRegressor(power=power, link=link, alpha=alpha, tol=1e-9).fit(X, y, weights)
    assert slope(model, X, y, weights) < 1e-8
    reference = scikit_learns(model).fit(X, y, weights)
    assert_allclose(model.coef_, reference.coef_, rtol=1e-4, atol=1e-5)
    assert_allclose(model.intercept_, reference.intercept_, rtol=1e-4)
    assert_allclose(model.predict(X), reference.predict(X), rtol=1e-4)
    assert_allclose(model.score(X, y, weights), reference.score(X, y, weights), rtol=1e-5)
    assert model.optimizer_ in ("lbfgs", "newton")


@pytest.mark.parametrize("power, link", ALL)
def test_without_intercept(power, link):
    X, y, weights = problem(power, link)
    X = np.column_stack([X, np.ones(len(X))])  # of a constant, which the penalty holds back
    model = TweedieRegressor(power=power, link=link, alpha=1e-3, fit_intercept=False, tol=1e-8).fit(X, y, weights)
    assert slope(model, X, y, weights) < 1e-6
    assert model.intercept_ == 0.0
    assert (model.predict(X[weights > 0]) > 0).all()


def test_auto_link_is_scikit_learns():
    for power, link in ((-1, "identity"), (0, "identity"), (0.5, "log"), (1.5, "log")):
        X, y, _ = problem(power, link)
        auto, named = (TweedieRegressor(power=power, link=name).fit(X, y) for name in ("auto", link))
        assert_array_equal(auto.coef_, named.coef_)
        assert_allclose(auto.coef_, linear_model.TweedieRegressor(power=power).fit(X, y).coef_, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("power, link", [(-1.0, "log"), (2.5, "log"), (-0.5, "identity"), (2, "identity")])
def test_same_bits_for_any_number_of_threads(power, link, monkeypatch):
    X, y, weights = problem(power, link, n=20_000, d=30)
    fits = []
    for threads in (1, 2):
        monkeypatch.setattr(TweedieRegressor, "n_jobs", threads)
        fits.append(TweedieRegressor(power=power, link=link, alpha=1e-2, tol=1e-7).fit(X, y, weights))
    assert_array_equal(fits[0].coef_, fits[1].coef_)
    assert slope(fits[0], X, y, weights) < 1e-4


@pytest.mark.parametrize("power, link", LOG)
def test_goes_on_row_by_row(power, link):
    X, y, _ = problem(power, link)
    model = TweedieRegressor(power=power, link=link, alpha=1e-3).fit(X[:80], y[:80])
    before = model.coef_.copy()
    model.partial_fit(X[80:], y[80:]).learn_one(X[0], y[0], 3.0)
    assert (model.coef_ != before).any()
    assert model.optimizer_ == "bank"
    assert model.score(X, y) > 0
    cold = TweedieRegressor(power=power, link=link, alpha=1e-3)
    for _ in range(5):
        cold.partial_fit(X, y)
    assert np.isfinite(cold.coef_).all()
    assert cold.score(X, y) > 0 or power < -2  # where large means are all that counts


@pytest.mark.parametrize("power, link", IDENTITY)
def test_the_identity_link_learns_from_all_rows_only(power, link):
    X, y, _ = problem(power, link)
    model = TweedieRegressor(power=power, link=link)
    for fitted in (False, True):
        for call in (lambda: model.partial_fit(X, y), lambda: model.learn_one(X[0], 1.0)):
            with pytest.raises(ValueError, match=r"link='identity'\) learns from all rows at once only.*Use fit"):
                call()
        assert model.__sklearn_is_fitted__() == fitted
        model.fit(X, y)
    going = TweedieRegressor(power=2.0, link="log").fit(X, np.abs(y) + 0.1)
    going.set_params(link="identity")
    with pytest.raises(ValueError, match="learns from all rows at once only"):
        going.learn_one(X[0], 1.0)


@pytest.mark.parametrize("power, link", ALL)
def test_kept_handed_on_and_merged(power, link, tmp_path):
    X, y, weights = problem(power, link)
    model = TweedieRegressor(power=power, link=link, alpha=1e-2).fit(X, y, weights)
    model.save(tmp_path / "model")
    theirs = model.to_sklearn()
    others = [
        gradstream.load(tmp_path / "model"),
        model.frozen(),
        clone(model).set_state(model.get_state()),
        TweedieRegressor.from_sklearn(theirs),
        TweedieRegressor.from_sklearn(theirs, X, y, weights),
        theirs,
    ]
    for other in others:
        assert_allclose(other.predict(X), model.predict(X), rtol=1e-12)
    assert_allclose(theirs.score(X, y, weights), model.score(X, y, weights), rtol=1e-9)
    assert_allclose(model.predict_one(X[1]), model.predict(X[1:2])[0], rtol=1e-12)
    model.export(tmp_path / "model.json", format="json")
    assert f'"{"exp" if link == "log" else "identity"}"' in (tmp_path / "model.json").read_text()
    two = TweedieRegressor(power=power, link=link, alpha=1e-2).fit(*problem(power, link, seed=1))
    low, high = np.sort([model.predict(X), two.predict(X)], axis=0)
    merged = model.merge(two).predict(X)
    assert ((merged >= low * (1 - 1e-9)) & (merged <= high * (1 + 1e-9))).all()


@pytest.mark.parametrize("power, link", [(-1, "log"), (0, "log"), (-1, "identity"), (-0.5, "auto")])
def test_a_mean_that_is_not_above_0(power, link):
    X, y, _ = problem(power, "log")
    for targets in (y - y.mean() - 1.0, -y):
        with pytest.raises(ValueError, match=r"TweedieRegressor: the mean of y is -.*, but with this power and the"):
            TweedieRegressor(power=power, link=link).fit(X, targets)


def test_the_main_estimator_says_so_too():
    X, y, _ = problem(-1, "log")
    with pytest.raises(ValueError, match="LinearRegressor: the mean of y is"):
        LinearRegressor("tweedie", power=-1).fit(X, -y)


@pytest.mark.parametrize("power, link", [(0.5, "log"), (1.0, "log"), (1.5, "log")])
def test_targets_that_are_all_0(power, link):
    X = problem(power, link)[0]
    with pytest.warns(ConvergenceWarning, match="all targets of positive weight are 0"):
        TweedieRegressor(power=power, link=link).fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="the mean of y is 0, but"):
        TweedieRegressor(power=power, link="identity").fit(X, np.zeros(len(X)))


def test_no_coefficients_give_means_above_0():
    X = np.array([[1.0, 2.0], [-1.0, -2.0], [0.5, 0.5]])
    model = TweedieRegressor(power=2, link="identity", fit_intercept=False)
    for rows in (X, sp.csr_array(X)):
        with pytest.raises(ValueError, match="no coefficients give all rows of positive weight a margin above 0"):
            model.fit(rows, np.ones(3))
        assert np.isfinite(model.fit(rows, np.ones(3), [1.0, 0.0, 1.0]).coef_).all()


def test_means_above_0_that_are_hard_to_find():
    """Least squares gives some rows a negative margin: they lie in a narrow cone."""
    rng = RNG(3)
    X = rng.normal(size=(40, 2)) + 0.5
    X[:, 0] = np.abs(X[:, 1]) * (1.0 + 30.0 * rng.random(40) ** 4) + 1e-3
    X[0] = [1e3, 999.0]
    model = TweedieRegressor(power=2, link="identity", fit_intercept=False, alpha=0.0, tol=1e-9)
    y = rng.gamma(5.0, X @ [1.1, 1.0] / 5.0)
    for rows in (X, sp.csr_array(X)):
        assert slope(model.fit(rows, y), rows, y, None) < 1e-6
        assert (model.predict(rows) > 0).all()


def test_an_optimum_at_the_edge():
    """y falls to 0 along a line: the best mean of the last rows would be below 0."""
    X = np.linspace(0.0, 1.0, 50)[:, None]
    y = np.maximum(2.0 - 4.0 * X[:, 0], 0.0)
    model = TweedieRegressor(power=1, link="identity", alpha=0.0)
    with pytest.warns(ConvergenceWarning, match="a row has a mean of about 0, the edge"):
        model.fit(X, y)
    assert (model.predict(X) > 0).all()
    assert model.predict(X).min() < 1e-2


@pytest.mark.parametrize("power, link", ALL)
def test_warm_start(power, link):
    X, y, weights = problem(power, link)
    model = TweedieRegressor(power=power, link=link, alpha=1e-2, tol=1e-8, warm_start=True).fit(X, y, weights)
    first = model.coef_.copy()
    assert model.fit(X, y, weights).n_iter_ <= 2
    assert_allclose(model.coef_, first, rtol=1e-6)
    model.coef_ = -100.0 * first - 1.0  # outside of what the identity link knows
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if link == "identity":
            assert_allclose(model.fit(X, y, weights).coef_, first, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["PoissonRegressor", "GammaRegressor", "TweedieRegressor"])
@pytest.mark.parametrize("y", [2.7, 0.37, 5.0, 1e6 + 0.3, 1e-6])
def test_one_row_and_equal_targets_are_fitted_at_once(name, y):
    """The gradient at the mean is rounding: nothing to warn of, nothing to iterate for."""
    parameters = {"power": 1.5} if name == "TweedieRegressor" else {}
    X = RNG(0).normal(size=(30, 3))
    for rows in (X[:1], X, 1e8 * X[:1], 1e-8 * X[:1]):
        model = getattr(gradstream.linear_model, name)(**parameters, alpha=1e-3, tol=1e-10)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model.fit(rows, np.full(len(rows), y))
        assert_allclose(model.predict(rows), y, rtol=1e-12)
        assert model.n_iter_ <= 3


def test_score_of_equal_targets():
    X, y, _ = problem(1.5, "log")
    model = TweedieRegressor(power=1.5).fit(X, y)
    with np.errstate(divide="ignore"):
        assert model.score(X, np.ones(len(X))) == model.to_sklearn().score(X, np.ones(len(X))) == -np.inf


@pytest.mark.parametrize("power", [-2.0, -1.0, 0.0, 0.5, 2.5])
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
def test_main_estimator(power, layout):
    X, y, weights = problem(power, "log")
    model = LinearRegressor("tweedie", power=power, alpha=1e-2, standardize=False, tol=1e-9).fit(layout(X), y, weights)
    drop_in = TweedieRegressor(power=power, link="log", alpha=1e-2, tol=1e-9).fit(layout(X), y, weights)
    assert_allclose(model.coef_, drop_in.coef_, rtol=1e-6)
    back = LinearRegressor.from_sklearn(drop_in.to_sklearn())
    assert (back.loss, back.power) == ("tweedie", power)
    assert_allclose(back.predict(X), drop_in.predict(X), rtol=1e-9)
    assert_allclose(model.to_sklearn().predict(X), model.predict(X), rtol=1e-12)
    model.partial_fit(layout(X), y)
    assert np.isfinite(model.coef_).all()


def test_the_main_estimators_do_not_know_the_identity_link():
    X, y, _ = problem(2, "identity")
    with pytest.raises(ValueError, match="The 'loss' parameter of LinearRegressor must be"):
        LinearRegressor("tweedie_identity").fit(X, y)
    theirs = linear_model.TweedieRegressor(power=2, link="identity").fit(X, y)
    with pytest.raises(ValueError, match=r"Only gradstream\.linear_model\.TweedieRegressor"):
        LinearRegressor.from_sklearn(theirs)
