"""Where the SGD drop-ins do not do as scikit-learn 1.9 does: a test per row of docs/guide/sgd_drop_ins.md, both sides.

A line about scikit-learn that fails means that it has been mended there: take the row out of the table.
"""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from gradstream.linear_model import SGDClassifier, SGDRegressor
from sgd_cases import CALM, data, fitted, gap, pair


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


@pytest.mark.parametrize("penalty", ["l2", "l1"])
def test_stopping_looks_at_the_norm_of_all_weights(penalty, capsys):
    """Sparse rows: scikit-learn's objective has the norm of the weights that the last row touched."""
    rng = np.random.default_rng(0)
    X = sp.csr_array(np.where(rng.random((400, 30)) < 0.1, rng.standard_normal((400, 30)), 0.0))
    y = np.where(X.sum(axis=1) > 0, 1, 0)
    chosen = {"penalty": penalty, "alpha": 1e-3, "random_state": 0, "tol": None, "max_iter": 3, "verbose": 1}
    for side, model in enumerate(pair("SGDClassifier", **chosen)):
        model.fit(X, y)
        told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Norm")][-1]
        norm = float(told.split(",")[0].removeprefix("Norm: "))
        assert (abs(norm - np.linalg.norm(model.coef_)) < 0.01) == (side == 0)


def validation_scores(model, X, y, capsys):
    model.set_params(verbose=1).fit(X, y)
    out = capsys.readouterr().out
    return [float(line.rsplit(": ", 1)[1]) for line in out.splitlines() if "Validation score" in line]


def validation_rows(y, classifier, random_state=0):
    from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

    splitter = (StratifiedShuffleSplit if classifier else ShuffleSplit)(test_size=0.1, random_state=random_state)
    return next(splitter.split(np.zeros((len(y), 1)), y))[1]


@pytest.mark.parametrize("average", [False, True])
def test_early_stopping_scores_the_model_that_it_returns(average, capsys):
    """scikit-learn scores weights without the scale of the l2 penalty, and never the average."""
    rows = data(600)
    chosen = {"alpha": 0.1, "random_state": 0, "max_iter": 3, "tol": None, "early_stopping": True, "average": average}
    held_out = validation_rows(rows.real, classifier=False)
    for side, model in enumerate(pair("SGDRegressor", **chosen)):
        told = validation_scores(model, rows.X, rows.real, capsys)[-1]
        true = model.score(rows.X[held_out], rows.real[held_out])
        assert (abs(told - true) < 1e-5) == (side == 0)


def test_early_stopping_of_the_log_loss_counts_both_classes(capsys):
    """scikit-learn compares predictions -1 and +1 with labels 0 and 1: no row of the first class is ever right."""
    rows = data(600)
    chosen = {"loss": "log_loss", "penalty": None, "learning_rate": "constant", "random_state": 0, "max_iter": 3}
    held_out = validation_rows(rows.two, classifier=True)
    for side, model in enumerate(pair("SGDClassifier", **chosen, tol=None, early_stopping=True)):
        told = validation_scores(model, rows.X, rows.two, capsys)[-1]
        true = model.score(rows.X[held_out], rows.two[held_out])
        assert true > 0.8
        assert (abs(told - true) < 1e-5) == (side == 0)


@pytest.mark.parametrize("classes", ["two", "four"])
def test_the_intercept_of_an_averaged_classifier_goes_on(classes):
    """scikit-learn forgets the running intercept between calls of partial_fit."""
    rows = data()
    y = getattr(rows, classes)
    for side, name in enumerate(("ours", "theirs")):
        whole, parts = (pair("SGDClassifier", **CALM, average=True, shuffle=False)[side] for _ in range(2))
        whole.partial_fit(rows.X, y, classes=np.unique(y))
        for start in range(0, 160, 16):
            parts.partial_fit(rows.X[start : start + 16], y[start : start + 16], classes=np.unique(y))
        assert (gap(parts, whole) < 1e-9) == (name == "ours")


def test_the_l1_penalty_goes_on():
    """scikit-learn forgets at each call what weights owe to the cumulative l1 penalty."""
    rows = data(layout="csr")
    for side, name in enumerate(("ours", "theirs")):
        chosen = {**CALM, "penalty": "l1", "alpha": 0.01, "shuffle": False}
        whole, parts = (pair("SGDClassifier", **chosen)[side] for _ in range(2))
        whole.partial_fit(rows.X, rows.four, classes=range(4))
        for start in range(0, 160, 8):
            parts.partial_fit(rows.X[start : start + 8], rows.four[start : start + 8], classes=range(4))
        assert (gap(parts, whole) < 1e-9) == (name == "ours")


def test_stopping_weighs_rows():
    """scikit-learn's stopping objective counts every row once, whatever its weight."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 5))
    y = (X[:, 0] > 0).astype(int)
    noise = np.arange(300) % 3 == 0
    y[noise] = rng.integers(0, 2, noise.sum())
    weights = np.where(noise, 1e-9, 1.0)
    chosen = {"loss": "log_loss", "random_state": 0, "alpha": 1e-4, "tol": 1e-4, "max_iter": 1000}
    ours, theirs = fitted("SGDClassifier", data(), data().two, **chosen)
    assert ours.n_iter_ == theirs.n_iter_  # without weights both stop at once
    ours, theirs = (m.fit(X, y, sample_weight=weights) for m in pair("SGDClassifier", **chosen))
    assert ours.n_iter_ != theirs.n_iter_


def test_the_adaptive_rate_goes_on():
    """scikit-learn's partial_fit is back at eta0 after a fit that had slowed down."""
    rows = data()
    chosen = {"learning_rate": "adaptive", "eta0": 0.1, "random_state": 0, "tol": 1e-2, "alpha": 0.01}
    moves = []
    for model in pair("SGDRegressor", **chosen):
        model.fit(rows.X, rows.real)
        before = model.coef_.copy()
        model.partial_fit(rows.X[:1], rows.real[:1] + 1.0)
        moves.append(np.abs(model.coef_ - before).max())
    assert moves[0] < 1e-3 * moves[1]
    model = pair("SGDRegressor", **{**chosen, "tol": 1e3, "n_iter_no_change": 2})[0]
    for _ in range(3):
        model.partial_fit(rows.X, rows.real)
    assert model._progress[0, 1] == pytest.approx(0.2)  # two calls without improvement after the first


@pytest.mark.parametrize("first", ["float32", "float64"])
def test_chunks_of_either_precision(first):
    """scikit-learn raises TypeError for float64 after float32."""
    rows = data()
    second = {"float32": "float64", "float64": "float32"}[first]
    ours, theirs = pair("SGDClassifier", **CALM)
    for model in (ours, theirs):
        model.partial_fit(rows.X.astype(first), rows.two, classes=[0, 1])
    ours.partial_fit(rows.X.astype(second), rows.two)
    assert ours.coef_.dtype == first
    same = SGDClassifier(**CALM).partial_fit(rows.X, rows.two, classes=[0, 1]).partial_fit(rows.X, rows.two)
    assert gap(ours, same) < 1e-4
    with pytest.raises((TypeError, ValueError)):
        theirs.partial_fit(rows.X.astype(second), rows.two)


@pytest.mark.parametrize("layout", ["dense", "csr"])
def test_a_row_of_weight_0_is_no_row(layout):
    """In scikit-learn it shrinks the weights and moves the clock."""
    rows = data(layout=layout)
    weights = np.where(np.arange(160) % 3 == 0, 0.0, rows.weights)
    kept = np.flatnonzero(weights)
    for average in (False, 30):
        for side, name in enumerate(("ours", "theirs")):
            some, fewer = (pair("SGDClassifier", **CALM, average=average)[side] for _ in range(2))
            some.fit(rows.X, rows.four, sample_weight=weights)
            fewer.fit(rows.X[kept], rows.four[kept], sample_weight=weights[kept])
            assert (gap(some, fewer) == 0.0 and some.t_ == fewer.t_) == (name == "ours")
    some = SGDRegressor(**CALM, early_stopping=True).fit(rows.X, rows.real, sample_weight=weights)
    fewer = SGDRegressor(**CALM, early_stopping=True).fit(rows.X[kept], rows.real[kept], sample_weight=weights[kept])
    assert gap(some, fewer) == 0.0


def test_a_chunk_of_weight_0_changes_nothing():
    """scikit-learn raises ValueError."""
    rows = data()
    ours, theirs = pair("SGDClassifier", **CALM)
    for model in (ours, theirs):
        model.partial_fit(rows.X, rows.two, classes=[0, 1])
    before = ours.coef_.copy()
    ours.partial_fit(rows.X, rows.two, sample_weight=np.zeros(160))
    np.testing.assert_array_equal(ours.coef_, before)
    assert ours.t_ == 161
    with pytest.raises(ValueError, match="non-zero"):
        theirs.partial_fit(rows.X, rows.two, sample_weight=np.zeros(160))


def test_int64_indices_are_read():
    """scikit-learn refuses them."""
    rows = data(layout="csr")
    rows.X.indices, rows.X.indptr = rows.X.indices.astype(np.int64), rows.X.indptr.astype(np.int64)
    ours, theirs = pair("SGDClassifier", **CALM)
    ours.fit(rows.X, rows.two)
    with pytest.raises(ValueError, match="32-bit"):
        theirs.fit(rows.X, rows.two)


@pytest.mark.parametrize("bad", ["nan", "overflow", "label"])
def test_a_call_that_fails_changes_nothing(bad):
    """scikit-learn has moved the weights, or lost them, by the time it raises."""
    rows = data()
    y = np.where(np.arange(160) == 150, 7, rows.two) if bad == "label" else rows.two
    X = rows.X.copy()
    if bad != "label":
        X[150] = {"nan": np.nan, "overflow": 1e300}[bad]
    model = SGDClassifier("squared_hinge", **CALM).fit(rows.X, rows.two)
    before = {name: np.copy(value) for name, value in vars(model).items() if name.endswith("_")}
    for call in (model.partial_fit, model.fit) if bad != "label" else (model.partial_fit,):
        with pytest.raises(ValueError, match=r"NaN|overflow|classes"):
            call(X, y)
        for name, value in before.items():
            np.testing.assert_array_equal(value, getattr(model, name))
