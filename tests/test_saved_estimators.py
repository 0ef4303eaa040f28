"""Every estimator stops in a file or a state and goes on with the same bits, is frozen, exported and merged."""

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
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gradstream
from every_estimator import CASES, ROWS, Case, each
from exported_c import COMPILER, Exported
from saved_models import WAYS, known

DROP_INS = [case for case in CASES if hasattr(case.cls, "_lend")]  # of batch estimators
SUMS_ONLY = {("Ridge", 2), ("RidgeClassifier", 2)}
PARTS = slice(0, 50), slice(50, None)


def taught(case):
    """A model in the middle: fitted, and taught a chunk where it goes on."""
    model = case.fit(PARTS[0])
    return case.learn(model, slice(50, 63))


def assert_same_bits(one, other):
    names = [name for name in ("predict", "decision_function", "predict_proba") if hasattr(one, name)]
    for name in names:
        assert getattr(other, name)(ROWS).tobytes() == getattr(one, name)(ROWS).tobytes()
    assert known(one) == known(other)


def assert_alike(one, other):
    """Numbers to rounding, labels exactly."""
    if np.asarray(other).dtype.kind == "f":
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(one, other)


def test_the_list_is_complete():
    names = {*gradstream.__all__, *gradstream.linear_model.__all__} - {"__version__", "load", "show_versions"}
    assert names == {case.name for case in CASES}


@each()
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("moment", ["fit", "partial_fit"])
def test_stopping_changes_no_bit(case, way, moment):
    model = case.fit() if moment == "fit" else taught(case)
    other = WAYS[way](model)
    assert type(other) is case.cls
    assert repr(other) == repr(model)
    assert_same_bits(model, other)
    assert_same_bits(case.learn(model, PARTS[1]), case.learn(other, PARTS[1]))
    if case.reads_rows:
        for each_model in (model, other):
            each_model.learn_one(ROWS[0], case.y[0])
        assert_same_bits(model, other)


@each()
@pytest.mark.parametrize("way", WAYS)
def test_what_has_learnt_nothing_is_saved_too(case, way):
    other = WAYS[way](case.new())
    assert other.get_params() == case.new().get_params()
    with pytest.raises(NotFittedError):
        other.predict(ROWS)
    assert not hasattr(clone(case.fit()), "coef_")


@each(*DROP_INS)
@pytest.mark.parametrize("way", WAYS)
def test_what_was_written_to_the_arrays_is_saved(case, way):
    model = taught(case)
    model.coef_ *= 0.5
    other = WAYS[way](model)
    assert_same_bits(model, other)
    assert_same_bits(case.learn(model, PARTS[1]), case.learn(other, PARTS[1]))


def test_a_process_that_never_imported_it_loads_it(tmp_path):
    lines = ["from gradstream import load"]
    for number, case in enumerate(CASES):
        model = taught(case)
        model.save(tmp_path / f"{number}.gsm")
        lines.append(f"print(load({str(tmp_path / f'{number}.gsm')!r}).coef_.tobytes().hex())")
    out = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert out.stdout.split() == [taught(case).coef_.tobytes().hex() for case in CASES]


@each()
def test_a_frozen_model_stays(case):
    model = taught(case)
    frozen, before = model.frozen(), model.predict(ROWS)
    one = frozen.predict_one(ROWS[0]) if case.reads_rows else None
    case.learn(model, PARTS[1])
    for served in (frozen, pickle.loads(pickle.dumps(frozen)), WAYS["file"](frozen)):
        assert_alike(served.predict(ROWS), before)
        if case.reads_rows:
            assert_alike(served.predict_one(ROWS[0]), one)
        assert not served.coef_.flags.writeable
    with pytest.raises(AttributeError, match="never changes"):
        frozen.coef_ = 0.0


@each(unless=lambda case: not case.reads_rows)
def test_one_row_is_predicted_as_many_are(case):
    """Also after the arrays have been read, and after they have been written to."""
    model = taught(case)
    written = [lambda: model.coef_.fill(0.25)] if case in DROP_INS else []
    for change in (lambda: None, lambda: model.coef_, *written):
        change()
        rows = [model.predict_one(x) for x in ROWS]
        expected = model.predict(ROWS)
        assert_alike(rows, expected)
        x = ROWS[0] * [1, 0, 0, 1, 0]
        assert_alike(model.predict_one((np.array([0, 3]), x[[0, 3]])), model.predict_one(x))
        if hasattr(model, "predict_proba"):
            rows = [model.predict_proba_one(x) for x in ROWS]
            np.testing.assert_allclose(rows, model.predict_proba(ROWS), rtol=1e-12, atol=1e-15)


@each(unless=lambda case: case.kind == "labels")
def test_json_says_the_model(tmp_path, case):
    model = taught(case)
    model.export(tmp_path / "model.json", format="json")
    document = json.loads((tmp_path / "model.json").read_text())
    z = ROWS @ np.array(document["coef"]).T + np.array(document["intercept"])
    if document["link"] == "exp":
        z = np.exp(z)
    expected = model.decision_function(ROWS) if hasattr(model, "decision_function") else model.predict(ROWS)
    np.testing.assert_allclose(np.squeeze(z), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
@each(unless=lambda case: case.name == "SGDOneClassSVM" or case.kind == "labels")
def test_c_predicts_the_same(tmp_path, case):
    model = taught(case)
    exported = Exported(model, tmp_path)
    if case.kind == "several":
        predicted = exported.each("gradstream_predict_targets", ROWS, columns=3)
    else:
        predicted = exported.each("gradstream_predict", ROWS)
    if case.classes is None:
        np.testing.assert_allclose(predicted, model.predict(ROWS), rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(model.classes_[predicted], model.predict(ROWS))
    if hasattr(model, "predict_proba"):
        proba = exported.each("gradstream_predict_proba", ROWS, columns=len(case.classes))
        np.testing.assert_allclose(proba, model.predict_proba(ROWS), atol=1e-12)


@each(unless=lambda case: not hasattr(case.cls, "merge") or case.name.startswith("Ridge"))
def test_merging_is_the_mean_of_what_each_has_seen(case):
    one, other = (case.fit(part) for part in PARTS)
    if case in DROP_INS:  # what was written counts
        other.coef_ *= 0.5
    coef = (50 * one.coef_ + 30 * other.coef_) / 80
    intercept = (50 * one.intercept_ + 30 * other.intercept_) / 80
    before = other.coef_.copy()
    assert one.merge(other) is one
    if case.parameters.get("class_weight") is None:  # else a row is not a weight of 1
        np.testing.assert_allclose(one.coef_, coef, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(one.intercept_, intercept, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(other.coef_, before)
    assert one.n_samples_seen_ == 80
    assert case.learn(one).n_samples_seen_ == 160
    assert known(WAYS["file"](one)) == known(one)


@each(*(case for case in DROP_INS if case.name.startswith("Ridge")))
def test_merging_sums_is_the_fit_of_all_rows(case):
    one, other = (case.fit(part) for part in PARTS)
    one.merge(other)
    both = case.fit()
    np.testing.assert_allclose(one.coef_, both.coef_, rtol=1e-9)
    np.testing.assert_allclose(one.intercept_, both.intercept_, rtol=1e-9)
    assert one.n_samples_seen_ == 80
    np.testing.assert_allclose(case.learn(one).coef_, case.learn(both).coef_, rtol=1e-9)
    lone = case.fit()
    lone.merge(case.cls.from_sklearn(case.fit().to_sklearn()))  # which has no sums: a mean, and no more
    np.testing.assert_allclose(lone.coef_, case.fit().coef_, rtol=1e-9)


@each(*DROP_INS)
def test_what_does_not_merge(case):
    model = case.fit()
    before = known(model)
    with pytest.raises(TypeError, match="merges with a"):
        model.merge(Case("SGDRegressor", "values").fit())
    with pytest.raises(ValueError, match="this estimator itself"):
        model.merge(model)
    with pytest.raises(NotFittedError):
        model.merge(case.new())
    with pytest.raises(ValueError, match="number of features of this one is 5, of the other 4"):
        model.merge(case.fit(X=ROWS[:, 1:]))
    assert known(model) == before


@each(unless=lambda case: "Linear" in case.name)
def test_models_go_to_scikit_learn_and_back(case):
    model = taught(case)
    theirs = model.to_sklearn()
    back = case.cls.from_sklearn(theirs)
    assert type(theirs).__module__.startswith("sklearn.")
    assert back.get_params() == model.get_params()
    for other in (theirs, back):
        np.testing.assert_allclose(other.coef_, model.coef_)
        assert_alike(other.predict(ROWS), model.predict(ROWS))  # margins are sums in another order there
    if case.parameters.get("class_weight") != "balanced" and (case.name, np.ndim(model.coef_)) not in SUMS_ONLY:
        case.learn(back, PARTS[1])  # those see no rows here
    assert_same_bits(back, WAYS["file"](back))


def test_a_sparsified_model_is_saved(tmp_path):
    for name in ("SGDClassifier", "LogisticRegression"):
        model = Case(name, "two", {"l1_ratio": 1.0}).new().set_params(**L1[name])
        model.fit(ROWS, Case(name, "two").y).sparsify()
        for other in (WAYS["file"](model), model.frozen(), WAYS["state"](model)):
            assert sp.issparse(other.coef_)
            np.testing.assert_array_equal(other.predict(ROWS), model.predict(ROWS))
        model.export(tmp_path / "model.json", format="json")


L1 = {"SGDClassifier": {"penalty": "l1", "alpha": 0.01}, "LogisticRegression": {"solver": "saga", "C": 0.1}}
SGD = Case("SGDClassifier", "two", {"penalty": "l1"})
LOGISTIC = Case("LogisticRegression", "three")


@pytest.mark.parametrize(
    ("case", "name", "value"),
    [
        (SGD, "coef_", np.zeros((1, 4))),
        (SGD, "coef_", "none"),
        (SGD, "coef_", np.zeros((1, 5), np.int64)),
        (SGD, "_progress", np.zeros((1, 3))),
        (SGD, "_paid", np.zeros((2, 5))),
        (SGD, "intercept_", np.zeros(7)),
        (SGD, "t_", "late"),
        (SGD, "t_", -1.0),
        (LOGISTIC, "coef_", np.zeros((3, 4))),
        (LOGISTIC, "intercept_", np.zeros((3, 5))),
        (LOGISTIC, "coef_", "none"),
        (LOGISTIC, "coef_", np.zeros((3, 5), object)),
        (LOGISTIC, "intercept_", np.zeros(2)),
        (LOGISTIC, "intercept_", None),
        (LOGISTIC, "classes_", np.arange(4)),
        (LOGISTIC, "n_features_in_", 7),
        (LOGISTIC, "_penalty_weight", -1.0),
        (LOGISTIC, "_penalty_weight", "much"),
        (Case("Ridge", "several"), "coef_", np.zeros((3, 4))),
        (Case("Ridge", "several"), "intercept_", "none"),
    ],
)
def test_a_state_that_is_none_is_refused_and_changes_nothing(case, name, value):
    model = case.fit()
    state, before = model.get_state(), model.coef_.tobytes()
    with pytest.raises(ValueError, match=name.replace("n_features_in_", "coef_")):
        model.set_state({**state, name: value})
    assert model.coef_.tobytes() == before


@each(*DROP_INS)
def test_a_state_of_another_estimator_is_refused(case):
    model = case.fit()
    state = copy.deepcopy(model.get_state())
    for other in (Case("SGDRegressor", "values"), Case("LinearClassifier", "two"), Case("LinearRegressor", "values")):
        with pytest.raises(ValueError, match="state"):
            model.set_state({**other.fit().get_state(), "n_features_in_": 4})
    assert known(model.set_state(state)) == known(model)
    assert model.set_state({}).get_state() == {}


@settings(max_examples=100)
@given(
    case=st.sampled_from([case for case in CASES if case.parameters.get("class_weight") != "balanced"]),
    container=st.sampled_from([np.asarray, sp.csr_array]),
    dtype=st.sampled_from([np.float32, np.float64]),
    cuts=st.lists(st.integers(1, len(ROWS) - 1), min_size=1, max_size=4, unique=True).map(sorted),
    way=st.sampled_from(["state", "pickle", "deepcopy"]),
)
def test_stopping_between_any_chunks_changes_no_bit(case, container, dtype, cuts, way):
    never, stopped = case.new(), case.new()
    X = container(ROWS.astype(dtype))
    for first, last in zip([0, *cuts], [*cuts, len(ROWS)], strict=True):
        for model in (never, stopped):
            case.learn(model, slice(first, last), X)
        stopped = WAYS[way](stopped)
    assert_same_bits(stopped, never)
