"""From the solution of a fit to a state that goes on row by row or block by block: never a cold rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._parameters import BANK, LOG_LINK
from gradstream._state import (
    COUNTED,
    EPOCH,
    N_SAMPLES_SEEN,
    NORM,
    RESIDUAL,
    STEPS,
    TARGET_M2,
    TARGET_MEAN,
    WEIGHT,
    WOKEN,
    LearnerState,
    T,
    fresh_experts,
)
from gradstream.regimes.problem import Problem, Standardisation

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec


@dataclass(frozen=True, eq=False)
class Point:
    """Weights (d, K) in standardised coordinates and intercepts (K,)."""

    weights: Float64
    intercept: Float64


def placed(problem: Problem, spec: Spec, statistics: Standardisation, point: Point) -> LearnerState:
    """Return a state at a point, its standardiser filled and its optimizer cold."""
    state = _blank(problem, spec, statistics)
    state.set_point(point.weights, point.intercept)
    return state


def handed_over(problem: Problem, statistics: Standardisation, point: Point, epochs: int) -> LearnerState:
    """Return the online state of a solution, its optimizer as warm as after a pass over at most 10,000 of the rows.

    The bank's lanes take their places when a row comes: until then the solution is one set of weights, in the dtype of
    the data, with the squares of gradients that AdaGrad's lanes will start from.
    """
    spec = problem.online
    if spec["optimizer"] == BANK:
        spec = {**spec, "optimizer": "adagrad", "standardize": problem.plan.spec["standardize"]}
    state = _blank(problem, spec, statistics)
    state.counters[T] = statistics.weight / spec["batch_size"]
    state.counters[EPOCH] = epochs
    dense = state.layout == "dense"  # its planes are the table: no handle of the core is needed
    planes = state.table.astype(np.float64) if dense else state.planes()
    if spec["optimizer"] in WARM:
        squares = _squared_gradients(problem, statistics, point)
        WARM[spec["optimizer"]](state, planes, squares)
    if problem.online["optimizer"] == BANK:
        state.experts = _experts(problem, statistics, squares)
        state.experts[RESIDUAL] = _half_mean_square(problem, statistics, point, squares)
        if problem.online["standardize"] == "root_mean_square":
            state.units = np.stack(_core.stored_squares(problem.X.data, problem.targets.weights))
    planes[0] = point.weights
    state.bias[0] = point.intercept
    if dense:
        with np.errstate(over="ignore"):  # the data are float32
            state.table[...] = planes
    else:
        state.set_planes(planes)
    return state


@dataclass(frozen=True, eq=False)
class SquaredGradients:
    """Weighted sums of squares, (d, K) and (K,), of single rows' gradients, and the number and weight of those rows."""

    coef: Float64
    intercept: Float64
    rows: int
    weight: float


def _warm_adagrad(state: LearnerState, planes: Float64, squares: SquaredGradients) -> None:
    planes[1] += squares.coef
    state.bias[1] += squares.intercept


def _warm_adam(state: LearnerState, planes: Float64, squares: SquaredGradients) -> None:
    planes[2] += squares.coef / squares.rows
    state.bias[2] += squares.intercept / squares.rows
    state.counters[STEPS] = state.counters[N_SAMPLES_SEEN]  # moments that are no longer corrected for a cold start


WARM = {"adagrad": _warm_adagrad, "adam": _warm_adam}


def _experts(problem: Problem, statistics: Standardisation, squares: SquaredGradients) -> Float64:
    """Return the means that rates are over and what is known of the target; lane 0 will rest at the solution."""
    y, weights = problem.targets.y, problem.targets.weights
    mean = _mean(y, weights)
    experts = fresh_experts()
    experts[NORM] = _mean_square(problem, statistics) + float(problem.online["fit_intercept"])
    experts[TARGET_MEAN] = mean
    experts[TARGET_M2] = _sum_of_squares(y, mean, weights)
    experts[WOKEN] = np.inf
    experts[COUNTED] = statistics.weight
    return experts


def _mean(values: Float64, weights: Float64 | None) -> float:
    return float(values.mean() if weights is None else np.average(values, weights=weights))


def _sum_of_squares(y: Float64, mean: float, weights: Float64 | None) -> float:
    """Return the weighted sum of squared deviations, in blocks that stay in cache."""
    block, total = 1 << 14, 0.0
    for at in range(0, len(y), block):
        squares = np.square(y[at : at + block] - mean)
        total += float(squares.sum() if weights is None else (squares * weights[at : at + block]).sum())
    return total


def _half_mean_square(problem: Problem, statistics: Standardisation, point: Point, squares: SquaredGradients) -> float:
    """Return half the mean squared error (huber's at most); means ``exp(z)`` beyond ten times the largest target count
    as that.
    """
    if problem.online["loss"] not in LOG_LINK:
        return float(0.5 * squares.intercept.sum() / squares.weight)
    X, y, weights = problem.sample.X.matrix(), problem.sample.y, problem.sample.weights
    coef = _in_units_of_x(statistics, point)
    center = 0.0 if statistics.center is None else statistics.center @ coef
    with np.errstate(over="ignore"):
        means = np.exp(X @ coef - center + point.intercept)[:, 0]
    return 0.5 * _mean(np.square(y - np.minimum(means, 10.0 * max(float(y.max()), 0.0))), weights)


def _mean_square(problem: Problem, statistics: Standardisation) -> float:
    """Return the mean of ``|x|^2`` over rows as the bank reads them."""
    if statistics.center is not None and statistics.scale is not None:
        return float(np.count_nonzero(statistics.scale))
    sample = problem.sample
    if problem.online["standardize"] == "root_mean_square" and isinstance(sample.X.data, tuple):
        stored = np.diff(sample.X.data[2]).astype(float)  # every value is 1 on average
        return float(np.average(stored, weights=sample.weights))
    mean, m2, weight = sample.moments
    squares = mean**2 + m2 / weight
    return float(squares.sum() if statistics.scale is None else statistics.scale**2 @ squares)


def _blank(problem: Problem, spec: Spec, statistics: Standardisation) -> LearnerState:
    X = problem.X
    state = LearnerState.create(spec, X.shape[1], X.layout, X.dtype, problem.seed)
    state.mean[:] = statistics.mean
    state.m2[:] = statistics.m2
    state.seen[:] = statistics.weight
    state.counters[WEIGHT] = statistics.weight
    state.counters[N_SAMPLES_SEEN] = statistics.rows
    return state


def _in_units_of_x(statistics: Standardisation, point: Point) -> Float64:
    return point.weights if statistics.scale is None else point.weights * statistics.scale[:, None]


def _squared_gradients(problem: Problem, statistics: Standardisation, point: Point) -> SquaredGradients:
    X, y, weights = problem.sample.X, problem.sample.y, problem.sample.weights
    coef = _in_units_of_x(statistics, point)
    squares, bias_squares = _core.squared_gradients(
        X.data, y, weights, problem.online, coef, statistics.center, statistics.scale, point.intercept, problem.threads
    )
    rows, weight = (X.shape[0],) * 2 if weights is None else (int(np.count_nonzero(weights)), float(weights.sum()))
    return SquaredGradients(squares, bias_squares, max(1, rows), weight or 1.0)
