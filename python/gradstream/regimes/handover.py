"""From the solution of a fit to a state that goes on row by row or block by block: never a cold rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._state import EPOCH, N_SAMPLES_SEEN, STEPS, WEIGHT, LearnerState, T
from gradstream._validation import CheckedRows
from gradstream.regimes.problem import Problem, Standardisation

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec

GRADIENT_ROWS = 10_000  # at most, evenly spaced, that the rates of the online optimizer are measured on


@dataclass(frozen=True, eq=False)
class Point:
    """Weights (d, K) in standardised coordinates and intercepts (K,)."""

    weights: Float64
    intercept: Float64


def placed(problem: Problem, spec: Spec, statistics: Standardisation, point: Point) -> LearnerState:
    """Return a state at a point, its standardiser filled and its optimizer cold."""
    state = _blank(problem, spec, statistics)
    state.bias[0] = point.intercept
    planes = state.planes()
    planes[0] = point.weights
    state.set_planes(planes)
    return state


def handed_over(problem: Problem, statistics: Standardisation, point: Point, epochs: int) -> LearnerState:
    """Return the online state of a solution, its optimizer as warm as after a pass over at most 10,000 of the rows."""
    spec = problem.online
    state = _blank(problem, spec, statistics)
    state.counters[T] = statistics.weight / spec["batch_size"]
    state.counters[EPOCH] = epochs
    planes = state.planes()
    if spec["optimizer"] in ("adagrad", "adam"):
        squares, bias_squares, rows = _squared_gradients(problem, statistics, point)
        if spec["optimizer"] == "adagrad":
            planes[1] += squares
            state.bias[1] += bias_squares
        else:
            planes[2] += squares / rows
            state.bias[2] += bias_squares / rows
            state.counters[STEPS] = statistics.rows  # moments that are no longer corrected for their cold start
    planes[0] = point.weights
    state.bias[0] = point.intercept
    state.set_planes(planes)
    return state


def _blank(problem: Problem, spec: Spec, statistics: Standardisation) -> LearnerState:
    X = problem.X
    state = LearnerState.create(spec, X.shape[1], X.layout, X.dtype, problem.seed)
    state.mean[:] = statistics.mean
    state.m2[:] = statistics.m2
    state.seen[:] = statistics.weight
    state.counters[WEIGHT] = statistics.weight
    state.counters[N_SAMPLES_SEEN] = statistics.rows
    return state


def _squared_gradients(problem: Problem, statistics: Standardisation, point: Point) -> tuple[Float64, Float64, int]:
    """Return weighted sums of squares, (d, K) and (K,), of single rows' gradients, and the number of those rows."""
    X, y, weights = _sample(problem)
    coef = point.weights if statistics.scale is None else point.weights * statistics.scale[:, None]
    squares, bias_squares = _core.squared_gradients(
        X.data, y, weights, problem.online, coef, statistics.center, statistics.scale, point.intercept
    )
    return squares, bias_squares, max(1, X.shape[0] if weights is None else int(np.count_nonzero(weights)))


def _sample(problem: Problem) -> tuple[CheckedRows, Float64, Float64 | None]:
    X, y, weights = problem.X, problem.targets.y, problem.targets.weights
    step = -(-X.shape[0] // GRADIENT_ROWS)
    if step <= 1:
        return X, y, weights
    every = slice(None, None, step)
    return X.take(every), y[every].copy(), None if weights is None else weights[every].copy()
