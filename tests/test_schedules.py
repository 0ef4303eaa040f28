"""Every registered schedule against its slow twin and its published properties."""

import numpy as np
import pytest

from core_arrays import make_spec
from gradstream import _core
from reference import schedules

T = np.array([0.0, 1.0, 2.5, 1e3, 1e9])
NAMES = [entry["name"] for entry in _core.schedules()]


@pytest.fixture(params=NAMES)
def schedule(request):
    return request.param


def test_registered_names():
    assert set(NAMES) == {"constant", "invscaling", "inverse_time", "optimal"}


@pytest.mark.parametrize("epoch", [0.0, 1.0, 7.0])
@pytest.mark.parametrize("changes", [{}, {"eta0": 3.0, "power_t": 0.25, "decay": 2.0, "alpha": 1e-4}])
def test_rates_equal_the_twin(schedule, epoch, changes):
    spec = make_spec(schedule=schedule, **changes)
    expected = schedules.rate(spec, T, epoch)
    np.testing.assert_allclose(_core.schedule_rates(spec, T, epoch), expected, rtol=1e-13)


@pytest.mark.parametrize("loss", [entry["name"] for entry in _core.losses()])
def test_optimal_starts_at_the_rate_of_its_loss(loss):
    spec = make_spec(schedule="optimal", loss=loss)
    np.testing.assert_allclose(_core.schedule_rates(spec, T, 0.0), schedules.rate(spec, T, 0.0), rtol=1e-13)


def test_rates_never_rise_and_stay_positive(schedule):
    rates = _core.schedule_rates(make_spec(schedule=schedule), T, 0.0)
    assert (rates > 0).all()
    assert (np.diff(rates) <= 0).all()


def test_invscaling_with_power_0_is_constant():
    spec = make_spec(schedule="invscaling", power_t=0.0)
    assert (_core.schedule_rates(spec, T, 0.0) == spec["eta0"]).all()


def test_inverse_time_depends_on_the_epoch_only():
    spec = make_spec(schedule="inverse_time", eta0=1.0, decay=0.5)
    assert (_core.schedule_rates(spec, T, 2.0) == 0.5).all()
