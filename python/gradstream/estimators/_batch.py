"""``fit``: learning from scratch, or from given coefficients, to the optimum of the objective."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from gradstream._callbacks import watch_fit, with_callbacks
from gradstream._parameters import fit_plan, online_spec
from gradstream._state import LearnerState
from gradstream._targets import Targets
from gradstream._threads import thread_count
from gradstream._validation import check_rows, check_sample_weight, check_weight_left
from gradstream.estimators._online import OnlineEstimator
from gradstream.estimators._turn import learning_turn, unchanged_on_error
from gradstream.regimes import full_batch, mini_batch
from gradstream.regimes.problem import Problem, Solution, Start, Validation
from gradstream.regimes.streaming import Model

if TYPE_CHECKING:
    from gradstream._core import Float64


class BatchEstimator(OnlineEstimator):
    """Base of the main estimators: the full-batch and mini-batch regimes."""

    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    n_iter_: int
    loss_curve_: list[float]
    objective_: float
    optimality_: float
    validation_scores_: list[float]

    @with_callbacks
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coef_init: Any = None,
        intercept_init: Any = None,
    ) -> Any:
        """Fit the model to all rows of X, forgetting what it has learnt before (but see ``warm_start``).

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows. Dense arrays and CSR matrices of float32 or float64 are read in place, whatever their strides and
            index type; anything else is converted once.
        y : array-like of shape (n_samples,)
            Targets, in the domain of the loss.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, dimensionless: 2 is the row twice, 0 leaves it out. None means 1 for every row.
        X_val, y_val : array-like, default=None
            Rows and targets to score after every epoch instead of a share of X; with ``early_stopping=True`` only.
        sample_weight_val : array-like, default=None
            Weights of the rows of ``X_val``.
        coef_init : array-like, shape of ``coef_``, default=None
            Coefficients to start from, in X's own units. Copied.
        intercept_init : float or array-like, shape of ``intercept_``, default=None
            Intercepts to start from.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If the data, or a combination of parameters, is not what is allowed; the model is what it was before.
        DivergenceError
            If a coefficient became infinite or NaN; the model is what it was before.
        RuntimeError
            If another thread is teaching this estimator.

        Notes
        -----
        The objective is ``(1/S) sum_i s_i loss(y_i, x_i w + b) + alpha R(w)`` with ``S = sum_i s_i`` and w in
        standardised units; the intercept is not penalised. The result has the same bits for any ``n_jobs``.
        Warns :class:`sklearn.exceptions.ConvergenceWarning` when ``max_iter`` ends the fit before ``tol`` does.
        """
        with learning_turn(self), unchanged_on_error(self):
            previous = self._warm_start()
            problem = self._problem(X, y, sample_weight)
            start = _start(self, problem, coef_init, intercept_init) or _same_shape(previous, problem)
            validation = self._validation(X_val, y_val, sample_weight_val, problem)
            problem = replace(problem, start=start, **validation)
            solution = self._solve(problem, X, y, sample_weight)
            self._install(solution, problem.targets)
        return self

    def _problem(self, X: Any, y: Any, sample_weight: Any) -> Problem:
        parameters = self._checked_parameters()
        rows = check_rows(self, X, reset=True)
        weights = check_sample_weight(sample_weight, rows.shape[0])
        check_weight_left(weights)
        targets = self._fit_targets(y, weights, rows.shape[0])
        sparse = rows.layout == "sparse"
        return Problem(
            owner=self._owner,
            X=rows,
            targets=targets,
            plan=fit_plan(parameters, columns=targets.columns, sparse=sparse),
            online=online_spec(parameters, columns=targets.columns, sparse=sparse),
            seed=self._draw_seed(),
            threads=thread_count(self.n_jobs),
            tol=parameters["tol"],
            max_iter=self.max_iter,
            n_iter_no_change=parameters["n_iter_no_change"],
            shuffle=parameters["shuffle"],
        )

    def _solve(self, problem: Problem, X: Any, y: Any, sample_weight: Any) -> Solution:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        watch = watch_fit(self, {"X": X, "y": y, "metadata": metadata}, self._snapshot(problem.targets))
        if problem.plan.solver is None:
            solution = mini_batch.fit(problem, watch)
        else:
            solution = full_batch.fit(problem, problem.plan.solver, watch)
        if watch is not None:
            watch.close(solution.state)
        if solution.warning is not None:
            warnings.warn(solution.warning, ConvergenceWarning, stacklevel=4)
        return solution

    def _snapshot(self, targets: Targets) -> Callable[[LearnerState], dict[str, Any]]:
        """Return what makes a fitted estimator of a state, for callbacks that want one."""
        return lambda state: {"_model": Model(state.copy())}

    def _install(self, solution: Solution, targets: Targets) -> None:
        """Make the solution the estimator's model. Nothing here can fail half-way."""
        model = Model(solution.state)
        model.current = not solution.state.experts.size  # lanes take their places when a row comes
        for name in ("optimality_", "validation_scores_"):
            if hasattr(self, name):
                delattr(self, name)
        self._keep(model, targets)
        self.optimizer_ = solution.optimizer
        self.n_iter_ = solution.n_iter
        self.objective_ = solution.objective
        self.loss_curve_ = solution.loss_curve
        if solution.optimality is not None:
            self.optimality_ = solution.optimality
        if solution.validation_scores is not None:
            self.validation_scores_ = solution.validation_scores

    def _warm_start(self) -> Start | None:
        """Return the present coefficients when the next fit is to start there."""
        return Start(*self._linear()) if self.warm_start and "_model" in vars(self) else None

    def _validation(self, X_val: Any, y_val: Any, sample_weight_val: Any, problem: Problem) -> dict[str, Any]:
        """Return what early stopping changes in a problem: the rows to score, and the weights of the rows to learn."""
        if not self.early_stopping:
            if X_val is not None or y_val is not None or sample_weight_val is not None:
                raise ValueError(
                    "X_val, y_val and sample_weight_val are for early_stopping=True, got early_stopping=False."
                )
            return {}
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together: one of them is None.")
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val weighs the rows of X_val, which is None.")
        if X_val is None:
            return self._split(problem)
        rows = check_rows(self, X_val, reset=False)
        weights = check_sample_weight(sample_weight_val, rows.shape[0])
        check_weight_left(weights, "sample_weight_val")
        targets = self._validation_targets(y_val, weights, rows.shape[0], problem.targets)
        return {"validation": Validation(rows, self._scorer(targets))}

    def _split(self, problem: Problem) -> dict[str, Any]:
        """Hold a share of the rows back, by giving them weight 0 in training: no row to learn from is copied."""
        targets, n = problem.targets, problem.X.shape[0]
        held_back = self._held_back(targets.y, problem.seed)
        weights = np.ones(n) if targets.weights is None else targets.weights
        held_weights = weights[held_back]
        check_weight_left(held_weights, "Sample weights of the validation rows")
        training = weights.copy()
        training[held_back] = 0.0
        check_weight_left(training, "Sample weights of the training rows")
        scorer = self._scorer(replace(targets, y=targets.y[held_back], weights=held_weights))
        return {
            "validation": Validation(problem.X.take(held_back), scorer),
            "targets": replace(targets, weights=training),
        }

    def _held_back(self, y: Float64, seed: int) -> Any:
        """Return the row numbers that are held back, drawn as scikit-learn's SGD estimators draw them."""
        raise NotImplementedError

    def _fit_targets(self, y: Any, weights: Float64 | None, n_rows: int) -> Targets:
        raise NotImplementedError

    def _validation_targets(self, y: Any, weights: Float64 | None, n_rows: int, training: Targets) -> Targets:
        raise NotImplementedError

    def _scorer(self, targets: Targets) -> Callable[[Float64], float]:
        """Return ``score`` as a function of margins (n, K)."""
        raise NotImplementedError


def _start(estimator: Any, problem: Problem, coef_init: Any, intercept_init: Any) -> Start | None:
    """Return the given coefficients as (d, K) and (K,), or None when there are none."""
    if coef_init is None and intercept_init is None:
        return None
    d, columns = problem.X.shape[1], problem.targets.columns
    coef, intercept = np.zeros((d, columns)), np.zeros(columns)
    if coef_init is not None:
        coef = _initial(coef_init, "coef_init", d * columns).reshape(columns, d).T
    if intercept_init is not None:
        intercept = _initial(intercept_init, "intercept_init", columns)
    return Start(np.ascontiguousarray(coef), intercept)


def _initial(value: Any, name: str, size: int) -> Float64:
    array = np.array(value, np.float64)
    if array.size != size or not np.isfinite(array).all():
        raise ValueError(
            f"Provided {name} does not match dataset: it has shape {array.shape}, and {size} finite numbers are needed."
        )
    return array.ravel()


def _same_shape(start: Start | None, problem: Problem) -> Start | None:
    """Return a warm start, or raise ValueError when the data have changed shape."""
    shape = (problem.X.shape[1], problem.targets.columns)
    if start is not None and start.coef.shape != shape:
        raise ValueError(
            f"warm_start=True goes on from {start.coef.shape[0]} features and {start.coef.shape[1]} columns of "
            f"margins, but the data have {shape[0]} and {shape[1]}. Use warm_start=False, or fit a clone."
        )
    classes = problem.targets.classes
    if (
        start is not None
        and start.classes is not None
        and classes is not None
        and not np.array_equal(start.classes, classes)
    ):
        raise ValueError(
            f"warm_start=True goes on from classes {start.classes!r}, but y has {classes!r}. "
            "Use warm_start=False, or fit a clone."
        )
    return start
