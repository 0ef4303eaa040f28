"""Every registered loss against its slow twin, finite differences and numerical integration of its flow."""

from dataclasses import dataclass

import numpy as np
import pytest

from conftest import RTOL_F64
from gradstream import _core
from near import assert_near
from reference import losses

NAMES = [entry["name"] for entry in _core.losses()]
POSITIVE = {entry["name"] for entry in _core.losses() if entry["positive"]}
EPSILON = 1.35
CASES = [
    *((name, EPSILON) for name in NAMES),
    *(("tweedie", power) for power in (-2.5, -1.0, 0.0, 0.5, 2.5, 4.0)),
    *(("tweedie_identity", power) for power in (-2.5, -1.0, 0.5, 1.0, 2.0, 2.5)),
]
SMOOTH_MARGINS = np.array([-3.3, -1.01, -0.4, 0.3, 0.99, 1.01, 2.7])
EXTREME_MARGINS = np.array([-1e3, -40.0, 0.0, 40.0, 1e3])


@dataclass(frozen=True)
class Case:
    """A loss with the value of its parameter."""

    name: str
    parameter: float

    @property
    def targets(self):
        kind = losses.LOSSES[self.name].target
        if self.name.startswith("tweedie") and not 0 < self.parameter < 2:
            kind = "real" if self.parameter <= 0 else "amount"
        return {"sign": [-1.0, 1.0], "real": [-2.0, 0.0, 1.5], "count": [0.0, 1.0, 4.0], "amount": [0.2, 1.0, 4.0]}[
            kind
        ]

    @property
    def margins(self):
        return abs(SMOOTH_MARGINS) if self.name in POSITIVE else SMOOTH_MARGINS

    def grid(self, *axes):
        """The product of the targets and the axes, flattened."""
        return [part.ravel() for part in np.meshgrid(self.targets, *axes)]

    def rows(self, z, y):
        return _core.loss_rows(self.name, self.parameter, z, y)

    def value(self, z, y):
        return losses.value(self.name, self.parameter, z, y)

    def derivative(self, z, y):
        return losses.derivative(self.name, self.parameter, z, y)

    def steps(self, z, y, h, q):
        return _core.invariant_steps(self.name, self.parameter, z, y, h, q)

    def slow_steps(self, z, y, h, q):
        return losses.invariant_step(self.name, self.parameter, z, y, h, q)


def case_name(case):
    return f"{case[0]}-{case[1]:g}"


@pytest.fixture(params=CASES, ids=case_name)
def loss(request):
    return Case(*request.param)


@pytest.fixture(params=[case for case in CASES if case[0] not in POSITIVE], ids=case_name)
def stepping(request):
    """A loss that is learnt row by row."""
    return Case(*request.param)


def test_every_loss_has_a_twin():
    assert set(NAMES) == set(losses.LOSSES)


def test_value_and_derivative_equal_the_twin(loss, isa):
    y, z = loss.grid(loss.margins)
    value, derivative = loss.rows(z, y)
    assert_near(value, loss.value(z, y), RTOL_F64)
    assert_near(derivative, loss.derivative(z, y), RTOL_F64)


def test_small_values_keep_their_digits(loss):
    """log(1 + exp(-30)) is not 0, nor is its slope."""
    y, z = loss.grid(np.array([-30.0, -20.0, 20.0, 30.0]))
    value, derivative = loss.rows(z, y)
    np.testing.assert_allclose(value, loss.value(z, y), rtol=RTOL_F64)
    np.testing.assert_allclose(derivative, loss.derivative(z, y), rtol=RTOL_F64)


def test_extreme_margins(loss, isa):
    y, z = loss.grid(EXTREME_MARGINS)
    value, derivative = loss.rows(z, y)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        slow_value, slow_derivative = loss.value(z, y), loss.derivative(z, y)
    np.testing.assert_allclose(value, slow_value, rtol=RTOL_F64, atol=1e-300)
    np.testing.assert_allclose(derivative, slow_derivative, rtol=RTOL_F64, atol=1e-300)


def test_derivative_is_the_slope_of_the_value(loss):
    y, z = loss.grid(loss.margins)
    h = 1e-6
    ahead, behind = (loss.rows(z + sign * h, y)[0] for sign in (1, -1))
    slope = loss.rows(z, y)[1]
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * h), rtol=1e-7, atol=1e-7 * max(1, abs(ahead).max() / 100))


def test_nan_margin_gives_nan(loss):
    """A loss that swallows NaN would hide a broken model."""
    value, derivative = loss.rows(np.array([np.nan]), np.array([1.0]))
    assert np.isnan(value[0])
    assert np.isnan(derivative[0]) or loss.name == "hinge"


@pytest.mark.parametrize("name", sorted(POSITIVE))
def test_margins_that_are_not_known(name, isa):
    """The value is infinite and the slope points back."""
    for z in (0.0, -1e-300, -1.0):
        value, derivative = _core.loss_rows(name, 1.5, np.array([z]), np.array([1.0]))
        assert (value[0], derivative[0]) == (np.inf, -np.inf)


def test_invariant_step_equals_the_twin(stepping, isa):
    y, z, h, q = stepping.grid(
        SMOOTH_MARGINS, np.array([0.0, 1e-9, 0.03, 1.0, 30.0]), np.array([0.0, 1e-7, 0.5, 3.0, 80.0])
    )
    actual = stepping.steps(z, y, h, q)
    np.testing.assert_allclose(actual, stepping.slow_steps(z, y, h, q), rtol=1e-9, atol=1e-300)


def test_log_loss_step_is_exact_to_rounding(isa):
    """Usual steps and long ones, past the bend of m + exp(m) and up to it; the twin works in long double."""
    y, z, h = Case("log_loss", 0.0).grid(np.linspace(-35.0, 60.0, 400), np.geomspace(1e-17, 1e5, 150))
    q = np.ones_like(z)
    actual = _core.invariant_steps("log_loss", 0.0, z, y, h, q)
    desired = losses.log_loss_step(*(array.astype(np.longdouble) for array in (z, y, h, q)), 0.0)
    np.testing.assert_allclose(actual, desired.astype(float), rtol=4e-15)


@pytest.mark.parametrize("z", EXTREME_MARGINS)
def test_invariant_step_at_extreme_margins(stepping, z):
    y, h, q = stepping.grid(np.array([1e-3, 1.0]), np.array([0.1, 10.0]))
    z = np.full_like(y, z)
    actual = stepping.steps(z, y, h, q)
    assert np.isfinite(actual).all()
    np.testing.assert_allclose(actual, stepping.slow_steps(z, y, h, q), rtol=1e-9, atol=1e-300)


def flow_margin(loss, z, y, h, q, n_steps):
    """z after dz/dtau = -q r(z) for a time h, by classical Runge-Kutta."""

    def slope(z):
        return -q * loss.derivative(z, y)

    dt = h / n_steps
    for _ in range(n_steps):
        k1 = slope(z)
        k2 = slope(z + dt / 2 * k1)
        k3 = slope(z + dt / 2 * k2)
        z = z + dt / 6 * (k1 + 2 * k2 + 2 * k3 + slope(z + dt * k3))
    return z


def test_invariant_step_integrates_the_flow_of_the_margin(stepping):
    steep = stepping.name == "tweedie" and stepping.parameter != EPSILON  # too steep for Runge-Kutta far out
    y, z, h, q = stepping.grid(
        np.linspace(-1.0, 1.0, 5) if steep else np.linspace(-3.3, 2.7, 9),
        np.array([0.01, 0.4, 2.0]),
        np.array([0.3, 2.0]),
    )
    n_steps = 3000
    # hinge alone has a jump in r: the last of the tiny steps overshoots the label by up to its own length.
    atol = 2 * np.max(h * q) / n_steps if stepping.name == "hinge" else 1e-6
    actual = z + q * stepping.steps(z, y, h, q)
    np.testing.assert_allclose(actual, flow_margin(stepping, z, y, h, q, n_steps), rtol=1e-7, atol=atol)


def test_two_steps_are_one_of_twice_the_length(stepping):
    y, z, h, q = stepping.grid(SMOOTH_MARGINS, np.array([1e-6, 0.03, 0.7, 20.0]), np.array([1e-3, 0.5, 3.0]))
    first = stepping.steps(z, y, h, q)
    second = stepping.steps(z + q * first, y, h, q)
    whole = stepping.steps(z, y, 2 * h, q)
    # The second margin is rounded: what is left of the way to the label is known to the rounding of z only.
    np.testing.assert_allclose(q * (first + second), q * whole, rtol=1e-9, atol=1e-14)


def gap_to_label(loss, z, y):
    """How far the margin stands from the label, with its sign; a step may shrink it and never flip it."""
    gaps = {"log_loss": -np.ones_like(z), "squared_error": z - y, "huber": z - y}
    gaps |= dict.fromkeys(["poisson", "gamma", "tweedie"], np.exp(z) - y)
    return gaps.get(loss.name, np.minimum(y * z - 1, 0.0))


def test_no_step_crosses_the_label(stepping):
    y, z, h, q = stepping.grid(SMOOTH_MARGINS, np.array([0.1, 10.0, 1e6]), np.array([0.5, 300.0]))
    after = z + q * stepping.steps(z, y, h, q)
    before_gap, after_gap = gap_to_label(stepping, z, y), gap_to_label(stepping, after, y)
    assert np.isfinite(after).all()
    assert (np.abs(after_gap) <= np.abs(before_gap) * (1 + 1e-12) + 1e-12).all()
    assert (after_gap * before_gap >= -1e-12).all()
    assert (-(after - z) * stepping.derivative(z, y) >= 0).all()
