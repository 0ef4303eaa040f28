"""merge(): coefficients in X's units by what each model has seen, statistics of all rows, slots as they were summed."""

import copy
import functools

import numpy as np
import pytest
from scipy import sparse

from core_bank import mixture_of
from estimator_data import OPTIMIZERS, features, labels, values
from gradstream import LinearClassifier, LinearRegressor
from gradstream._state import (
    ADAGRAD_CLOCK,
    CLOCK,
    COUNTED,
    EPOCH,
    LANES,
    NORM,
    RESIDUAL,
    TARGET_M2,
    TARGET_MEAN,
    WEIGHT,
    WOKEN,
)
from gradstream.exceptions import NotFittedError
from gradstream.regimes.merging import weight_seen
from near import assert_near
from reference import merging
from saved_models import known, learn, named, stream, through_a_file

LOSSES = [("log_loss", 2), ("log_loss", 3), ("squared_error", 2)]
CUT = 15


@pytest.fixture(params=["dense", "sparse"])
def layout(request):
    return request.param


def halves(model, X, y, n_classes, cut=CUT):
    """Two models of one kind: rows before the cut, rows behind it at twice their weight."""
    one, other = copy.deepcopy(model), copy.deepcopy(model)
    learn(one, X[:cut], y[:cut], n_classes)
    classes = {"classes": range(n_classes)} if isinstance(model, LinearClassifier) else {}
    other.partial_fit(X[cut:], y[cut:], sample_weight=np.full(len(y) - cut, 2.0), **classes)
    return one, other


def mean_of(one, other):
    """(coef, intercept): the mean of two by the weight that they have seen."""
    weights = [seen_by(model) for model in (one, other)]
    coef = np.average([one.coef_, other.coef_], axis=0, weights=weights)
    return coef, np.average([one.intercept_, other.intercept_], axis=0, weights=weights)


def seen_by(model):
    """Of the two halves, and of what is made of them; rows behind the cut weigh twice."""
    state = model._model.state
    return state.experts[COUNTED] if state.experts.size else state.counters[WEIGHT]


def described(model):
    """What the slow twin takes."""
    state = model._model.state
    mean, m2, _ = state.moments()
    return {
        "planes": state.planes(),
        "bias": state.bias,
        "mean": mean,
        "m2": m2,
        "weight": seen_by(model),
        "spec": state.spec,
        "trust": state.experts[:LANES] if state.bank else np.ones(1),
    }


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "bank"])
@pytest.mark.parametrize("standardize", ["auto", True, False])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("loss", "n_classes"), LOSSES)
def test_the_slow_twin_agrees(layout, optimizer, standardize, fit_intercept, loss, n_classes):
    X, y = stream(loss, layout, n_classes)
    model = named(loss, optimizer, standardize=standardize, fit_intercept=fit_intercept)
    one, other = halves(model, X, y, n_classes)
    expected, (coef, intercept) = merging.merged(described(one), described(other)), mean_of(one, other)
    before = known(other)
    assert one.merge(other) is one
    actual = described(one)
    rtol = 1e-5 if layout == "sparse" and optimizer == "bank" else 1e-10  # records are float32
    for name in ("planes", "bias", "mean", "m2", "trust"):
        for a, b in zip(np.atleast_1d(actual[name]), np.atleast_1d(expected[name]), strict=True):
            assert_near(a, b, rtol)
    assert_near(one.coef_, coef, rtol)
    assert_near(np.atleast_1d(one.intercept_), np.atleast_1d(intercept), rtol)
    assert known(other) == before
    assert one.n_samples_seen_ == len(y)
    assert one.t_ == CUT + 2 * (len(y) - CUT)
    assert actual["weight"] == one.t_


def test_statistics_are_those_of_all_rows(layout):
    X, y = stream("log_loss", layout)
    one, other = halves(named("log_loss", "adagrad", standardize=True), X, y, 2)
    weights = np.where(np.arange(len(y)) < CUT, 1.0, 2.0)
    whole = named("log_loss", "adagrad", standardize=True)
    whole.partial_fit(X, y, [0, 1], sample_weight=weights)
    for a, b in zip(one.merge(other)._model.state.moments(), whole._model.state.moments(), strict=True):
        assert_near(a, b, 1e-12)


def test_the_bank_keeps_its_books():
    X, y = stream("squared_error", "dense")
    one, other = halves(LinearRegressor(), X, y, 2)
    a, b = (model._model.state.experts.copy() for model in (one, other))
    clocks = [model._model.state.counters[CLOCK] for model in (one, other)]
    merged = one.merge(other)._model.state.experts
    weights = np.where(np.arange(len(y)) < CUT, 1.0, 2.0)
    assert merged[COUNTED] == weights.sum()
    assert merged[TARGET_MEAN] == pytest.approx(np.average(y, weights=weights))
    assert merged[TARGET_M2] == pytest.approx(weights @ (y - merged[TARGET_MEAN]) ** 2)
    for average in (NORM, RESIDUAL):
        assert merged[average] == pytest.approx(np.average([a[average], b[average]], weights=[a[COUNTED], b[COUNTED]]))
    assert merged[ADAGRAD_CLOCK] == a[ADAGRAD_CLOCK] + b[ADAGRAD_CLOCK]
    assert merged[:LANES].sum() == pytest.approx(1.0)
    assert one._model.state.counters[CLOCK] == sum(clocks) >= merged[WOKEN]


@pytest.mark.parametrize("second", ["fit", "partial_fit", "both after a row"])
def test_solutions_of_fits_merge(layout, second):
    """Two solutions stay one set of weights at which lane 0 rests; beside a stream it is awake."""
    X, y = stream("log_loss", layout, 3, n=60)
    one, other = (LinearClassifier(random_state=0) for _ in range(2))
    one.fit(X[:20], y[:20])
    learn(other, X[20:], y[20:], 3) if second == "partial_fit" else other.fit(X[20:], y[20:])
    if second == "both after a row":
        one.partial_fit(X[:1], y[:1])
        other.partial_fit(X[:1], y[:1])
    coef, intercept = mean_of(one, other)
    one.merge(other)
    state = one._model.state
    rtol = 1e-12 if layout == "dense" or second == "fit" else 1e-6
    assert_near(one.coef_, coef, rtol)
    assert_near(one.intercept_, intercept, rtol)
    assert state.bank == (second != "fit")
    assert (state.experts[WOKEN] == np.inf) == (second != "partial_fit")
    one.partial_fit(X, y)
    assert one.optimizer_ == "bank"
    assert one.n_samples_seen_ == 120 + 2 * (second == "both after a row")


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "bank", "blocks"])
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(("loss", "n_classes"), LOSSES)
def test_what_counts_is_weight(layout, optimizer, standardize, loss, n_classes):
    """Few rows of much weight outweigh many of little; cuts of the stream do not matter, nor does weight 0."""
    X, y = stream(loss, layout, n_classes)
    weights = np.where(np.arange(len(y)) < CUT, 4.0, 0.25)
    parameters = {"batch_size": 4} if optimizer == "blocks" else {}
    models = []
    for part in (slice(0, CUT), slice(CUT, None)):
        model = named(loss, "sgd" if optimizer == "blocks" else optimizer, standardize=standardize, **parameters)
        classes = {"classes": range(n_classes)} if isinstance(model, LinearClassifier) else {}
        model.partial_fit(X[part], y[part], sample_weight=weights[part], **classes)
        model.partial_fit(X[:3], y[:3], sample_weight=np.zeros(3))
        models.append(model.flush())
    one, other = models
    shares = [4.0 * CUT, 0.25 * (len(y) - CUT)]
    coef = np.average([one.coef_, other.coef_], axis=0, weights=shares)
    intercept = np.average([one.intercept_, other.intercept_], axis=0, weights=shares)
    one.merge(other)
    assert_near(one.coef_, coef, 1e-6)
    assert_near(np.atleast_1d(one.intercept_), np.atleast_1d(intercept), 1e-6)
    assert seen_by(one) == pytest.approx(sum(shares))


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "bank"])
@pytest.mark.parametrize("standardize", ["auto", True, False])
@pytest.mark.parametrize("dtypes", [(np.float64, np.float64), (np.float32, np.float64)], ids=["same", "mixed"])
def test_who_takes_in_whom_does_not_matter(layout, optimizer, standardize, dtypes):
    X, y = stream("log_loss", layout, 3)
    models = [
        learn(named("log_loss", optimizer, standardize=standardize), X[part].astype(dtype), y[part], 3)
        for part, dtype in zip((slice(0, CUT), slice(CUT, None)), dtypes, strict=True)
    ]
    one, other = (copy.deepcopy(models[i]).merge(models[1 - i]) for i in (0, 1))
    rtol = 1e-5 if np.float32 in dtypes or (layout == "sparse" and optimizer == "bank") else 1e-12
    assert_near(one.coef_, other.coef_, rtol)
    assert_near(one.intercept_, other.intercept_, rtol)
    assert_near(one._model.state.counters, other._model.state.counters, 1e-12)
    assert one._model.state.table.dtype == dtypes[0]


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "bank"])
def test_a_model_and_its_copy_are_the_same_model(layout, optimizer):
    X, y = stream("log_loss", layout, 3)
    model = learn(named("log_loss", optimizer, standardize=True), X, y, 3)
    merged = copy.deepcopy(model).merge(copy.deepcopy(model))
    assert_near(merged.coef_, model.coef_, 1e-5 if layout == "sparse" and optimizer == "bank" else 1e-12)
    assert_near(merged.intercept_, model.intercept_, 1e-12)
    assert merged.n_samples_seen_ == 2 * model.n_samples_seen_


@pytest.mark.parametrize("way", ["named then bank", "bank then named", "fit then named", "dense then sparse"])
def test_weight_that_was_seen_under_another_rule_counts(layout, way):
    X, y = stream("squared_error", layout)
    model = LinearRegressor(standardize=False, optimizer="sgd" if way == "named then bank" else "auto")
    s = np.full(len(y), 2.5)
    model = model.fit(X, y, s) if way == "fit then named" else model.partial_fit(X, y, s)
    if way == "dense then sparse":
        X = X.toarray() if layout == "sparse" else sparse.csr_array(X)
    else:
        model.set_params(optimizer="auto" if way == "named then bank" else "sgd")
    model.partial_fit(X, y, s)
    assert weight_seen(model._model.state) == pytest.approx(5.0 * len(y))


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, "bank"])
def test_a_merged_model_learns_on_and_lasts(layout, optimizer):
    X, y = stream("log_loss", layout, 3)
    one, other = halves(named("log_loss", optimizer), X, y, 3)
    one.merge(other)
    again = through_a_file(one)
    for model in (one, again):
        model.partial_fit(X, y)
    assert known(one) == known(again)


def test_what_is_unfinished_is_finished_and_what_waits_waits(layout):
    X, y = stream("squared_error", layout)
    one, other = halves(LinearRegressor(optimizer="sgd", batch_size=7), X, y, 2)
    coef, _ = mean_of(copy.deepcopy(one).flush(), copy.deepcopy(other).flush())
    one.progressive_fit(X[:2], y[:2], delay=2)
    other.progressive_fit(X[:3], y[:3], delay=3)
    assert_near(one.merge(other).coef_, coef, 1e-12)
    assert [row.y[0] for row in one._model.state.pending] == [*y[:2], *y[:3]]
    assert one.flush().n_samples_seen_ == len(y) + 5


def test_other_optimizers_layouts_and_dtypes_come_over():
    X, y = stream("log_loss", "sparse")
    one = learn(named("log_loss", "adagrad"), X[:CUT], y[:CUT])
    for optimizer, rows in (("sgd", X.toarray()), ("bank", X), ("adam", X.astype(np.float32))):
        other = learn(named("log_loss", optimizer, standardize=False), rows[CUT:], y[CUT:])
        coef, _ = mean_of(one, other)
        merged = copy.deepcopy(one).merge(other)
        assert_near(merged.coef_, coef, 1e-6)
        assert merged.optimizer_ == "adagrad"
        assert merged._model.state.layout == "sparse"


@pytest.mark.parametrize("standardize", ["auto", False])
@pytest.mark.parametrize("start", ["stream", "fit"])
def test_the_bank_hears_models_of_named_optimizers(layout, standardize, start):
    X, y = stream("log_loss", layout)
    one = LinearClassifier(standardize=standardize)
    one = one.fit(X[:CUT], y[:CUT]) if start == "fit" else learn(one, X[:CUT], y[:CUT])
    for optimizer in ("sgd", "adagrad"):
        other = learn(LinearClassifier(optimizer=optimizer, standardize=standardize), X[CUT:], y[CUT:])
        coef, intercept = mean_of(one, other)
        merged = copy.deepcopy(one).merge(other)
        assert_near(merged.coef_, coef, 1e-6)
        assert_near(merged.intercept_, intercept, 1e-6)


def test_shards_together_are_better_than_alone():
    X = features(4_000, 10)
    y = labels(X)
    shards = [LinearClassifier().partial_fit(X[i:3_000:30], y[i:3_000:30], [0, 1]) for i in range(30)]
    alone = np.mean([shard.score(X[3_000:], y[3_000:]) for shard in shards])
    merged = functools.reduce(lambda one, other: one.merge(other), shards)
    assert merged.n_samples_seen_ == 3_000
    assert merged.score(X[3_000:], y[3_000:]) > alone + 0.01
    assert merged.partial_fit(X[:3_000], y[:3_000]).score(X[3_000:], y[3_000:]) > alone + 0.01


def test_a_model_that_has_seen_nothing_says_nothing():
    X, y = stream("log_loss", "dense")
    one = learn(named("log_loss", "bank"), X, y)
    nothing = LinearClassifier().partial_fit(X, y, [0, 1], sample_weight=np.zeros(len(y)))
    coef = one.coef_
    assert_near(one.merge(nothing).coef_, coef, 1e-12)
    assert_near(nothing.merge(one).coef_, coef, 1e-12)
    both = [LinearClassifier().partial_fit(X, y, [0, 1], sample_weight=np.zeros(len(y))) for _ in range(2)]
    assert not both[0].merge(both[1]).coef_.any()


def fitted(cls=LinearClassifier, names=(0, 1), columns=3, **parameters):
    X = features(20, columns)
    y = np.array(names)[labels(X)] if cls is LinearClassifier else values(X)
    return cls(**parameters).fit(X, y)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"columns": 4}, "number of features of this one is 3, of the other 4"),
        ({"names": ("a", "b")}, "classes_"),
        ({"loss": "hinge"}, "loss of this one is 'log_loss', of the other 'hinge'"),
        ({"standardize": False}, "way to standardise columns of this one is 'center_scale', of the other 'none'"),
        ({"fit_intercept": False}, "fit_intercept"),
    ],
)
def test_models_of_other_kinds_are_refused(other, message):
    model, other = fitted(), fitted(**other)
    before = known(model)
    with pytest.raises(ValueError, match=message):
        model.merge(other)
    assert known(model) == before


def test_what_is_no_other_model_is_refused():
    model = fitted()
    with pytest.raises(TypeError, match="a LinearClassifier merges with a LinearClassifier"):
        model.merge(fitted(LinearRegressor))
    with pytest.raises(ValueError, match="this estimator itself"):
        model.merge(model)
    for one, other in ((model, LinearClassifier()), (LinearClassifier(), model)):
        with pytest.raises(NotFittedError):
            one.merge(other)
    huber = [fitted(LinearRegressor, loss="huber", epsilon=epsilon) for epsilon in (0.1, 0.2)]
    with pytest.raises(ValueError, match="parameter of the loss"):
        huber[0].merge(huber[1])


def test_names_of_columns_have_to_agree():
    pd = pytest.importorskip("pandas")  # of the test extra
    X = pd.DataFrame(features(20, 2), columns=["a", "b"])
    y = values(X.to_numpy())
    one, other = LinearRegressor().fit(X, y), LinearRegressor().fit(X[["b", "a"]], y)
    with pytest.raises(ValueError, match="feature_names_in_"):
        one.merge(other)
    one.merge(LinearRegressor().fit(sparse.csr_array(X.to_numpy()).toarray(), y))


@pytest.mark.parametrize("epochs", [(2, 5), (5, 2)])
def test_the_orders_of_epochs_go_on_after_the_later_model(epochs):
    X, y = features(100, 5), labels(features(100, 5))
    parameters = {"optimizer": "adagrad", "batch_size": 10, "tol": None, "random_state": 0}
    one, other = (LinearClassifier(max_iter=n, **parameters).fit(X, y) for n in epochs)
    assert one.merge(other)._model.state.counters[EPOCH] == 5


def test_what_two_mixtures_have_lost_is_added(layout):
    X, y = stream("log_loss", layout)
    one, other = (LinearClassifier().partial_fit(X[rows], y[rows], [0, 1]) for rows in (slice(0, 30), slice(30, None)))
    lost = [mixture_of(model._model.state) for model in (one, other)]
    assert min(lost) > 0.0
    assert mixture_of(one.merge(other)._model.state) == pytest.approx(sum(lost))
