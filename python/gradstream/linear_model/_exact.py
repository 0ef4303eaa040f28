"""Least squares from sums of products: ``fit`` in one read of X, and ``partial_fit`` as if it had been one fit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from gradstream._parameters import online_spec
from gradstream._targets import Targets
from gradstream._threads import thread_count
from gradstream._unavailable import not_yet
from gradstream._validation import (
    CheckedRows,
    check_row,
    check_rows,
    check_sample_weight,
    check_weight_left,
    first_row,
)
from gradstream.estimators._merge import check_alike
from gradstream.estimators._online import _checked_weight
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.exceptions import DivergenceError
from gradstream.linear_model._batch_saved import columns_of
from gradstream.linear_model._drop_in import BatchDropIn, Rows
from gradstream.linear_model._optimum import Optimum, go_on
from gradstream.linear_model._other_optima import nonnegative, shortest
from gradstream.regimes import least_squares, objective
from gradstream.regimes.full_batch import solve_jointly
from gradstream.regimes.handover import Point
from gradstream.regimes.joint_squares import JointProblem
from gradstream.regimes.least_squares import LeastSquaresOptimum, Sums

if TYPE_CHECKING:
    from gradstream._core import Float64

KEPT_COLUMNS = 512  # at most, of which a model keeps the sums: 2 MB
KEPT_SPARSE_COLUMNS = 128  # of rows that are mostly zeros, which sums of all products do not spare
READS = 40.0  # of X by gradients that a fit to rounding takes otherwise
GOOD_ENOUGH = 1e-10  # optimality; what is worse is fitted iteratively


class ExactDropIn(BatchDropIn):
    """A drop-in whose loss is quadratic. Of up to 512 columns (128 sparse ones) it keeps the sums that
    tell the optimum.

    ``_sums`` are these, ``_single`` says that coefficients are float32, ``_flat`` that y has one dimension.
    Coefficients are solved for when they are read.
    """

    _keeps_sums = True
    alpha: Any
    fit_intercept: bool
    positive: bool
    _sums: Sums
    _single: bool
    _flat: bool

    def __sklearn_is_fitted__(self) -> bool:
        return "_sums" in vars(self) or super().__sklearn_is_fitted__()

    @property
    def t_(self) -> float:
        """Weight seen."""
        return self._sums.weight if "_sums" in vars(self) else super().t_

    @property
    def n_samples_seen_(self) -> int:
        """Rows of positive weight that the model has learnt from."""
        return self._sums.rows if "_sums" in vars(self) else super().n_samples_seen_

    def learn_one(self, x: Any, y: Any, sample_weight: float = 1.0) -> None:
        """Learn one row.

        Parameters
        ----------
        x : ndarray of shape (n_features,), or tuple (indices, values)
            The row; the pair holds the columns that are not 0, in increasing order.
        y : label or float
            Its target.
        sample_weight : float, default=1.0
            How many times the row counts, dimensionless; 0 is no row at all.

        Raises
        ------
        ValueError
            If the row, the target or the weight is not what the model expects; nothing has changed then.
        DivergenceError
            If a sum would become infinite; nothing has changed then.
        RuntimeError
            If another thread is teaching this estimator.
        """
        if "_sums" not in vars(self):
            if "_model" in vars(self):
                super().learn_one(x, y, sample_weight)
                return
            self._learn(first_row(x), np.asarray([y]), [_checked_weight(sample_weight)], None)
            return
        weight = np.array([_checked_weight(sample_weight)])
        with learning_turn(self):
            row = check_row(self, x, np.dtype(np.float32 if self._single else np.float64))
            Y, weights = self._online_columns(np.asarray([y]), weight, 1, None)
            self._add(row, Y, weights)

    def _margins_one(self, x: Any) -> Float64:
        if "_sums" not in vars(self):
            return super()._margins_one(x)
        row = check_row(self, x, np.dtype(np.float32 if self._single else np.float64))
        margins = row.matrix() @ np.atleast_2d(self.coef_).T + self.intercept_
        return np.asarray(margins, np.float64)

    def _published(self, name: str) -> Any:
        attributes = self.__dict__
        if name not in attributes and "_sums" in attributes:
            attributes["coef_"], attributes["intercept_"] = self._present_model()
        return super()._published(name)

    def _solved(self, rows: Rows, watch: Any) -> tuple[list[Optimum], Any]:
        kept = rows.X.shape[1] <= (KEPT_COLUMNS if rows.X.layout == "dense" or self.positive else KEPT_SPARSE_COLUMNS)
        pays = least_squares.pays(rows.X, len(rows.columns), READS)
        sums = self._sums_of(rows) if kept or pays else None
        optima = self._exactly(rows, sums, watch) if sums is not None and (pays or self.positive) else None
        if optima is None and self.positive:
            raise not_yet(
                f"positive=True with {rows.X.shape[1]} columns, or with sums over X and y that overflow,",
                f"Up to {KEPT_COLUMNS} columns can be had.",
            )
        state = None
        if optima is None:
            optima = self._otherwise(rows, watch)
        if optima is None:
            optima, state = super()._solved(rows, watch)
        if state is None and len(optima) == 1 and (watch is not None or not kept):
            state = go_on(self._problem_of(rows, 0), optima[0].point)
        return [replace(optimum, sums=sums if kept else None) for optimum in optima], state

    def _sums_of(self, rows: Rows) -> Sums | None:
        Y, threads = _targets_of(rows), thread_count(self.n_jobs)
        return least_squares.sums_of(self._owner, rows.X, Y, rows.targets.weights, threads)

    def _otherwise(self, rows: Rows, watch: Any) -> list[Optimum] | None:
        """Return the optimum of all targets where sums of products do not tell it; None: one target after the other."""
        problem = self._problem_of(rows, 0)
        goal = self._goal(problem, None)
        joint = JointProblem(
            owner=self._owner,
            X=rows.X,
            Y=_targets_of(rows),
            weights=rows.targets.weights,
            l2=self._strengths(rows.weight, len(rows.columns)),
            fit_intercept=self.fit_intercept,
            tol=goal.relative,
            max_iter=problem.max_iter,
            threads=problem.threads,
        )
        results = solve_jointly(joint, watch, good_enough=GOOD_ENOUGH)
        if results is None:
            return None
        optima = [Optimum(Point(result["coef"], result["intercept"]), result, solver="newton") for result in results]
        self._warn(problem, goal, max(optima, key=lambda optimum: optimum.result["optimality"]))
        return optima

    def _exactly(self, rows: Rows, sums: Sums, watch: Any) -> list[Optimum] | None:
        """Return the optimum of every target as the sums tell it, None where another way is better."""
        optimum = self._optimum_of(sums)
        if optimum.pivot == 0.0:
            return None
        if optimum.pivot < least_squares.ILL_CONDITIONED:
            optimum = self._polished(rows, sums, optimum)
        if not optimum.optimality.max() <= GOOD_ENOUGH:
            return None
        if watch is not None:
            watch.begin()
            watch.end(f"iteration 1  objective {optimum.objective.sum():.8g}", None)
        return [_of_target(optimum, k) for k in range(len(rows.columns))]

    def _polished(self, rows: Rows, sums: Sums, optimum: LeastSquaresOptimum) -> LeastSquaresOptimum:
        for k in range(len(rows.columns)):
            problem = self._problem_of(rows, k)
            start = replace(
                optimum,
                coef=np.ascontiguousarray(optimum.coef[:, k : k + 1]),
                intercept=optimum.intercept[k : k + 1],
                objective=optimum.objective[k : k + 1],
                optimality=optimum.optimality[k : k + 1],
            )
            better = least_squares.polished(problem, sums.of_target(k), start, None)
            optimum.coef[:, k] = better.coef[:, 0]
            for name in ("intercept", "objective", "optimality"):
                getattr(optimum, name)[k] = getattr(better, name)[0]
        return optimum

    def _take(self, optima: list[Optimum], rows: Rows, state: Any) -> None:
        sums = optima[0].sums
        super()._take(optima, rows, state if sums is None else None)
        if sums is None:
            self.__dict__.pop("_sums", None)
            return
        self._sums, self._single, self._flat = sums, bool(rows.X.dtype == np.float32), rows.flat
        self.optimizer_ = optima[0].solver

    def _penalties(self, sums: Sums) -> Float64:
        """Return l2 of every target beside the mean loss."""
        return self._strengths(sums.weight, len(sums.squares))

    def _strengths(self, weight: float, targets: int) -> Float64:
        alphas = np.ravel(np.asarray(self.alpha, np.float64))
        return np.ascontiguousarray(np.broadcast_to(alphas / weight, targets))

    def _optimum_of(self, sums: Sums) -> LeastSquaresOptimum:
        if self.positive:
            return nonnegative(sums, self._penalties(sums), fit_intercept=self.fit_intercept)
        return sums.optimum(self._penalties(sums), fit_intercept=self.fit_intercept)

    def _present_model(self) -> tuple[Any, Any]:
        """Return coefficients and intercepts at the optimum of all rows so far; of many, the shortest."""
        sums = self._sums
        if sums.weight == 0.0:
            return self._shaped(np.zeros(sums.cross.shape), np.zeros(len(sums.squares)))
        optimum = self._optimum_of(sums)
        if optimum.pivot == 0.0:
            optimum = shortest(sums, self._penalties(sums), fit_intercept=self.fit_intercept)
        return self._shaped(optimum.coef, optimum.intercept)

    def _shaped(self, coef: Float64, intercept: Float64) -> tuple[Any, Any]:
        if "_sums" not in vars(self):
            return super()._shaped(coef, intercept)
        dtype = np.dtype(np.float32 if self._single else np.float64)
        coef, intercept = np.ascontiguousarray(coef.T, dtype), intercept.astype(dtype)
        if not self.fit_intercept:
            return coef if len(coef) > 1 else coef[0], 0.0
        return coef if len(coef) > 1 else coef[0], intercept[0] if self._flat else intercept

    def _learn(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> None:
        known = vars(self)
        first = "_sums" not in known
        if first and ("_model" in known or "coef_" in known or many_columns(X)):
            super()._learn(X, y, sample_weight, classes)
            return
        with learning_turn(self), unchanged_on_error(self), _nothing_new_on_error(self):
            self._check_values()
            rows = check_rows(self, X, reset=first)
            weights = check_sample_weight(sample_weight, rows.shape[0])
            if first:
                Y, weights = self._first_columns(y, weights, rows.shape[0], classes)
                d, m = rows.shape[1], Y.shape[1]
                nothing = Sums(0.0, np.zeros(d + m), np.zeros((d, d)), np.zeros((d, m)), np.zeros(m), 0)
                sums = self._with(nothing, rows, Y, weights)
                self._single = bool(rows.dtype == np.float32)
                self._sums = sums
                self.optimizer_ = "newton"
                return
            Y, weights = self._online_columns(y, weights, rows.shape[0], classes)
            self._add(rows, Y, weights)

    def _add(self, rows: CheckedRows, Y: Float64, weights: Float64 | None) -> None:
        self._sums = self._with(self._sums, rows, Y, weights)
        self.optimizer_ = "newton"
        for name in ("coef_", "intercept_"):
            self.__dict__.pop(name, None)

    def _with(self, sums: Sums, rows: CheckedRows, Y: Float64, weights: Float64 | None) -> Sums:
        more = least_squares.sums_of(self._owner, rows, Y, weights, thread_count(self.n_jobs))
        if more is not None:
            with np.errstate(over="ignore", invalid="ignore"):  # said below
                sums = sums.merged(more)
        if more is None or not (np.isfinite(sums.products).all() and np.isfinite(sums.cross).all()):
            raise DivergenceError(f"{self._owner}: the sums over X and y overflow float64: rescale them.")
        return sums

    def _first_columns(
        self, y: Any, weights: Float64 | None, n_rows: int, classes: Any
    ) -> tuple[Float64, Float64 | None]:
        """Return targets (n, m) of a first chunk, and weights; note what they say of the model."""
        raise NotImplementedError

    def _online_columns(
        self, y: Any, weights: Float64 | None, n_rows: int, classes: Any
    ) -> tuple[Float64, Float64 | None]:
        """Return targets (n, m) of a chunk, and weights, checked against what the model knows."""
        raise NotImplementedError

    def _take_in(self, one: Any, two: Any) -> None:
        attributes = self.__dict__
        if not ("_sums" in vars(one) and "_sums" in vars(two)):
            super()._take_in(one, two)
            attributes.pop("_sums", None)
            return
        check_alike(one, two)
        if one._sums.cross.shape != two._sums.cross.shape:
            shapes = [np.shape(sums.cross.T) for sums in (one._sums, two._sums)]
            raise ValueError(f"merge needs models of the same targets: coef_ has shapes {shapes[0]} and {shapes[1]}.")
        self._sums = one._sums.merged(two._sums)
        for name in ("coef_", "intercept_", "_lent"):
            attributes.pop(name, None)

    def _pickled_attributes(self) -> dict[str, Any]:
        attributes = super()._pickled_attributes()
        if "_sums" in attributes:
            attributes["_sums"] = asdict(attributes["_sums"])
        return attributes

    def _restored(self, state: dict[str, Any]) -> dict[str, Any]:
        restored = super()._restored(state)
        if "_sums" not in restored:
            return restored
        sums = Sums.of_dictionary(restored["_sums"])
        d, (columns, targets) = state.get("n_features_in_"), sums.cross.shape
        classes = state.get("classes_")
        wanted = targets if classes is None else columns_of(classes, state)
        if columns != d or targets != wanted or not all(type(state.get(name)) is bool for name in ("_single", "_flat")):
            raise ValueError(f"state['_sums'] is of {columns} columns and {targets} targets: the rest of it is not.")
        return restored | {"_sums": sums}

    def _evaluate(self, function: Any, X: Any, y: Any, sample_weight: Any) -> Any:
        if "_sums" not in vars(self):
            return super()._evaluate(function, X, y, sample_weight)
        if len(self._sums.squares) > 1:
            raise not_yet(f"{self._owner}: objective and gradient of several targets", "Use one estimator for each.")
        rows = check_rows(self, X, reset=False)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        check_weight_left(weights)
        targets: Targets = self._online_targets(y, weights, rows.shape[0], None)
        parameters = self._main_parameters(self._sums.weight, 0)
        spec = online_spec(parameters, columns=1, sparse=rows.layout == "sparse")
        coef = np.ascontiguousarray(np.atleast_2d(self.coef_).T, np.float64)
        linear = objective.LinearModel(coef, np.atleast_1d(np.asarray(self.intercept_, np.float64)), None)
        return function(rows, targets, spec, linear, thread_count(self.n_jobs))


@contextmanager
def _nothing_new_on_error(estimator: Any) -> Iterator[None]:
    """Take away attributes that are new if the block raises."""
    before = set(vars(estimator))
    try:
        yield
    except BaseException:
        for name in vars(estimator).keys() - before:
            del vars(estimator)[name]
        raise


def many_columns(X: Any) -> bool:
    """Say whether rows have more columns than sums are kept of."""
    shape: tuple[int, ...] = getattr(X, "shape", ())
    return len(shape) == 2 and shape[1] > (KEPT_SPARSE_COLUMNS if sp.issparse(X) else KEPT_COLUMNS)


def _targets_of(rows: Rows) -> Float64:
    """Return targets (n, m)."""
    columns = rows.columns
    return columns[0].y[:, None] if len(columns) == 1 else np.stack([column.y for column in columns], axis=1)


def _of_target(optimum: LeastSquaresOptimum, k: int) -> Optimum:
    value, optimality = float(optimum.objective[k]), float(optimum.optimality[k])
    point = Point(np.ascontiguousarray(optimum.coef[:, k : k + 1]), optimum.intercept[k : k + 1])
    result: Any = {
        "coef": point.weights,
        "intercept": point.intercept,
        "objective": value,
        "optimality": optimality,
        "n_iter": 1,
        "status": "converged",
        "solver": "newton",
        "loss_curve": [value],
    }
    return Optimum(point, result, solver="newton")
