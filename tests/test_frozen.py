"""frozen(): predicts what the model predicted, never changes, and needs no lock while the model learns."""

import copy
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from scipy import sparse

from estimator_data import CLASSIFIER_LOSSES, OPTIMIZERS, REGRESSOR_LOSSES, features, labels, values
from gradstream import LinearClassifier, LinearRegressor, load
from gradstream.exceptions import NotFittedError
from near import assert_near
from saved_models import learn, named, stream

READINGS = ("predict", "decision_function", "predict_proba")


def assert_predicts_alike(frozen, model, X):
    """Labels and numbers; margins to the rounding of another order of summation."""
    for name in READINGS:
        assert hasattr(frozen, name) == hasattr(model, name)
        if hasattr(model, name) and np.issubdtype(getattr(model, name)(X).dtype, np.floating):
            assert_near(getattr(frozen, name)(X), getattr(model, name)(X), 1e-5 if X.dtype == np.float32 else 1e-10)
        elif hasattr(model, name):
            np.testing.assert_array_equal(getattr(frozen, name)(X), getattr(model, name)(X))
    if hasattr(model, "predict_log_proba"):
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(np.exp(frozen.predict_log_proba(X)), frozen.predict_proba(X), atol=1e-12)
    row = X[[0]].toarray()[0] if sparse.issparse(X) else X[0]
    pair = (np.flatnonzero(row), row[row != 0])
    for x in (row, pair):
        np.testing.assert_array_equal(frozen.predict_one(x), frozen.predict(row[None])[0])
        if hasattr(model, "predict_proba"):
            np.testing.assert_array_equal(frozen.predict_proba_one(x), frozen.predict_proba(row[None])[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "bank"])
@pytest.mark.parametrize("standardize", ["auto", True, False])
@pytest.mark.parametrize(("loss", "n_classes"), [("log_loss", 2), ("log_loss", 3), ("squared_error", 2)])
def test_it_predicts_what_the_model_predicted(dtype, layout, optimizer, standardize, loss, n_classes):
    X, y = stream(loss, layout, n_classes)
    X = X.astype(dtype)
    model = learn(named(loss, optimizer, standardize=standardize), X, y, n_classes)
    frozen = model.frozen()
    assert_predicts_alike(frozen, model, X)
    before = frozen.predict(X)
    np.testing.assert_array_equal(frozen.coef_, model.frozen().coef_)
    assert_near(frozen.coef_, model.coef_, 1e-5 if dtype == np.float32 else 1e-10)
    model.partial_fit(X, y)
    np.testing.assert_array_equal(frozen.predict(X), before)


@pytest.mark.parametrize("loss", CLASSIFIER_LOSSES + REGRESSOR_LOSSES)
def test_every_loss_after_a_fit(loss):
    X, y = stream(loss, "dense")
    model = named(loss, "bank").fit(X, y)
    assert_predicts_alike(model.frozen(), model, X)


def test_an_unfinished_block_is_not_stepped_on():
    X, y = stream("log_loss", "dense")
    model = learn(named("log_loss", "sgd", batch_size=7), X, y)
    assert_predicts_alike(model.frozen(), model, X)


def test_offsets_cost_no_digits():
    """Columns far from 0, in float32: coefficients in X's units alone would lose their digits to the intercept."""
    X = (features(500, 3) + 1e4).astype(np.float32)
    y = labels(X.astype(float))
    model = LinearClassifier().fit(X, y)
    assert_near(model.frozen().decision_function(X), model.decision_function(X), 1e-6)


@pytest.fixture
def frozen():
    X, y = stream("log_loss", "dense", 3)
    return LinearClassifier().partial_fit(X, np.array(["a", "b", "c"])[y], ["a", "b", "c"]).frozen()


def test_it_cannot_be_changed(frozen):
    for name in ("coef_", "classes_", "_model", "new"):
        with pytest.raises(AttributeError, match="never changes"):
            setattr(frozen, name, 1)
        with pytest.raises(AttributeError, match="never changes"):
            delattr(frozen, name)
    with pytest.raises(ValueError, match="read-only"):
        frozen.coef_[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        frozen.intercept_[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        frozen.classes_[:] = "z"
    assert frozen.classes_.tolist() == ["a", "b", "c"]
    for name in ("fit", "partial_fit", "learn_one", "set_state"):
        assert not hasattr(frozen, name)


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "file"])
def test_it_travels(frozen, tmp_path, way):
    X, _ = stream("log_loss", "dense", 3)
    if way == "file":
        frozen.save(tmp_path / "frozen.gsm")
        other = load(tmp_path / "frozen.gsm")
        assert (tmp_path / "frozen.gsm").stat().st_size < 5_000
    else:
        other = {"pickle": lambda it: pickle.loads(pickle.dumps(it)), "deepcopy": copy.deepcopy}[way](frozen)
    assert type(other) is type(frozen)
    np.testing.assert_array_equal(other.predict_proba(X), frozen.predict_proba(X))
    with pytest.raises(AttributeError, match="never changes"):
        other.coef_ = 0


def test_a_process_that_only_serves_loads_it(frozen, tmp_path):
    frozen.save(tmp_path / "frozen.gsm")
    serve = "import sys, gradstream; print(gradstream.load(sys.argv[1]).classes_.tolist())"
    command = [sys.executable, "-c", serve, str(tmp_path / "frozen.gsm")]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert printed.split() == str(frozen.classes_.tolist()).split()


def test_names_of_columns_are_checked():
    pd = pytest.importorskip("pandas")  # of the test extra
    X = pd.DataFrame(features(30, 2), columns=["a", "b"])
    frozen = LinearRegressor().fit(X, values(X.to_numpy())).frozen()
    assert frozen.feature_names_in_.tolist() == ["a", "b"]
    assert frozen.n_features_in_ == 2
    frozen.predict(X)
    with pytest.raises(ValueError, match="feature names"):
        frozen.predict(X[["b", "a"]])
    with pytest.raises(ValueError, match="NaN"):
        frozen.predict(X * np.nan)


def test_there_is_something_to_freeze():
    with pytest.raises(NotFittedError):
        LinearClassifier().frozen()


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_ten_threads_predict_while_one_learns(layout):
    """Every prediction is that of one whole model: the one a thread holds."""
    X, y = stream("log_loss", layout)
    rows = X.toarray() if layout == "sparse" else X
    model = LinearClassifier().partial_fit(X, y, [0, 1])
    published = [model.frozen()]
    stop, wrong = threading.Event(), []

    def serve():
        while not stop.is_set():
            held = published[-1]
            expected = held.predict_proba(X)
            for i in range(len(rows)):
                if (held.predict_proba_one(rows[i]) != expected[i]).any():
                    wrong.append(i)

    threads = [threading.Thread(target=serve) for _ in range(10)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        model.partial_fit(X, y)
        published.append(model.frozen())
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len({frozen.coef_.tobytes() for frozen in published}) > 50
