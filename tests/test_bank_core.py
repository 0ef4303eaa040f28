"""The bank of the compiled core against the slow twin: eight rates side by side, dense and sparse."""

import functools

import numpy as np
import pytest

from core_arrays import counter, family, part, rows
from core_bank import (
    LAYOUT_STANDARDIZE,
    assert_state_near,
    bank_after,
    bank_spec,
    learn,
    new_bank,
    used_arrays,
    used_bits,
)
from core_cases import PENALTIES, D, sample_of
from gradstream._state import COUNTED, FEATURES, LANES, NORM, RESIDUAL, TARGET_M2, TARGET_MEAN, WEIGHT, WOKEN
from near import assert_near
from problems import TASKS, WIDE_TASKS, task_name
from reference.bank import Bank

N = 30
# The lanes' logistic step is good to nine digits. What is kept in float32 may be rounded to the neighbour.
RTOL_F64, RTOL_LOGISTIC, RTOL_F32 = 1e-11, 1e-7, 2e-6


def tolerance(task, layout, dtype):
    if dtype == np.float32 or family(layout) == "sparse":
        return RTOL_F32
    return RTOL_LOGISTIC if task[0] == "log_loss" else RTOL_F64


@functools.cache
def learned_twin(spec_items, task, n_features, rows_family, dtype):
    """The twin after the sample of a task, and its reports; kept for the layouts and instruction sets that share it."""
    sample, twin = sample_of(task, N, n_features), Bank(dict(spec_items), n_features, rows_family, dtype)
    return twin, twin.learn(sample.X, sample.y, sample.s)


def assert_bank_is_the_twin(spec, task, layout, dtype=np.float64, n_features=D):
    sample, rtol = sample_of(task, N, n_features), tolerance(task, layout, dtype)
    twin, expected_reports = learned_twin(tuple(spec.items()), task, n_features, family(layout), dtype)
    state, reports = new_bank(spec, n_features, layout, dtype), np.empty((N, spec["columns"]))
    status = learn(state, rows(sample.X, layout, dtype), sample.y, sample.s, reports)
    assert status == ("ok", -1)
    assert_near(reports, expected_reports, rtol)
    assert_state_near(state, twin, rtol)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("task", [*TASKS, *WIDE_TASKS], ids=task_name)
def test_learn_equals_the_twin(task, penalty, layout, standardize):
    assert_bank_is_the_twin(bank_spec(task, penalty, standardize), task, layout)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_in_float32_equals_the_twin(task, layout, standardize):
    assert_bank_is_the_twin(bank_spec(task, "elasticnet", standardize), task, layout, np.float32)


@pytest.mark.parametrize("task", [*TASKS, ("log_loss", 10)], ids=task_name)
def test_learn_equals_the_twin_on_every_instruction_set(task, layout, isa):
    standardize = "root_mean_square" if family(layout) == "sparse" else "center_scale"
    assert_bank_is_the_twin(bank_spec(task, "l2", standardize), task, layout)


@pytest.mark.parametrize("n_features", [1, 17, 130])
@pytest.mark.parametrize(("layout", "standardize"), [("dense_c", "scale"), ("csr32", "root_mean_square")])
@pytest.mark.parametrize("task", [("hinge", 1), ("log_loss", 3), ("hinge", 10)], ids=task_name)
def test_learn_equals_the_twin_at_every_width(task, layout, standardize, n_features, dtype, isa):
    """One value, one register and a few, many registers and a few."""
    assert_bank_is_the_twin(bank_spec(task, "elasticnet", standardize), task, layout, dtype, n_features)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_without_intercept_equals_the_twin(task, layout, standardize):
    """There is a row of zeros in the sample, and without an intercept nothing to learn from it."""
    if standardize == "center_scale":
        standardize = "scale"  # centred rows have an intercept
    assert_bank_is_the_twin(bank_spec(task, "l2", standardize, fit_intercept=False), task, layout)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("log_loss", 3)], ids=task_name)
def test_report_while_learning_is_report_before_each_row(task, layout, standardize, dtype, isa):
    """Bits."""
    sample, spec = sample_of(task, N), bank_spec(task, "elasticnet", standardize)
    X = rows(sample.X, layout, dtype)
    during, before = np.empty((N, task[1])), np.empty((N, task[1]))
    whole, single = new_bank(spec, D, layout, dtype), new_bank(spec, D, layout, dtype)
    assert learn(whole, X, sample.y, sample.s, during) == ("ok", -1)
    for i in range(N):
        row = slice(i, i + 1)
        single.core().report(part(X, row), before[row], 1)
        learn(single, part(X, row), sample.y[row], sample.s[row])
    assert during.tobytes() == before.tobytes()


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("task", [("log_loss", 1), ("huber", 1), ("log_loss", 3)], ids=task_name)
def test_report_is_the_linear_model(task, layout, standardize, n_threads):
    """Pending penalties and units of features included, on any number of threads."""
    sample = sample_of(task, N)
    state = bank_after(bank_spec(task, "elasticnet", standardize), sample, layout)
    many, out = np.tile(sample.X, (40, 1)), np.empty((40 * N, task[1]))
    assert state.core().report(rows(many, layout), out, n_threads) == ("ok", -1)
    coef, intercept = state.core().linear()
    assert_near(out, many @ coef.T + intercept, 1e-11)


@pytest.mark.parametrize(("layout", "same"), [("dense_f", "dense_c"), ("csr64", "csr32")])
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_memory_order_and_index_width_leave_the_bits(task, layout, same, dtype):
    standardize = "root_mean_square" if family(layout) == "sparse" else "center_scale"
    sample, spec = sample_of(task, N), bank_spec(task, "elasticnet", standardize)
    assert used_bits(bank_after(spec, sample, layout, dtype)) == used_bits(bank_after(spec, sample, same, dtype))


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_sparse_rows_learn_what_dense_rows_do(task, penalty):
    """A penalty caught up later is the penalty taken at once: with the clock of each half of the lanes."""
    sample, spec = sample_of(task, N), bank_spec(task, penalty, "scale")
    dense, csr = (bank_after(spec, sample, layout).core().linear() for layout in ("dense_c", "csr32"))
    assert_near(csr[0], dense[0], 1e-5)
    assert_near(csr[1], dense[1], 1e-5)


@pytest.mark.parametrize("task", [("squared_error", 1), ("huber", 1)], ids=task_name)
@pytest.mark.parametrize(("layout", "standardize"), [("dense_c", "center_scale"), ("csr32", "root_mean_square")])
@pytest.mark.parametrize("unit", [2.0**-4, 2.0**20])
def test_the_unit_of_a_real_target_does_not_matter(task, layout, standardize, unit):
    """With it, the coefficients scale: rates, weights of lanes and an l2 penalty mean the same in every unit."""
    sample, spec = sample_of(task, N), bank_spec(task, "l2", standardize)
    scaled_spec = {**spec, "loss_parameter": spec["loss_parameter"] * unit}
    one, scaled = new_bank(spec, D, layout), new_bank(scaled_spec, D, layout)
    X = rows(sample.X, layout)
    assert learn(one, X, sample.y, sample.s) == learn(scaled, X, unit * sample.y, sample.s) == ("ok", -1)
    # The accumulator's start has no unit: it is 1e-8 of whatever squares come.
    for actual, expected in zip(scaled.core().linear(), one.core().linear(), strict=True):
        assert_near(actual / unit, expected, 2e-3)
    assert_near(scaled.experts[:LANES], one.experts[:LANES], 2e-3)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("penalty", ["none", "elasticnet"])
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("log_loss", 3)], ids=task_name)
def test_from_a_batch_solution_it_goes_on_like_the_twin(task, penalty, layout, standardize):
    """All lanes at one point, lane 0 resting there until its weight has fallen to 1e-3; then it pays penalties too."""
    sample, spec = sample_of(task, N), bank_spec(task, penalty, standardize)
    X, y = np.tile(sample.X, (3, 1)), np.tile(sample.y, 3)
    if task[0] == "squared_error":
        y[10:] += 20.0  # of a target that has moved, the solution knows nothing
    state, twin = new_bank(spec, D, layout), Bank(spec, D, family(layout))
    state.experts[WOKEN], twin.resting = np.inf, True
    start_at_a_point(state, twin, task[1])
    assert learn(state, rows(X, layout), y) == ("ok", -1)
    twin.learn(X, y)
    assert twin.resting == (state.experts[WOKEN] > counter(state.arrays(), "clock"))
    assert_state_near(state, twin, 1e-5)


def start_at_a_point(state, twin, n_columns):
    """100 rows of unit deviation stand behind it."""
    rng = np.random.default_rng(1)
    point, squares = rng.normal(size=(D, n_columns)).astype(np.float32), rng.uniform(1.0, 50.0, (D, n_columns))
    twin.W[:, :-1], twin.G[:-1] = point, squares.astype(np.float32)
    twin.norm, twin.counted, twin.t, twin.clock = 4.0, 100.0, 100.0, 25.0
    twin.target_mean, twin.target_m2, twin.residual = 0.5, 300.0, 0.7
    state.experts[[NORM, TARGET_MEAN, TARGET_M2, RESIDUAL, COUNTED]] = 4.0, 0.5, 300.0, 0.7, 100.0
    state.counters[0] = 100.0
    state.counters[2] = 25.0
    if state.mean.size:
        twin.standardizer.m2[:] = state.m2[:] = twin.standardizer.weight = 100.0
        state.counters[WEIGHT] = 100.0
        state.seen[:] = 100.0
    state.set_planes(np.concatenate([twin.W[:, :-1], twin.G[None, :-1]]))


def test_a_row_of_weight_zero_only_reports(layout, dtype):
    sample, spec = sample_of(("log_loss", 1), N), bank_spec(("log_loss", 1))
    state = bank_after(spec, sample, layout, dtype)
    before, report, expected = used_bits(state), np.empty((N, 1)), np.empty((N, 1))
    X = rows(sample.X, layout, dtype)
    assert learn(state, X, sample.y, np.zeros(N), report) == ("ok", -1)
    state.core().report(X, expected, 1)
    assert used_bits(state) == before
    assert report.tobytes() == expected.tobytes()


def test_records_are_asked_for_in_the_order_that_features_come():
    spec = bank_spec(("log_loss", 1), standardize="root_mean_square")
    state = new_bank(spec, 10, "csr32")
    X = np.zeros((4, 10))
    X[0, [7, 3]], X[1, 9], X[2, [3, 5]], X[3, 0] = 1.0, 1.0, 1.0, 1.0
    s = np.array([1.0, 0.0, 1.0, 1.0])  # feature 9 has a row of weight 0 only
    before = used_bits(state)
    assert state.core().learn(rows(X, "csr32"), np.ones(4), s, None, 1) == ("full", 4)
    assert used_bits(state) == before
    state.reserve(4)
    assert state.core().learn(rows(X, "csr32"), np.ones(4), s, None, 1) == ("ok", -1)
    assert state.places.tolist() == [4, 0, 0, 1, 0, 3, 0, 2, 0, 0]
    assert state.experts[FEATURES] == len(used_arrays(state)["records"]) == 4


@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_planes_come_back_as_they_were_set(task, layout, dtype):
    spec = bank_spec(task, "elasticnet")
    state = new_bank(spec, D, layout, dtype)
    planes = np.random.default_rng(0).uniform(1.0, 2.0, (LANES + 1, D, task[1])).astype(np.float32).astype(float)
    planes[:LANES, 2], planes[LANES, 2] = 0.0, spec["initial_accumulator"]  # a feature nobody has met
    state.set_planes(planes)
    np.testing.assert_array_equal(state.planes()[:, [0, 1, 3, 4, 5]], planes[:, [0, 1, 3, 4, 5]])
    assert_near(state.planes(), planes, 1e-7)
    if state.layout == "sparse":
        assert state.experts[FEATURES] == D - 1
        assert state.places[2] == 0


def test_the_target_mean_is_the_intercept_before_there_is_anything_else():
    """The first report after a row is its target: squared errors start at the mean, not at 0."""
    spec, X = bank_spec(("squared_error", 1)), np.zeros((3, 2))
    state, report = new_bank(spec, 2, "dense_c"), np.empty((3, 1))
    assert learn(state, X, np.array([4.0, 8.0, 0.0]), None, report) == ("ok", -1)
    assert report[:2, 0].tolist() == [0.0, 4.0]
    assert state.experts[TARGET_MEAN] == pytest.approx(4.0)
