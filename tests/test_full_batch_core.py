"""The full-batch solvers of the core against optima found by SciPy, and the certificates they hand out."""

import functools

import numpy as np
import pytest

from core_arrays import make_spec, rows
from gradstream import _core
from near import assert_near
from problems import TASKS, Sample, make_sample, task_name
from reference import objective, penalties, standardizer

N, D, SEED = 60, 5, 3
TOL = 1e-9
ALPHA, L1_RATIO = 0.03, 0.4
SMOOTH_TASKS = [task for task in TASKS if task[0] != "hinge"]
HINGE_TASKS = [task for task in TASKS if task[0] == "hinge"]
# (loss, columns), penalty, solver: what full batch offers.
CASES = [
    *((task, "l2", "lbfgs") for task in SMOOTH_TASKS),
    *((task, "l2", "newton") for task in SMOOTH_TASKS),
    *((task, penalty, "gd") for task in SMOOTH_TASKS for penalty in ("l2", "l1", "elasticnet")),
    *((task, "l2", "cd") for task in [*HINGE_TASKS, ("log_loss", 1)]),
]
CASE_NAMES = [f"{task_name(task)}-{penalty}-{solver}" for task, penalty, solver in CASES]


@functools.cache
def make_problem(task, penalty, standardize):
    """The twin's problem: weighted rows, and their statistics."""
    sample = make_sample(task, N, D, SEED)
    mean, m2, weight = standardizer.moments(sample.X, sample.s)
    scale = 1.0 if standardize == "none" else standardizer.inverse_deviation(mean, m2, weight)
    l1, l2 = penalties.strengths(penalty, ALPHA, L1_RATIO)
    return objective.Problem(
        sample.X,
        sample.y,
        task[0],
        s=sample.s,
        n_columns=task[1],
        loss_parameter=make_spec()["loss_parameter"],
        l1=l1,
        l2=l2,
        center=mean if standardize == "center_scale" else 0.0,
        scale=scale,
    )


@functools.cache
def optimum_of(task, penalty, standardize):
    return objective.optimum(make_problem(task, penalty, standardize))


def solve(task, penalty, solver, standardize="none", layout="dense_c", dtype=np.float64, start=(None, None), **changes):
    problem = make_problem(task, penalty, standardize)
    spec = make_spec(loss=task[0], columns=task[1], l1=problem.l1, l2=problem.l2, standardize=standardize)
    options = {"tol": TOL, "max_iter": 20_000, "seed": 0, "n_threads": 1, "on_iteration": None, **changes}
    return _core.full_batch(
        rows(problem.X, layout, dtype),
        problem.y,
        problem.s,
        spec,
        problem.center if standardize == "center_scale" else None,
        None if standardize == "none" else problem.scale,
        *start,
        solver,
        *options.values(),
    )


@pytest.mark.parametrize(
    ("layout", "standardize"),
    [("dense_c", "none"), ("dense_c", "center_scale"), ("dense_f", "scale"), ("csr32", "none"), ("csr64", "scale")],
)
@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_solver_reaches_the_optimum(task, penalty, solver, layout, standardize, dtype):
    problem = make_problem(task, penalty, standardize)
    result = solve(task, penalty, solver, standardize, layout, dtype)
    W, b = optimum_of(task, penalty, standardize)
    assert result["status"] == "converged"
    assert result["optimality"] <= TOL
    best = objective.objective(problem, W, b)
    assert result["objective"] == pytest.approx(best, rel=1e-8)
    assert result["objective"] == pytest.approx(
        objective.objective(problem, result["coef"], result["intercept"]), rel=1e-12
    )
    # F is flat at its optimum: coefficients are known to the root of what F is known to.
    assert_near(result["coef"], W, 1e-4)


@pytest.mark.parametrize("standardize", ["none", "center_scale"])
@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_optimality_is_that_of_the_twin(task, penalty, solver, standardize):
    """Stopped early, where it is not yet rounding error. Hinge certifies a gap: an upper bound of the distance."""
    problem = make_problem(task, penalty, standardize)
    result = solve(task, penalty, solver, standardize, max_iter=2)
    if task[0] == "hinge":
        best = objective.objective(problem, *optimum_of(task, penalty, standardize))
        assert result["optimality"] >= (result["objective"] - best) / result["objective"] - 1e-12
        return
    assert result["optimality"] == pytest.approx(
        objective.optimality(problem, result["coef"], result["intercept"]), rel=1e-6
    )


@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_solution_is_its_own_start(task, penalty, solver):
    result = solve(task, penalty, solver)
    again = solve(task, penalty, solver, start=(result["coef"], result["intercept"]))
    assert again["status"] == "converged"
    assert again["objective"] == pytest.approx(result["objective"], rel=1e-9)
    assert solver == "cd" or again["n_iter"] <= 1


@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_without_intercept_the_intercept_is_0(task, penalty, solver):
    problem = objective.Problem(**{**vars(make_problem(task, penalty, "none")), "fit_intercept": False})
    spec = make_spec(loss=task[0], columns=task[1], l1=problem.l1, l2=problem.l2, fit_intercept=False)
    result = _core.full_batch(
        rows(problem.X, "dense_c"), problem.y, problem.s, spec, *[None] * 4, solver, TOL, 20_000, 0, 1, None
    )
    W, b = objective.optimum(problem)
    assert not result["intercept"].any()
    assert result["objective"] == pytest.approx(objective.objective(problem, W, b), rel=1e-8)


@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_weight_2_is_two_rows_and_weight_0_none(task, penalty, solver):
    sample = make_sample(task, N, D, SEED)
    s = np.arange(N) % 3 + 0.0
    repeated = Sample(*(np.repeat(part, s.astype(int), axis=0) for part in (sample.X, sample.y, s)))
    l1, l2 = penalties.strengths(penalty, ALPHA, L1_RATIO)
    spec = make_spec(loss=task[0], columns=task[1], l1=l1, l2=l2)
    weighted, counted = (
        _core.full_batch(rows(X, "dense_c"), y, weights, spec, *[None] * 4, solver, 1e-11, 50_000, 0, 1, None)
        for X, y, weights in ((sample.X, sample.y, s), (repeated.X, repeated.y, None))
    )
    assert_near(weighted["coef"], counted["coef"], 1e-6)


@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_threads_do_not_matter(task, penalty, solver, n_threads):
    one, many = (solve(task, penalty, solver, n_threads=threads) for threads in (1, n_threads))
    assert one["coef"].tobytes() == many["coef"].tobytes()
    assert one["loss_curve"] == many["loss_curve"]


@pytest.mark.parametrize(("task", "penalty", "solver"), CASES, ids=CASE_NAMES)
def test_too_few_iterations_are_a_status(task, penalty, solver):
    result = solve(task, penalty, solver, max_iter=1, tol=1e-15)
    assert result["n_iter"] == 1
    assert result["status"] == "max_iter"
    assert len(result["loss_curve"]) == 1


@pytest.mark.parametrize("solver", ["lbfgs", "newton", "gd", "cd"])
def test_every_iteration_is_told_and_may_be_the_last(solver):
    task = ("hinge", 1) if solver == "cd" else ("log_loss", 1)
    told = []

    def stop_at_3(iteration, value, optimality):
        told.append((iteration, value, optimality))
        return len(told) < 3

    result = solve(task, "l2", solver, on_iteration=stop_at_3, tol=1e-15)
    if len(told) < 3:
        assert result["status"] == "converged"
    assert [iteration for iteration, _, _ in told] == list(range(1, len(told) + 1))
    assert [value for _, value, _ in told] == result["loss_curve"]


@pytest.mark.parametrize("penalty", ["l2", "elasticnet"])
def test_objective_never_rises_in_a_smooth_fit(penalty):
    solver = "lbfgs" if penalty == "l2" else "gd"
    curve = solve(("log_loss", 3), penalty, solver)["loss_curve"]
    assert curve[-1] < curve[0]
    assert solver == "gd" or (np.diff(curve) <= 1e-12).all()


def test_scale_0_is_coefficient_0():
    """A constant column has no effect, even where the fit starts from a coefficient for it."""
    sample = make_sample(("log_loss", 1), N, D, SEED)
    spec = make_spec(l2=0.01, standardize="scale")
    scale = np.array([1.0, 1.0, 0.0, 1.0, 1.0])
    result = _core.full_batch(
        rows(sample.X, "dense_c"),
        sample.y,
        None,
        spec,
        None,
        scale,
        np.ones((D, 1)),
        None,
        "lbfgs",
        TOL,
        100,
        0,
        1,
        None,
    )
    assert result["coef"][2, 0] == 0.0
    assert result["coef"].all(axis=1).sum() == D - 1
