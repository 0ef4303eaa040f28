"""How a dense logistic fit grows, and what its neighbours on the machine do to it; see benchmarks/README.md.

Reads of X (seconds of a fit over those of one read of X by one thread) at n = 10,000, 100,000 and 1,000,000 rows of 100
columns: they must not grow. Two threads beside one, alone and while another process keeps one core busy.
"""

import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.data import correlated
from compare.memory import reading_calls
from compare.timing import alternate
from gradstream import LinearClassifier

COLUMNS = 100


def seconds(calls: list[Callable[[], object]], repeats: int, threads: int) -> tuple[float, ...]:
    """Return the least seconds of each call."""
    return alternate(calls, repeats=repeats, threads=threads).seconds


def fits(n_samples: int) -> tuple[np.ndarray, list[Callable[[], object]]]:
    """Return X and fits of an l2 logistic regression at C = 1, to the default tol, on one thread and on two."""
    rows = correlated(n_samples, COLUMNS)
    models = [LinearClassifier(alpha=1.0 / n_samples, standardize=False, n_jobs=jobs) for jobs in (1, 2)]
    return rows.X, [lambda model=model: model.fit(rows.X, rows.y) for model in models]


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy with another process."""
    neighbour = multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
    neighbour.start()
    time.sleep(2.0)  # until it spins
    try:
        yield
    finally:
        neighbour.terminate()
        neighbour.join()


def _spin() -> None:
    while True:
        pass


def main() -> None:
    """Print a line for every number of rows."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    heads = ("read ms", "fit ms", "reads", "n_iter", "2 thr ms", "1 / 2", "busy 1", "busy 2", "1 / 2")
    print(f"{'rows':>9}" + "".join(f"{head:>10}" for head in heads))
    for n_samples in (10_000, 100_000, 1_000_000):
        X, (one, two) = fits(n_samples)
        repeats = max(3, 3_000_000 // n_samples // 10)
        fit, *reads = seconds([one, *reading_calls(X, 1)], repeats, 1)
        read = min(reads)
        alone = seconds([one, two], repeats, 2)
        with busy_core():
            beside = seconds([one, two], repeats, 2)
        model = one()
        figures = (read * 1e3, fit * 1e3, fit / read, getattr(model, "n_iter_", 0), alone[1] * 1e3, alone[0] / alone[1])
        figures = (*figures, beside[0] * 1e3, beside[1] * 1e3, beside[0] / beside[1])
        print(f"{n_samples:>9}" + "".join(f"{figure:>10.2f}" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
