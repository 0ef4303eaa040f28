"""What somebody meets who has changed the import and nothing else: text, and units as they come."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from estimator_data import features
from every_estimator import CASES, ROWS, each
from gradstream import linear_model as ours
from saved_models import known

CALM = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# Text: the columns of a vectorizer's rows are in no order.


def out_of_order(X):
    """The matrix again, entries of a row from right to left, its first one in two entries of the same place."""
    X = sp.csr_array(X)
    rows = [range(stop - 1, start - 1, -1) for start, stop in zip(X.indptr, X.indptr[1:], strict=False)]
    entries = np.concatenate([[*row, row[-1]] if row else [] for row in rows]).astype(int)
    values = X.data[entries]
    values[np.flatnonzero(np.diff(entries, append=-1) == 0)] = 0.0
    indptr = X.indptr + np.cumsum([0, *(len(row) > 0 for row in rows)])
    return sp.csr_array((values, X.indices[entries], indptr.astype(X.indptr.dtype)), shape=X.shape)


@CALM
@each(*CASES)
def test_rows_whose_columns_are_in_no_order(case):
    ordered = sp.csr_array(ROWS * (ROWS > 0))
    shuffled = out_of_order(ordered)
    assert not shuffled.has_canonical_format
    assert_array_equal(shuffled.toarray(), ordered.toarray())
    before = [array.copy() for array in (shuffled.data, shuffled.indices, shuffled.indptr)]
    solver = {"solver": "sparse_cg"} if case.name.startswith("Ridge") else {}
    one, other = (case.new().set_params(**solver).fit(X, case.y) for X in (shuffled, ordered))
    assert known(one) == known(other)
    assert_array_equal(one.predict(shuffled), other.predict(ordered))
    for array, given in zip((shuffled.data, shuffled.indices, shuffled.indptr), before, strict=True):
        assert_array_equal(array, given)
    assert known(case.learn(one, X=shuffled)) == known(case.learn(other, X=ordered))


TEXTS = ["zebra ate an apple", "the dog and the cat", "an apple a day", "cat and zebra", "day of the dog", "apples ate"]


@CALM
@pytest.mark.parametrize(
    "name", ["LogisticRegression", "RidgeClassifier", "SGDClassifier", "Perceptron", "Ridge", "SGDRegressor"]
)
def test_text_in_a_pipeline(name):
    texts, y = TEXTS * 10, [1, 0, 1, 1, 0, 1] * 10
    exact = (
        {"tol": 1e-10}
        if name in ("LogisticRegression", "RidgeClassifier", "Ridge")
        else {"tol": None, "max_iter": 5, "random_state": 0}
    )
    fitted = [
        make_pipeline(TfidfVectorizer(), getattr(home, name)(**exact)).fit(texts, y) for home in (ours, linear_model)
    ]
    assert not TfidfVectorizer().fit_transform(texts).has_sorted_indices
    assert_allclose(fitted[0][-1].coef_, fitted[1][-1].coef_, rtol=1e-5, atol=1e-6)
    assert_allclose(fitted[0].predict(texts), fitted[1].predict(texts), rtol=1e-5)


@pytest.mark.parametrize("layout", ["csr", "dense"])
@pytest.mark.parametrize("name", ["LogisticRegression", "RidgeClassifier", "SGDClassifier", "Perceptron"])
def test_more_columns_than_sums_are_kept_of_and_three_classes(name, layout):
    X = sp.random_array((150, 2_000), density=0.02, format="csr", rng=np.random.default_rng(0))
    X = X if layout == "csr" else X.toarray()
    y = np.array(["a", "b", "c"])[np.arange(150) % 3]
    optimum = name in ("LogisticRegression", "RidgeClassifier")
    given = {"tol": 1e-10, "max_iter": 5_000} if optimum else {"tol": None, "max_iter": 5, "random_state": 0}
    one, other = (getattr(home, name)(**given).fit(X, y) for home in (ours, linear_model))
    assert_allclose(one.coef_, other.coef_, rtol=1e-5, atol=1e-6 * abs(other.coef_).max())
    assert_array_equal(one.predict(X), other.predict(X))


# Units as they come.


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 2.5, 3.0])
@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e5])
def test_amounts_in_any_unit(power, unit):
    X = 0.3 * features(300, 4)
    y = unit * np.random.default_rng(0).gamma(2.0, np.exp(X @ [1.0, -1.0, 0.5, 0.0]))
    model = ours.TweedieRegressor(power=power, alpha=0.0, tol=1e-9, max_iter=1_000).fit(X, y)
    one = ours.TweedieRegressor(power=power, alpha=0.0, tol=1e-9, max_iter=1_000).fit(X, y / unit)
    assert_allclose(model.coef_, one.coef_, rtol=1e-4, atol=1e-6)
    assert_allclose(model.intercept_, one.intercept_ + np.log(unit), rtol=1e-5)


# Columns of 0 and 1 that say the same, and l1.


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("layout", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("given", [{"solver": "saga"}, {"solver": "liblinear"}], ids=str)
def test_l1_on_encoded_categories_ends_at_the_optimum(classes, layout, given):
    if given["solver"] == "liblinear" and classes > 2:
        pytest.skip("takes two classes, as in scikit-learn")
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 6, (600, 5))
    y = (levels[:, 0] + levels[:, 1] + (rng.random(600) < 0.2)) % classes
    one_hot = OneHotEncoder().fit_transform(levels).toarray()
    X = layout(np.hstack([one_hot, one_hot[:, :6]]))
    model = ours.LogisticRegression(l1_ratio=1.0, **given).fit(X, y)  # warnings are errors
    assert model.n_iter_.max() < 50
    tight = linear_model.LogisticRegression(l1_ratio=1.0, tol=1e-9, max_iter=20_000, **given).fit(X, y)
    assert penalised(model, X, y) <= penalised(tight, X, y) + 1e-6 * len(y)


def penalised(model, X, y):
    intercept = np.abs(model.intercept_).sum() if model.solver == "liblinear" else 0.0
    return log_loss(y, model.predict_proba(X), normalize=False) + np.abs(model.coef_).sum() + intercept
