"""set_state and load take no number, label or name that learning cannot lead to; refused states change nothing."""

import copy

import numpy as np
import pytest

from gradstream import LinearClassifier, LinearRegressor, load
from gradstream._state import ADAGRAD_CLOCK, BLOCK_ROWS, EVIDENCE, FEATURES, LANES, N_SAMPLES_SEEN, NORM, STEPS, WOKEN
from gradstream.estimators.frozen import FrozenClassifier, FrozenRegressor
from gradstream.exceptions import SavedFileError
from gradstream.linear_model import Perceptron, SGDClassifier, SGDRegressor
from saved_models import known, learn, stream

KINDS = {
    "bank": {},
    "sgd": {"optimizer": "sgd"},
    "l1": {"optimizer": "sgd", "penalty": "l1"},
    "adagrad": {"optimizer": "adagrad", "standardize": True},
    "adam": {"optimizer": "adam"},
    "blocks": {"optimizer": "adagrad", "batch_size": 7},
}


def model_of(kind, layout="dense", n_classes=3):
    X, y = stream("log_loss", layout, n_classes)
    return learn(LinearClassifier(random_state=0, **KINDS[kind]), X, y, n_classes)


def refused(model, state, match):
    """By the estimator, which stays what it was, and from a file."""
    before = known(model)
    with pytest.raises(ValueError, match=match):
        model.set_state(state)
    assert known(model) == before


def with_number(state, name, at, value):
    state = copy.deepcopy(state)
    array = state["model"][name].reshape(-1)
    array[at] = value
    assert array.base is state["model"][name] or array is state["model"][name]
    return state


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["table", "bias", "mean", "m2", "seen", "counters", "block", "units", "records"])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_number_is_infinite(kind, layout, name, value):
    model = model_of(kind, layout)
    state = model.get_state()
    if state["model"][name].size == 0:
        return
    refused(model, with_number(state, name, 0, value), name)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_adds_up_is_not_below_zero(kind, layout):
    model = model_of(kind, layout)
    state = model.get_state()
    for name in ("m2", "seen", "counters", "units"):
        if state["model"][name].size:
            refused(model, with_number(state, name, 1, -1.0), name)
    if kind in ("bank", "adagrad", "adam") and layout == "dense":
        refused(model, with_number(state, "table", -1, -1.0), "squares >= 0")
    if kind in ("adagrad", "adam") and layout == "sparse":
        width = 3 * (2 if kind == "adagrad" else 3)
        refused(model, with_number(state, "table", width - 1, -1.0), "squares >= 0")


def test_times_of_sparse_features_are_past():
    model = model_of("l1", "sparse")
    state = model.get_state()
    for value in (-1.0, np.nan, 1e9):
        changed = copy.deepcopy(state)
        changed["model"]["table"][0, 3:] = value
        refused(model, changed, "times of features")
    bank = model_of("bank", "sparse")
    state = bank.get_state()
    changed = copy.deepcopy(state)
    changed["model"]["records"].view(np.float64)[0, 15] = 1e9
    refused(bank, changed, "times of features")
    changed = copy.deepcopy(state)
    changed["model"]["records"][0, 3 * LANES] = -1.0
    refused(bank, changed, "sums and mean squares >= 0")


@pytest.mark.parametrize("at", [STEPS, N_SAMPLES_SEEN, BLOCK_ROWS])
def test_counters_count(at):
    model = model_of("blocks")
    refused(model, with_number(model.get_state(), "counters", at, 0.5), "whole numbers")


def test_columns_are_not_seen_more_than_rows():
    model = model_of("adagrad", "sparse")
    refused(model, with_number(model.get_state(), "seen", 0, 1e9), "seen")


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, -0.5),
        (0, 2.0),
        (1, np.nan),
        (NORM, -1.0),
        (NORM, np.inf),
        (WOKEN, np.nan),
        (WOKEN, -1.0),
        (FEATURES, 0.5),
        (ADAGRAD_CLOCK, -1.0),
        (EVIDENCE, 0.0),
    ],
)
def test_lanes_are_weighed(at, value):
    model = model_of("bank")
    refused(model, with_number(model.get_state(), "experts", at, value), "experts")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("l1", -1.0),
        ("l2", np.nan),
        ("eta0", np.inf),
        ("momentum", 1.0),
        ("beta_2", 2.0),
        ("share", 1.0),
        ("alpha", -1.0),
    ],
)
def test_specifications_ask_for_what_can_be(name, value):
    model = model_of("adam")
    state = model.get_state()
    state["model"]["spec"][name] = value
    refused(model, state, name)


@pytest.mark.parametrize(
    "classes",
    [
        np.array([0, 2, 1]),
        np.array([0, 1, 1]),
        np.array([0.0, 1.0, np.nan]),
        np.array([0, 1, 2, 3]),
        np.array([0, 1]),
        np.array([0, 1, "a"], object),
        np.array([0, 1, None], object),
        [0, 1, 2],
        None,
    ],
    ids=str,
)
def test_classes_are_sorted_labels_of_one_kind(classes):
    model = model_of("sgd")
    refused(model, {**model.get_state(), "classes_": classes}, "classes_")
    X, y = stream("log_loss", "dense", 3)
    other = SGDClassifier(random_state=0).fit(X, y)
    refused(other, {**other.get_state(), "classes_": classes}, "classes_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_iter_", -1),
        ("n_iter_", 1.5),
        ("n_features_in_", True),
        ("objective_", "low"),
        ("loss_curve_", ["a"]),
        ("validation_scores_", [1, 2]),
        ("feature_names_in_", np.arange(6)),
        ("feature_names_in_", "abcdef"),
        ("balanced_class_weights", np.array([1.0, np.nan, 1.0])),
        ("balanced_class_weights", [1.0, 1.0, 1.0]),
        ("nonsense", 1),
        (1, 1),
    ],
)
def test_other_attributes_are_what_they_can_be(name, value):
    model = model_of("sgd")
    refused(model, {**model.get_state(), name: value}, str(name) if name == name else "state")


@pytest.mark.parametrize("seed", [-1, 2**64, True])
def test_seeds_are_numbers(seed):
    model = model_of("sgd")
    state = model.get_state()
    state["model"]["seed"] = seed
    refused(model, state, "seed")


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"loss": "hinge"}, "learnt with loss = 'log_loss', this LinearClassifier has 'hinge'"),
        ({"fit_intercept": False}, "learnt with fit_intercept = True"),
    ],
)
def test_states_mean_what_the_parameters_say(parameters, match):
    model = LinearClassifier(**parameters)
    refused(model, model_of("sgd").get_state(), match)


def test_a_loss_has_its_parameter():
    X, y = stream("huber", "dense")
    state = LinearRegressor("huber", epsilon=0.5, random_state=0).partial_fit(X, y).get_state()
    refused(LinearRegressor("huber"), state, "learnt with loss_parameter = 0.5")
    assert known(LinearRegressor("huber", epsilon=0.5, random_state=0).set_state(state)) == known(
        LinearRegressor("huber", epsilon=0.5, random_state=0).partial_fit(X, y)
    )


def test_a_parameter_that_was_changed_is_saved_as_it_is(tmp_path):
    X, y = stream("huber", "dense")
    model = LinearRegressor("huber").partial_fit(X, y).set_params(loss="squared_error")
    model.save(tmp_path / "model.gsm")
    assert known(load(tmp_path / "model.gsm").partial_fit(X, y)) == known(model.partial_fit(X, y))


def test_regressors_have_one_column():
    X, y = stream("squared_error", "dense")
    model = LinearRegressor(optimizer="sgd").partial_fit(X, y)
    state = model.get_state()
    state["model"]["spec"]["columns"] = 2
    state["model"]["table"] = np.repeat(state["model"]["table"], 2, axis=2)
    state["model"]["bias"] = np.repeat(state["model"]["bias"], 2, axis=1)
    refused(model, state, "2 columns of margins: a LinearRegressor has one")


@pytest.mark.parametrize(
    "wrong", [None, {}, [None], [{"x": 1}], [{"x": [1.0], "indices": None, "y": 1.0, "weight": 1}]]
)
def test_rows_that_wait_are_rows(wrong):
    model = model_of("sgd")
    state = model.get_state()
    state["model"]["pending"] = wrong
    refused(model, state, "pending")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("coef_", np.full((1, 6), np.nan)),
        ("intercept_", np.array([np.inf])),
        ("_progress", np.array([[np.nan, 1.0, np.inf, 0.0]])),
        ("_progress", np.array([[0.0, 0.0, np.inf, 0.0]])),
        ("t_", np.inf),
        ("classes_", np.array([0, 1])),
    ],
)
def test_sgd_holds_numbers(name, value):
    X, y = stream("squared_error", "dense")
    model = SGDRegressor(random_state=0).fit(X, y)
    state = model.get_state()
    shaped = value.reshape(np.shape(state[name])) if name in ("coef_", "intercept_") else value
    refused(model, {**state, name: shaped}, name)


def test_a_file_is_checked_as_a_state_is(tmp_path):
    model = model_of("sgd")
    model._model.state.m2[0] = -1.0
    model.save(tmp_path / "model.gsm")
    with pytest.raises(SavedFileError, match=r"\['m2'\] holds -1.0 at \(0,\): it has numbers >= 0"):
        load(tmp_path / "model.gsm")


def test_what_is_frozen_reads_as_it_learnt():
    classifier = model_of("sgd")
    X, y = stream("squared_error", "dense")
    for cls, model in ((FrozenRegressor, classifier), (FrozenClassifier, LinearRegressor().fit(X, y))):
        with pytest.raises(TypeError, match=r"frozen\(\)"):
            cls(model)


def test_what_a_constructor_fixes_stays():
    X, y = stream("log_loss", "dense")
    model = Perceptron(random_state=0).fit(X, y)
    state = model.get_state()
    assert state["loss"] == "perceptron"
    refused(model, {**state, "loss": "hinge"}, "loss")
    assert model.set_state(state).get_state().keys() == state.keys()
