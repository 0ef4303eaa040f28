"""The slow twins against published numbers, finite differences and perturbation, so that they can be trusted."""

import functools

import numpy as np
import pytest

from reference import objective, order

PROBLEMS = [
    ("log_loss", 1),
    ("log_loss", 3),
    ("squared_hinge", 1),
    ("squared_hinge", 3),
    ("modified_huber", 1),
    ("squared_error", 1),
    ("huber", 1),
    ("poisson", 1),
    ("gamma", 1),
    ("tweedie", 1),
    ("hinge", 1),
    ("hinge", 3),
]


def make_problem(loss, n_columns, l1=0.0):
    rng = np.random.default_rng(7)
    X = rng.normal(size=(40, 3)) * [1, 10, 0.1]
    signal = X @ [1.0, -0.05, 3.0] + rng.normal(size=40)
    y = {
        "squared_error": signal,
        "huber": 3 * signal,
        "poisson": rng.poisson(2, 40).astype(float),
        "gamma": rng.gamma(2.0, 1.0, 40),
        "tweedie": rng.poisson(2, 40).astype(float),
    }.get(loss, np.sign(signal) if n_columns == 1 else np.digitize(signal, [-0.7, 0.7]))
    s = rng.integers(0, 4, 40).astype(float)
    return objective.Problem(
        X,
        y,
        loss,
        s=s,
        n_columns=n_columns,
        l1=l1,
        l2=0.01,
        center=X.mean(axis=0),
        loss_parameter=1.5 if loss == "tweedie" else 1.0,
    )


def test_mix_gives_the_published_numbers_of_splitmix64():
    golden = 0x9E3779B97F4A7C15
    drawn = [order.mix(1234567 + golden * i) for i in (1, 2, 3)]
    assert drawn == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize(("loss", "n_columns"), PROBLEMS)
def test_gradient_is_the_slope_of_the_objective(loss, n_columns):
    problem = make_problem(loss, n_columns)
    rng = np.random.default_rng(1)
    W, b = rng.normal(size=(3, n_columns)) / 5, rng.normal(size=n_columns) / 5
    V, c = rng.normal(size=W.shape), rng.normal(size=b.shape)
    h = 1e-6
    slope = objective.objective(problem, W + h * V, b + h * c) - objective.objective(problem, W - h * V, b - h * c)
    g, g_b = objective.smooth_gradient(problem, W, b)
    assert slope / (2 * h) == pytest.approx(np.sum(g * V) + g_b @ c, rel=1e-6)


# The twin solves hinge with an l2 penalty only.
SOLVED = [(*task, 0.0) for task in PROBLEMS] + [(*task, 0.05) for task in PROBLEMS if task[0] != "hinge"]


@functools.cache
def optimum_of(loss, n_columns, l1):
    return objective.optimum(make_problem(loss, n_columns, l1))


@pytest.mark.parametrize(("loss", "n_columns", "l1"), SOLVED)
@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5])
def test_optimum_has_no_better_neighbour(loss, n_columns, l1, distance):
    problem = make_problem(loss, n_columns, l1)
    W, b = optimum_of(loss, n_columns, l1)
    rng = np.random.default_rng(2)
    best = objective.objective(problem, W, b)
    moves = [(rng.normal(size=W.shape), rng.normal(size=b.shape)) for _ in range(30)]
    neighbours = [objective.objective(problem, W + distance * V, b + distance * c) for V, c in moves]
    assert min(neighbours) >= best - 1e-13
