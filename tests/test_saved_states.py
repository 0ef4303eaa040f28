"""get_state and set_state: plain, complete, independent; nothing gets past the checks, for the core trusts arrays."""

import copy
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstream import LinearClassifier, LinearRegressor
from gradstream._parameters import online_spec
from gradstream._state import ARRAYS
from gradstream.regimes.state_dict import SPEC_TYPES
from saved_models import STREAM, D, known, learn, named, stream

PLAIN = (type(None), bool, int, float, str, np.ndarray, list, dict)


def is_plain(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return type(value) in PLAIN and all(is_plain(entry) for entry in inner)


@pytest.fixture(params=["dense", "sparse"])
def layout(request):
    return request.param


@pytest.fixture(params=["bank", "adam", "blocks"])
def model(request, layout):
    X, y = stream("log_loss", layout, 3)
    optimizer = "adagrad" if request.param == "blocks" else request.param
    parameters = {"batch_size": 7} if request.param == "blocks" else {}
    return learn(named("log_loss", optimizer, **parameters), X, y, 3)


def test_a_state_is_plain_and_has_the_documented_keys(model):
    state = model.get_state()
    assert is_plain(state)
    assert set(state) == {"model", "classes_", "optimizer_", "n_features_in_"}
    assert set(state["model"]) == {"version", "spec", "layout", "seed", "pending", *ARRAYS}
    assert set(LinearRegressor().fit([[0.0], [1.0]], [0.0, 1.0]).get_state()) >= {
        "n_iter_",
        "objective_",
        "loss_curve_",
        "optimality_",
    }


def test_the_types_of_a_specification_are_those_it_has():
    for cls in (LinearClassifier, LinearRegressor):
        spec = online_spec(cls().get_params(), columns=1, sparse=False)
        assert {name: type(value) for name, value in spec.items()} == SPEC_TYPES


def test_states_share_no_memory(model, layout):
    X, y = stream("log_loss", layout, 3)
    state = model.get_state()
    before, other = copy.deepcopy(state), copy.deepcopy(model).set_state(state)
    model.partial_fit(X, y)
    other.partial_fit(X, y)
    assert known(model) == known(other)
    np.testing.assert_equal(state, before)


def test_what_a_state_does_not_have_is_gone():
    X, y = stream("log_loss", "dense")
    model = LinearClassifier().fit(X, y)
    streamed = LinearClassifier().partial_fit(X, y, classes=[0, 1])
    model.set_state(streamed.get_state())
    assert not hasattr(model, "optimality_")
    assert known(model) == known(streamed)
    assert model.set_state({}).get_state() == {}
    assert not hasattr(model, "coef_")


def changed(state, key, change):
    state = copy.deepcopy(state)
    state["model"][key] = change(state["model"][key])
    return state


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    "change",
    [
        lambda array: np.concatenate([array.reshape(-1), np.ones(1, array.dtype)]),
        lambda array: array.astype(bool),
        lambda array: array.tolist(),
        lambda array: array[None],
        lambda array: None,
    ],
    ids=["longer", "bool", "list", "deeper", "None"],
)
def test_arrays_of_other_shapes_and_types_are_refused(model, name, change):
    before = known(model)
    with pytest.raises(ValueError, match=r"state\['model'\]"):
        model.set_state(changed(model.get_state(), name, change))
    assert known(model) == before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((("layout",), value) for value in ("dense", "sparse", "round")),
        *((("seed",), value) for value in (1.5, None)),
        *((("spec", "batch_size"), value) for value in (0, 4.0)),
        *((("spec", name), "nil") for name in ("loss", "optimizer", "schedule", "standardize")),
        (("spec", "columns"), 2),
        (("spec", "more"), 1),
        (("more",), 1),
        (("version",), 2),
    ],
)
def test_other_values_are_refused(model, key, value):
    state = model.get_state()
    if key == ("layout",) and value == state["model"]["layout"]:
        return
    (state["model"]["spec"] if key[0] == "spec" else state["model"])[key[-1]] = value
    before = known(model)
    with pytest.raises(ValueError, match=r"state|schedule|standardize|batch_size"):
        model.set_state(state)
    assert known(model) == before


NO_STATES = [{"model": {}}, {"n_iter_": 1}, {"model": None}, None, [], {"fit": 1}, {"alpha": 1.0}, {"more": 1}]


@pytest.mark.parametrize("state", NO_STATES, ids=str)
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match="state"):
        LinearRegressor().set_state(state)
    with pytest.raises(TypeError, match="is not saved"):
        LinearRegressor().set_state({"model": object()})


def test_states_of_other_estimators_are_refused(model):
    state = model.get_state()
    with pytest.raises(ValueError, match="loss='log_loss', which is not one of a LinearRegressor"):
        LinearRegressor().set_state(state)
    for classes in ([0, 1], [[0, 1, 2]], None):
        other = {**state, "classes_": None if classes is None else np.array(classes)}
        with pytest.raises(ValueError, match=r"state\['classes_'\]"):
            LinearClassifier().set_state(other)
    with pytest.raises(ValueError, match="feature_names_in_"):
        LinearClassifier().set_state({**state, "feature_names_in_": np.array(["a"], object)})


# What the core follows without looking: numbers of records, and the list of an unfinished sparse block.


@settings(max_examples=150)
@given(place=st.integers(0, 5), value=st.integers(-(2**31), 2**31 - 1))
def test_records_belong_to_one_feature_each(place, value):
    X, y = stream("log_loss", "sparse")
    state = learn(named("log_loss", "bank"), X, y).get_state()
    places = state["model"]["places"]
    if places[place] == value:
        return
    places[place] = value
    with pytest.raises(ValueError, match="has to name each of"):
        LinearClassifier().set_state(state)


@settings(max_examples=150)
@given(
    position=st.integers(1, 8),
    value=st.floats(-2, 9)
    | st.integers(-3, 12).map(float)
    | st.sampled_from([np.nan, np.inf, -np.inf, 1e300, 2.0**62]),
)
def test_blocks_list_features_that_are_there(position, value):
    """Any single number of the list is changed: refused, or another list that ends."""
    X, y = stream("log_loss", "sparse")
    model = learn(named("log_loss", "sgd", batch_size=100), X, y)
    state = model.get_state()
    block = state["model"]["block"]
    at = {8: len(block) - 1}.get(position, 2 * 7 + position - 1 if position < 7 else len(block) - 2)
    block[at] = value
    try:
        other = LinearClassifier(optimizer="sgd", batch_size=100).set_state(state)
    except ValueError:
        return
    other.flush()


def test_pending_rows_are_checked():
    X, y = stream("squared_error", "sparse")
    model = LinearRegressor(optimizer="sgd")
    model.progressive_fit(X, y, delay=2)
    state = model.get_state()
    row = state["model"]["pending"][0]
    for wrong in (
        {"indices": row["indices"] + 100},
        {"x": row["x"][:-1]},
        {"x": row["x"].astype(int)},
        {"indices": None},
    ):
        changed_rows = {**state, "model": {**state["model"], "pending": [{**row, **wrong}]}}
        with pytest.raises(ValueError, match=r"X, a CSR matrix|pending|X holds"):
            LinearRegressor().set_state(changed_rows)


@pytest.mark.parametrize(
    ("loss", "n_classes", "wrong"),
    [
        ("log_loss", 2, {"y": 0.0}),
        ("log_loss", 3, {"y": 2.0**40}),
        ("log_loss", 3, {"y": -1.0}),
        ("log_loss", 3, {"y": 0.5}),
        ("log_loss", 3, {"y": "a"}),
        ("poisson", 0, {"y": -1.0}),
        ("squared_error", 0, {"y": np.nan}),
        ("squared_error", 0, {"weight": -1.0}),
        ("squared_error", 0, {"weight": np.inf}),
        ("squared_error", 0, {"x": np.full(D, np.nan)}),
    ],
)
def test_labels_of_pending_rows_are_checked(loss, n_classes, wrong):
    X, y = stream(loss, "dense", n_classes)
    model = named(loss, "sgd")
    model.progressive_fit(X, y, delay=2, **({"classes": range(n_classes)} if n_classes else {}))
    state = model.get_state()
    state["model"]["pending"][0].update(wrong)
    with pytest.raises(ValueError, match=r"pending"):
        named(loss, "sgd").set_state(state)


def test_who_learns_is_not_disturbed():
    """In a callback of fit, or beside another thread, there is an error and no half of a state."""
    X, y = stream("log_loss", "dense")
    model = LinearClassifier().partial_fit(X, y, [0, 1])
    turn, errors = threading.Event(), []

    def teach():
        for _ in range(200):
            try:
                model.partial_fit(X, y)
            except RuntimeError as error:
                errors.append(error)
        turn.set()

    thread = threading.Thread(target=teach)
    thread.start()
    states, last = [], False
    while not last:
        last = turn.is_set()
        try:
            states.append(model.get_state())
        except RuntimeError as error:
            errors.append(error)
    thread.join()
    assert states
    for state in states:
        assert state["model"]["counters"][0] % STREAM == 0
    assert all("is learning already" in str(error) for error in errors)
