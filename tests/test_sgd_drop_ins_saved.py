"""The SGD drop-ins stop in a file or a state and go on with the same bits; what is read back is checked."""

import copy
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator_data import features, labels, values
from exported_c import COMPILER, Exported
from gradstream import load
from gradstream.linear_model import Perceptron, SGDClassifier, SGDOneClassSVM, SGDRegressor
from saved_models import flat

X = features(80, 5)
X = (X - X.mean(axis=0)) / X.std(axis=0)
CASES = [
    (SGDClassifier, {}, labels(X, 2)),
    (SGDClassifier, {"penalty": "l1", "loss": "log_loss"}, labels(X, 3)),
    (SGDClassifier, {"average": 10, "penalty": "elasticnet"}, labels(X, 3)),
    (SGDClassifier, {"learning_rate": "adaptive", "eta0": 0.1, "loss": "modified_huber"}, labels(X, 2)),
    (SGDRegressor, {}, values(X)),
    (SGDRegressor, {"average": True, "penalty": "l1"}, values(X)),
    (Perceptron, {"penalty": "l2"}, labels(X, 2)),
    (SGDOneClassSVM, {"nu": 0.2}, None),
]
IDS = [f"{cls.__name__}-{'-'.join(map(str, parameters.values()))}" for cls, parameters, _ in CASES]


def taught(cls, parameters, y, chunks=3):
    model = cls(random_state=0, **parameters)
    for _ in range(chunks):
        go_on(model, y)
    return model


def go_on(model, y):
    if y is None:
        return model.partial_fit(X)
    if isinstance(model, SGDRegressor):
        return model.partial_fit(X, y)
    return model.partial_fit(X, y, classes=np.unique(y))


@pytest.mark.parametrize(("cls", "parameters", "y"), CASES, ids=IDS)
@pytest.mark.parametrize("way", ["file", "state", "pickle", "deepcopy"])
def test_stopping_changes_no_bit(tmp_path, cls, parameters, y, way):
    model = taught(cls, parameters, y)
    if way == "file":
        model.save(tmp_path / "model.gsm")
        other = load(tmp_path / "model.gsm")
    elif way == "state":
        other = cls(random_state=0, **parameters).set_state(model.get_state())
    else:
        other = pickle.loads(pickle.dumps(model)) if way == "pickle" else copy.deepcopy(model)
    assert type(other) is cls
    assert other.get_params() == model.get_params()
    go_on(model, y), go_on(other, y)
    assert other.coef_.tobytes() == model.coef_.tobytes()
    assert other.predict(X).tobytes() == model.predict(X).tobytes()
    assert other.t_ == model.t_


def test_a_process_that_never_imported_it_loads_it(tmp_path):
    model = taught(*CASES[0])
    model.save(tmp_path / "model.gsm")
    code = f"import gradstream; print(gradstream.load({str(tmp_path / 'model.gsm')!r}).coef_.tobytes().hex())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == model.coef_.tobytes().hex()


@pytest.mark.parametrize(("cls", "parameters", "y"), CASES, ids=IDS)
def test_a_frozen_model_stays(cls, parameters, y):
    model = taught(cls, parameters, y)
    frozen, before = model.frozen(), model.predict(X)
    go_on(model, y)
    np.testing.assert_array_equal(frozen.predict(X), before)


@pytest.mark.parametrize(("cls", "parameters", "y"), CASES, ids=IDS)
def test_json_says_the_model(tmp_path, cls, parameters, y):
    model = taught(cls, parameters, y)
    model.export(tmp_path / "model.json", format="json")
    document = json.loads((tmp_path / "model.json").read_text())
    z = X @ np.array(document["coef"]).T + np.array(document["intercept"])
    expected = model.predict(X) if cls is SGDRegressor else model.decision_function(X)
    np.testing.assert_allclose(np.squeeze(z), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
@pytest.mark.parametrize(("cls", "parameters", "y"), CASES[:6], ids=IDS[:6])
def test_c_predicts_the_same(tmp_path, cls, parameters, y):
    model = taught(cls, parameters, y)
    predicted = Exported(model, tmp_path).each("gradstream_predict", X)
    if cls is SGDRegressor:
        np.testing.assert_allclose(predicted, model.predict(X), rtol=1e-12)
    else:
        np.testing.assert_array_equal(model.classes_[predicted], model.predict(X))


def test_a_sparsified_model_is_saved(tmp_path):
    model = SGDClassifier(penalty="l1", alpha=0.01, random_state=0).fit(X, CASES[0][2]).sparsify()
    model.save(tmp_path / "model.gsm")
    loaded = load(tmp_path / "model.gsm")
    assert sp.issparse(loaded.coef_)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("coef_", np.zeros((1, 4))),
        ("coef_", "none"),
        ("coef_", np.zeros((1, 5), np.int64)),
        ("_progress", np.zeros((1, 3))),
        ("_paid", np.zeros((2, 5))),
        ("intercept_", np.zeros(7)),
        ("t_", "late"),
        ("t_", -1.0),
    ],
)
def test_a_state_that_is_none_is_refused_and_changes_nothing(name, value):
    model = taught(SGDClassifier, {"penalty": "l1"}, CASES[0][2])
    state, before = model.get_state(), model.coef_.tobytes()
    with pytest.raises(ValueError, match=name):
        model.set_state({**state, name: value})
    assert model.coef_.tobytes() == before
    go_on(model, CASES[0][2])


@settings(max_examples=60, deadline=None)
@given(
    case=st.sampled_from(CASES),
    container=st.sampled_from([np.asarray, sp.csr_array]),
    dtype=st.sampled_from([np.float32, np.float64]),
    cuts=st.lists(st.integers(1, len(X) - 1), min_size=1, max_size=4, unique=True).map(sorted),
    way=st.sampled_from(["state", "pickle", "deepcopy"]),
)
def test_stopping_between_any_chunks_changes_no_bit(case, container, dtype, cuts, way):
    cls, parameters, y = case
    never, stopped = (cls(random_state=0, **parameters) for _ in range(2))
    for first, last in zip([0, *cuts], [*cuts, len(X)], strict=True):
        rows = container(X[first:last].astype(dtype))
        for model in (never, stopped):
            if y is None:
                model.partial_fit(rows)
            else:
                known = {} if cls is SGDRegressor else {"classes": np.unique(y)}
                model.partial_fit(rows, y[first:last], **known)
        if way == "pickle":
            stopped = pickle.loads(pickle.dumps(stopped))
        elif way == "deepcopy":
            stopped = copy.deepcopy(stopped)
        else:
            stopped = cls(**stopped.get_params()).set_state(stopped.get_state())
    assert flat(stopped.get_state(), "") == flat(never.get_state(), "")
    np.testing.assert_array_equal(stopped.predict(X), never.predict(X))
