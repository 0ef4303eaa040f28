"""Batch against online on the bank's calls: what the page says of the table is true, and the picture is drawn."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "stream_vs_frozen.py"
REGIMES = 6
WITHOUT_MATPLOTLIB = """
import runpy, sys
sys.modules["matplotlib"] = None
sys.argv = sys.argv[1:]
sys.path.insert(0, {folder!r})
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """What a user sees, and the file that is drawn."""
    path = tmp_path_factory.mktemp("drawn") / "curves.png"
    run = subprocess.run([sys.executable, EXAMPLE, "--save", path], capture_output=True, text=True, check=True)
    return run.stdout.splitlines(), path


@pytest.fixture(scope="module")
def losses(drawn):
    """Log loss by regime, of the calls as they came and in random order."""
    lines, _ = drawn
    tables = lines[2 : 2 + REGIMES], lines[5 + REGIMES :]
    return [{line[:44].strip(): float(line[62:72]) for line in table} for table in tables]


def test_online_follows_the_drift_and_frozen_does_not(losses):
    came, _ = losses
    both, every_month = came["batch on 2008, then online"], came["retrained every month, all calls so far"]
    assert both < came["retrained every month, last 6 months"] - 0.02
    assert both < every_month - 0.1 < came["batch on 2008, then frozen"] - 0.2
    assert both == pytest.approx(came["online from row 1"], abs=0.005)
    assert both < came["no features: running share of yes"] < came["retrained every month, last 6 months"]


def test_online_does_not_win_when_nothing_changes(losses):
    _, shuffled = losses
    assert len(shuffled) == REGIMES
    frozen = shuffled["batch on 2008, then frozen"]
    assert frozen < shuffled["batch on 2008, then online"] < shuffled["online from row 1"] < frozen + 0.002


def test_the_picture_is_small_and_like_the_one_of_the_page(drawn):
    shown = EXAMPLE.parents[1] / "docs" / "images" / "stream_vs_frozen.png"
    for path in (drawn[1], shown):
        assert path.read_bytes().startswith(b"\x89PNG")
        assert 20_000 < path.stat().st_size < 120_000


def test_without_matplotlib_there_is_the_table_and_a_message(tmp_path):
    code = WITHOUT_MATPLOTLIB.format(folder=str(EXAMPLE.parent))
    command = [sys.executable, "-c", code, EXAMPLE, "--save", tmp_path / "curves.png"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1
    assert "batch on 2008, then online" in run.stdout
    assert 'pip install "gradstream[plot]"' in run.stderr
    assert not list(tmp_path.iterdir())
