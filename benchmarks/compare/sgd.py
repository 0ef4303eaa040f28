"""The SGD drop-ins against scikit-learn's in one run; see benchmarks/README.md.

Both sides get equal parameters and so learn the same coefficients; every line checks that before it is timed.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sklearn.linear_model
from sklearn.exceptions import ConvergenceWarning

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import gradstream.linear_model
from benchmarks.data import Rows, gaussian, text
from compare.timing import Timing, alternate


@dataclass(frozen=True)
class Line:
    """One row of the table. ``ratio`` is how many times as fast as scikit-learn."""

    name: str
    sides: tuple[str, str]
    ratio: float
    target: float
    others: float


def dense() -> Iterator[Line]:
    """One epoch of a million rows and 30 features."""
    for dtype in ("float64", "float32"):
        rows = gaussian(1_000_000, 30, dtype)
        for loss in ("log_loss", "hinge"):
            for shuffle, target in ((True, 6.0), (False, 2.5)):
                order = "shuffled" if shuffle else "in order"
                sides = _classifiers(loss=loss, shuffle=shuffle, alpha=1e-3)
                yield _epoch(f"dense {dtype} {loss}, {order}", sides, rows, target if dtype == "float64" else 1.0)
        yield _epoch(f"dense {dtype} log_loss average", _classifiers(loss="log_loss", average=True), rows, 1.0)
        yield _epoch(f"dense {dtype} squared_error", _regressors(), rows, 1.0)


def classes() -> Iterator[Line]:
    """Ten classes against the rest; scikit-learn has one thread, as it has by default."""
    rows = gaussian(1_000_000, 30)
    names = np.random.default_rng(0).integers(0, 10, len(rows.y))
    for threads in (1, 2):
        ours, other = _classifiers(loss="log_loss", alpha=1e-3)
        ours.set_params(n_jobs=threads)
        many = Rows(rows.X, names)
        yield _epoch(f"ten classes, {threads} thr", (ours, other), many, 10.0 if threads > 1 else 1.0, threads, 2)


def sparse() -> Iterator[Line]:
    """One epoch of 100,000 rows of 75 values in 2^18 columns."""
    rows = text(100_000)
    for penalty, target in (("l2", 2.5), ("l1", 3.0), ("elasticnet", 1.0)):
        yield _epoch(f"CSR log_loss, {penalty}", _classifiers(loss="log_loss", penalty=penalty), rows, target)
    yield _epoch("CSR hinge, l2", _classifiers(), rows, 2.5)
    yield _epoch("CSR log_loss average", _classifiers(loss="log_loss", average=True), rows, 1.0)


def chunks() -> Iterator[Line]:
    """partial_fit, chunk by chunk."""
    rows = gaussian(200_000, 30)
    for size, target in ((100, 30.0), (10_000, 6.0)):
        for seed in (0, None):
            sides = _classifiers(loss="log_loss", random_state=seed)
            parts = [slice(start, start + size) for start in range(0, min(len(rows.y), 200 * size), size)]
            timing = alternate([_chunked(model, rows, parts) for model in sides], repeats=9)
            per_call = [f"{seconds / len(parts) * 1e6:.1f} us" for seconds in timing.seconds]
            yield _line(f"partial_fit of {size} rows, random_state={seed}", per_call, timing, target)


def importing() -> Iterator[Line]:
    """Import and first use of a class, in fresh interpreters that find compiled modules, as installed ones do."""
    lines = ("from {}.linear_model import SGDClassifier", "import {}.linear_model")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for line, target in zip(lines, (0.95, 1.0), strict=True):
            programs = [[sys.executable, "-c", line.format(package)] for package in ("gradstream", "sklearn")]
            calls = [lambda run=run: subprocess.run(run, check=True, env=environment) for run in programs]
            timing = alternate(calls, repeats=9, threads=2)
            yield _line(line.format("*"), [f"{seconds * 1e3:.0f} ms" for seconds in timing.seconds], timing, target)


def _classifiers(**parameters: Any) -> tuple[Any, Any]:
    parameters = {"max_iter": 1, "tol": None, "random_state": 0, **parameters}
    return tuple(side.SGDClassifier(**parameters) for side in (gradstream.linear_model, sklearn.linear_model))


def _regressors() -> tuple[Any, Any]:
    parameters = {"max_iter": 1, "tol": None, "random_state": 0}
    return tuple(side.SGDRegressor(**parameters) for side in (gradstream.linear_model, sklearn.linear_model))


def _epoch(name: str, sides: tuple[Any, Any], rows: Rows, target: float, threads: int = 1, repeats: int = 5) -> Line:
    ours, other = (model.fit(rows.X, rows.y).coef_.copy() for model in sides)
    gap = np.abs(ours - other).max() / np.abs(other).max()
    timing = alternate(
        [lambda model=model: model.fit(rows.X, rows.y) for model in sides], repeats=repeats, threads=threads
    )
    per_row = [f"{seconds / len(rows.y) * 1e9:.0f} ns/row" for seconds in timing.seconds]
    return _line(f"{name} (gap {gap:.0e})", per_row, timing, target)


def _chunked(model: Any, rows: Rows, parts: list[slice]) -> Callable[[], object]:
    def run() -> None:
        for part in parts:
            model.partial_fit(rows.X[part], rows.y[part], classes=[-1.0, 1.0])

    return run


def _line(name: str, sides: list[str], timing: Timing, target: float) -> Line:
    return Line(name, (sides[0], sides[1]), timing.seconds[1] / timing.seconds[0], target, timing.others)


TABLE = (dense, classes, sparse, chunks, importing)


def main(word: str = "") -> None:
    """Print the lines of every function whose name contains the word, as they come."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'what':<52}{'ours':>14}{'scikit-learn':>16}{'ratio':>8}{'target':>8}  {'met':<4}{'other load':>10}")
    for lines in TABLE:
        for line in lines() if word in lines.__name__ else ():
            met = "yes" if line.ratio >= line.target else "NO"
            ratios = f"{line.ratio:>8.2f}{line.target:>8.2f}  {met:<4}{line.others:>10.2f}"
            print(f"{line.name:<52}{line.sides[0]:>14}{line.sides[1]:>16}{ratios}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
