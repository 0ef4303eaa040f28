"""Blocks of rows in a seeded order, epoch after epoch, until the objective or the validation score stands still."""

from __future__ import annotations

import numpy as np

from gradstream import _core
from gradstream._state import N_SAMPLES_SEEN, LearnerState
from gradstream._validation import raise_for_status
from gradstream.regimes.handover import Point, handed_over, placed
from gradstream.regimes.objective import LinearModel, penalty
from gradstream.regimes.objective import objective as exact_objective
from gradstream.regimes.problem import Problem, Solution, Standardisation, Watch
from gradstream.regimes.streaming import Model, rate_of


class Patience:
    """Says when nothing has improved for ``n_iter_no_change`` epochs; smaller is better. ``tol`` None never stops."""

    def __init__(self, tol: float | None, n_iter_no_change: int) -> None:
        self.tol, self.n_iter_no_change = tol, n_iter_no_change
        self.best: float | None = None
        self.stale = 0

    def exhausted(self, value: float, unit: float) -> bool:
        """Take in one epoch; an improvement is one by more than ``tol`` units."""
        if self.tol is None:
            return False
        if self.best is None or value < self.best - self.tol * unit:
            self.stale = 0
        else:
            self.stale += 1
        self.best = value if self.best is None else min(self.best, value)
        return self.stale >= self.n_iter_no_change


class Run:
    """One fit under way."""

    def __init__(self, problem: Problem, watch: Watch | None) -> None:
        self.problem, self.watch = problem, watch
        self.statistics = Standardisation.of(problem)
        self.model = Model(self._start())
        assert isinstance(self.model.learner, _core.Learner)
        self.learner = self.model.learner
        self.patience = Patience(problem.tol, problem.n_iter_no_change)
        self.loss_curve: list[float] = []
        self.scores: list[float] = []
        self.best_state: LearnerState | None = None

    def _start(self) -> LearnerState:
        problem = self.problem
        spec = problem.plan.spec
        point = Point(np.zeros((problem.X.shape[1], spec["columns"])), np.zeros(spec["columns"]))
        if problem.start is not None:
            point = Point(*self.statistics.standardised(problem.start))
        return placed(problem, spec, self.statistics, point)

    def epoch(self) -> bool:
        """Learn all rows once; False when there is no reason for another epoch."""
        problem, epoch = self.problem, len(self.loss_curve)
        if self.watch is not None:
            self.watch.begin()
        y, weights = problem.targets.y, problem.targets.weights
        status, mean_loss = self.learner.epoch(
            problem.X.data, y, weights, problem.seed, epoch, problem.shuffle, problem.threads
        )
        spec = problem.plan.spec
        where = f"epoch {epoch + 1} ({rate_of(spec)})"
        raise_for_status(problem.owner, status, problem.X, where)
        objective = mean_loss + penalty(spec, self.model.learner.planes()[0])
        self.loss_curve.append(objective)
        done = self._validated() if problem.validation else self.patience.exhausted(objective, abs(objective))
        return not (self._told_to_stop() or done)

    def _validated(self) -> bool:
        """Score the epoch and keep the best state; True when the score has stood still."""
        validation = self.problem.validation
        assert validation is not None
        margins = self.model.margins(self.problem.owner, validation.X, self.problem.threads)
        score = validation.score(margins)
        if not self.scores or score > max(self.scores):
            self.best_state = self.model.state.copy()
        self.scores.append(score)
        return self.patience.exhausted(-score, 1.0)

    def _told_to_stop(self) -> bool:
        """Tell the watch; True when it wants the fit to stop."""
        if self.watch is None:
            return False
        score = f"  validation score {self.scores[-1]:.6g}" if self.scores else ""
        message = f"epoch {len(self.loss_curve)}  objective {self.loss_curve[-1]:.8g}{score}"
        return self.watch.end(message, self.model.state.copy)

    def solution(self, warning: str | None) -> Solution:
        """Return the model, the best one where epochs were scored, ready for the online regime."""
        problem = self.problem
        model = self.model if self.best_state is None else Model(self.best_state)
        linear = LinearModel(*model.linear(), self.statistics.scale)
        return Solution(
            state=self._online(model),
            optimizer=problem.plan.spec["optimizer"],
            n_iter=len(self.loss_curve),
            objective=exact_objective(problem.X, problem.targets, problem.plan.spec, linear, problem.threads),
            loss_curve=self.loss_curve,
            validation_scores=self.scores if problem.validation else None,
            warning=warning,
        )

    def _online(self, model: Model) -> LearnerState:
        """Return the state as it is when online calls see blocks of the same size, else one with rates for theirs."""
        if self.problem.plan.spec == self.problem.online:
            model.state.counters[N_SAMPLES_SEEN] = self.statistics.rows
            return model.state
        point = Point(*model.state.point())
        return handed_over(self.problem, self.statistics, point, epochs=len(self.loss_curve))


def fit(problem: Problem, watch: Watch | None) -> Solution:
    """Run epochs until one of the rules says stop."""
    run = Run(problem, watch)
    for _ in range(problem.max_iter):
        if not run.epoch():
            return run.solution(None)
    if problem.tol is None:
        return run.solution(None)
    return run.solution(
        f"{problem.owner} stopped after max_iter = {problem.max_iter} epochs, its objective still falling by more than "
        f"tol = {problem.tol:.1e} of itself (last: {run.loss_curve[-1]:.6g}). Increase max_iter or tol."
    )
