"""Two models that learnt from different rows become one, in X's own units; formulas in ``docs/guide/numerics.md``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gradstream import _core
from gradstream._parameters import has_statistics
from gradstream._state import (
    ADAGRAD_CLOCK,
    CLOCK,
    COUNTED,
    EPOCH,
    EVIDENCE,
    LANES,
    MIXTURE_LOSS,
    N_SAMPLES_SEEN,
    NORM,
    RESIDUAL,
    TARGET_M2,
    TARGET_MEAN,
    WEIGHT,
    WOKEN,
    LearnerState,
)

if TYPE_CHECKING:
    from gradstream._core import Float64

GRADIENTS, SQUARES = 1, 2  # powers of a unit: how a slot changes with the scale of its column


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two: its state, no block unfinished, and its share of all the weight seen."""

    state: LearnerState
    share: float
    scale: Float64  # (d,) 1/sd, 0 for a constant column
    center: Float64

    @classmethod
    def of(cls, state: LearnerState, share: float) -> Side:
        """Read the columns' units."""
        if not has_statistics(state.spec):
            return cls(state, share, np.ones(state.n_features), np.zeros(state.n_features))
        mean, m2, weight = state.moments()
        centered = state.spec["standardize"] == "center_scale"
        return cls(state, share, _core.inverse_deviation(mean, m2, weight), mean if centered else np.zeros_like(mean))


def merged(one: LearnerState, other: LearnerState, weights: tuple[float, float]) -> LearnerState:
    """Return one state of two with the same specification and layout; neither is changed.

    ``weights`` is what each has seen, by :func:`weight_seen` before either came over to another specification: what a
    named optimizer has learnt the bank has not counted.
    """
    one, other = one.copy(), other.copy()
    one.core().flush()
    other.core().flush()
    total = sum(weights)
    new = LearnerState.create(one.spec, one.n_features, one.layout, one.table.dtype, one.seed)
    _merge_statistics(new, one, other)
    new.counters[:] = one.counters + other.counters
    new.counters[EPOCH] = max(one.counters[EPOCH], other.counters[EPOCH])
    shares = [weight / total if total > 0 else 0.5 for weight in weights]
    sides = [Side.of(state, share) for state, share in zip((one, other), shares, strict=True)]
    if one.experts.size:
        new.experts = _merged_experts(sides)
        new.experts[WOKEN] = _woken(sides, new.counters[CLOCK])
    _merge_planes(new, sides)
    _merge_units(new, sides)
    new.pending = one.pending + other.pending
    return new


def weight_seen(state: LearnerState) -> float:
    """Return the weight of the rows learnt from.

    A bank has not counted what was learnt under another optimizer, nor a standardiser what came while it rested. States
    of older files have counted rows only, where they had no standardiser.
    """
    counted = state.experts[COUNTED] if state.experts.size else 0.0
    weight = float(max(state.counters[WEIGHT], counted))
    return weight if weight > 0 else float(state.counters[N_SAMPLES_SEEN])


def _merge_statistics(new: LearnerState, one: LearnerState, other: LearnerState) -> None:
    """Means and squared deviations of all rows: Chan, Golub and LeVeque (1983)."""
    if not new.mean.size:
        return
    (mean, m2, weight), (other_mean, other_m2, other_weight) = one.moments(), other.moments()
    new.mean[:], new.m2[:] = chan(mean, m2, weight, other_mean, other_m2, other_weight)
    new.seen[:] = weight + other_weight


def chan(
    mean: Float64, m2: Float64, weight: float, other_mean: Float64, other_m2: Float64, other_weight: float
) -> tuple[Float64, Float64]:
    """Return mean and sum of squared deviations of two samples taken together."""
    total = weight + other_weight
    if total == 0:
        return mean, m2
    gap = other_mean - mean
    return mean + gap * (other_weight / total), m2 + other_m2 + gap**2 * (weight * other_weight / total)


def _merge_planes(new: LearnerState, sides: list[Side]) -> None:
    """Weights are averaged in X's units, lane by lane with the lanes' weights; slots follow their columns' scale."""
    side = Side.of(new, 1.0)
    planes = np.zeros((len(new.bias), new.n_features, new.spec["columns"]))
    lanes = new.lanes
    new.bias[:] = 0.0
    for part in sides:
        own = part.state.planes()
        coef = own[:lanes] * part.scale[:, None]
        intercept = part.state.bias[:lanes] - np.einsum("ljk,j->lk", coef, part.center)
        say = _say(new, part)
        planes[:lanes] += say[:, None, None] * coef
        new.bias[:lanes] += say[:, None] * intercept
        ratio = np.divide(side.scale, part.scale, out=np.zeros_like(part.scale), where=part.scale > 0)[:, None]
        _add_slots(new, planes, part, own, ratio)
    new.bias[:lanes] += np.einsum("ljk,j->lk", planes[:lanes], side.center)
    inverse = np.divide(1.0, side.scale, out=np.zeros_like(side.scale), where=side.scale > 0)
    planes[:lanes] *= inverse[:, None]
    new.set_planes(planes)


def _say(new: LearnerState, part: Side) -> Float64:
    """Return how much of each lane a side gives, (lanes,): its share, times what it trusts the lane with."""
    if not new.bank:
        return np.array([part.share])
    return part.share * part.state.experts[:LANES] / new.experts[:LANES]


def _add_slots(new: LearnerState, planes: Float64, part: Side, own: Float64, ratio: Float64) -> None:
    """Add a side's slots: sums of squares as sums, moving averages by its share."""
    optimizer, lanes = new.spec["optimizer"], new.lanes
    if optimizer in ("adagrad", "bank"):
        start = new.spec["initial_accumulator"] / 2  # of each side: together the start of one
        summed = own[-1] - 2 * start
        seen = summed > 2 * start * 1e-6  # float32 rounds the start
        planes[-1] += start + np.where(seen, summed, 0.0) * ratio**SQUARES
        new.bias[-1] += part.state.bias[-1] - start
        return
    powers = {"momentum": (GRADIENTS,), "adam": (GRADIENTS, SQUARES)}.get(optimizer, ())
    for slot, power in enumerate(powers, start=lanes):
        planes[slot] += part.share * own[slot] * ratio**power
        new.bias[slot] += part.share * part.state.bias[slot]


def _merged_experts(sides: list[Side]) -> Float64:
    """Return what the merged bank keeps besides weights: means over all rows, sums of both."""
    one, other = (side.state.experts for side in sides)
    experts = one.copy()
    experts[:LANES] = np.add(*(side.share * side.state.experts[:LANES] for side in sides))
    counted = one[COUNTED] + other[COUNTED]
    share = other[COUNTED] / counted if counted > 0 else 0.5
    for average in (NORM, RESIDUAL):
        experts[average] = (1.0 - share) * one[average] + share * other[average]
    mean, m2 = chan(
        one[TARGET_MEAN], one[TARGET_M2], one[COUNTED], other[TARGET_MEAN], other[TARGET_M2], other[COUNTED]
    )
    experts[TARGET_MEAN], experts[TARGET_M2], experts[COUNTED] = mean, m2, counted
    experts[MIXTURE_LOSS] = sum(side[MIXTURE_LOSS] - np.log(side[EVIDENCE]) for side in (one, other))
    experts[EVIDENCE] = 1.0
    experts[ADAGRAD_CLOCK] = one[ADAGRAD_CLOCK] + other[ADAGRAD_CLOCK]
    return experts


def _woken(sides: list[Side], clock: float) -> float:
    """Return when lane 0 began to move: not yet where both rest at a fit's solution, else now."""
    resting = all(side.state.experts[WOKEN] > side.state.counters[CLOCK] for side in sides)
    return np.inf if resting else clock


def _merge_units(new: LearnerState, sides: list[Side]) -> None:
    """Weight and mean square of sparse features' values, over the values of both."""
    if new.spec["standardize"] == "root_mean_square":
        counts, squares = zip(
            *(_core.Bank(side.state.spec, side.state.arrays()).units() for side in sides), strict=True
        )
    elif any(side.state.units.size for side in sides):
        counts, squares = zip(*(side.state.units for side in sides), strict=True)
    else:
        return
    count = counts[0] + counts[1]
    square = np.divide(
        counts[0] * squares[0] + counts[1] * squares[1], count, out=np.zeros_like(count), where=count > 0
    )
    if new.bank:
        _core.Bank(new.spec, new.arrays()).set_units(count, square)
    else:
        new.units = np.stack([count, square])
