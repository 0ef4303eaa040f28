"""export(): the C file compiles without a warning and agrees with predict and learn_one; JSON needs NumPy alone."""

import ctypes
import json

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, softmax

from estimator_data import CLASSIFIER_LOSSES, REGRESSOR_LOSSES, features
from exported_c import COMPILER, Exported
from gradstream import LinearClassifier, LinearRegressor, _core
from gradstream.exceptions import NotFittedError
from gradstream.export import c_formulas
from gradstream.optim import InverseTime, InvScaling, Optimal
from near import assert_near
from saved_models import D, learn, named, stream

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
RTOL = 1e-12
LEARNT_RTOL = 1e-9  # hundreds of steps, each with the rounding of another order of summation
SEVERAL = [(loss, 3) for loss in CLASSIFIER_LOSSES] + [(loss, 2) for loss in CLASSIFIER_LOSSES + REGRESSOR_LOSSES]


def test_there_is_c_for_every_loss():
    names = {loss["name"] for loss in _core.losses() if not loss["positive"]}  # these are not learnt row by row
    assert set(c_formulas.R) == set(c_formulas.U) == names


@needs_compiler
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize(("loss", "n_classes"), SEVERAL)
def test_c_predicts_what_the_model_predicts(tmp_path, loss, n_classes, layout):
    X, y = stream(loss, layout, n_classes, n=200)
    model = named(loss, "bank").fit(X, y)
    exported, rows = Exported(model, tmp_path), X.toarray() if layout == "sparse" else X
    assert not exported.learns
    predicted = exported.each("gradstream_predict", rows)
    if loss in REGRESSOR_LOSSES:
        assert_near(predicted, model.predict(X), RTOL)
        return
    np.testing.assert_array_equal(model.classes_[predicted], model.predict(X))
    margins = exported.each("gradstream_margins", rows, columns=exported.columns)
    assert_near(margins.squeeze(), model.decision_function(X), RTOL)
    assert ("gradstream_predict_proba" in exported.text) == hasattr(model, "predict_proba")
    if hasattr(model, "predict_proba"):
        proba = exported.each("gradstream_predict_proba", rows, columns=n_classes)
        assert_near(proba, model.predict_proba(X), RTOL)


@needs_compiler
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize(("loss", "n_classes"), SEVERAL)
def test_c_learns_what_learn_one_learns(tmp_path, loss, n_classes, optimizer):
    X, y = stream(loss, "dense", n_classes, n=400)
    model = learn(named(loss, optimizer, penalty="elasticnet", alpha=1e-3), X[:50], y[:50], n_classes)
    exported = Exported(model, tmp_path)
    assert_goes_on_alike(exported, model, X, y)


def assert_goes_on_alike(exported, model, X, y, rtol=LEARNT_RTOL):
    weights = np.random.default_rng(0).choice([0.0, 0.5, 1.0, 3.0], len(X))
    for i in range(50, len(X)):
        target = y[i] if exported.regressor else np.flatnonzero(model.classes_ == y[i])[0]
        assert exported.learn_one(X[i], target, weights[i]) == 0
        model.learn_one(X[i], y[i], weights[i])
    predicted = exported.each("gradstream_model_predict", X, exported.model)
    margins = exported.each("gradstream_model_margins", X, exported.model, columns=exported.columns)
    if exported.regressor:
        assert_near(predicted, model.predict(X), rtol)
        return
    assert_near(margins.squeeze(), model.decision_function(X), rtol)
    assert np.mean(model.classes_[predicted] == model.predict(X)) > (0.99 if rtol > LEARNT_RTOL else 0.999)
    if "gradstream_model_predict_proba" in exported.text:
        columns = len(model.classes_)
        proba = exported.each("gradstream_model_predict_proba", X, exported.model, columns=columns)
        assert_near(proba, model.predict_proba(X), rtol)


SETTINGS = [
    {"penalty": None},
    {"penalty": "l2", "alpha": 0.01},
    {"penalty": "l1", "alpha": 0.01},
    {"fit_intercept": False},
    {"standardize": False, "learning_rate": 0.01},
    {"standardize": False, "fit_intercept": False, "learning_rate": 0.01},
    {"learning_rate": InvScaling(eta0=0.05, power_t=0.3)},
    {"learning_rate": InverseTime(eta0=0.05)},
    {"learning_rate": Optimal(), "alpha": 0.1},
]


@needs_compiler
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("parameters", SETTINGS, ids=str)
def test_c_learns_under_every_setting(tmp_path, optimizer, parameters):
    X, y = stream("log_loss", "dense", n=300)
    model = LinearClassifier(**{"optimizer": optimizer, "learning_rate": 0.05, **parameters})
    model.partial_fit(X[:50], y[:50], [0, 1])
    assert_goes_on_alike(Exported(model, tmp_path), model, X, y)


@needs_compiler
@pytest.mark.parametrize("start", ["fit", "first row", "float32", "sparse", "sparse scaled", "weighted classes"])
def test_c_learns_from_every_start(tmp_path, start):
    layout = "sparse" if "sparse" in start else "dense"
    X, y = stream("log_loss", layout, 3, n=300)
    model = LinearClassifier(optimizer="adagrad", learning_rate=0.1, standardize=True if "scaled" in start else "auto")
    if start == "float32":
        X = X.astype(np.float32)
    if start == "weighted classes":
        model.set_params(class_weight={0: 2.0, 2: 0.25})
    if start == "fit":
        model.set_params(max_iter=3, tol=None).fit(X[:50], y[:50])
    else:
        model.partial_fit(X[: 1 if start == "first row" else 50], y[: 1 if start == "first row" else 50], [0, 1, 2])
    exported = Exported(model, tmp_path)
    rows = X.toarray() if layout == "sparse" else X
    assert_goes_on_alike(exported, model, rows, y, 1e-3 if start == "float32" else LEARNT_RTOL)


@needs_compiler
def test_c_refuses_rows_and_stays_what_it_was(tmp_path):
    X, y = stream("log_loss", "dense")
    exported = Exported(learn(named("log_loss", "sgd"), X, y), tmp_path)
    before = exported.each("gradstream_model_margins", X, exported.model, columns=1)
    for value in (np.nan, np.inf, 1e160):  # the square of the last is infinite
        row = X[0].copy()
        row[2] = value
        assert exported.learn_one(row, 1) == 1
    for weight in (np.nan, np.inf):
        assert exported.learn_one(X[0], 1, weight) == 1
    for label, weight in ((2, 1.0), (-1, 1.0), (1, -1.0)):
        assert exported.learn_one(X[0], label, weight) == 1
    assert exported.learn_one(X[0], 1, 0.0) == 0
    np.testing.assert_array_equal(exported.each("gradstream_model_margins", X, exported.model, columns=1), before)
    folder = tmp_path / "counts"
    folder.mkdir()
    counts = Exported(LinearRegressor("poisson", optimizer="sgd").partial_fit(X, y), folder)
    assert counts.learn_one(X[0], -1.0) == 1
    assert counts.learn_one(X[0] * 1e160, 1.0) == 1


@needs_compiler
@pytest.mark.parametrize("loss", ["log_loss", "poisson", "gamma", "tweedie"])
def test_c_stays_finite_far_out(tmp_path, loss):
    """Rows a thousand times as long as those before, learnt and told."""
    X, y = stream(loss, "dense", n=60)
    model = learn(named(loss, "sgd"), X, y)
    exported = Exported(model, tmp_path)
    for i in range(20):
        exported.learn_one(1000.0 * X[i], y[i])
    assert np.isfinite(exported.each("gradstream_model_margins", X, exported.model, columns=1)).all()


NAMES = [['say "no"', "back\\slash??/", "tab\tline\n", "größe 水"], [0.0, 1.0, 2.0, 1e6]]


@needs_compiler
@pytest.mark.parametrize("labels", NAMES, ids=str)
def test_c_names_classes(tmp_path, labels):
    X, y = stream("log_loss", "dense", 4)
    model = LinearClassifier().partial_fit(X, np.array(labels)[y], labels)
    exported = Exported(model, tmp_path)
    names = (ctypes.c_char_p * 4).in_dll(exported.library, "gradstream_class_names")
    assert [name.decode() for name in names] == [str(label) for label in model.classes_.tolist()]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({}, "bank"), ({"optimizer": "adam"}, "adam"), ({"optimizer": "sgd", "batch_size": 4}, "blocks")],
)
def test_other_rules_are_exported_without_learning(tmp_path, parameters, reason):
    X, y = stream("log_loss", "dense")
    model = LinearClassifier(**parameters).partial_fit(X, y, [0, 1])
    model.export(tmp_path / "model.c")
    text = (tmp_path / "model.c").read_text()
    assert "It predicts only" in text, reason
    assert "gradstream_model" not in text


# JSON.

LINKS = {
    "identity": lambda z: z[:, 0],
    "exp": lambda z: np.exp(z[:, 0]),
    "sigmoid": lambda z: np.column_stack([expit(-z), expit(z)]),
    "softmax": lambda z: softmax(z, axis=1),
    "clip": lambda z: clipped(z),
}


def clipped(z):
    p = (np.clip(z, -1, 1) + 1) / 2
    if p.shape[1] == 1:
        return np.column_stack([1 - p, p])
    total = p.sum(axis=1, keepdims=True)
    return np.where(total > 0, p / np.where(total > 0, total, 1), 1 / p.shape[1])


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize(("loss", "n_classes"), SEVERAL)
def test_json_says_all_there_is(tmp_path, loss, n_classes, layout):
    X, y = stream(loss, layout, n_classes)
    if loss in CLASSIFIER_LOSSES:
        y = np.array(["no", "yes", "größe"])[y]
    model = named(loss, "bank").fit(X, y)
    model.export(tmp_path / "model.json", format="json")
    read = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert (read["format"], read["version"], read["n_features"]) == ("gradstream-linear", 1, D)
    z = (X.toarray() if layout == "sparse" else X) @ np.array(read["coef"]).T + np.array(read["intercept"])
    if read["link"] in LINKS:
        told = model.predict_proba(X) if read["classes"] else model.predict(X)
        assert_near(LINKS[read["link"]](z), told, RTOL)
    if read["classes"]:
        z = z if z.shape[1] > 1 else np.column_stack([-z, z])
        codes = np.array([read["classes"].index(label) for label in model.predict(X)])
        assert (
            z[np.arange(len(z)), codes] >= z.max(axis=1) - RTOL * np.abs(z).max()
        ).all()  # optima of hinge have ties
    else:
        assert read["link"] in ("identity", "exp")


def test_json_keeps_every_bit_and_the_names(tmp_path):
    pd = pytest.importorskip("pandas")  # of the test extra
    X = pd.DataFrame(features(50, 3), columns=["a", "b", "größe"])
    model = LinearRegressor(standardize=False).fit(X, X["a"])
    if COMPILER is not None:
        exported = Exported(model, tmp_path)
        names = (ctypes.c_char_p * 3).in_dll(exported.library, "gradstream_feature_names")
        assert [name.decode() for name in names] == ["a", "b", "größe"]
    model.export(tmp_path / "model.json", "json")
    read = json.loads((tmp_path / "model.json").read_text("utf-8"))
    np.testing.assert_array_equal(read["coef"][0], model.coef_)
    assert read["feature_names"] == ["a", "b", "größe"]
    assert read["gradstream"] == _core.build_info()["version"]


def test_what_cannot_be_exported(tmp_path):
    with pytest.raises(NotFittedError):
        LinearRegressor().export(tmp_path / "model.c")
    model = LinearRegressor().fit(sparse.csr_array(np.eye(3)), np.arange(3.0))
    with pytest.raises(ValueError, match="format='onnx': allowed are 'c', 'json'"):
        model.export(tmp_path / "model.c", "onnx")
    model.export(tmp_path / "model.c")
    assert not [file for file in tmp_path.iterdir() if file.suffix == ".tmp"]


def test_coefficients_that_no_file_can_say_are_not_exported(tmp_path):
    """Finite in standardised units, and of a column that hardly varies."""
    X = features(100, 2) * [1.0, 1e-150]
    state = LinearRegressor(optimizer="sgd").partial_fit(X, X[:, 0]).get_state()
    state["model"]["table"][0, 1] = 1e200
    model = LinearRegressor(optimizer="sgd").set_state(state)
    for form in ("c", "json"):
        with pytest.raises(ValueError, match=r"not finite, at columns \[1\]"):
            model.export(tmp_path / "model", form)


def test_labels_that_json_has_no_word_for_are_named(tmp_path):
    X, y = stream("log_loss", "dense")
    days = np.array(["2024-01-01", "2024-01-02"], "datetime64[D]")
    model = LinearClassifier().partial_fit(X, days[y], days)
    with pytest.raises(ValueError, match=r"classes_ holds datetime.date.*str, int, float or bool"):
        model.export(tmp_path / "model.json", "json")
    with pytest.raises(TypeError, match="not saved"):
        model.save(tmp_path / "model.gsm")
    assert not list(tmp_path.iterdir())
