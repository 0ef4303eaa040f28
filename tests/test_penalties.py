"""The flow of each penalty against its slow twin, its own semigroup, and tiny explicit steps."""

import numpy as np
import pytest

from conftest import RTOL_F64
from gradstream import _core
from near import assert_near
from reference import penalties

ALPHA, L1_RATIO = 0.3, 0.4
W = np.array([-5.0, -0.3, -1e-9, -0.0, 0.0, 1e-300, 1e-3, 0.2, 1.0, 40.0])
TAU = np.array([0.0, 1e-12, 0.01, 0.5, 3.0, 1e4])


@pytest.fixture(params=["none", "l2", "l1", "elasticnet"])
def strengths(request):
    return penalties.strengths(request.param, ALPHA, L1_RATIO)


def grid():
    return [part.ravel() for part in np.meshgrid(W, TAU)]


def test_registered_names():
    assert {entry["name"] for entry in _core.penalties()} == {"l2", "l1", "elasticnet"}


def test_flow_equals_the_twin(strengths, isa):
    w, tau = grid()
    actual = _core.penalty_flow(w, tau, *strengths)
    np.testing.assert_allclose(actual, penalties.flow(w, tau, *strengths), rtol=1e-12, atol=1e-15)


def test_no_time_leaves_the_weight(strengths):
    assert_near(_core.penalty_flow(W, np.zeros_like(W), *strengths), W, 1e-15)


def test_zero_stays_zero(strengths):
    assert not _core.penalty_flow(np.zeros_like(TAU), TAU, *strengths).any()


def test_two_flows_are_one_of_the_summed_time(strengths):
    w, tau = grid()
    twice = _core.penalty_flow(_core.penalty_flow(w, tau, *strengths), tau / 3, *strengths)
    np.testing.assert_allclose(twice, _core.penalty_flow(w, tau + tau / 3, *strengths), rtol=1e-12, atol=1e-14)


def test_flow_never_overshoots(strengths):
    w, tau = grid()
    after = _core.penalty_flow(w, tau, *strengths)
    assert (after * w >= 0).all()
    assert (np.abs(after) <= np.abs(w)).all()


@pytest.mark.parametrize("tau", [0.05, 0.7, 4.0])
def test_flow_is_the_limit_of_tiny_steps(strengths, tau):
    l1, l2 = strengths
    n_steps = 20_000
    w = W.copy()
    for _ in range(n_steps):
        moved = w - tau / n_steps * (l2 * w + l1 * np.sign(w))
        w = np.where(moved * w > 0, moved, 0.0)
    np.testing.assert_allclose(_core.penalty_flow(W, np.full_like(W, tau), l1, l2), w, rtol=1e-3, atol=2e-4)


def test_flow_is_the_proximal_step_to_first_order(strengths):
    """The error falls with the square of the time."""
    l1, l2 = strengths
    w = W[np.abs(W) > 0.1]
    errors = []
    for tau in (1e-3, 1e-4):
        proximal = penalties.prox_l1(w, tau * l1) / (1 + tau * l2)
        errors.append(np.max(np.abs(_core.penalty_flow(w, np.full_like(w, tau), l1, l2) - proximal)))
    assert errors[0] < 40 * 1e-6
    assert errors[1] < errors[0] / 50 + RTOL_F64


def test_tiny_l2_beside_l1_loses_no_digits():
    """|w| + l1/l2 is 1e12 here: the textbook formula would keep four digits of w."""
    w = np.array([0.3, -1.7])
    actual = _core.penalty_flow(w, np.full_like(w, 0.5), 0.1, 1e-13)
    np.testing.assert_allclose(actual, penalties.flow(w, 0.5, 0.1, 0.0), rtol=1e-9)
