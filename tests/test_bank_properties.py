"""What the bank promises: a bound, units and chunks that do not matter, weights that count, memory, failed calls."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse

from conftest import RTOL_F64
from core_arrays import family, part, rows
from core_bank import LAYOUT_STANDARDIZE, bank_after, bank_spec, learn, mixture_of, new_bank, used_bits
from core_cases import D, linear_bits, random_cuts, sample_of
from estimator_data import features, labels, values
from gradstream import LinearClassifier, LinearRegressor, _state
from gradstream._state import FEATURES, LANES, NORM
from gradstream.exceptions import DivergenceError
from near import assert_near
from problems import make_sample, task_name
from reference.bank import ADAGRAD, DESCENT, Bank

N, BAD_ROW = 40, 23
CONTAINERS = [np.asarray, sparse.csr_array]


# The mixture.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("hinge", 1), ("log_loss", 3)], ids=task_name)
def test_without_sharing_the_mixture_is_as_good_as_the_best_lane(task, seed, weighted):
    """Up to ln 8, the code length of naming it. Lanes' losses are the twin's, the mixture's the core's."""
    sample = make_sample(task, 80, D, seed)
    y = np.where(np.arange(80) < 40, sample.y, sample.y[::-1])  # of another concept half-way
    s = sample.s if weighted else np.ones(80)
    spec = bank_spec(task, standardize="scale", share=0.0)
    state, twin = new_bank(spec, D, "dense_c"), Bank(spec, D)
    assert learn(state, sample.X, y, s) == ("ok", -1)
    twin.learn(sample.X, y, s)
    best = twin.lane_losses.min()
    assert best - 1e-6 <= mixture_of(state) <= best + np.log(LANES) + 1e-6


def test_with_sharing_no_weight_ever_falls_to_zero():
    X = features(3000, D)
    y = labels(X)
    model = LinearClassifier().partial_fit(X, y, [0, 1])
    weights = model._model.state.experts[:LANES]
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert weights.min() >= 1e-4 / LANES


# Units of features.


def progressive(X, y, **parameters):
    return LinearClassifier(**parameters).progressive_fit(X, y, np.unique(y), method="predict_proba")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_units_of_dense_features_do_not_matter(seed, n_classes):
    X = features(300, D, seed)
    y = labels(X, n_classes, seed)
    unit = 10.0 ** np.random.default_rng(seed).uniform(-3, 3, D)
    assert_near(progressive(X * unit, y), progressive(X, y), 1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_units_of_sparse_features_do_not_matter(seed, n_classes):
    X = features(300, D, seed, density=0.5)
    y = labels(X, n_classes, seed)
    unit = 10.0 ** np.random.default_rng(seed).uniform(-3, 3, D)
    assert_near(progressive(sparse.csr_array(X * unit), y), progressive(sparse.csr_array(X), y), 1e-4)


@pytest.mark.parametrize("unit", [1e-12, 1e-8, 1e-6, 1e8, 1e12])
def test_tiny_and_huge_sparse_values_are_values_like_others(unit):
    """AdaGrad's start, rounded to float32, must not become a sum of squares in another unit."""
    X = features(300, D, density=0.5)
    y = labels(X)
    assert_near(progressive(sparse.csr_array(X * unit), y), progressive(sparse.csr_array(X), y), 1e-4)


@pytest.mark.parametrize("unit", [1e-6, 1e12])
def test_sums_of_squares_never_fall_below_their_start(unit):
    """Of features that a row of weight has met without a gradient, too: of AdaGrad's lanes, past the hinge's kink."""
    X = sparse.csr_array(unit * np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    model = LinearClassifier("hinge", fit_intercept=False).partial_fit(X[[0] * 50], np.ones(50), [0, 1])
    model.partial_fit(X[2:], [1])
    assert (model._model.state.planes()[-1] >= 1e-8 * (1 - 1e-6)).all()


# Chunks and weights.


@pytest.mark.parametrize("cuts", [range(1, N), random_cuts(N, 0), random_cuts(N, 1)], ids=["rows", "some", "others"])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("log_loss", 3)], ids=task_name)
def test_chunks_do_not_matter(task, layout, standardize, cuts, dtype):
    """Bits, whatever is asked of the model between two chunks."""
    sample, spec = sample_of(task, N), bank_spec(task, "elasticnet", standardize)
    whole, pieces = bank_after(spec, sample, layout, dtype), bank_after(spec, sample, layout, dtype, cuts)
    assert used_bits(pieces) == used_bits(whole)
    assert linear_bits(pieces.core()) == linear_bits(whole.core())


@pytest.mark.parametrize("step", [1, 37, 500])
def test_chunks_do_not_matter_when_records_grow_in_other_steps(step):
    X = sparse.random_array((1000, 3000), density=0.002, rng=np.random.default_rng(0), format="csr")
    y = np.random.default_rng(1).integers(0, 2, 1000)
    whole, pieces = LinearClassifier().partial_fit(X, y, [0, 1]), LinearClassifier()
    for start in range(0, 1000, step):
        pieces.partial_fit(X[start : start + step], y[start : start + step], [0, 1])
    states = [model._model.state for model in (whole, pieces)]
    assert states[0].experts[FEATURES] == np.unique(X.indices).size > 1000
    assert used_bits(states[0]) == used_bits(states[1])
    np.testing.assert_array_equal(whole.coef_, pieces.coef_)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", [("log_loss", 3), ("huber", 1)], ids=task_name)
def test_weight_zero_is_no_row(task, layout, standardize, dtype):
    sample, spec = sample_of(task, N), bank_spec(task, "l2", standardize)
    kept = sample.s > 0
    state = new_bank(spec, D, layout, dtype)
    learn(state, rows(sample.X[kept], layout, dtype), sample.y[kept], sample.s[kept])
    assert used_bits(state) == used_bits(bank_after(spec, sample, layout, dtype))


def test_one_row_of_weight_2_is_two_rows_to_gradient_descent(layout):
    """Exactly, without an intercept's statistics and penalties. AdaGrad has seen twice the square before it steps."""
    spec = bank_spec(("hinge", 1))
    x, y = np.array([[0.5, 0.0, -1.2]]), np.array([1.0])
    heavy, twice = new_bank(spec, 3, layout), new_bank(spec, 3, layout)
    learn(heavy, rows(x, layout), y, np.array([2.0]))
    learn(twice, rows(np.vstack([x, x]), layout), np.repeat(y, 2))
    assert_near(heavy.planes()[DESCENT], twice.planes()[DESCENT], 1e-7)
    assert not np.allclose(heavy.planes()[ADAGRAD], twice.planes()[ADAGRAD], rtol=1e-3)
    for name in ("t", "clock"):
        index = ("t", "steps", "clock").index(name)
        assert heavy.counters[index] == pytest.approx(twice.counters[index], rel=1e-12)


@pytest.mark.parametrize("container", CONTAINERS)
def test_rows_of_weight_2_are_rows_twice_up_to_what_comes_between(container):
    """Two rows are met by two states: the second finds the first learnt, and weights of lanes that have moved.

    The mean of |x|^2 is within a hundredth, and the loss of the model within a twentieth.
    """
    X = features(1000, D, density=0.5)
    y = labels(X)
    heavy = LinearClassifier().partial_fit(container(X), y, [0, 1], np.full(1000, 2.0))
    twice = LinearClassifier().partial_fit(container(np.repeat(X, 2, axis=0)), np.repeat(y, 2), [0, 1])
    norms = [model._model.state.experts[NORM] for model in (heavy, twice)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-2)
    assert heavy.t_ == twice.t_ == 2000
    assert heavy.objective(container(X), y) == pytest.approx(twice.objective(container(X), y), rel=0.05)


@pytest.mark.parametrize("weight", [2, 0.5, np.float32(0.5), np.float64(0.5), np.int8(2), Fraction(1, 2)], ids=repr)
@pytest.mark.parametrize("container", CONTAINERS)
def test_the_weight_of_one_row_is_any_number(container, weight):
    X = features(30, D, density=0.5)
    y = labels(X)
    chunk, single = (LinearClassifier().partial_fit(container(X), y, [0, 1]) for _ in range(2))
    chunk.partial_fit(container(X[:1]), y[:1], sample_weight=[float(weight)])
    single.learn_one(X[0], y[0], weight)
    assert used_bits(single._model.state) == used_bits(chunk._model.state)


# Memory.


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_dense_state_does_not_grow(n_classes):
    X = features(2000, D)
    y = labels(X, n_classes)
    model = LinearClassifier().partial_fit(X[:10], y[:10], range(n_classes))
    before = bytes_of(model)
    assert before < 8 * (9 * (D + 1) * n_classes + 3 * D + 100)
    assert bytes_of(model.partial_fit(X, y)) == before


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_sparse_state_grows_with_the_features_it_meets(n_classes):
    """A record of 64 bytes for a column, room for half as many again at most, and 4 bytes for each feature there is."""
    d = 100_000
    X = sparse.random_array((3000, d), density=2e-5, rng=np.random.default_rng(0), format="csr")
    y = np.random.default_rng(1).integers(0, n_classes, 3000)
    model = LinearClassifier().partial_fit(X, y, range(n_classes))
    met = np.unique(X.indices).size
    width = 64 if n_classes == 2 else 192
    assert model._model.state.experts[FEATURES] == met
    assert width * met <= model._model.state.records.nbytes <= width * 1.5 * met
    assert bytes_of(model) < width * 1.5 * met + 4 * d + 10_000
    before = bytes_of(model)
    for _ in range(3):
        model.partial_fit(X, y)
    assert bytes_of(model) == before


def bytes_of(model):
    return sum(array.nbytes for array in model._model.state.arrays().values())


def test_too_many_sparse_features_are_a_clear_error(monkeypatch):
    monkeypatch.setattr(_state, "MAX_RECORD_BYTES", 64 * 300)
    X = sparse.eye_array(400, format="csr")
    y = np.arange(400) % 2
    model = LinearClassifier().partial_fit(X[:300], y[:300], [0, 1])
    before = used_bits(model._model.state)
    with pytest.raises(ValueError, match=r"64 bytes for every sparse feature it has met: 301 features.*optimizer='ada"):
        model.partial_fit(X[290:301], y[290:301])
    assert used_bits(model._model.state) == before
    model.partial_fit(X[:300], y[:300])  # it goes on with the features it knows
    with pytest.raises(ValueError, match="400 features"):
        LinearClassifier().partial_fit(X, y, [0, 1])
    LinearClassifier(optimizer="adagrad").partial_fit(X, y, [0, 1])


def test_room_for_records_stays_within_the_cap(monkeypatch):
    """A model near the cap can be pickled and copied like any other."""
    monkeypatch.setattr(_state, "MAX_RECORD_BYTES", 64 * 280)
    X = sparse.eye_array(400, format="csr")
    y = np.arange(400) % 2
    model = LinearClassifier().partial_fit(X[:200], y[:200], [0, 1]).partial_fit(X[200:250], y[200:250])
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.coef_, model.coef_)
    assert model._model.state.records.nbytes <= 64 * 280


# A call either happens or does not.


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", [("squared_error", 1), ("poisson", 1), ("log_loss", 3)], ids=task_name)
def test_a_call_that_fails_leaves_the_state(task, layout, standardize, bad):
    """The bad row stands in the middle; features that rows before it have met for the first time are forgotten."""
    sample, spec = sample_of(task, N, 12), bank_spec(task, "elasticnet", standardize)
    first, X = sample.X.copy(), sample.X.copy()
    first[:, 8:], X[BAD_ROW, 1] = 0.0, bad
    state = new_bank(spec, 12, layout)
    assert learn(state, rows(first, layout), sample.y, sample.s) == ("ok", -1)
    before, linear = used_bits(state), linear_bits(state.core())
    s = np.where(np.arange(N) == BAD_ROW, 1.0, sample.s)
    status, row = learn(state, rows(X, layout), sample.y, s)
    if np.isfinite(bad) and status == "ok":
        # A huge value need not overflow; what it left must then be finite.
        assert all(np.isfinite(array).all() for array in (state.planes(), state.bias, state.experts, state.m2))
        return
    assert status in ("non_finite", "overflow")
    assert BAD_ROW <= row < N
    assert used_bits(state) == before
    assert linear_bits(state.core()) == linear
    if family(layout) == "sparse":
        assert state.experts[FEATURES] == np.count_nonzero(state.places) <= 8


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("call", ["partial_fit", "progressive_fit"])
def test_an_estimator_is_what_it_was_after_a_failed_call(container, call):
    X = features(60, 12, density=0.5)
    y = labels(X)
    X[:30, 8:] = 0.0
    model = LinearClassifier().partial_fit(container(X[:30]), y[:30], [0, 1])
    before, twin = used_bits(model._model.state), copy.deepcopy(model)
    bad = X.copy()
    bad[45, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        getattr(model, call)(container(bad[30:]), y[30:])
    assert used_bits(model._model.state) == before
    good = [other.partial_fit(container(X[30:]), y[30:]) for other in (model, twin)]
    assert used_bits(good[0]._model.state) == used_bits(good[1]._model.state)


def test_targets_that_nothing_can_hold_are_a_divergence():
    X = features(30, D)
    model = LinearRegressor().partial_fit(X, values(X))
    before = used_bits(model._model.state)
    with pytest.raises(DivergenceError, match=r"eight rates side by side.*was kept"):
        model.partial_fit(X, np.full(30, 1e300))
    assert used_bits(model._model.state) == before


# A lane that overflows.


@pytest.mark.parametrize("broken", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("lane", [0, 3, 7])
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_a_lane_that_overflows_restarts_from_the_others(task, lane, broken, dtype):
    """As if it had stood at their average: the same bits."""
    sample, spec = sample_of(task, N), bank_spec(task, "l2", "center_scale")
    state = bank_after(spec, sample, "dense_c", dtype)
    other = state.copy()
    others = np.delete(np.arange(LANES), lane)
    weights = state.experts[others] / state.experts[others].sum()
    other.table[lane] = np.tensordot(weights, state.table[others].astype(float), 1)
    other.bias[lane] = weights @ state.bias[others]
    state.table[lane, 2] = broken
    X = sample.X.astype(dtype)
    for each in (state, other):
        assert learn(each, X, sample.y, sample.s) == ("ok", -1)
    assert_near(state.table, other.table, 1e-12 if dtype == np.float64 else 1e-5)
    assert all(np.isfinite(array).all() for array in state.arrays().values())


def test_no_sound_lane_is_a_failure_and_leaves_the_state(dtype):
    task = ("log_loss", 1)
    sample, spec = sample_of(task, N), bank_spec(task)
    state = bank_after(spec, sample, "dense_c", dtype)
    state.table[:LANES, 1] = np.inf
    before = used_bits(state)
    assert learn(state, sample.X.astype(dtype), sample.y)[0] == "non_finite"
    assert used_bits(state) == before


@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
def test_weights_that_float32_cannot_hold_restart_their_lane(layout):
    """Targets of 5e18 on values of 1e-20: the largest rate goes to 5e38 at once. With and without a report."""
    spec = bank_spec(("squared_error", 1), fit_intercept=False)
    X, y = rows(np.full((6, 1), 1e-20, np.float32), layout, np.float32), np.full(6, 5e18)
    quiet, heard = (new_bank(spec, 1, layout, np.float32) for _ in range(2))
    assert learn(quiet, X, y) == ("ok", -1)
    assert learn(heard, X, y, None, np.empty((6, 1))) == ("ok", -1)
    assert np.isfinite(quiet.planes()).all()
    assert used_bits(quiet) == used_bits(heard)


def test_reports_of_parts_are_reports_of_all(layout, dtype):
    sample = sample_of(("log_loss", 3), N)
    state = bank_after(bank_spec(("log_loss", 3), "l2"), sample, layout, dtype)
    X, whole, piece = rows(sample.X, layout, dtype), np.empty((N, 3)), np.empty((7, 3))
    state.core().report(X, whole, 1)
    state.core().report(part(X, slice(20, 27)), piece, 1)
    assert piece.tobytes() == whole[20:27].tobytes()
    assert_near(whole, sample.X @ state.core().linear()[0].T + state.core().linear()[1], RTOL_F64)
