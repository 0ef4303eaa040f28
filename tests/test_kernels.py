"""The batch kernels on every instruction set, layout and dtype against the slow twins; equal bits on any threads."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from conftest import RTOL_F32, RTOL_F64
from core_arrays import make_spec, rows
from core_cases import LAYOUT_STANDARDIZE
from gradstream import _core
from near import assert_near
from problems import TASKS, WIDE_TASKS, make_sample, task_name
from reference import columns, objective, standardizer

THREADED_ROWS = 30_000


def make_point(task, d):
    """Coefficients (d, K) and intercepts (K,) away from 0 and from any optimum."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(d, task[1])) / 2 / np.sqrt(d), rng.normal(size=task[1]) / 3


def make_problem(task, sample, s, center):
    return objective.Problem(
        sample.X,
        sample.y,
        task[0],
        s=s,
        n_columns=task[1],
        loss_parameter=make_spec()["loss_parameter"],
        center=0.0 if center is None else center,
    )


def assert_loss_gradient_is_the_twins(task, sample, layout, dtype, rtol, s=None, center=None):
    W, b = make_point(task, sample.X.shape[1])
    problem = make_problem(task, sample, s, center)
    spec = make_spec(loss=task[0], columns=task[1], alpha=0.0)
    value, g, g_b = _core.loss_gradient(rows(sample.X, layout, dtype), sample.y, s, spec, W, center, b, 1)
    weight = len(sample.X) if s is None else s.sum()
    expected_g, expected_g_b = objective.mean_loss_gradient(problem, W, b)
    assert value == pytest.approx(weight * objective.mean_loss(problem, W, b), rel=rtol)
    assert_near(g, weight * expected_g, rtol)
    assert_near(g_b, weight * expected_g_b, rtol)


def test_instruction_sets_end_with_what_every_machine_has():
    assert "baseline" in _core.available_isas()
    assert _core.isa() in _core.available_isas()


def test_unknown_instruction_set_is_refused():
    before = _core.isa()
    with pytest.raises(ValueError, match="vax"):
        _core.use_isa("vax")
    assert _core.isa() == before


# X holds float32 numbers exactly and sums are float64: the data's dtype costs no digits.
@pytest.mark.parametrize("weighted", [False, True], ids=["unit", "weighted"])
@pytest.mark.parametrize("task", TASKS + WIDE_TASKS, ids=task_name)
def test_loss_gradient_equals_the_twin(task, weighted, isa, layout, dtype):
    sample = make_sample(task, 67, 13)
    assert_loss_gradient_is_the_twins(task, sample, layout, dtype, RTOL_F64, sample.s if weighted else None)


@pytest.mark.parametrize("weighted", [False, True], ids=["unit", "weighted"])
@pytest.mark.parametrize("layout", ["dense_c", "dense_f"])
@pytest.mark.parametrize("task", TASKS + WIDE_TASKS, ids=task_name)
def test_loss_gradient_of_centred_rows_equals_the_twin(task, weighted, isa, layout, dtype):
    sample = make_sample(task, 67, 13)
    s = sample.s if weighted else None
    assert_loss_gradient_is_the_twins(task, sample, layout, dtype, RTOL_F64, s, sample.X.mean(axis=0))


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (5, 40), (9, 64), (300, 3), (1100, 33), (3, 300)])
@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3), ("hinge", 3)], ids=task_name)
def test_loss_gradient_on_awkward_shapes(task, shape, isa, layout, dtype):
    assert_loss_gradient_is_the_twins(task, make_sample(task, *shape), layout, dtype, RTOL_F64)


@pytest.mark.parametrize("order", ["every_other_row", "every_other_column", "reversed"])
def test_loss_gradient_reads_any_strides(order, dtype):
    task = ("log_loss", 1)
    sample = make_sample(task, 41, 9)
    wide = np.zeros((82, 18), dtype=dtype)
    view = {
        "every_other_row": wide[::2, :9],
        "every_other_column": wide[:41, ::2],
        "reversed": wide[40::-1, 8::-1],
    }[order]
    view[...] = sample.X
    view.flags.writeable = False
    W, b = make_point(task, 9)
    _, g, _ = _core.loss_gradient(view, sample.y, None, make_spec(), W, None, b, 1)
    expected_g, _ = objective.mean_loss_gradient(make_problem(task, sample, None, None), W, b)
    assert_near(g, 41 * expected_g, RTOL_F64)


def threaded_sample(task):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(THREADED_ROWS, 12)) * (rng.random((THREADED_ROWS, 12)) < 0.6)
    y = rng.integers(0, task[1], THREADED_ROWS) if task[1] > 1 else rng.choice([-1.0, 1.0], THREADED_ROWS)
    return X, y.astype(float), rng.random(THREADED_ROWS)


@pytest.mark.parametrize("task", [("log_loss", 1), ("log_loss", 3)], ids=task_name)
def test_loss_gradient_has_the_same_bits_on_any_number_of_threads(task, layout, dtype, n_threads):
    X, y, s = threaded_sample(task)
    X = rows(X, layout, dtype)
    W, b = make_point(task, 12)
    spec = make_spec(loss=task[0], columns=task[1])
    one = _core.loss_gradient(X, y, s, spec, W, None, b, 1)
    many = _core.loss_gradient(X, y, s, spec, W, None, b, n_threads)
    assert many[0] == one[0]
    assert many[1].tobytes() == one[1].tobytes()
    assert many[2].tobytes() == one[2].tobytes()


def test_large_blocks_of_sparse_rows_are_summed_whole():
    """So much work that a block is cut into pieces, between which Ctrl-C is looked for."""
    rng = np.random.default_rng(0)
    n, d, K = 12_000, 200, 100
    X = rng.standard_normal((n, d))
    y, W, b = rng.integers(0, K, n), 0.1 * rng.standard_normal((d, K)), rng.standard_normal(K)
    loss, g, g_b = _core.loss_gradient(
        rows(X, "csr32"), y.astype(float), None, make_spec(loss="log_loss", columns=K), W, None, b, 1
    )
    z = X @ W + b
    p = softmax(z, axis=1)
    p[np.arange(n), y] -= 1.0
    assert loss == pytest.approx((logsumexp(z, axis=1) - z[np.arange(n), y]).sum(), rel=1e-10)
    np.testing.assert_allclose(g, X.T @ p, rtol=0.0, atol=1e-9 * np.abs(g).max())
    np.testing.assert_allclose(g_b, p.sum(axis=0), rtol=0.0, atol=1e-9 * np.abs(g_b).max())


@pytest.mark.parametrize("weighted", [False, True], ids=["unit", "weighted"])
def test_moments_equal_the_twin(weighted, isa, layout, dtype):
    sample = make_sample(("log_loss", 1), 213, 11)
    s = sample.s if weighted else np.ones(213)
    mean, m2, weight = _core.moments(rows(sample.X, layout, dtype), s if weighted else None, 1)
    expected_mean, expected_m2, expected_weight = standardizer.moments(sample.X, s)
    assert weight == pytest.approx(expected_weight, rel=RTOL_F64)
    assert_near(mean, expected_mean, RTOL_F64)
    assert_near(m2, expected_m2, RTOL_F64)


def test_moments_of_wide_rows(isa, layout):
    """More columns than any scratch for targets and margins has room for."""
    X = np.random.default_rng(0).normal(size=(60, 5000))
    mean, m2, _ = _core.moments(rows(X, layout), None, 1)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=0, atol=1e-14)
    np.testing.assert_allclose(m2, 60 * X.var(axis=0), rtol=1e-12)


def test_moments_of_a_column_far_from_zero(isa, layout):
    """sum x^2 - n mean^2 would lose every digit of the deviation here."""
    X = 1e8 + np.random.default_rng(0).normal(size=(500, 3))
    mean, m2, weight = _core.moments(rows(X, layout), None, 1)
    np.testing.assert_allclose(mean, X.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(m2 / weight, X.var(axis=0), rtol=1e-6)


def test_moments_have_the_same_bits_on_any_number_of_threads(layout, dtype, n_threads):
    X, _, s = threaded_sample(("log_loss", 1))
    X = rows(X, layout, dtype)
    one, many = _core.moments(X, s, 1), _core.moments(X, s, n_threads)
    assert [np.asarray(part).tobytes() for part in one] == [np.asarray(part).tobytes() for part in many]


def test_inverse_deviation_equals_the_twin(isa):
    mean = np.array([0.0, 1.0, -3.0, 1e6, 1e6, 0.0, 5.0])
    m2 = np.array([10.0, 4.0, 1e-8, 1e-3, 1e-30, 0.0, 1e300])
    np.testing.assert_allclose(
        _core.inverse_deviation(mean, m2, 10.0), standardizer.inverse_deviation(mean, m2, 10.0), rtol=1e-14
    )


def test_constant_column_has_scale_zero(layout, dtype):
    """0.7 is not exact in binary: the rounding of the mean must not pass for a deviation."""
    X = np.full((1000, 2), 0.7)
    mean, m2, weight = _core.moments(rows(X, layout, dtype), np.random.default_rng(0).random(1000), 1)
    assert not _core.inverse_deviation(mean, m2, weight).any()


@pytest.mark.parametrize("task", TASKS, ids=task_name)
@pytest.mark.parametrize(("layout", "standardize"), LAYOUT_STANDARDIZE)
def test_squared_gradients_equal_the_twin(task, standardize, layout, dtype):
    """``coef`` is in the units of X - center, as in loss_gradient; the squares are of standardised coordinates."""
    sample = make_sample(task, 50, 6)
    W, b = make_point(task, 6)
    center = sample.X.mean(axis=0) if standardize == "center_scale" else None
    scale = None if standardize == "none" else np.linspace(0.0, 2.0, 6)
    spec = make_spec(loss=task[0], columns=task[1], standardize=standardize)
    G, G_b = _core.squared_gradients(rows(sample.X, layout, dtype), sample.y, sample.s, spec, W, center, scale, b, 1)
    Xc = sample.X if center is None else sample.X - center
    Xt = Xc if scale is None else Xc * scale
    r = columns.row_derivatives(task[0], spec["loss_parameter"], Xc @ W + b, sample.y)
    assert_near(G, (Xt**2).T @ (sample.s[:, None] * r**2), RTOL_F64)
    assert_near(G_b, sample.s @ r**2, RTOL_F64)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0), (17, 4), (40, 8)])
def test_check_finite_names_the_row(bad, place, isa, layout, dtype):
    X = make_sample(("log_loss", 1), 41, 9).X
    assert _core.check_finite(rows(X, layout, dtype)) == ("ok", -1)
    X[place] = bad
    assert _core.check_finite(rows(X, layout, dtype)) == ("non_finite", place[0])


def test_check_finite_takes_the_largest_numbers(layout, dtype):
    """A sum of the entries would overflow and call this matrix infinite."""
    X = np.full((40, 9), np.finfo(dtype).max)
    assert _core.check_finite(rows(X, layout, dtype)) == ("ok", -1)


@pytest.fixture(params=[np.int32, np.int64], ids=["int32", "int64"])
def csr(request):
    """Three rows of two values in four columns, writable."""
    return (
        np.arange(1.0, 7.0),
        np.array([0, 2, 1, 3, 0, 1], dtype=request.param),
        np.array([0, 2, 4, 6], dtype=request.param),
        4,
    )


def test_check_csr_passes_sorted_rows(csr):
    assert _core.check_csr(csr) == ("ok", -1)


@pytest.mark.parametrize(
    ("place", "index"),
    [(3, 4), (3, -1), (3, 1), (3, 0), (5, 2**30)],
    ids=["beyond", "negative", "twice", "unsorted", "far"],
)
def test_check_csr_names_the_row_of_a_bad_index(csr, place, index):
    csr[1][place] = index
    status, row = _core.check_csr(csr)
    assert status != "ok"
    assert row == place // 2


@pytest.mark.parametrize("indptr", [[0, 4, 2, 6], [0, 2, 4, 7], [1, 2, 4, 6], [-1, 2, 4, 6]])
def test_check_csr_refuses_a_bad_indptr(csr, indptr):
    csr[2][:] = indptr
    assert _core.check_csr(csr)[0] != "ok"


def test_float32_and_float64_agree(isa, layout):
    """Numbers that float32 does not hold: only their own rounding tells the two apart."""
    task = ("log_loss", 1)
    X, y, s = threaded_sample(task)
    X, y, s = X[:500], y[:500], s[:500]
    W, b = make_point(task, 12)
    results = [
        _core.loss_gradient(rows(X, layout, dtype), y, s, make_spec(), W, None, b, 1)
        for dtype in (np.float32, np.float64)
    ]
    assert results[0][0] == pytest.approx(results[1][0], rel=RTOL_F32)
    assert_near(results[0][1], results[1][1], RTOL_F32)
