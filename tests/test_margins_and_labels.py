"""Margins of rows and the labels they stand for, as the core makes them for predictions."""

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model
from sklearn.utils.extmath import safe_sparse_dot

import gradstream.linear_model
from gradstream import _core

N, D = 70_000, 12  # several blocks of rows


def rows_of(layout, dtype, n=N):
    rng = np.random.default_rng(3)
    X = rng.standard_normal((n, D)) * (rng.random((n, D)) < 0.4)
    return X.astype(dtype) if layout == "dense" else sp.csr_array(X.astype(dtype))


def core_rows(X):
    return (X.data, X.indices, X.indptr, X.shape[1]) if sp.issparse(X) else X


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_margins_are_products_with_the_same_bits_on_any_threads(layout, columns, dtype):
    X = rows_of(layout, dtype)
    rng = np.random.default_rng(4)
    coef, intercept = rng.standard_normal((D, columns)), rng.standard_normal(columns)
    one, three = (_core.linear_margins(core_rows(X), coef, intercept, threads) for threads in (1, 3))
    expected = safe_sparse_dot(X.astype(np.float64), coef, dense_output=True) + intercept
    np.testing.assert_allclose(one, expected, 1e-12, 1e-12)
    np.testing.assert_array_equal(one, three)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_margins_that_are_not_finite_are_not_returned(layout, bad):
    X = rows_of(layout, np.float64)
    coef = np.zeros((D, 1))
    assert _core.linear_margins(core_rows(X), coef, np.zeros(1), 2) is not None
    if layout == "dense":
        X[N - 1, 2] = bad
    else:
        X.data[-1] = bad
    assert _core.linear_margins(core_rows(X), coef, np.zeros(1), 2) is None


@pytest.mark.parametrize("classes", [[3, 7], [-1.5, 2.0], [False, True], np.array([1, 2], np.int8), [1, 5, 9]])
@pytest.mark.parametrize("threads", [1, 3])
def test_labels_are_those_of_the_largest_margins(classes, threads):
    classes = np.asarray(classes)
    columns = 1 if len(classes) == 2 else len(classes)
    margins = np.random.default_rng(5).integers(-2, 3, (N, columns)).astype(np.float64)  # with ties and zeros
    codes = margins.argmax(axis=1) if columns > 1 else (margins[:, 0] > 0).astype(int)
    labels = _core.labels_of_margins(margins, classes, threads)
    assert labels.dtype == classes.dtype
    np.testing.assert_array_equal(labels, classes[codes])


@pytest.mark.parametrize("classes", [np.array(["a", "b"]), np.array(["a", "b"], object), np.array([1, 2, 3])])
def test_labels_that_are_not_for_the_core(classes):
    assert _core.labels_of_margins(np.zeros((4, 1)), classes, 1) is None


@pytest.mark.parametrize("names", [[1, 2], ["no", "yes"], [1, 2, 3]])
@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_drop_ins_predict_as_scikit_learn_with_the_same_model(layout, names, dtype):
    X = rows_of(layout, dtype, 3_000)
    y = np.asarray(names)[np.random.default_rng(6).integers(0, len(names), X.shape[0])]
    ours = gradstream.linear_model.SGDClassifier(loss="log_loss", max_iter=2, tol=None, random_state=0).fit(X, y)
    other = ours.to_sklearn()
    assert isinstance(other, sklearn.linear_model.SGDClassifier)
    margins, expected = ours.decision_function(X), other.decision_function(X)
    assert (margins.dtype, margins.shape) == (expected.dtype, expected.shape)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(margins, expected, rtol, rtol * np.abs(expected).max())
    sure = np.abs(expected) > 1e-4 if expected.ndim == 1 else np.diff(np.sort(expected, 1)[:, -2:]).ravel() > 1e-4
    labels = ours.predict(X)
    assert labels.dtype == ours.classes_.dtype
    np.testing.assert_array_equal(labels[sure], other.predict(X)[sure])
    np.testing.assert_array_equal(ours.predict(X[:1].toarray() if layout == "csr" else X[:1]), labels[:1])
    np.testing.assert_allclose(ours.sparsify().decision_function(X), expected, rtol, rtol * np.abs(expected).max())
