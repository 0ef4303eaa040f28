"""Row-by-row learning in the compiled core against the slow twin."""

import functools

import numpy as np
import pytest

from conftest import RTOL_F32, RTOL_F64
from core_arrays import counter, family, learner, make_spec, rows
from core_cases import LAYOUT_STANDARDIZE, OPTIMIZERS, PENALTIES, SCHEDULES, D, assert_model_near, row_spec, sample_of
from near import assert_near
from problems import TASKS, task_name
from reference import losses
from reference.streaming import Streaming

N = 30


@functools.cache
def learned_twin(spec_items, task, n_features, rows_family, dtype):
    """The twin after the sample of a task, and its reports; kept for the layouts and instruction sets that share it."""
    sample, twin = sample_of(task, N, n_features), Streaming(dict(spec_items), n_features, rows_family, dtype)
    return twin, twin.learn(sample.X, sample.y, sample.s)


def assert_learner_is_the_twin(spec, task, layout, dtype=np.float64, n_features=D):
    sample, rtol = sample_of(task, N, n_features), RTOL_F64 if dtype == np.float64 else RTOL_F32
    twin, expected_reports = learned_twin(tuple(spec.items()), task, n_features, family(layout), dtype)
    core, arrays = learner(spec, n_features, layout, dtype)
    reports = np.empty((N, spec["columns"]))
    status = core.learn(rows(sample.X, layout, dtype), sample.y, sample.s, reports, 1)
    assert status == ("ok", -1)
    assert_near(reports, expected_reports, rtol)
    assert_model_near(core, arrays, twin, rtol)
    assert counter(arrays, "n_samples_seen") == twin.n_samples_seen


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_equals_the_twin(task, optimizer, penalty, layout, standardize):
    assert_learner_is_the_twin(row_spec(task, optimizer, penalty, standardize=standardize), task, layout)


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_on_a_schedule_equals_the_twin(task, optimizer, layout, standardize, schedule):
    """Penalties meet a schedule through eta alone: the one with both its parts stands for all."""
    assert_learner_is_the_twin(row_spec(task, optimizer, "elasticnet", schedule, standardize), task, layout)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_in_float32_equals_the_twin(task, optimizer, layout, standardize):
    spec = row_spec(task, optimizer, standardize=standardize)
    assert_learner_is_the_twin(spec, task, layout, np.float32)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_equals_the_twin_on_every_instruction_set(task, optimizer, layout, isa):
    assert_learner_is_the_twin(row_spec(task, optimizer), task, layout)


@pytest.mark.parametrize("n_features", [1, 17, 130])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 10)], ids=task_name)
def test_learn_equals_the_twin_at_every_width(task, layout, optimizer, n_features, isa):
    """One value, one register and a few, many registers and a few."""
    spec = {**row_spec(task, optimizer, standardize="scale"), "eta0": 0.01}
    assert_learner_is_the_twin(spec, task, layout, n_features=n_features)


@pytest.mark.parametrize("standardize", ["scale", "center_scale"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_constant_column_has_no_coefficient(optimizer, standardize, dtype):
    """0.7 is not exact in binary, and its running mean is off by a rounding: that must not pass for a deviation."""
    sample = sample_of(("log_loss", 1), N)
    X = sample.X.copy()
    X[:, 2] = 0.7
    core, _ = learner(row_spec(("log_loss", 1), optimizer, "none", standardize=standardize), D, "dense_c", dtype)
    assert core.learn(rows(X, "dense_c", dtype), sample.y, sample.s, None, 1) == ("ok", -1)
    coef, _ = core.linear()
    assert np.flatnonzero(coef[0] == 0.0).tolist() == [2]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_a_warm_start_goes_on_like_the_twin(task, optimizer, layout, dtype, rtol):
    """Weights given at clock 5: no penalty of the time before is pending on them."""
    spec, sample = row_spec(task, optimizer), sample_of(task, N)
    core, arrays = learner(spec, D, layout, dtype, counted=5.0)
    twin = Streaming(spec, D, family(layout), dtype)
    twin.t, twin.steps, twin.clock = 5.0, 5.0, 5.0
    twin.table[0, :-1] = np.random.default_rng(1).normal(size=(D, task[1])).astype(dtype)
    core.set_planes(twin.table[:, :-1].copy())
    twin.learn(sample.X, sample.y)
    assert core.learn(rows(sample.X, layout, dtype), sample.y, None, None, 1) == ("ok", -1)
    assert_model_near(core, arrays, twin, rtol)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_without_intercept_equals_the_twin(task, optimizer, layout):
    spec = row_spec(task, optimizer)
    assert_learner_is_the_twin({**spec, "fit_intercept": False}, task, layout)


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_sparse_rows_learn_what_dense_rows_do(task, optimizer, penalty):
    """A penalty caught up later is the penalty taken at once."""
    sample, spec = sample_of(task, N), row_spec(task, optimizer, penalty, "invscaling")
    linear = []
    for layout in ("dense_c", "csr32"):
        core, _ = learner(spec, D, layout)
        core.learn(rows(sample.X, layout), sample.y, sample.s, None, 1)
        linear.append(core.linear())
    assert_near(linear[1][0], linear[0][0], RTOL_F64)
    assert_near(linear[1][1], linear[0][1], RTOL_F64)


@pytest.mark.parametrize("loss", list(losses.LOSSES))
def test_one_row_of_weight_2_is_two_rows(loss, layout):
    """The importance-invariant step of sgd at a constant rate; without penalty and intercept it is exact."""
    spec = make_spec(loss=loss, eta0=0.3, fit_intercept=False)
    x, y = np.array([[0.5, 0.0, -1.2]]), np.array([1.0])
    models = [learner(spec, 3, layout)[0] for _ in range(2)]
    models[0].learn(rows(x, layout), y, np.array([2.0]), None, 1)
    models[1].learn(rows(np.vstack([x, x]), layout), np.repeat(y, 2), None, None, 1)
    assert_near(models[0].linear()[0], models[1].linear()[0], RTOL_F64)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_very_long_sparse_stream_keeps_time(optimizer):
    """After 2^28 rows float32 counts in steps of 32: absences and pending penalties must still be the twin's."""
    task, layout, dtype, long_ago = ("log_loss", 1), "csr32", np.float32, 2.0**28
    sample, spec = sample_of(task, N), row_spec(task, optimizer, "l2")
    core, _ = learner(spec, D, layout, dtype, counted=long_ago)
    twin = Streaming(spec, D, family(layout), dtype)
    twin.t, twin.steps, twin.clock = long_ago, long_ago, long_ago
    assert core.learn(rows(sample.X, layout, dtype), sample.y, None, None, 1) == ("ok", -1)
    twin.learn(sample.X, sample.y)
    assert_near(core.linear()[0], twin.linear()[0], RTOL_F32)
