"""GammaRegressor and TweedieRegressor beside scikit-learn's, and the losses in the main estimator."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from gradstream import LinearRegressor
from gradstream import linear_model as ours

RNG = np.random.default_rng
MODELS = [("GammaRegressor", {}), *(("TweedieRegressor", {"power": power}) for power in (0, 1, 1.5, 2, 3))]


def problem(power=2.0, layout="dense", dtype=np.float64, n=300, d=8):
    rng = RNG(0)
    X = rng.normal(size=(n, d)) * np.geomspace(0.2, 2.0, d) + np.linspace(-1, 1, d)
    if layout == "csr":
        X[rng.random(X.shape) < 0.6] = 0.0
    z = 0.3 * X @ rng.normal(size=d)
    y = rng.gamma(2.0, np.exp(z) / 2.0)
    if power < 2:
        y *= rng.random(n) < 0.7
    weights = rng.uniform(0.1, 3.0, n)
    weights[::13] = 0.0
    return (sp.csr_array(X) if layout == "csr" else X).astype(dtype), y, weights


def pair(name, parameters, **both):
    """Our model, and scikit-learn's at its tightest."""
    tight = {"solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1000}
    if parameters.get("power") == 3:  # not convex: its Newton gives up with a warning
        tight = {"solver": "lbfgs", "tol": 1e-10, "max_iter": 10_000}
    return getattr(ours, name)(**parameters, **both), getattr(linear_model, name)(**parameters, **both, **tight)


def digits(parameters):
    return 1e-4 if parameters.get("power") == 3 else 1e-6


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
@pytest.mark.parametrize("layout", ["dense", "csr"])
@pytest.mark.parametrize("name, parameters", MODELS)
def test_optimum(name, parameters, layout, alpha, weighted, fit_intercept):
    X, y, weights = problem(parameters.get("power", 2.0), layout)
    weights = weights if weighted else None
    model, reference = pair(name, parameters, alpha=alpha, fit_intercept=fit_intercept)
    model.set_params(tol=1e-10).fit(X, y, weights)
    reference.fit(X, y, weights)
    rtol = digits(parameters)
    assert_allclose(model.coef_, reference.coef_, rtol, rtol * np.abs(reference.coef_).max())
    assert_allclose(model.intercept_, reference.intercept_, rtol, rtol)
    assert_allclose(model.score(X, y, weights), reference.score(X, y, weights), rtol=rtol)
    assert_allclose(model.predict(X), reference.predict(X), rtol=10 * rtol, atol=1e-9)
    assert type(model.intercept_) is type(reference.intercept_)


@pytest.mark.filterwarnings("ignore:Line search of Newton solver")  # scikit-learn's, which then takes another
@pytest.mark.parametrize("name, parameters", MODELS)
def test_hard_rows(name, parameters):
    """Collinear and constant columns, fewer rows than columns, one row."""
    X, y, _ = problem(parameters.get("power", 2.0))
    hard = np.column_stack([X, X[:, 0], np.full(300, 3.0)])
    for rows, targets in ((hard, y), (hard[:6], y[:6] + 0.5), (hard[:1], y[:1] + 0.5)):
        model, reference = pair(name, parameters, alpha=1e-2)
        model.set_params(tol=1e-10).fit(rows, targets)
        reference.fit(rows, targets)
        assert_allclose(model.coef_, reference.coef_, 1e-5, 1e-6)
        assert_allclose(model.intercept_, reference.intercept_, 1e-5, 1e-6)
    assert abs(model.coef_).max() < 1e-6


@pytest.mark.parametrize("name, parameters", MODELS)
def test_float32(name, parameters):
    X, y, _ = problem(parameters.get("power", 2.0), dtype=np.float32)
    model, reference = pair(name, parameters)
    assert model.fit(X, y).coef_.dtype == np.float32
    assert_allclose(model.coef_, reference.fit(X.astype(np.float64), y).coef_, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(
    "name, parameters, bad",
    [
        ("GammaRegressor", {}, 0.0),
        ("TweedieRegressor", {"power": 1}, -1.0),
        ("TweedieRegressor", {"power": 1.5}, -1e-300),
        ("TweedieRegressor", {"power": 2}, 0.0),
        ("TweedieRegressor", {"power": 3}, 0.0),
    ],
)
@pytest.mark.parametrize("module", [ours, linear_model])
def test_targets_out_of_range(module, name, parameters, bad):
    X, y, _ = problem()
    y[7] = bad
    with pytest.raises(ValueError, match=r"Some value\(s\) of y are out of the valid range of the loss 'Half"):
        getattr(module, name)(**parameters).fit(X, y)
    smallest = {0.0: 5e-324}.get(bad, 0.0)
    getattr(module, name)(alpha=1.0, **parameters).fit(X, np.where(y == bad, smallest, y))


@pytest.mark.parametrize("module", [ours, linear_model])
def test_errors_and_warnings_are_scikit_learns(module):
    X, y, _ = problem()
    with pytest.raises(ValueError, match="The 'power' parameter of TweedieRegressor must be a float"):
        module.TweedieRegressor(power="high").fit(X, y)
    with pytest.raises(ValueError, match="The 'link' parameter of TweedieRegressor must be a str among"):
        module.TweedieRegressor(link="logit").fit(X, y)
    with pytest.raises(ValueError, match="The 'tol' parameter of GammaRegressor must be"):
        module.GammaRegressor(tol=0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"lbfgs failed to converge after 1 iteration\(s\) \(status=1\)"):
        module.GammaRegressor(max_iter=1).fit(X, y)


def test_links():
    X, y, _ = problem()
    for power, link in ((0, "identity"), (1.5, "log"), (2.0, "log")):
        auto, named = (ours.TweedieRegressor(power=power, link=name).fit(X, y) for name in ("auto", link))
        assert_array_equal(auto.coef_, named.coef_)


@pytest.mark.parametrize("name, parameters", MODELS)
def test_goes_on_and_becomes_scikit_learns(name, parameters):
    X, y, _ = problem(parameters.get("power", 2.0))
    model = getattr(ours, name)(**parameters).fit(X[:200], y[:200])
    before = model.coef_.copy()
    model.partial_fit(X[200:], y[200:]).learn_one(X[0], 3.0)
    assert model.n_samples_seen_ == 301
    assert (model.coef_ != before).any()
    other = model.to_sklearn()
    assert type(other) is getattr(linear_model, name)
    assert_allclose(other.predict(X), model.predict(X), rtol=1e-12)
    assert_allclose(other.score(X, y), model.score(X, y), rtol=1e-9)
    fresh = clone(model).partial_fit(X, y)
    assert np.isfinite(fresh.coef_).all()


def test_signatures_and_defaults_are_scikit_learns():
    for name in ("GammaRegressor", "TweedieRegressor"):
        assert getattr(ours, name)().get_params() == getattr(linear_model, name)().get_params()


@pytest.mark.parametrize("loss, power", [("gamma", 1.5), ("tweedie", 1.5), ("tweedie", 2.0)])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_main_estimator(layout, loss, power):
    X, y, weights = problem(2.0 if loss == "gamma" else power, layout)
    parameters = {"power": power, "alpha": 1e-2}
    model = LinearRegressor(loss, standardize=False, tol=1e-11, **parameters).fit(X, y, weights)
    exact = {} if loss == "gamma" else {"power": power}
    name = "GammaRegressor" if loss == "gamma" else "TweedieRegressor"
    reference = pair(name, exact, alpha=1e-2)[1].fit(X, y, weights)
    assert_allclose(model.coef_, reference.coef_, rtol=1e-6, atol=1e-8)
    assert_allclose(model.predict(X), reference.predict(X), rtol=1e-6)
    back = LinearRegressor.from_sklearn(reference)
    assert (back.loss, back.power) == (loss, power)
    assert_allclose(back.predict(X), reference.predict(X), rtol=1e-9)


def test_tweedie_of_power_one_and_two_are_poisson_and_gamma():
    X, y, _ = problem()
    for power, loss in ((1.0, "poisson"), (2.0, "gamma")):
        one, other = LinearRegressor("tweedie", power=power).fit(X, y), LinearRegressor(loss).fit(X, y)
        assert_allclose(one.coef_, other.coef_, rtol=1e-9)
        assert_allclose(one.objective_, other.objective_, rtol=1e-12)
        assert_allclose(one.partial_fit(X, y).coef_, other.partial_fit(X, y).coef_, rtol=1e-6)


def test_targets_and_powers_that_the_main_estimator_refuses():
    X, y, _ = problem()
    y[3] = 0.0
    with pytest.raises(ValueError, match=r"loss='gamma' needs y > 0, but y has 1 values that are not positive"):
        LinearRegressor("gamma").fit(X, y)
    with pytest.raises(ValueError, match=r"loss='tweedie' needs y > 0"):
        LinearRegressor("tweedie", power=2.0).partial_fit(X, y)
    model = LinearRegressor("gamma").partial_fit(X, y + 1.0)
    before = model.coef_.copy()
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="y"):
            model.learn_one(X[0], bad)
    assert_array_equal(model.coef_, before)
