"""Single rows: the short way does what the long way does, to the bit, and refuses what it refuses."""

import copy
import pickle

import numpy as np
import pytest
from scipy import sparse

from estimator_data import OPTIMIZERS, RATES, counts, features, labels, state_of, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream.exceptions import DivergenceError

D, N = 7, 60
LEARNERS = [*OPTIMIZERS, "auto"]
KINDS = ["dense", "int32", "int64"]


def parameters(optimizer):
    rate = {} if optimizer == "auto" else {"learning_rate": RATES[optimizer] / 5}
    return {"optimizer": optimizer, "random_state": 0, **rate}


def container_of(kind):
    return np.asarray if kind == "dense" else sparse.csr_array


def one(x, kind):
    """A row as the core reads it in place."""
    if kind == "dense":
        return x
    present = np.flatnonzero(x)
    return present.astype(kind), x[present]


def data(dtype=np.float64):
    return features(N, D, density=0.6).astype(dtype)


# The same bits.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", LEARNERS)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("standardize", ["auto", True])
def test_rows_on_their_own_give_the_bits_of_a_chunk(optimizer, kind, n_classes, standardize, dtype):
    X, weights = data(dtype), np.random.default_rng(0).choice([0.0, 0.5, 1.0, 2.0], N)
    y, container = labels(X, n_classes), container_of(kind)
    whole, single = (LinearClassifier(standardize=standardize, **parameters(optimizer)) for _ in range(2))
    whole.partial_fit(container(X), y, classes=range(n_classes), sample_weight=weights)
    single.partial_fit(container(X[:1]), y[:1], classes=range(n_classes), sample_weight=weights[:1])
    for i in range(1, N):
        x = one(X[i], kind)
        assert single._model.one.learn(x, int(y[i]), float(weights[i])) or single._model.state.layout == "sparse"
        if single.n_samples_seen_ < (weights[: i + 1] > 0).sum():
            single.learn_one(x, y[i], weights[i])  # a bank that needs room for new features
    assert state_of(single).items() >= {k: v for k, v in state_of(whole).items() if k != "records"}.items()
    expected = whole.predict_proba(container(X))
    for i in range(N):
        np.testing.assert_array_equal(single.predict_proba_one(one(X[i], kind)), expected[i])
        assert single.predict_one(one(X[i], kind)) == whole.predict(container(X[i : i + 1]))[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", LEARNERS)
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_targets_on_their_own_give_the_bits_of_a_chunk(optimizer, kind, loss, dtype):
    X = data(dtype)
    y, container = (counts if loss == "poisson" else values)(X), container_of(kind)
    whole, single = (LinearRegressor(loss, **parameters(optimizer)) for _ in range(2))
    whole.partial_fit(container(X), y)
    for i in range(N):
        if i == 0:
            single.partial_fit(container(X[:1]), y[:1])
        else:
            single.learn_one(one(X[i], kind), y[i] if i % 2 else float(y[i]))
    np.testing.assert_array_equal(single.coef_, whole.coef_)
    for i in range(N):
        assert single.predict_one(one(X[i], kind)) == whole.predict(container(X[i : i + 1]))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_on_their_own_under_a_strong_penalty(kind, dtype):
    """What all sparse weights have shrunk by is multiplied into the table every few rows: here every tenth."""
    X = data(dtype)
    y, container = labels(X), container_of(kind)
    model = LinearClassifier(optimizer="sgd", learning_rate=0.3, alpha=10.0, standardize=False)
    whole, single = copy.deepcopy(model).partial_fit(container(X), y, [0, 1]), model
    single.partial_fit(container(X[:1]), y[:1], [0, 1])
    for i in range(1, N):
        before = state_of(single)
        with pytest.raises(ValueError, match="NaN"):
            single.learn_one(one(np.full(D, np.nan, dtype), kind), 1)
        assert state_of(single) == before
        single.learn_one(one(X[i], kind), y[i])
    assert state_of(single) == state_of(whole)


@pytest.mark.parametrize("optimizer", LEARNERS)
def test_a_chunk_of_one_row_is_a_row(optimizer):
    X = data()
    y = labels(X)
    chunks, single = (LinearClassifier(**parameters(optimizer)).partial_fit(X[:1], y[:1], [0, 1]) for _ in range(2))
    for i in range(1, N):
        assert chunks.partial_fit(X[i : i + 1], y[i : i + 1]) is chunks
        single.learn_one(X[i], y[i])
    assert state_of(chunks) == state_of(single)


@pytest.mark.parametrize("layout", ["dense", "int64"])
def test_a_row_follows_changed_parameters_and_saved_models(layout):
    X = data()
    y, container = labels(X), container_of(layout)
    model = LinearClassifier(optimizer="sgd", learning_rate=0.1).partial_fit(container(X), y, [0, 1])
    model.learn_one(one(X[0], layout), 1)
    other = pickle.loads(pickle.dumps(model))
    for each in (model, other):
        each.set_params(learning_rate=0.7)
        each.learn_one(one(X[1], layout), 1)
        each.learn_one(one(X[2], layout), 0)
    assert state_of(model) == state_of(other)
    assert model._model.state.spec["eta0"] == 0.7


# Labels are compared by value.


@pytest.mark.parametrize(
    ("classes", "same"),
    [
        ([0, 1], [1, 1.0, True, np.int64(1), np.int8(1), np.uint64(1), np.float64(1), np.float32(1), np.True_]),
        ([-1.0, 2.0], [2.0, 2, np.float64(2), np.float32(2), np.int16(2)]),
        ([False, True], [True, np.True_, 1, 1.0]),
        (["no", "yes"], ["yes", np.str_("yes"), np.array("yes")]),
    ],
    ids=["int", "float", "bool", "str"],
)
def test_labels_of_any_type_that_equal_a_class(classes, same):
    X = data()
    start = LinearClassifier().partial_fit(X[:2], np.array(classes), classes)
    states = []
    for label in same:
        model = copy.deepcopy(start)
        for x in X[2:6]:
            model.learn_one(x, label)
        states.append(state_of(model))
    assert all(state == states[0] for state in states)
    assert states[0] != state_of(start)


@pytest.mark.parametrize("y", [2, 0.5, "yes", None, [1], np.nan, 10**400, np.int64(7), np.float64("inf")])
def test_other_labels_are_refused(y):
    X = data()
    model = LinearClassifier().partial_fit(X[:2], [0, 1], [0, 1])
    before = state_of(model)
    with pytest.raises(ValueError, match=r"y|labels|NaN"):
        model.learn_one(X[2], y)
    assert state_of(model) == before


@pytest.mark.parametrize("y", [10**400, -(10**400), np.inf, np.nan, None, "a", 1j, np.longdouble("1e4000")], ids=repr)
def test_targets_that_are_no_finite_numbers_are_refused(y):
    model = LinearRegressor().partial_fit(data(), values(data()))
    before = state_of(model)
    for call in (lambda: model.learn_one(data()[0], y), lambda: model.partial_fit(data()[:1], [y])):
        with pytest.raises(ValueError, match=r"y|NaN|Complex"):
            call()
    assert state_of(model) == before


# Rows that are not rows.


BAD_ROWS = {
    "NaN": (np.array([np.nan, *[1.0] * (D - 1)]), ValueError, "NaN"),
    "inf": (np.array([*[1.0] * (D - 1), np.inf]), ValueError, "infinity"),
    "short": (np.ones(D - 1), ValueError, "shape"),
    "two rows": (np.ones((2, D)), ValueError, "shape"),
    "text": (np.array(["a"] * D), TypeError, "real numbers"),
    "unsorted": ((np.array([3, 1]), np.ones(2)), ValueError, "decrease"),
    "twice": ((np.array([3, 3]), np.ones(2)), ValueError, "twice"),
    "outside": ((np.array([0, D]), np.ones(2)), ValueError, "outside"),
    "negative": ((np.array([-1, 2]), np.ones(2)), ValueError, "outside"),
    "lengths": ((np.array([1]), np.ones(2)), ValueError, "one length"),
    "pair of NaN": ((np.array([1]), np.array([np.nan])), ValueError, "NaN"),
    "floats for columns": ((np.array([1.0]), np.ones(1)), ValueError, "integers"),
}


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("optimizer", LEARNERS)
@pytest.mark.parametrize("bad", BAD_ROWS)
def test_a_row_that_is_none_is_refused_and_changes_nothing(bad, optimizer, container):
    X = data()
    model = LinearClassifier(**parameters(optimizer)).partial_fit(container(X), labels(X), [0, 1])
    x, error, match = BAD_ROWS[bad]
    before = state_of(model)
    for call in (lambda: model.learn_one(x, 1), lambda: model.predict_one(x), lambda: model.predict_proba_one(x)):
        with pytest.raises(error, match=match):
            call()
        assert state_of(model) == before
    model.learn_one(X[0], 1)  # and it goes on


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, "a", None, 10**400])
def test_a_weight_that_is_none_is_refused(weight):
    X = data()
    model = LinearClassifier().partial_fit(X, labels(X), [0, 1])
    before = state_of(model)
    with pytest.raises(ValueError, match="sample_weight"):
        model.learn_one(X[0], 1, weight)
    assert state_of(model) == before


@pytest.mark.parametrize("optimizer", ["momentum", "adagrad"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_would_overflow_changes_nothing(optimizer, kind):
    X = data()
    model = LinearRegressor("huber", standardize=False, **parameters(optimizer)).partial_fit(
        container_of(kind)(X), values(X)
    )
    before = state_of(model)
    with pytest.raises((DivergenceError, ValueError)):
        model.learn_one(one(np.full(D, 1e308), kind), 1.0, 1e10)
    assert state_of(model) == before


def test_rows_of_other_layouts_strides_and_types_are_learnt_all_the_same():
    X = data()
    y = labels(X)
    plain, other = (LinearClassifier(optimizer="sgd").partial_fit(X, y, [0, 1]) for _ in range(2))
    wide = np.repeat(X, 2, axis=1)
    for i, row in enumerate([wide[0, ::2], X[1].tolist(), one(X[2], "int32"), np.asfortranarray(X)[3]]):
        plain.learn_one(X[i], y[i])
        other.learn_one(row, y[i])
    np.testing.assert_allclose(other.coef_, plain.coef_, rtol=1e-12)
    assert other.predict_one(wide[0, ::2]) == plain.predict_one(X[0])


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_numbers_that_the_model_cannot_hold_are_named(container):
    X = data(np.float32)
    model = LinearRegressor(standardize=False).partial_fit(container(X), values(X))
    huge = np.full(D, 1e300)
    for call in (
        lambda: model.learn_one(huge, 1.0),
        lambda: model.predict_one(huge),
        lambda: model.partial_fit(container(huge[None]), [1.0]),
        lambda: model.predict(container(huge[None])),
    ):
        with pytest.raises(ValueError, match=r"values as large as 1e\+300, and this model keeps the float32"):
            call()


def test_probabilities_of_one_row_need_a_loss_that_has_them():
    X = data()
    model = LinearClassifier("hinge").partial_fit(X, labels(X), [0, 1])
    with pytest.raises(AttributeError, match="not available for loss='hinge'"):
        model.predict_proba_one(X[0])
