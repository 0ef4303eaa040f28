"""Least squares by sums of products: one read of X, and the optimum for any penalty; sums of chunks add up."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradstream import _core
from gradstream._validation import CheckedRows, assert_finite
from gradstream.regimes.handover import Point, handed_over
from gradstream.regimes.problem import Problem, Solution, Standardisation, Watch

if TYPE_CHECKING:
    from gradstream._core import Float64

MOST_COLUMNS = 1024  # of X: products of more take longer to factorise than they are worth
READS = 10.0  # of dense X by a gradient: what the sums may cost in their place
SPARSE_READS = 7.0  # the same of sparse X: what conjugate gradients take where columns are hardly correlated
AT_ONCE = 2e6  # nanoseconds that are never too many
ILL_CONDITIONED = 1e-6  # least share of a diagonal element left in a factor: the digits of sums end at 1e-14
POLISHING = 4  # rounds, at most
EXACT = 1e-12  # optimality of what is called exact


@dataclass(frozen=True, eq=False)
class Sums:
    """Weighted means and sums of products of deviations from them: all that least squares knows of rows.

    ``mean`` (d + m,) is of columns, then of targets; ``products`` (d, d), ``cross`` (d, m), ``squares`` (m,). ``rows``
    counts those of positive weight.
    """

    weight: float
    mean: Float64
    products: Float64
    cross: Float64
    squares: Float64
    rows: int

    @classmethod
    def of_dictionary(cls, values: Any) -> Sums:
        """Return sums that were read back, or raise ValueError where no rows have such."""
        names = [part.name for part in fields(cls)]
        if not isinstance(values, dict) or values.keys() != set(names):
            raise ValueError(f"state['_sums'] has to have the keys {names}, got {values!r:.200}.")
        sums = cls(**values)
        arrays = [getattr(sums, name) for name in ("mean", "products", "cross", "squares")]
        if not all(isinstance(array, np.ndarray) and array.dtype == np.float64 for array in arrays):
            raise ValueError(f"state['_sums'] has to have arrays of float64, got {values!r:.200}.")
        d, m = len(sums.products), len(sums.squares)
        if [array.shape for array in arrays] != [(d + m,), (d, d), (d, m), (m,)] or not (
            isinstance(sums.weight, float) and 0.0 <= sums.weight < np.inf and type(sums.rows) is int and sums.rows >= 0
        ):
            raise ValueError(
                f"state['_sums'] has parts of shapes {[array.shape for array in arrays]}, {values!r:.200}."
            )
        if not all(np.isfinite(array).all() for array in arrays):
            raise ValueError("state['_sums'] holds numbers that are not finite: sums of rows are.")
        return sums

    def merged(self, other: Sums) -> Sums:
        """Return the sums of both sets of rows (Chan, Golub and LeVeque 1983)."""
        if other.weight == 0.0:
            return self
        if self.weight == 0.0:
            return other
        weight = self.weight + other.weight
        apart = other.mean - self.mean
        share = self.weight / weight * other.weight
        d = len(self.products)
        columns, targets = apart[:d], apart[d:]
        return Sums(
            weight,
            self.mean + apart * (other.weight / weight),
            self.products + other.products + np.outer(share * columns, columns),
            self.cross + other.cross + np.outer(share * columns, targets),
            self.squares + other.squares + share * targets**2,
            self.rows + other.rows,
        )

    def of_target(self, k: int) -> Sums:
        """Return the sums of one of the targets."""
        d = len(self.products)
        return replace(
            self,
            mean=np.append(self.mean[:d], self.mean[d + k]),
            cross=np.ascontiguousarray(self.cross[:, k : k + 1]),
            squares=self.squares[k : k + 1],
        )

    @property
    def target_mean(self) -> Float64:
        """Return means of targets, (m,)."""
        return self.mean[len(self.products) :]

    def optimum(self, l2: Float64, *, fit_intercept: bool, scale: Float64 | None = None) -> LeastSquaresOptimum:
        """Return the optimum of every target under its own l2, (m,), on columns times ``scale``."""
        coef, intercept, objective, optimality, pivot = _core.least_squares(
            self.weight, self.mean, self.products, self.cross, self.squares, scale, l2, fit_intercept
        )
        return LeastSquaresOptimum(coef, intercept, objective, optimality, pivot)


@dataclass(frozen=True, eq=False)
class LeastSquaresOptimum:
    """Coefficients (d, m) in scaled units, intercepts (m,) of rows in X's own; ``pivot`` is 0 where there is none."""

    coef: Float64
    intercept: Float64
    objective: Float64
    optimality: Float64
    pivot: float


def pays(X: CheckedRows, targets: int, reads: float = READS) -> bool:
    """Say whether sums of products of these rows are cheaper than iterating: so many gradients of dense rows."""
    n, d = X.shape
    if d > MOST_COLUMNS:
        return False
    stored = n * d if X.layout == "dense" else len(X.data[0])
    cost = _core.gram_sums_ns(n, d, targets, stored) + 0.012 * d**3 + 2.0 * d**2 * targets
    if X.layout == "dense":
        iterating = reads * (0.3 * stored + 4.0 * n) * targets
    else:
        iterating = SPARSE_READS * (2.0 * stored + 4.0 * n) * (1.0 + 0.3 * (targets - 1))
    return cost <= max(AT_ONCE, iterating)


def sums_of(owner: str, X: CheckedRows, Y: Float64, weights: Float64 | None, threads: int) -> Sums | None:
    """Return the sums of rows with targets (n, m), None where they overflow; rows that are not finite are an error."""
    weight, mean, products, cross, squares, finite = _core.gram_sums(X.data, Y, weights, threads)
    if not finite:
        assert_finite(owner, X)
        return None
    rows = X.shape[0] if weights is None else int(np.count_nonzero(weights))
    return Sums(weight, mean, products, cross, squares, rows)


def fit(problem: Problem, watch: Watch | None) -> Solution | None:
    """Solve in one read of X, or return None where the problem is singular to rounding, or its sums overflow."""
    targets = problem.targets
    sums = sums_of(problem.owner, problem.X, targets.y[:, None], targets.weights, problem.threads)
    if sums is None:
        return None
    spec = problem.plan.spec
    statistics = _statistics(sums, spec["standardize"])
    optimum = sums.optimum(np.array([spec["l2"]]), fit_intercept=spec["fit_intercept"], scale=statistics.scale)
    optimum = polished(problem, sums, optimum, statistics.scale)
    optimality, objective = float(optimum.optimality[0]), float(optimum.objective[0])
    if optimum.pivot == 0.0 or not optimality <= (EXACT if problem.tol is None else problem.tol):
        return None
    if watch is not None:
        watch.begin()
        watch.end(f"iteration 1  objective {objective:.8g}  optimality {optimality:.2e}", None)
    intercept = optimum.intercept if statistics.center is None else sums.target_mean
    return Solution(
        state=handed_over(problem, statistics, Point(optimum.coef, intercept), epochs=0),
        optimizer="newton",
        n_iter=1,
        objective=objective,
        optimality=optimality,
        loss_curve=[objective],
    )


def _statistics(sums: Sums, mode: str) -> Standardisation:
    if mode == "none":
        return Standardisation(np.zeros(0), np.zeros(0), sums.weight, sums.rows)
    d = len(sums.products)
    mean, m2 = sums.mean[:d].copy(), np.ascontiguousarray(np.diagonal(sums.products))
    scale = _core.inverse_deviation(mean, m2, sums.weight)
    return Standardisation(mean, m2, sums.weight, sums.rows, mean if mode == "center_scale" else None, scale)


def polished(problem: Problem, sums: Sums, optimum: LeastSquaresOptimum, scale: Float64 | None) -> LeastSquaresOptimum:
    """Return the optimum of one target by gradients of the rows themselves, where the digits of sums are not enough.

    Iterative refinement: what the gradient of the rows says is solved for with the factor of the sums.
    """
    if not 0.0 < optimum.pivot < ILL_CONDITIONED:
        return optimum
    d, l2, centred = problem.X.shape[1], problem.plan.spec["l2"], problem.plan.spec["fit_intercept"]
    unit = np.ones((d, 1)) if scale is None else scale[:, None]
    center = sums.mean[:d].copy() if centred else None
    b = sums.target_mean if centred else np.zeros(1)
    at_zero = sums.cross[:, 0] / sums.weight + (0.0 if centred else sums.mean[:d] * sums.target_mean)
    size = max(float(np.linalg.norm(unit[:, 0] * at_zero)), np.finfo(float).tiny)
    best, w, least = optimum, optimum.coef, np.inf
    for _ in range(POLISHING):
        coef = unit * w
        loss, g, _ = _core.loss_gradient(
            problem.X.data,
            problem.targets.y,
            problem.targets.weights,
            problem.plan.spec,
            coef,
            center,
            b,
            problem.threads,
        )
        gradient = unit * g / sums.weight + l2 * w
        optimality = float(np.linalg.norm(gradient)) / size
        if not optimality < least:
            break
        least = optimality
        objective = loss / sums.weight + 0.5 * l2 * float(np.sum(w * w))
        best = replace(
            optimum,
            coef=w,
            intercept=b if center is None else b - center @ coef,
            objective=np.array([objective]),
            optimality=np.array([least]),
        )
        cross = np.divide(-sums.weight * gradient, unit, out=np.zeros_like(gradient), where=unit > 0)
        residual = replace(sums, cross=cross, mean=np.append(sums.mean[:d], 0.0), squares=np.zeros(1))
        w = w + residual.optimum(np.array([l2]), fit_intercept=centred, scale=scale).coef
    return best
