"""What nobody should pass: refused by name with nothing changed, and never read as something that it is not."""

import os
import stat

import numpy as np
import pytest
from sklearn import linear_model

from estimator_data import features, labels, values
from gradstream import LinearClassifier, LinearRegressor, load
from gradstream.linear_model import SGDClassifier, SGDOneClassSVM, SGDRegressor
from saved_models import known

N, D = 30, 4
X = features(N, D)
CLASSIFIERS = {
    "untuned": lambda: LinearClassifier(random_state=0).partial_fit(X, labels(X), [0, 1]),
    "sgd": lambda: LinearClassifier(optimizer="sgd", random_state=0).partial_fit(X, labels(X), [0, 1]),
    "SGDClassifier": lambda: SGDClassifier(random_state=0).partial_fit(X, labels(X), [0, 1]),
}
REGRESSORS = {
    "untuned": lambda: LinearRegressor(random_state=0).partial_fit(X, values(X)),
    "SGDRegressor": lambda: SGDRegressor(random_state=0).partial_fit(X, values(X)),
}


def refused(model, call, match):
    before = known(model)
    with pytest.raises((ValueError, TypeError), match=match):
        call()
    assert known(model) == before


def masked(array):
    mask = np.zeros(array.shape, bool)
    mask.flat[1] = True
    return np.ma.array(array, mask=mask)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_masked_elements_have_no_value(kind):
    model, y = CLASSIFIERS[kind](), labels(X)
    refused(model, lambda: model.partial_fit(masked(X), y), "X is a masked array with 1 masked elements")
    refused(model, lambda: model.partial_fit(X, masked(y)), "y is a masked array")
    refused(model, lambda: model.partial_fit(X, y, sample_weight=masked(np.ones(N))), "sample_weight is a masked array")
    other = CLASSIFIERS[kind]()
    model.partial_fit(np.ma.array(X), np.ma.array(y))
    assert known(model) == known(other.partial_fit(X, y))
    if kind != "SGDClassifier":  # which predicts by scikit-learn's own code
        refused(model, lambda: model.predict(masked(X)), "X is a masked array")
        refused(model, lambda: model.learn_one(masked(X[0]), 1), "x is a masked array")
        refused(model, lambda: model.predict_one((np.arange(D), masked(X[0]))), "x is a masked array")


@pytest.mark.parametrize("kind", REGRESSORS)
@pytest.mark.parametrize("dtype", ["M8[D]", "m8[s]"])
def test_dates_are_no_numbers(kind, dtype):
    model, days = REGRESSORS[kind](), np.arange(N).astype(dtype)
    refused(model, lambda: model.partial_fit(X, days), f"y has dtype {np.dtype(dtype)}".replace("[", r"\["))
    refused(model, lambda: model.fit(X, days), "targets are real numbers")
    refused(model, lambda: model.partial_fit(np.tile(days[:, None], (1, D)), values(X)), "X has dtype")
    if kind == "untuned":
        refused(model, lambda: model.learn_one(X[0], days[0]), "targets are real numbers")


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_numbers_that_no_float_holds(kind):
    model, y, huge = CLASSIFIERS[kind](), labels(X)[:2], 2**2000
    refused(model, lambda: model.partial_fit([[huge] * D] * 2, y), "too large")
    refused(model, lambda: model.partial_fit(X[:2], y, sample_weight=[1, huge]), "too large")
    if kind != "SGDClassifier":  # which predicts by scikit-learn's own code
        refused(model, lambda: model.predict([[huge] * D]), "too large")


@pytest.mark.parametrize("weight", ["1", b"1", None, [1.0], np.nan, -1, 2**2000, 1j])
def test_weights_of_single_rows_are_numbers(weight):
    model = CLASSIFIERS["untuned"]()
    refused(model, lambda: model.learn_one(X[0], 1, weight), "sample_weight = .* a weight is a number >= 0")


def test_long_labels_are_cut_in_messages():
    model = CLASSIFIERS["untuned"]()
    with pytest.raises(ValueError, match="other labels") as caught:
        model.partial_fit(X[:1], ["x" * 10**6])
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    "model",
    [
        lambda: SGDClassifier(random_state=0).partial_fit(X, labels(X), [0, 1]),
        lambda: SGDRegressor(random_state=0).partial_fit(X, values(X)),
        lambda: SGDOneClassSVM(random_state=0).partial_fit(X),
    ],
)
@pytest.mark.parametrize("parameters", [{"learning_rate": {}}, {"eta0": "fast"}, {"average": -1}])
def test_parameters_that_were_changed_are_checked(model, parameters):
    model = model()
    y = () if isinstance(model, SGDOneClassSVM) else (labels(X),)
    model.set_params(**parameters)
    coef = model.coef_.copy()
    with pytest.raises(ValueError, match=f"The {next(iter(parameters))!r} parameter"):
        model.partial_fit(X, *y)
    np.testing.assert_array_equal(model.coef_, coef)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_models_to_take_over_are_finite(value):
    given = linear_model.Ridge().fit(X, values(X))
    given.coef_[1] = value
    with pytest.raises(ValueError, match="not finite"):
        LinearRegressor.from_sklearn(given)


# Paths.


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
@pytest.mark.parametrize("write", [lambda m, p: m.save(p), lambda m, p: m.export(p), lambda m, p: m.export(p, "json")])
def test_only_files_are_replaced(tmp_path, write):
    """Who saves to /dev/null as root would leave the machine without one."""
    model, pipe, folder = CLASSIFIERS["untuned"](), tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(OSError, match="Only a regular file is replaced"):
            write(model, path)
    with pytest.raises(IsADirectoryError):
        write(model, folder)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "link", "pipe"]


@pytest.mark.parametrize("name", ["größe 水", "n" * 250, b"bytes"])
def test_names_of_files(tmp_path, name):
    path = os.path.join(os.fsencode(tmp_path), name) if isinstance(name, bytes) else os.path.join(tmp_path, name)
    model = CLASSIFIERS["untuned"]()
    model.save(path)
    assert known(load(path)) == known(model)
    assert len(list(tmp_path.iterdir())) == 1


def test_states_that_hold_themselves():
    model, state = CLASSIFIERS["untuned"](), {}
    state["a_"] = state
    refused(model, lambda: model.set_state(state), "holds itself")
