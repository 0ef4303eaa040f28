"""Benchmarks are only run by hand, so here each is set up once, and its data are what they are said to be."""

import importlib
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
FILES = sorted(path.stem for path in FOLDER.glob("benchmarks/bench_*.py"))


@pytest.fixture
def load(monkeypatch):
    """Import from the benchmarks folder, as asv does."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


@pytest.mark.parametrize("file", FILES)
def test_each_benchmark_can_be_set_up(load, file):
    module = load(f"benchmarks.{file}")
    classes = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    classes = [value for value in classes if isinstance(value, type)]
    assert classes
    for benchmark in classes:
        if hasattr(benchmark, "setup"):
            assert len(benchmark.params) == len(benchmark.param_names)
            benchmark().setup(*(values[0] for values in benchmark.params))


def test_text_is_like_text(load):
    X = load("benchmarks.data").text(2_000).X
    assert 70 < X.nnz / X.shape[0] < 80
    assert X.has_canonical_format
    np.testing.assert_allclose(X.power(2).sum(axis=1), 1.0)
    per_feature = np.sort(np.bincount(X.indices))[::-1]
    assert per_feature[0] > 10 * per_feature[99]


def test_correlated_columns_are_hard(load):
    X = load("benchmarks.data").correlated(5_000, 100).X
    np.testing.assert_allclose(X.std(axis=0), 1.0)
    assert 300 < np.linalg.cond(X.T @ X) < 3_000


def test_ratios_are_taken_of_the_least_times(load):
    timing = load("compare.timing")
    calls = []
    result = timing.alternate([lambda: calls.append("a"), lambda: calls.append("b")], repeats=2)
    assert calls == ["a", "b"] * 3  # one round to warm up
    assert len(result.seconds) == 2
    assert all(seconds >= 0 for seconds in result.seconds)
