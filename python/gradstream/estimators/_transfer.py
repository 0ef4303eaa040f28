"""A given linear model as a state that learns on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gradstream._parameters import Plan, online_spec
from gradstream._state import TARGET_MEAN, WOKEN, LearnerState
from gradstream._targets import Targets
from gradstream._threads import thread_count
from gradstream._validation import check_rows, check_sample_weight, check_weight_left
from gradstream.regimes.handover import Point, handed_over
from gradstream.regimes.problem import Problem, Standardisation, Start

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec


def started_at(spec: Spec, coef: Float64, intercept: Float64, seed: int) -> LearnerState:
    """Return a dense float64 state at coefficients (d, K), in X's own units, that has seen no row."""
    state = LearnerState.create(spec, len(coef), "dense", np.float64, seed)
    state.set_point(coef, intercept)
    if state.bank:
        state.experts[WOKEN] = np.inf  # lane 0 rests at the model
        state.experts[TARGET_MEAN] = intercept[0]
    return state


def state_of_sample(
    estimator: Any, sample: tuple[Any, Any, Any], coef: Float64, intercept: Float64
) -> tuple[LearnerState, Targets]:
    """Return the state that a fit of the sample would hand over if it had found these coefficients."""
    X, y, sample_weight = sample
    parameters = estimator._checked_parameters()
    rows = check_rows(estimator, X, reset=True)
    if rows.shape[1] != len(coef):
        raise ValueError(f"X has {rows.shape[1]} features, but the model has {len(coef)}.")
    weights = check_sample_weight(sample_weight, rows.shape[0])
    check_weight_left(weights)
    targets = estimator._online_targets(y, weights, rows.shape[0], None)
    spec = online_spec(parameters, columns=coef.shape[1], sparse=rows.layout == "sparse")
    problem = Problem(
        owner=type(estimator).__name__,
        X=rows,
        targets=targets,
        plan=Plan(None, _units_of_a_fit(spec)),
        online=spec,
        seed=estimator._draw_seed(),
        threads=thread_count(estimator.n_jobs),
        tol=None,
        max_iter=1,
        n_iter_no_change=1,
        shuffle=False,
    )
    statistics = Standardisation.of(problem)
    lost = np.zeros(len(coef), bool) if statistics.scale is None else (statistics.scale == 0) & coef.any(axis=1)
    if lost.any():
        raise ValueError(
            f"X: column {int(np.argmax(lost))} is constant and has a coefficient: it cannot be standardised by these "
            "rows. Pass rows in which it varies, or use standardize=False."
        )
    point = Point(*statistics.standardised(Start(coef, intercept)))
    return handed_over(problem, statistics, point, epochs=0), replace(targets, y=np.zeros(0), weights=None)


def _units_of_a_fit(spec: Spec) -> Spec:
    """Return the specification in the units that a solution of ``fit`` has: sparse values as they are."""
    if spec["standardize"] != "root_mean_square":
        return spec
    return {**spec, "standardize": "none"}
