"""Losses, their derivatives in the margin, and the importance-invariant step of a row.

``z`` and ``y`` broadcast; ``parameter`` is epsilon for huber, the power for
tweedie, and ignored elsewhere. Margin losses take y = -1/+1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def sat(x):
    """(1 - exp(-x)) / x, and 1 at 0."""
    x = np.asarray(x, dtype=float)
    return np.where(x == 0, 1.0, -np.expm1(-x) / np.where(x == 0, 1.0, x))


def log_loss_value(z, y, parameter):
    return np.logaddexp(0.0, -y * z)


def log_loss_derivative(z, y, parameter):
    return -y * np.exp(-np.logaddexp(0.0, y * z))


def log_loss_step(z, y, h, q, parameter):
    """Newton's method for delta = m - m0 in f(delta) = delta + exp(m0) expm1(delta) - h q = 0.

    f is convex and increasing, so that Newton's steps from a point right of the root never cross it. For m0 > 0
    the equation is divided by exp(m0), so that nothing overflows and small deltas keep their digits.
    """
    m0 = y * z
    own, grown = np.exp(-np.maximum(m0, 0.0)), np.exp(np.minimum(m0, 0.0))
    delta = np.minimum(h * q, np.log1p(h * q * np.exp(np.minimum(-m0, 600.0))))
    for _ in range(20):
        delta = delta - (own * delta + grown * np.expm1(delta) - own * h * q) / (own + grown * np.exp(delta))
    return y * delta / q


def hinge_value(z, y, parameter):
    return np.maximum(0.0, 1 - y * z)


def hinge_derivative(z, y, parameter):
    return np.where(y * z < 1, -y, 0.0)


def hinge_step(z, y, h, q, parameter):
    m = 1 - y * z
    return np.where(m > 0, y * np.minimum(h, m / q), 0.0)


def squared_hinge_value(z, y, parameter):
    return np.maximum(0.0, 1 - y * z) ** 2


def squared_hinge_derivative(z, y, parameter):
    return -2 * y * np.maximum(0.0, 1 - y * z)


def squared_hinge_step(z, y, h, q, parameter):
    return 2 * y * np.maximum(0.0, 1 - y * z) * h * sat(2 * h * q)


def modified_huber_value(z, y, parameter):
    return np.where(y * z < -1, -4 * y * z, np.maximum(0.0, 1 - y * z) ** 2)


def modified_huber_derivative(z, y, parameter):
    return np.where(y * z < -1, -4 * y, -2 * y * np.maximum(0.0, 1 - y * z))


def modified_huber_step(z, y, h, q, parameter):
    m = 1 - y * z
    quadratic = 2 * y * np.maximum(m, 0.0) * h * sat(2 * h * q)
    h1 = np.maximum(m - 2, 0.0) / (4 * q)
    beyond = np.maximum(h - h1, 0.0)
    linear = np.where(h <= h1, 4 * y * h, 4 * y * h1 + 4 * y * beyond * sat(2 * beyond * q))
    return np.where(m <= 2, quadratic, linear)


def squared_error_value(z, y, parameter):
    return (z - y) ** 2 / 2


def squared_error_derivative(z, y, parameter):
    return z - y


def squared_error_step(z, y, h, q, parameter):
    return (y - z) * h * sat(h * q)


def huber_value(z, y, parameter):
    a = np.abs(z - y)
    return np.where(a <= parameter, a**2 / 2, parameter * (a - parameter / 2))


def huber_derivative(z, y, parameter):
    return np.clip(z - y, -parameter, parameter)


def huber_step(z, y, h, q, parameter):
    a = np.abs(z - y)
    h1 = np.maximum(a - parameter, 0.0) / (parameter * q)
    beyond = np.maximum(h - h1, 0.0)
    linear = np.sign(y - z) * parameter * np.where(h <= h1, h, h1 + beyond * sat(beyond * q))
    return np.where(a <= parameter, (y - z) * h * sat(h * q), linear)


def poisson_value(z, y, parameter):
    with np.errstate(over="ignore"):
        return np.exp(z) - y * z


def poisson_derivative(z, y, parameter):
    with np.errstate(over="ignore"):
        return np.exp(z) - y


def poisson_step(z, y, h, q, parameter):
    """1 + (exp(z) - y) h q sat(h q y) = exp(-h q y) + exp(z) h q sat(h q y).

    Away from 1 the logarithm of the right side, a sum of two positive terms, loses no digits and cannot overflow.
    """
    drawn = h * q * sat(h * q * y)
    change = np.expm1(-h * q * y) + np.exp(np.minimum(z, 600.0)) * drawn
    with np.errstate(divide="ignore"):
        far = np.logaddexp(-h * q * y, z + np.log(drawn))
    return -np.where(np.abs(change) < 0.5, np.log1p(np.clip(change, -0.5, 0.5)), far) / q


def gamma_value(z, y, parameter):
    with np.errstate(over="ignore"):
        return z + y * np.exp(-z)


def gamma_derivative(z, y, parameter):
    with np.errstate(over="ignore"):
        return 1.0 - y * np.exp(-z)


def gamma_step(z, y, h, q, parameter):
    """The mean m = exp(z) obeys m' = -q (m - y): m1 = y + (m0 - y) exp(-h q), written for exp(z1 - z0)."""
    kept, drawn = -h * q, -np.expm1(-h * q)
    change = drawn * (y * np.exp(np.minimum(-z, 600.0)) - 1.0)
    with np.errstate(divide="ignore"):
        far = np.logaddexp(kept, np.log(y) - z + np.log(drawn))
    return np.where(np.abs(change) < 0.5, np.log1p(np.clip(change, -0.5, 0.5)), far) / q


def tweedie_value(z, y, parameter):
    with np.errstate(over="ignore", invalid="ignore"):
        drawn = np.where(y == 0, 0.0, y * np.exp((1 - parameter) * z))
        return np.exp((2 - parameter) * z) / (2 - parameter) - drawn / (1 - parameter)


def tweedie_derivative(z, y, parameter):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp((2 - parameter) * z) - np.where(y == 0, 0.0, y * np.exp((1 - parameter) * z))


def tweedie_step(z, y, h, q, parameter):
    """Where the time that the way takes is h: times of ways are integrals, the way is found by bisection."""
    z, y, h, q = np.broadcast_arrays(z, y, h, q)
    rows = zip(z.ravel(), y.ravel(), h.ravel(), q.ravel(), strict=True)
    return np.reshape([_tweedie_way(*row, parameter) / row[3] for row in rows], z.shape)


def _tweedie_way(z, y, h, q, p):
    if y < 0:  # f = log |y| - z grows by exp(-(1 - p) f) (1 + exp(-f)) a unit of time
        return -_way_in(np.log(-y) - z, h * q * (-y) ** (2 - p), 1, 1 - p)
    if y == 0:  # exp(-(2 - p) z) grows by (2 - p) q a unit of time
        log_growth = np.log((2 - p) * h * q) + (2 - p) * z if h * q > 0 else -np.inf
        return -np.logaddexp(0.0, log_growth) / (2 - p) if log_growth > -30 else -h * q * np.exp((2 - p) * z)
    way, time = z - np.log(y), h * q * y ** (2 - p)
    if way == 0 or time == 0:
        return 0.0
    bend = 2 - p if way > 0 else p - 1
    start = -np.log(np.expm1(abs(way))) if abs(way) < 30 else -abs(way)
    moved = _way_in(start, time, bend)
    shorter = np.expm1(-moved) * -np.expm1(-abs(way))
    left = np.log1p(np.exp(-(start + moved))) - abs(way) if shorter < -0.5 else np.log1p(shorter)
    return left if way > 0 else -left


NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(24)


def _way_in(f, time, bend, growth=0.0):
    """Return d where the integral of exp(growth v) (1 + exp(-v))^-bend from f to f + d is ``time``."""
    low, moved, rate = -60.0, 0.0, growth + bend  # below ``low`` 1 is nothing beside exp(-v)
    if time == 0:
        return 0.0
    if f < low:
        with np.errstate(over="ignore"):  # of negative rates: f never gets there
            needed = (np.exp(rate * low) - np.exp(rate * f)) / rate
        if time < needed and rate < 0:
            return np.log1p(rate * time * np.exp(-rate * f)) / rate
        if time < needed:
            return np.logaddexp(0.0, np.log(rate * time) - rate * f) / rate
        f, time, moved = low, time - needed, low - f
    panel = 1.0 / max(1.0, growth + abs(bend))
    while f < 60.0:
        needed = _time_of(f, panel, bend, growth)
        if time < needed:
            return moved + _bisected(f, time, panel, bend, growth)
        f, time, moved = f + panel, time - needed, moved + panel
    return moved + (time if growth == 0 else np.log1p(growth * time * np.exp(-growth * f)) / growth)


def _time_of(f, length, bend, growth):
    at = f + length * (NODES + 1) / 2
    return length / 2 * NODE_WEIGHTS @ np.exp(growth * at - bend * np.logaddexp(0.0, -at))


def _bisected(f, time, panel, bend, growth):
    slowness = np.exp(growth * f - bend * np.logaddexp(0.0, -f))
    if time < 1e-10 * slowness:
        return time / slowness
    low, high = 0.0, panel
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if _time_of(f, middle, bend, growth) < time else (low, middle)
    return (low + high) / 2


def tweedie_identity_value(z, y, parameter):
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = np.log(z) if parameter == 2 else z ** (2 - parameter) / (2 - parameter)
        drawn = np.log(z) if parameter == 1 else z ** (1 - parameter) / (1 - parameter)
        return np.where(z <= 0, np.inf, mean - np.where(y == 0, 0.0, y * drawn))


def tweedie_identity_derivative(z, y, parameter):
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(z <= 0, -np.inf, z**-parameter * (z - y))


def no_step(z, y, h, q, parameter):
    raise NotImplementedError("learnt from all rows at once only")


@dataclass(frozen=True)
class Loss:
    """One row of the table in the guide; ``target`` is "sign", "real", "count" or "amount"."""

    value: Callable
    derivative: Callable
    step: Callable
    target: str


POWERS = {  # of the variance in the mean, for losses whose mean is exp(z)
    "poisson": lambda parameter: 1.0,
    "gamma": lambda parameter: 2.0,
    "tweedie": lambda parameter: parameter,
}
LOSSES = {
    "log_loss": Loss(log_loss_value, log_loss_derivative, log_loss_step, "sign"),
    "hinge": Loss(hinge_value, hinge_derivative, hinge_step, "sign"),
    "squared_hinge": Loss(squared_hinge_value, squared_hinge_derivative, squared_hinge_step, "sign"),
    "modified_huber": Loss(modified_huber_value, modified_huber_derivative, modified_huber_step, "sign"),
    "squared_error": Loss(squared_error_value, squared_error_derivative, squared_error_step, "real"),
    "huber": Loss(huber_value, huber_derivative, huber_step, "real"),
    "poisson": Loss(poisson_value, poisson_derivative, poisson_step, "count"),
    "gamma": Loss(gamma_value, gamma_derivative, gamma_step, "amount"),
    "tweedie": Loss(tweedie_value, tweedie_derivative, tweedie_step, "count"),
    "tweedie_identity": Loss(tweedie_identity_value, tweedie_identity_derivative, no_step, "count"),
}


def value(loss, parameter, z, y):
    return LOSSES[loss].value(np.asarray(z, float), np.asarray(y, float), parameter)


def derivative(loss, parameter, z, y):
    return LOSSES[loss].derivative(np.asarray(z, float), np.asarray(y, float), parameter)


def invariant_step(loss, parameter, z, y, h, q):
    """u(z, y, h, q); a row of zeros (q = 0) gives -h r(z)."""
    z, y, h, q = np.broadcast_arrays(*(np.asarray(part, float) for part in (z, y, h, q)))
    return np.where(
        q == 0,
        -h * LOSSES[loss].derivative(z, y, parameter),
        LOSSES[loss].step(z, y, h, np.where(q == 0, 1.0, q), parameter),
    )
