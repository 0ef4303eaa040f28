"""What the batch drop-ins share: parameters in, one fit, attributes out."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning

from gradstream._callbacks import watch_fit, with_callbacks
from gradstream._parameters import fit_plan, online_spec
from gradstream._state import LearnerState
from gradstream._targets import Targets
from gradstream._threads import thread_count
from gradstream._validation import (
    CheckedRows,
    check_rows,
    check_sample_weight,
    check_weight_left,
)
from gradstream.estimators import LinearClassifier, LinearRegressor
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.linear_model._batch_saved import SavedDropIn
from gradstream.linear_model._lent_arrays import LentArrays
from gradstream.linear_model._optimum import Goal, Optimum, go_on, minimise
from gradstream.regimes.no_optimum import no_optimum
from gradstream.regimes.origin import rough_center
from gradstream.regimes.problem import Problem, Start
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64

PLAIN = (str, int, float, bool, type(None))
_allowed: set[tuple[Any, ...]] = set()  # classes with parameter values that have been checked before


def defaults_of(main: type) -> dict[str, Any]:
    """Return the parameters of a main estimator as they are when nothing is said."""
    return {name: parameter.default for name, parameter in inspect.signature(main).parameters.items()}


CLASSIFIER = defaults_of(LinearClassifier) | {"standardize": False}
REGRESSOR = defaults_of(LinearRegressor) | {"standardize": False}


@dataclass(frozen=True, eq=False)
class Rows:
    """What a fit learns from, checked. ``weight`` is the sum of sample times class weights.

    ``columns`` are targets that are fitted one by one: ``targets`` as a rule, more where y has more columns. ``flat``
    says that y has one dimension.
    """

    X: CheckedRows
    targets: Targets
    weight: float
    columns: tuple[Targets, ...]
    flat: bool = True


class BatchDropIn(LentArrays, SavedDropIn):
    """Base of the batch drop-ins: ``fit`` to scikit-learn's optimum, ``coef_`` and ``intercept_`` as plain arrays.

    A subclass says what its parameters mean: ``_main_parameters`` in those of the main estimators, ``_goal`` when to
    stop.
    """

    early_stopping = False
    optimality_: float
    _stronger = "Use alpha > 0."

    @with_callbacks
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fit the model to all rows of X, forgetting what it has learnt before (but see ``warm_start``).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Dense arrays and CSR matrices of float32 or float64 are read in place; anything else is converted.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless: 2 is the row twice, 0 leaves it out. None means 1 for every row.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the data, or a combination of parameters, is not what is allowed; the model is what it was before.
        RuntimeError
            If another thread is teaching this estimator.

        Notes
        -----
        Warns :class:`sklearn.exceptions.ConvergenceWarning` when ``max_iter`` ends the fit before ``tol`` does.
        """
        with learning_turn(self), unchanged_on_error(self):
            self._check_values()
            rows = self._checked_rows(X, y, sample_weight)
            data = {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}
            watch = watch_fit(self, data, self._snapshot(rows.targets))
            optima, state = self._solved(rows, watch)
            if watch is not None and state is not None:
                watch.close(state)
            self._take(optima, rows, state)
        return self

    def _checked_rows(self, X: Any, y: Any, sample_weight: Any) -> Rows:
        rows = check_rows(self, X, reset=True)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        check_weight_left(weights)
        targets = self._fit_targets(y, weights, rows.shape[0])
        weight = float(rows.shape[0]) if targets.weights is None else float(targets.weights.sum())
        return Rows(rows, targets, weight, (targets,))

    def _problem_of(self, rows: Rows, column: int) -> Problem:
        parameters = self._main_parameters(rows.weight, column)
        targets = rows.columns[column]
        columns, sparse = targets.columns, rows.X.layout == "sparse"
        return Problem(
            owner=self._owner,
            X=rows.X,
            targets=targets,
            plan=fit_plan(parameters, columns=columns, sparse=sparse),
            online=online_spec(parameters, columns=columns, sparse=sparse),
            seed=self._draw_seed(),
            threads=thread_count(self.n_jobs),
            tol=0.0,
            max_iter=self._most_iterations(),
            n_iter_no_change=1,
            shuffle=False,
            start=self._start(rows),
        )

    def _solved(self, rows: Rows, watch: Any) -> tuple[list[Optimum], LearnerState | None]:
        """Return the optimum of every column of targets; of one, also the state that goes on, if any does."""
        problems = [self._problem_of(rows, column) for column in range(len(rows.columns))]
        optima = [self._minimise(problem, watch) for problem in problems]
        goes_on = len(problems) == 1 and self._learns_rows
        return optima, go_on(problems[0], optima[0].point) if goes_on else None

    def _minimise(self, problem: Problem, watch: Any) -> Optimum:
        center = rough_center(problem)
        goal = self._goal(problem, center)
        optimum = minimise(problem, center, goal, watch)
        self._warn(problem, goal, optimum)
        found = no_optimum(problem, optimum.point, self._stronger)
        if found is not None:
            warnings.warn(found, ConvergenceWarning, stacklevel=5)
        return optimum

    def _warn(self, problem: Problem, goal: Goal, optimum: Optimum) -> None:
        """Say so where something has ended a fit before its goal."""
        found = self._shortcoming(problem, goal, optimum)
        if found is not None:
            warnings.warn(found, ConvergenceWarning, stacklevel=5)

    def _shortcoming(self, problem: Problem, goal: Goal, optimum: Optimum) -> str | None:
        """Return why a fit has not met its goal, None where there is nothing to warn of."""
        result = optimum.result
        if result["status"] != "max_iter":
            return None
        gap = f"Gradient over that at 0: {result['optimality']:.1e}, wanted {goal.relative:.1e}."
        return self._unconverged(result["n_iter"], gap)

    def _take(self, optima: list[Optimum], rows: Rows, state: LearnerState | None) -> None:
        """Make the optimum the estimator's. Nothing here can fail half-way."""
        coef, intercept = self._shaped_like(rows, optima)
        if state is None:  # more targets than the online regimes have, or no way to learn a row
            self.__dict__.pop("_model", None)
        else:
            self._keep(Model(state), rows.targets)
        self._penalty_weight = rows.weight
        self.__dict__.update(coef_=coef, intercept_=intercept)
        if state is None:
            self.__dict__["_lent"] = True
        else:
            self.__dict__.pop("_lent", None)
        self.optimizer_ = optima[0].result["solver"]
        self.optimality_ = max(optimum.result["optimality"] for optimum in optima)
        self.objective_ = sum(optimum.result["objective"] for optimum in optima)
        self.loss_curve_ = list(optima[0].result["loss_curve"]) if len(optima) == 1 else []
        self.n_iter_ = self._n_iter([optimum.result["n_iter"] for optimum in optima])

    def _shaped_like(self, rows: Rows, optima: list[Optimum]) -> tuple[Any, Any]:
        """Return coefficients and intercepts in scikit-learn's shapes and dtypes."""
        raise NotImplementedError

    def _most_iterations(self) -> int:
        return self.max_iter

    def _checked_parameters(self) -> dict[str, Any]:
        self._check_values()
        return self._main_parameters(self._penalty_weight)

    def _check_values(self) -> None:
        """Raise for values that are not allowed; values that have been allowed before are not looked at again."""
        values = [getattr(self, name) for name in type(self)._names()]
        if not all(type(value) in PLAIN for value in values):
            self._validate_params()
            return
        key = (type(self), *values, *map(type, values))
        if key not in _allowed:
            self._validate_params()
            if len(_allowed) > 1000:
                _allowed.clear()
            _allowed.add(key)

    def _main_parameters(self, weight: float, column: int = 0) -> dict[str, Any]:
        """Return the parameters of the main estimator that mean the same for rows of so much weight."""
        raise NotImplementedError

    def _goal(self, problem: Problem, center: Float64 | None) -> Goal:
        """Return a goal that is never less exact than scikit-learn's at this ``tol``."""
        raise NotImplementedError

    def _unconverged(self, n_iter: int, gap: str) -> str:
        """Word the warning, beginning as scikit-learn's."""
        raise NotImplementedError

    def _start(self, rows: Rows) -> Start | None:
        """Return where ``warm_start`` begins."""
        return None

    def _n_iter(self, n_iter: list[int]) -> Any:
        return n_iter[0]
