"""What row-by-row learning leaves behind: chunks, threads, weights and reports in bits, and calls that fail."""

import numpy as np
import pytest

from core_arrays import bits, learner, make_spec, part, rows
from core_cases import (
    LAYOUT_STANDARDIZE,
    OPTIMIZERS,
    D,
    learner_after,
    linear_bits,
    random_cuts,
    row_spec,
    sample_of,
)
from near import assert_near
from problems import TASKS, task_name

N, BAD_ROW = 30, 17


def learned_bits(spec, sample, layout, dtype, cuts=()):
    core, arrays = learner_after(spec, sample, layout, dtype, cuts)
    return bits(arrays), linear_bits(core)


@pytest.mark.parametrize(
    "cuts", [range(1, N), random_cuts(N, 0), random_cuts(N, 1)], ids=["rows", "split_0", "split_1"]
)
@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("hinge", 1), ("log_loss", 3)], ids=task_name)
def test_chunks_do_not_matter(task, optimizer, standardize, cuts, layout, dtype):
    """Bits, whatever is asked of the model between two chunks."""
    spec = row_spec(task, optimizer, schedule="invscaling", standardize=standardize)
    sample = sample_of(task, N)
    assert learned_bits(spec, sample, layout, dtype, cuts) == learned_bits(spec, sample, layout, dtype)


@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize(("layout", "same"), [("dense_f", "dense_c"), ("csr64", "csr32")])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", TASKS, ids=task_name)
def test_memory_order_and_index_width_leave_the_bits(task, optimizer, layout, same, standardize, dtype):
    spec, sample = row_spec(task, optimizer, standardize=standardize), sample_of(task, N)
    assert learned_bits(spec, sample, layout, dtype) == learned_bits(spec, sample, same, dtype)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_threads_do_not_matter(optimizer, layout, n_threads):
    task = ("log_loss", 1)
    sample, spec = sample_of(task, N), row_spec(task, optimizer)
    core, arrays = learner(spec, D, layout)
    core.learn(rows(sample.X, layout), sample.y, sample.s, None, n_threads)
    assert bits(arrays) == learned_bits(spec, sample, layout, np.float64)[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("standardize", ["none", "scale"])
def test_weight_zero_is_no_row(optimizer, standardize, layout, dtype):
    task = ("log_loss", 3)
    sample, spec = sample_of(task, N), row_spec(task, optimizer, standardize=standardize)
    kept = sample.s > 0
    core, arrays = learner(spec, D, layout, dtype)
    core.learn(rows(sample.X[kept], layout, dtype), sample.y[kept], sample.s[kept], None, 1)
    assert learned_bits(spec, sample, layout, dtype)[0] == bits(arrays)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_no_weights_are_weights_of_one(optimizer, layout):
    task = ("log_loss", 1)
    sample, spec = sample_of(task, N), row_spec(task, optimizer)
    states = []
    for s in (None, np.ones(N)):
        core, arrays = learner(spec, D, layout)
        core.learn(rows(sample.X, layout), sample.y, s, None, 1)
        states.append(bits(arrays))
    assert states[0] == states[1]


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3), ("hinge", 3)], ids=task_name)
def test_report_while_learning_is_report_before_each_row(task, optimizer, layout, standardize, dtype):
    sample, spec = sample_of(task, N), row_spec(task, optimizer, standardize=standardize)
    X = rows(sample.X, layout, dtype)
    during, before = np.empty((N, task[1])), np.empty((N, task[1]))
    learner(spec, D, layout, dtype)[0].learn(X, sample.y, sample.s, during, 1)
    core, _ = learner(spec, D, layout, dtype)
    for i in range(N):
        row = slice(i, i + 1)
        core.report(part(X, row), before[row], 1)
        core.learn(part(X, row), sample.y[row], sample.s[row], None, 1)
    assert during.tobytes() == before.tobytes()


@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_report_is_the_linear_model(task, optimizer, layout, standardize, dtype, rtol):
    sample, spec = sample_of(task, N), row_spec(task, optimizer, standardize=standardize)
    core, _ = learner(spec, D, layout, dtype)
    core.learn(rows(sample.X, layout, dtype), sample.y, sample.s, None, 1)
    out = np.empty((N, task[1]))
    assert core.report(rows(sample.X, layout, dtype), out, 1) == ("ok", -1)
    coef, intercept = core.linear()
    assert_near(out, sample.X @ coef.T + intercept, rtol)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", [("squared_error", 1), ("poisson", 1), ("hinge", 1), ("log_loss", 3)], ids=task_name)
def test_a_call_that_fails_leaves_the_state(task, optimizer, layout, standardize, bad):
    """The bad row stands in the middle: what the rows before it moved is taken back."""
    sample, spec = sample_of(task, N), row_spec(task, optimizer, standardize=standardize)
    core, arrays = learner(spec, D, layout)
    assert core.learn(rows(sample.X, layout), sample.y, sample.s, None, 1) == ("ok", -1)
    before = bits(arrays)
    X = sample.X.copy()
    X[BAD_ROW, 1] = bad
    s = np.where(np.arange(N) == BAD_ROW, 1.0, sample.s)
    status, row = core.learn(rows(X, layout), sample.y, s, None, 1)
    if np.isfinite(bad) and status == "ok":
        # A huge value need not overflow; what it left must then be finite.
        assert all(np.isfinite(array).all() for array in arrays.values())
        return
    assert status in ("non_finite", "overflow")
    assert BAD_ROW <= row < N
    assert bits(arrays) == before


@pytest.mark.parametrize(
    ("optimizer", "dtype"),
    [
        ("momentum", np.float64),
        ("adagrad", np.float64),
        ("adam", np.float64),
        ("sgd", np.float32),
        ("adam", np.float32),
    ],
)
def test_divergence_is_a_status_and_leaves_the_state(optimizer, dtype, layout):
    """Targets of 1e300: weights, or the squares of gradients, that the state cannot hold. (sgd's step is bounded.)"""
    core, arrays = learner(make_spec(loss="squared_error", optimizer=optimizer, eta0=1e200), D, layout, dtype)
    sample = sample_of(("squared_error", 1), N)
    before = bits(arrays)
    status, row = core.learn(rows(sample.X, layout, dtype), np.full(N, 1e300), None, None, 1)
    assert status in ("non_finite", "overflow")
    assert 0 <= row < N
    assert bits(arrays) == before


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_empty_chunk_changes_nothing(optimizer, layout):
    core, arrays = learner(row_spec(("log_loss", 1), optimizer), D, layout)
    before = bits(arrays)
    assert core.learn(rows(np.zeros((0, D)), layout), np.zeros(0), None, None, 1) == ("ok", -1)
    assert bits(arrays) == before
