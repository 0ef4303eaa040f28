"""The example of the model that leaves the building: what it prints is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from exported_c import COMPILER

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "serve_and_learn_offline.py"


@pytest.fixture(scope="module")
def printed():
    run = subprocess.run([sys.executable, "-W", "error", EXAMPLE], capture_output=True, text=True, check=True)
    return run.stdout


def loss_of(line):
    return float(re.search(r"0\.\d{4}", line)[0])


def test_branches_learn_what_the_centre_did_not_know(printed):
    size, python, frozen, other, home = printed.splitlines()
    assert int(re.search(r"[\d,]+", size)[0].replace(",", "")) < 10_000
    assert loss_of(python) < loss_of(frozen) - 0.1
    assert loss_of(other) < loss_of(frozen) - 0.1
    assert "67,816 rows" in home


@pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: cc, gcc, clang")
def test_c_says_what_python_says(printed):
    assert float(re.search(r"at most (\S+)", printed)[1]) < 1e-12
