"""Block-by-block learning in the compiled core against the slow twin, and epochs in their seeded order."""

import copy
import functools

import numpy as np
import pytest

from conftest import RTOL_F32, RTOL_F64
from core_arrays import COUNTERS, counter, family, learner, rows
from core_cases import LAYOUT_STANDARDIZE, OPTIMIZERS, PENALTIES, D, assert_model_near, block_spec, sample_of
from gradstream import _core
from near import assert_near
from problems import TASKS, task_name
from reference.mini_batch import MiniBatch
from reference.streaming import Streaming

N, SEED = 61, 20


@functools.cache
def learned_twins(spec_items, task, shape, rows_family, dtype):
    """The reports, the twin with its last block unfinished, and the twin after the flush."""
    sample, twin = sample_of(task, *shape), MiniBatch(dict(spec_items), shape[1], rows_family, dtype)
    reports = twin.learn(sample.X, sample.y, sample.s)
    flushed = copy.deepcopy(twin)
    flushed.flush()
    return reports, twin, flushed


def assert_learner_is_the_twin(spec, task, layout, dtype=np.float64, shape=(N, D)):
    sample, rtol = sample_of(task, *shape), RTOL_F64 if dtype == np.float64 else RTOL_F32
    expected_reports, twin, flushed = learned_twins(tuple(spec.items()), task, shape, family(layout), dtype)
    core, arrays = learner(spec, shape[1], layout, dtype)
    reports = np.empty((shape[0], spec["columns"]))
    assert core.learn(rows(sample.X, layout, dtype), sample.y, sample.s, reports, 1) == ("ok", -1)
    assert_near(reports, expected_reports, rtol)
    assert_model_near(core, arrays, twin, rtol)
    assert core.flush() == ("ok", -1)
    assert_model_near(core, arrays, flushed, rtol)
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
@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 10)], ids=task_name)
def test_blocks_of_several_parts_equal_the_twin(task, standardize, optimizer, layout, dtype, rtol):
    """A block is summed in parts of some hundred rows; this one has more than two of them, and wide rows."""
    spec, shape = block_spec(task, optimizer, standardize=standardize, batch_size=600), (900, 37)
    sample = sample_of(task, *shape)
    _, _, flushed = learned_twins(tuple(spec.items()), task, shape, family(layout), dtype)
    core, arrays = learner(spec, 37, layout, dtype)
    assert core.learn(rows(sample.X, layout, dtype), sample.y, sample.s, None, 2) == ("ok", -1)
    assert core.flush() == ("ok", -1)
    assert_model_near(core, arrays, flushed, rtol)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
def test_learn_without_intercept_equals_the_twin(optimizer, layout):
    task = ("log_loss", 1)
    assert_learner_is_the_twin({**block_spec(task, optimizer), "fit_intercept": False}, task, layout)


def measure(twin, arrays, X, s):
    """Give the twin and the arrays of a learner the statistics of all rows, as a fit does before its first epoch."""
    if not arrays["mean"].size:
        return
    twin.standardizer.measure(X, s)
    arrays["mean"][:], arrays["m2"][:] = twin.standardizer.mean, twin.standardizer.m2
    arrays["counters"][COUNTERS.index("weight")] = twin.standardizer.weight
    arrays["seen"][:] = twin.standardizer.weight


@pytest.mark.parametrize("schedule", ["constant", "inverse_time"])
@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("log_loss", 3)], ids=task_name)
def test_epochs_equal_the_twin(task, optimizer, layout, standardize, batch_size, schedule):
    """Three weighted epochs in their seeded orders; the rows leave a short block at the end of each."""
    sample = sample_of(task, N)
    spec = block_spec(task, optimizer, "elasticnet", schedule, standardize, batch_size)
    twin = (Streaming if batch_size == 1 else MiniBatch)(spec, D, family(layout))
    core, arrays = learner(spec, D, layout)
    measure(twin, arrays, sample.X, sample.s)
    for epoch in range(3):
        expected_loss = twin.epoch(sample.X, sample.y, sample.s, SEED, epoch)
        status, mean_loss = core.epoch(rows(sample.X, layout), sample.y, sample.s, SEED, epoch, True, 1)
        assert status == ("ok", -1)
        assert mean_loss == pytest.approx(expected_loss, rel=RTOL_F64)
    assert_model_near(core, arrays, twin, RTOL_F64)


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
