"""Gradient descent under l2 shrinks sparse weights together: one factor, multiplied into the table now and then."""

import numpy as np
import pytest

from conftest import RTOL_F32, RTOL_F64
from core_arrays import bits, counter, learner, rows
from core_cases import D, assert_model_near, block_spec, learner_after, linear_bits, row_spec, sample_of
from near import assert_near
from problems import task_name
from reference.mini_batch import MiniBatch
from reference.streaming import Streaming

N, SPAN = 60, 32.0  # what weights shrink by, as an exponent, before it is multiplied in
STRONG = {"l2": 20.0, "eta0": 0.1}  # exp(-2) a row: the table is rescaled every 16 rows


def strong_row_spec(task, standardize="none"):
    return {**row_spec(task, "sgd", "l2", standardize=standardize), **STRONG}


def rescaled(spec, arrays):
    """How often the factor was multiplied in."""
    return int(counter(arrays, "clock") * spec["l2"] / SPAN)


@pytest.mark.parametrize("standardize", ["none", "scale"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("task", [("log_loss", 1), ("squared_error", 1), ("log_loss", 3)], ids=task_name)
def test_learning_across_rescalings_equals_the_twin(task, dtype, standardize):
    spec, sample = strong_row_spec(task, standardize), sample_of(task, N)
    twin = Streaming(spec, D, "sparse", dtype)
    expected = twin.learn(sample.X, sample.y)
    core, arrays = learner(spec, D, "csr32", dtype)
    reports = np.empty((N, spec["columns"]))
    assert core.learn(rows(sample.X, "csr32", dtype), sample.y, None, reports, 1) == ("ok", -1)
    assert rescaled(spec, arrays) >= 3
    rtol = RTOL_F64 if dtype == np.float64 else RTOL_F32
    assert_near(reports, expected, rtol)
    assert_model_near(core, arrays, twin, rtol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_across_rescalings_equal_the_twin(dtype):
    task = ("log_loss", 1)
    spec, sample = {**block_spec(task, "sgd", "l2", batch_size=2), **STRONG}, sample_of(task, N)
    twin = MiniBatch(spec, D, "sparse", dtype)
    twin.learn(sample.X, sample.y)
    core, arrays = learner(spec, D, "csr32", dtype)
    assert core.learn(rows(sample.X, "csr32", dtype), sample.y, None, None, 1) == ("ok", -1)
    assert rescaled(spec, arrays) >= 1
    assert_model_near(core, arrays, twin, RTOL_F64 if dtype == np.float64 else RTOL_F32)


@pytest.mark.parametrize("cuts", [range(1, N), [16], [15, 17, 33]], ids=["rows", "at", "around"])
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_chunks_do_not_matter_across_rescalings(task, cuts):
    spec, sample = strong_row_spec(task), sample_of(task, N)
    whole, pieces = (learner_after(spec, sample, "csr32", cuts=cut) for cut in ((), cuts))
    assert bits(whole[1]) == bits(pieces[1])
    assert linear_bits(whole[0]) == linear_bits(pieces[0])


def test_a_call_that_fails_after_a_rescaling_leaves_the_state():
    """Few rows of a wide table are undone feature by feature, but a rescaling changes features of no row."""
    task, width = ("log_loss", 1), 4000
    spec, sample = strong_row_spec(task), sample_of(task, N)
    core, arrays = learner(spec, width, "csr32")
    core.set_planes(np.random.default_rng(0).normal(size=(1, width, 1)))
    before = bits(arrays)
    X = np.zeros((N, width))
    X[:, ::700] = sample.X
    X[-1, 700] = np.nan
    assert core.learn(rows(X, "csr32"), sample.y, None, None, 1) == ("non_finite", N - 1)
    assert bits(arrays) == before


def test_one_step_that_shrinks_everything_to_nothing():
    spec, sample = {**strong_row_spec(("log_loss", 1)), "l2": 1e9}, sample_of(("log_loss", 1), N)
    core, _ = learner(spec, D, "csr32")
    assert core.learn(rows(sample.X, "csr32"), sample.y, None, None, 1) == ("ok", -1)
    assert np.all(core.linear()[0] == 0.0)


def test_the_least_penalty_there_is_does_nothing():
    """32/l2 is infinite."""
    sample, models = sample_of(("log_loss", 1), N), []
    for l2 in (5e-324, 0.0):
        core, _ = learner({**strong_row_spec(("log_loss", 1)), "l2": l2}, D, "csr32")
        assert core.learn(rows(sample.X, "csr32"), sample.y, None, None, 1) == ("ok", -1)
        models.append(core.linear()[0])
    assert_near(models[0], models[1], RTOL_F64)


@pytest.mark.parametrize(
    ("optimizer", "penalty", "width"),
    [("sgd", "none", 1), ("sgd", "l2", 1), ("sgd", "l1", 2), ("adagrad", "none", 2), ("adagrad", "l2", 3)],
)
def test_records_keep_a_clock_only_where_features_pay_one_by_one(optimizer, penalty, width):
    _, arrays = learner(row_spec(("log_loss", 1), optimizer, penalty), D, "csr32")
    assert arrays["table"].shape == (D, width)
