"""Axes of the tests of the compiled core, the named tolerances, and the header of the report."""

import numpy as np
import pytest
import scipy
import sklearn
from hypothesis import HealthCheck, settings

from gradstream import _core

# The same examples on every run, however slow the machine: a failure is of the code. To look for new ones:
# python -m pytest --hypothesis-profile=searching
UNHURRIED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("searching", **UNHURRIED)
settings.register_profile("repeatable", derandomize=True, database=None, **UNHURRIED)
settings.load_profile("repeatable")

# Relative to the largest entry of the expected array. float64: the order of a few hundred additions. float32: the
# state table is rounded after each step, and tests make a few hundred of them.
RTOL_F64 = 1e-11
RTOL_F32 = 1e-4


def pytest_report_header(config):
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in (np, scipy, sklearn))
    isas = ", ".join(_core.available_isas())
    return [versions, f"instruction set: {_core.isa()} of {isas}; threads: {_core.max_threads()}"]


@pytest.fixture(params=[np.float32, np.float64], ids=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture
def rtol(dtype):
    return RTOL_F64 if dtype == np.float64 else RTOL_F32


@pytest.fixture(params=["dense_c", "dense_f", "csr32", "csr64"])
def layout(request):
    return request.param


@pytest.fixture(params=_core.available_isas())
def isa(request):
    """Each instruction set this CPU has; the one in use before comes back afterwards."""
    before = _core.isa()
    _core.use_isa(request.param)
    yield request.param
    _core.use_isa(before)


@pytest.fixture(params=[1, 2, 5])
def n_threads(request):
    return request.param
