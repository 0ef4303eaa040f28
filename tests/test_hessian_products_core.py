"""Products with the Hessian, and its diagonal, against the matrix written down and against differences of gradients."""

import numpy as np
import pytest

from core_arrays import make_spec, rows
from gradstream import _core
from near import assert_near
from problems import TASKS, make_sample, task_name
from reference import curvature, objective, standardizer

N, D = 60, 5
SMOOTH_TASKS = [task for task in TASKS if task[0] != "hinge"]
LAYOUTS = [
    ("dense_c", "none"),
    ("dense_c", "center_scale"),
    ("dense_f", "scale"),
    ("csr32", "none"),
    ("csr64", "scale"),
]


def make_problem(task, standardize="none", fit_intercept=True):
    sample = make_sample(task, N, D, seed=3)
    mean, m2, weight = standardizer.moments(sample.X, sample.s)
    return objective.Problem(
        sample.X,
        sample.y,
        task[0],
        s=sample.s,
        n_columns=task[1],
        loss_parameter=make_spec()["loss_parameter"],
        l2=0.03,
        fit_intercept=fit_intercept,
        center=mean if standardize == "center_scale" else 0.0,
        scale=1.0 if standardize == "none" else standardizer.inverse_deviation(mean, m2, weight),
    )


def make_points(problem):
    """A point and a direction, (d, K) and (K,) each."""
    rng = np.random.default_rng(1)
    d, K = problem.shape
    return [rng.normal(size=shape) * 0.5 for shape in ((d, K), K, (d, K), K)]


def products(problem, point, layout="dense_c", standardize="none", dtype=np.float64, n_threads=1):
    spec = make_spec(
        loss=problem.loss,
        columns=problem.n_columns,
        l2=problem.l2,
        standardize=standardize,
        fit_intercept=problem.fit_intercept,
    )
    center = problem.center if standardize == "center_scale" else None
    scale = None if standardize == "none" else problem.scale
    X = rows(problem.X, layout, dtype)
    return _core.hessian_product(X, problem.y, problem.s, spec, center, scale, *point, n_threads)


@pytest.mark.parametrize(("layout", "standardize"), LAYOUTS)
@pytest.mark.parametrize("task", SMOOTH_TASKS, ids=task_name)
def test_product_and_diagonal_are_those_of_the_matrix(task, layout, standardize, dtype):
    problem = make_problem(task, standardize)
    W, b, V, v = make_points(problem)
    H = curvature.hessian(problem, W, b)
    product, diagonal = products(problem, (W, b, V, v), layout, standardize, dtype)
    assert_near(product, H @ np.concatenate([V.ravel(), v]), 1e-7)
    assert_near(diagonal, np.diag(H), 1e-7)


@pytest.mark.parametrize("task", [("log_loss", 1), ("poisson", 1), ("log_loss", 3)], ids=task_name)
def test_product_is_the_difference_of_gradients(task):
    problem = make_problem(task)
    W, b, V, v = make_points(problem)
    step = 1e-5
    ahead, behind = (objective.smooth_gradient(problem, W + t * V, b + t * v) for t in (step, -step))
    expected = np.concatenate([(ahead[0] - behind[0]).ravel(), ahead[1] - behind[1]]) / (2 * step)
    assert_near(products(problem, (W, b, V, v))[0], expected, 1e-8)


@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
@pytest.mark.parametrize("task", SMOOTH_TASKS, ids=task_name)
def test_without_an_intercept_it_has_no_curvature(task, layout):
    problem = make_problem(task, fit_intercept=False)
    W, b, V, v = make_points(problem)
    b, v = 0 * b, 0 * v
    product, diagonal = products(problem, (W, b, V, v), layout)
    assert_near(product, curvature.hessian(problem, W, b) @ np.concatenate([V.ravel(), v]), 1e-7)
    assert not diagonal[-task[1] :].any()


@pytest.mark.parametrize("layout", ["dense_c", "csr32"])
def test_products_of_many_rows_have_the_same_bits_on_any_threads(layout, n_threads):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40_000, 30)) * (rng.random((40_000, 30)) < 0.5)
    problem = objective.Problem(X, np.where(rng.random(40_000) < 0.5, 1.0, -1.0), "log_loss", l2=0.1)
    point = make_points(problem)
    one, many = (products(problem, point, layout, n_threads=threads) for threads in (1, n_threads))
    assert [part.tobytes() for part in one] == [part.tobytes() for part in many]
    assert_near(one[0], curvature.hessian(problem, *point[:2]) @ np.concatenate([point[2].ravel(), point[3]]), 1e-7)


def test_start_at_0_is_no_special_case():
    """There margins are written down without a pass over the rows."""
    problem = make_problem(("log_loss", 3))
    W, b, V, v = make_points(problem)
    H = curvature.hessian(problem, 0 * W, b)
    assert_near(products(problem, (0 * W, b, V, v))[0], H @ np.concatenate([V.ravel(), v]), 1e-9)
