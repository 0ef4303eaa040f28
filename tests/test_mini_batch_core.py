"""Block-by-block learning in the compiled core against the slow twin, and epochs in their seeded order."""

import numpy as np
import pytest

from conftest import RTOL_F32, RTOL_F64
from core_arrays import counter, family, learner, rows
from core_cases import LAYOUT_STANDARDIZE, OPTIMIZERS, PENALTIES, D, block_spec, sample_of
from gradstream import _core
from near import assert_near
from problems import TASKS, task_name
from reference.mini_batch import MiniBatch

N, SEED = 61, 20


def assert_linear_near(core, twin, rtol):
    for actual, expected in zip(core.linear(), twin.linear(), strict=True):
        assert_near(actual, expected, rtol)


def assert_learner_is_the_twin(spec, task, layout, dtype=np.float64):
    """Reports of every row, the model with a block unfinished, and the model after the flush."""
    sample, rtol = sample_of(task, N), RTOL_F64 if dtype == np.float64 else RTOL_F32
    twin = MiniBatch(spec, D, family(layout), dtype)
    expected_reports = twin.learn(sample.X, sample.y, sample.s)
    core, arrays = learner(spec, D, layout, dtype)
    reports = np.empty((N, spec["columns"]))
    assert core.learn(rows(sample.X, layout, dtype), sample.y, sample.s, reports, 1) == ("ok", -1)
    assert_near(reports, expected_reports, rtol)
    assert_linear_near(core, twin, rtol)
    twin.flush()
    assert core.flush() == ("ok", -1)
    assert_linear_near(core, twin, rtol)
    assert counter(arrays, "t") == twin.t
    assert counter(arrays, "steps") == twin.steps
    assert counter(arrays, "clock") == pytest.approx(twin.clock)
    assert counter(arrays, "n_samples_seen") == twin.n_samples_seen


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_equals_the_twin(task, optimizer, penalty, layout, standardize):
    assert_learner_is_the_twin(block_spec(task, optimizer, penalty, standardize=standardize), task, layout)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_in_float32_equals_the_twin(task, optimizer, layout, standardize):
    assert_learner_is_the_twin(block_spec(task, optimizer, standardize=standardize), task, layout, np.float32)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_learn_equals_the_twin_on_every_instruction_set(task, optimizer, layout, isa):
    assert_learner_is_the_twin(block_spec(task, optimizer, batch_size=17), task, layout)


@pytest.mark.parametrize("batch_size", [2, 3, 50, 61, 1000])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "optimal"])
@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
def test_learn_equals_the_twin_for_every_batch_size(batch_size, schedule, layout):
    task = ("log_loss", 3)
    assert_learner_is_the_twin(block_spec(task, "adagrad", schedule=schedule, batch_size=batch_size), task, layout)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
def test_learn_without_intercept_equals_the_twin(optimizer, layout):
    task = ("log_loss", 1)
    assert_learner_is_the_twin({**block_spec(task, optimizer), "fit_intercept": False}, task, layout)


@pytest.mark.parametrize("schedule", ["constant", "inverse_time"])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("log_loss", 3)], ids=task_name)
def test_epochs_equal_the_twin(task, optimizer, layout, standardize, schedule):
    """Three epochs in their seeded orders; 61 rows leave a short block at the end of each."""
    spec, sample = block_spec(task, optimizer, schedule=schedule, standardize=standardize), sample_of(task, N)
    twin = MiniBatch(spec, D, family(layout))
    core, arrays = learner(spec, D, layout)
    X = rows(sample.X, layout)
    for epoch in range(3):
        twin.epoch(sample.X, sample.y, None, SEED, epoch)
        status, _ = core.epoch(X, sample.y, None, SEED, epoch, True, 1)
        assert status == ("ok", -1)
    assert_linear_near(core, twin, RTOL_F64)
    assert counter(arrays, "t") == twin.t


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_epoch_without_shuffle_is_learn_then_flush(optimizer, batch_size, layout):
    task = ("log_loss", 1)
    spec, sample = block_spec(task, optimizer, batch_size=batch_size), sample_of(task, N)
    in_order, _ = learner(spec, D, layout)
    in_order.learn(rows(sample.X, layout), sample.y, None, None, 1)
    in_order.flush()
    core, _ = learner(spec, D, layout)
    assert core.epoch(rows(sample.X, layout), sample.y, None, SEED, 0, False, 1)[0] == ("ok", -1)
    assert_near(core.linear()[0], in_order.linear()[0], RTOL_F64)
    assert_near(core.linear()[1], in_order.linear()[1], RTOL_F64)


@pytest.mark.parametrize("batch_size", [1, 8])
def test_shuffled_epoch_is_learning_the_rows_in_that_order(batch_size, layout):
    task = ("log_loss", 1)
    spec, sample = block_spec(task, "adagrad", batch_size=batch_size), sample_of(task, N)
    order = _core.permutation(N, SEED, 4)
    in_order, _ = learner(spec, D, layout)
    in_order.learn(rows(sample.X[order], layout), sample.y[order], None, None, 1)
    in_order.flush()
    core, _ = learner(spec, D, layout)
    core.epoch(rows(sample.X, layout), sample.y, None, SEED, 4, True, 1)
    assert_near(core.linear()[0], in_order.linear()[0], RTOL_F64)
