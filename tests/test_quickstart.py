"""The example keeps what it says: it runs, and its two sentences are true of its table."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

QUICKSTART = Path(__file__).resolve().parents[1] / "examples" / "quickstart.py"
REGIMES = 8


@pytest.fixture(scope="module")
def printed():
    """What a user sees, in a process of its own, so that its imports are checked too."""
    run = subprocess.run([sys.executable, "-W", "error", QUICKSTART], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def losses(printed):
    """Log loss by regime."""
    return {line[:44].strip(): float(line.split()[-2]) for line in printed[1 : REGIMES + 1]}


def test_one_table_and_its_reading(printed):
    assert printed[0].split() == ["regime", "seconds", "log", "loss", "ROC", "AUC"]
    assert printed[REGIMES + 1] == ""
    assert " ".join(printed[REGIMES + 2 :]).count(". ") == 1  # two sentences


def test_online_follows_the_drift_and_frozen_does_not(losses):
    online = losses["batch on the first half, then row by row"]
    frozen = losses["batch on the first half, then frozen"]
    assert online < frozen - 0.15
    assert frozen == pytest.approx(losses["scikit-learn LogisticRegression, frozen"], abs=0.02)


def test_a_running_share_without_features_comes_close(losses):
    online = losses["batch on the first half, then row by row"]
    assert online < losses["no features: running share of yes"] < online + 0.02


def test_preprocessing_learns_nothing_from_the_rows():
    example = runpy.run_path(str(QUICKSTART))
    calls, _ = example["read_calls"]()
    one, many = example["encoder"]().fit(calls[:1]), example["encoder"]().fit(calls)
    assert (one.transform(calls[-100:]) == many.transform(calls[-100:])).all()
