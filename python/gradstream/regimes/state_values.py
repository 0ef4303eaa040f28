"""Numbers that no model has, in arrays whose shapes are right: NaN, counts below 0, lanes that do not add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream._parameters import BANK, LOSSES, MAX_BATCH_SIZE, SLOTS
from gradstream._state import (
    ADAGRAD_CLOCK,
    BLOCK_ROWS,
    CLOCK,
    COUNTED,
    EPOCH,
    EVIDENCE,
    FEATURES,
    LANES,
    N_SAMPLES_SEEN,
    NORM,
    STEPS,
    TARGET_M2,
    WEIGHT,
    WOKEN,
    LearnerState,
)

if TYPE_CHECKING:
    from gradstream._core import Spec

WHOLE = (STEPS, N_SAMPLES_SEEN, BLOCK_ROWS, EPOCH)  # counters that count
ADDED_UP = [NORM, TARGET_M2, COUNTED, ADAGRAD_CLOCK]  # of experts: sums and means of what is never below 0
SQUARES = ("adagrad", "adam", BANK)  # optimizers whose last slot is of squares
SUM_OF_LANES = 1e-6  # that the weights of lanes may be away from 1: float64 of very many rows
BELOW_ONE = ("momentum", "beta_1", "beta_2", "share")


def check_spec_values(spec: Spec) -> None:
    """Raise ValueError for strengths and rates that no parameter of an estimator can ask for."""
    counts = {name: value for name, value in spec.items() if type(value) is int and not 1 <= value <= MAX_BATCH_SIZE}
    if counts:
        raise ValueError(f"state['model']['spec'] has {counts}: allowed are integers from 1 to {MAX_BATCH_SIZE}.")
    values = {name: value for name, value in spec.items() if type(value) is float}
    if LOSSES[spec["loss"]]["parameter"] == "power" and np.isfinite(spec["loss_parameter"]):
        del values["loss_parameter"]  # of any sign
    wrong = {name: value for name, value in values.items() if not 0 <= value < (1 if name in BELOW_ONE else np.inf)}
    if wrong:
        raise ValueError(
            f"state['model']['spec'] has {wrong}: numbers of a specification are finite and >= 0, "
            f"{', '.join(BELOW_ONE)} below 1."
        )


def check_values(state: LearnerState) -> None:
    """Raise ValueError for the first number that could not have come from learning."""
    for name in ("bias", "mean", "m2", "seen", "counters", "block", "units"):
        array = getattr(state, name)
        _allow(name, array, np.isfinite(array), "finite numbers")
    for name in ("m2", "seen", "counters", "units"):
        array = getattr(state, name)
        _allow(name, array, array >= 0, "numbers >= 0")
    counters = state.counters
    whole = np.ones(len(counters), bool)
    whole[list(WHOLE)] = counters[list(WHOLE)] == np.floor(counters[list(WHOLE)])
    _allow("counters", counters, whole, "whole numbers of steps, rows and epochs")
    _allow("seen", state.seen, state.seen <= counters[WEIGHT], f"weights <= counters[{WEIGHT}], that of all rows")
    _check_table(state)
    if state.experts.size:
        _check_experts(state.experts)
    _check_records(state)


def _check_table(state: LearnerState) -> None:
    """Weights and slots, and of sparse records the times up to which features are settled."""
    table, spec = state.table, state.spec
    if state.layout == "dense":
        _allow("table", table, np.isfinite(table), "finite numbers")
        if spec["optimizer"] in SQUARES:
            _allow("table", table[-1], table[-1] >= 0, "squares >= 0 in its last plane")
        return
    if state.bank:
        return
    numbers = spec["columns"] * (1 + SLOTS[spec["optimizer"]])
    _allow("table", table, np.isfinite(table[:, :numbers]), "finite numbers")
    if spec["optimizer"] in SQUARES:
        squares = table[:, numbers - spec["columns"] : numbers]
        _allow("table", squares, squares >= 0, "squares >= 0 in its last slot")
    times = _as_times(table[:, numbers:])
    for column, now in zip(times.T, (state.counters[CLOCK], state.counters[STEPS]), strict=False):
        _allow("table", column, (column >= 0) & (column <= now), f"times of features from 0 to {now}, the present")


def _check_experts(experts: NDArray[np.float64]) -> None:
    lanes = experts[:LANES]
    if not ((lanes >= 0).all() and abs(lanes.sum() - 1.0) <= SUM_OF_LANES):
        raise ValueError(f"state['model']['experts'] begins with {lanes}: weights of lanes are >= 0 and sum to 1.")
    finite = np.isfinite(experts)
    finite[WOKEN] = not np.isnan(experts[WOKEN])  # inf: lane 0 rests
    _allow("experts", experts, finite, "finite numbers")
    fits = np.ones(len(experts), bool)
    fits[ADDED_UP] = experts[ADDED_UP] >= 0
    fits[WOKEN] = experts[WOKEN] >= 0
    fits[FEATURES] = experts[FEATURES] >= 0 and experts[FEATURES] == np.floor(experts[FEATURES])
    fits[EVIDENCE] = experts[EVIDENCE] > 0
    _allow("experts", experts, fits, "sums and means >= 0, a whole number of records, evidence > 0")


def _check_records(state: LearnerState) -> None:
    """Sparse records of the bank: weights, then sums and statistics, then two times as raw float64."""
    if not state.records.size:
        return
    columns = state.spec["columns"]
    used = state.records[: int(state.experts[FEATURES])]
    weights, counted = columns * LANES, columns * (LANES + 1) + 2
    _allow("records", used, np.isfinite(used[:, :counted]), "finite numbers")
    _allow("records", used[:, weights:counted], used[:, weights:counted] >= 0, "sums and mean squares >= 0")
    clocks = (counted + 1) // 2 * 2
    times = _as_times(used[:, clocks : clocks + 4])
    now = np.array([state.counters[CLOCK], state.experts[ADAGRAD_CLOCK]])
    _allow("records", times, (times >= 0) & (times <= now), f"times of features from 0 to {now}, the present")


def _as_times(raw: NDArray[Any]) -> NDArray[np.float64]:
    """Return the float64 numbers whose bits lie in columns of another dtype."""
    flat = np.ascontiguousarray(raw).reshape(-1)
    return flat.view(np.float64).reshape(len(raw), -1)


def _allow(name: str, array: NDArray[Any], allowed: NDArray[np.bool_], rule: str) -> None:
    """Raise ValueError for the first element that is not allowed."""
    if allowed.all():
        return
    at = tuple(int(i) for i in np.argwhere(~allowed)[0])
    raise ValueError(
        f"state['model'][{name!r}] holds {array[at].item()!r} at {at}: it has {rule}. "
        "Take a state that get_state returned."
    )
