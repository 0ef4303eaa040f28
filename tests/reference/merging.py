"""Two models that learnt from different rows as one, coordinate by coordinate, in X's own units.

A model is a dict: ``planes`` (p, d, K) and ``bias`` (p, K), ``mean`` and ``m2`` (d,) or (0,), ``weight`` that it has
seen, ``spec``, and of the bank ``trust`` (8,), the weights of its lanes.
"""

import numpy as np

from reference.standardizer import inverse_deviation


def merged(one, other):
    """The model of both: planes, bias, mean, m2, trust."""
    total = one["weight"] + other["weight"]
    shares = [one["weight"] / total, other["weight"] / total]
    mean, m2 = pooled(one, other)
    lanes = len(one["trust"])
    trust = shares[0] * one["trust"] + shares[1] * other["trust"]
    n_planes, d, n_columns = one["planes"].shape
    planes, bias = np.zeros((n_planes, d, n_columns)), np.zeros((n_planes, n_columns))
    center, scale = units(one["spec"], mean, m2, total, d)
    for k in range(n_columns):
        for lane in range(lanes):
            says = [share * side["trust"][lane] / trust[lane] for share, side in zip(shares, (one, other), strict=True)]
            lines = [linear(side, lane, k, d) for side in (one, other)]
            coef = sum(say * line[0] for say, line in zip(says, lines, strict=True))
            planes[lane, :, k] = np.divide(coef, scale, out=np.zeros(d), where=scale > 0)
            bias[lane, k] = sum(say * line[1] for say, line in zip(says, lines, strict=True)) + coef @ center
        for slot in range(lanes, n_planes):
            bias[slot, k] = merged_slot(
                one["spec"], slot, [side["bias"][slot, k] for side in (one, other)], shares, [1, 1]
            )
            for j in range(d):
                own = [units(side["spec"], side["mean"], side["m2"], side["weight"], d)[1][j] for side in (one, other)]
                changes = [scale[j] / unit if unit > 0 else 0.0 for unit in own]
                values = [side["planes"][slot, j, k] for side in (one, other)]
                planes[slot, j, k] = merged_slot(one["spec"], slot, values, shares, changes)
    return {"planes": planes, "bias": bias, "mean": mean, "m2": m2, "trust": trust}


def linear(side, lane, k, d):
    """Coefficients and intercept of one lane and column in X's units."""
    center, scale = units(side["spec"], side["mean"], side["m2"], side["weight"], d)
    coef = side["planes"][lane, :, k] * scale
    return coef, side["bias"][lane, k] - coef @ center


def units(spec, mean, m2, weight, d):
    """What a column's value has taken off, and is multiplied by."""
    if spec["standardize"] not in ("scale", "center_scale"):
        return np.zeros(d), np.ones(d)
    center = mean if spec["standardize"] == "center_scale" else np.zeros(d)
    return center, inverse_deviation(mean, m2, weight)


def pooled(one, other):
    """Mean and squared deviations of all rows, through sums of values and squares about a common origin."""
    total = one["weight"] + other["weight"]
    mean = (one["weight"] * one["mean"] + other["weight"] * other["mean"]) / total
    m2 = sum(side["m2"] + side["weight"] * (side["mean"] - mean) ** 2 for side in (one, other))
    return mean, m2


def merged_slot(spec, slot, values, shares, changes):
    """A slot: sums of squares beyond their start add up, averages of gradients or their squares are averaged.

    A gradient changes like the scale of its column.
    """
    if spec["optimizer"] in ("adagrad", "bank"):
        start = spec["initial_accumulator"]
        beyond = [value - start if value > start * (1 + 1e-6) else 0.0 for value in values]
        return start + sum(value * change**2 for value, change in zip(beyond, changes, strict=True))
    power = {"momentum": [1], "adam": [1, 2]}[spec["optimizer"]][slot - 1]
    return sum(share * value * change**power for share, value, change in zip(shares, values, changes, strict=True))
