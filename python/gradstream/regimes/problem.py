"""What a fit is given and what it gives back, whatever the regime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradstream import _core
from gradstream._parameters import Plan
from gradstream._state import LearnerState
from gradstream._targets import Targets
from gradstream._validation import CheckedRows, assert_finite
from gradstream.exceptions import DivergenceError

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec


SAMPLE_ROWS = 10_000  # at most: enough for means, and for the rates of an online optimizer


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of a fit, evenly spaced, with their targets and weights."""

    X: CheckedRows
    y: Float64
    weights: Float64 | None
    threads: int

    @cached_property
    def moments(self) -> tuple[Float64, Float64, float]:
        """Return means (d,), sums of squared deviations (d,), weight."""
        return _core.moments(self.X.data, self.weights, self.threads)


@dataclass(frozen=True, eq=False)
class Validation:
    """Rows that are scored and not learnt, and what their margins (n, K) are worth."""

    X: CheckedRows
    score: Callable[[Float64], float]


@dataclass(frozen=True, eq=False)
class Start:
    """Where a fit starts: coefficients (d, K) and intercepts (K,) in X's own units, of the classes if known."""

    coef: Float64
    intercept: Float64
    classes: NDArray[Any] | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """One fit. ``owner`` is the estimator's class, for messages; ``online`` what calls after the fit will do."""

    owner: str
    X: CheckedRows
    targets: Targets
    plan: Plan
    online: Spec
    seed: int
    threads: int
    tol: float | None
    max_iter: int
    n_iter_no_change: int
    shuffle: bool
    start: Start | None = None
    validation: Validation | None = None

    @cached_property
    def sample(self) -> Sample:
        """Return all rows, or at most 10,000 of them."""
        X, y, weights = self.X, self.targets.y, self.targets.weights
        step = -(-X.shape[0] // SAMPLE_ROWS)
        if step > 1:
            every = slice(None, None, step)
            X, y, weights = X.take(every), y[every].copy(), None if weights is None else weights[every].copy()
        return Sample(X, y, weights, self.threads)


@dataclass(frozen=True, eq=False)
class Solution:
    """A model that is ready to go on, and how the fit went. ``warning`` says why it did not converge, if so."""

    state: LearnerState
    optimizer: str
    n_iter: int
    objective: float
    loss_curve: list[float]
    optimality: float | None = None
    validation_scores: list[float] | None = None
    warning: str | None = None


class Watch(Protocol):
    """Who wants to know how a fit goes: progress bars, callbacks, verbose output."""

    def begin(self) -> None:
        """Tell that an iteration or epoch begins."""

    def end(self, message: str, state: Callable[[], LearnerState] | None) -> bool:
        """Tell that it is over; ``state`` gives the model as of now. True asks the fit to stop."""


@dataclass(frozen=True, eq=False)
class Standardisation:
    """Statistics of all rows of a fit; ``center`` and ``scale`` as solvers take them, None for 0 and 1."""

    mean: Float64
    m2: Float64
    weight: float
    rows: int  # of positive weight
    center: Float64 | None = None
    scale: Float64 | None = None

    @classmethod
    def of(cls, problem: Problem) -> Standardisation:
        """Measure the rows of a problem, in one pass, as its ``standardize`` mode wants it."""
        weights, n = problem.targets.weights, problem.X.shape[0]
        rows = n if weights is None else int(np.count_nonzero(weights))
        mode = problem.plan.spec["standardize"]
        if mode == "none":
            return cls(np.zeros(0), np.zeros(0), float(n if weights is None else weights.sum()), rows)
        mean, m2, weight = _core.moments(problem.X.data, weights, problem.threads)
        if not (np.isfinite(mean).all() and np.isfinite(m2).all()):
            assert_finite(problem.owner, problem.X)
            column = int(np.argmin(np.isfinite(mean) & np.isfinite(m2)))
            raise DivergenceError(
                f"The variance of column {column} of X overflows float64. Rescale the column, or use standardize=False."
            )
        center = mean if mode == "center_scale" else None
        return cls(mean, m2, weight, rows, center, _core.inverse_deviation(mean, m2, weight))

    def standardised(self, start: Start) -> tuple[Float64, Float64]:
        """Return coefficients (d, K) and intercepts (K,) in standardised coordinates; constant columns get 0."""
        coef, intercept = start.coef, start.intercept
        if self.scale is not None:
            coef = np.divide(coef, self.scale[:, None], out=np.zeros_like(coef), where=self.scale[:, None] > 0)
        if self.center is not None and self.scale is not None:
            intercept = intercept + (self.center * self.scale) @ coef
        return coef, intercept

    def in_units_of_x(self, coef: Float64, intercept: Float64) -> tuple[Float64, Float64]:
        """Return coefficients (d, K) and intercepts (K,) of a solution in X's own units."""
        if self.scale is not None:
            coef = coef * self.scale[:, None]
        return coef, intercept if self.center is None else intercept - self.center @ coef
