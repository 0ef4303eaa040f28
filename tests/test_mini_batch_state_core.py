"""What block-by-block learning leaves behind: carried blocks, threads, weights and reports, and calls that fail."""

import functools

import numpy as np
import pytest

from conftest import RTOL_F64
from core_arrays import bits, counter, learner, part, rows
from core_cases import LAYOUT_STANDARDIZE, OPTIMIZERS, D, block_spec, learner_after, random_cuts, sample_of
from near import assert_near
from problems import Sample, task_name

N, SEED, BAD_ROW = 61, 20, 30


@pytest.mark.parametrize(
    "cuts", [range(1, N), random_cuts(N, 0), random_cuts(N, 1)], ids=["rows", "split_0", "split_1"]
)
@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_an_unfinished_block_is_carried_to_the_next_call(task, optimizer, standardize, cuts, layout, dtype, rtol):
    """The sums of a block may be added in another order when it is cut: equal to rounding."""
    spec, sample = block_spec(task, optimizer, standardize=standardize), sample_of(task, N)
    core, arrays = learner_after(spec, sample, layout, dtype, cuts)
    whole, whole_arrays = learner_after(spec, sample, layout, dtype)
    assert_near(core.linear()[0], whole.linear()[0], rtol)
    core.flush()
    whole.flush()
    assert_near(core.linear()[0], whole.linear()[0], rtol)
    assert_near(core.linear()[1], whole.linear()[1], rtol)
    assert counter(arrays, "t") == counter(whole_arrays, "t")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_flush_of_nothing_changes_nothing(optimizer, layout):
    task = ("log_loss", 1)
    core, arrays = learner(block_spec(task, optimizer), D, layout)
    sample = sample_of(task, N)
    core.learn(rows(sample.X, layout), sample.y, None, None, 1)
    core.flush()
    before = bits(arrays)
    assert core.flush() == ("ok", -1)
    assert bits(arrays) == before


@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_weight_zero_is_no_row(optimizer, standardize, layout, dtype):
    """It takes no slot in a block either."""
    task = ("log_loss", 3)
    spec, sample = block_spec(task, optimizer, standardize=standardize), sample_of(task, N)
    kept = sample.s > 0
    without = Sample(sample.X[kept], sample.y[kept], sample.s[kept])
    (core, arrays), (core_without, arrays_without) = (
        learner_after(spec, rows_learned, layout, dtype) for rows_learned in (sample, without)
    )
    core.flush()
    core_without.flush()
    assert bits(arrays) == bits(arrays_without)


@functools.cache
def large_sample(n_columns):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(20_000, 30)) * (rng.random((20_000, 30)) < 0.5)
    y = rng.integers(0, n_columns, 20_000) if n_columns > 1 else rng.choice([-1.0, 1.0], 20_000)
    return X, y.astype(float), rng.random(20_000)


@functools.cache
def threaded_bits(task, standardize, layout, dtype, n_threads):
    """The state after a call of two blocks and a part, and after an epoch on top of it."""
    X, y, s = large_sample(task[1])
    core, arrays = learner(block_spec(task, "adam", standardize=standardize, batch_size=8192), 30, layout, dtype)
    X = rows(X, layout, dtype)
    assert core.learn(X, y, s, None, n_threads) == ("ok", -1)
    learned = bits(arrays)
    assert core.epoch(X, y, s, SEED, 0, True, n_threads)[0] == ("ok", -1)
    return learned, bits(arrays)


@pytest.mark.parametrize("n_threads", [2, 5])
@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_threads_do_not_matter(task, standardize, layout, dtype, n_threads):
    """Blocks of 8192 rows are large enough to be shared out; every thread count gives the same bits."""
    alone = threaded_bits(task, standardize, layout, dtype, 1)
    assert threaded_bits(task, standardize, layout, dtype, n_threads) == alone


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
def test_report_while_learning_is_the_model_at_the_start_of_the_block(layout, standardize):
    task = ("log_loss", 3)
    spec, sample = block_spec(task, "adagrad", standardize=standardize), sample_of(task, N)
    X = rows(sample.X, layout)
    during, before = np.empty((N, 3)), np.empty((N, 3))
    learner(spec, D, layout)[0].learn(X, sample.y, sample.s, during, 1)
    core, _ = learner(spec, D, layout)
    for i in range(N):
        row = slice(i, i + 1)
        core.report(part(X, row), before[row], 1)
        core.learn(part(X, row), sample.y[row], sample.s[row], None, 1)
    assert_near(during, before, RTOL_F64)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("squared_error", 1), ("hinge", 1), ("log_loss", 3)], ids=task_name)
def test_a_call_that_fails_leaves_the_state(task, optimizer, layout, standardize, bad):
    sample, spec = sample_of(task, N), block_spec(task, optimizer, standardize=standardize)
    core, arrays = learner(spec, D, layout)
    assert core.learn(rows(sample.X, layout), sample.y, sample.s, None, 1) == ("ok", -1)
    before = bits(arrays)
    X = sample.X.copy()
    X[BAD_ROW, 1] = bad
    status, _ = core.learn(rows(X, layout), sample.y, None, None, 1)
    assert status in ("non_finite", "overflow")
    assert bits(arrays) == before


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_divergence_is_a_status_and_leaves_the_state(optimizer, layout):
    task = ("squared_error", 1)
    sample = sample_of(task, N)
    core, arrays = learner({**block_spec(task, optimizer, "none"), "eta0": 1e200}, D, layout)
    before = bits(arrays)
    status, _ = core.learn(rows(sample.X, layout), sample.y, None, None, 1)
    assert status in ("non_finite", "overflow")
    assert bits(arrays) == before


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_divergence_of_an_epoch_is_a_status(optimizer, layout):
    """A fit starts from a state of its own, so that an epoch need not restore it."""
    task = ("squared_error", 1)
    sample = sample_of(task, N)
    core, _ = learner({**block_spec(task, optimizer, "none"), "eta0": 1e200}, D, layout)
    (status, _), _ = core.epoch(rows(sample.X, layout), sample.y, None, SEED, 0, True, 1)
    assert status in ("non_finite", "overflow")
