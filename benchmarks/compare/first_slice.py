"""Ratios against scikit-learn, SciPy, PyTorch and the speed of memory, in one run; see benchmarks/README.md.

Each line is a function that returns Lines; ``target`` is the least ratio that the project asks of itself.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, SGDClassifier

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.core import gradient_call, learner, specification
from benchmarks.data import Rows, correlated, gaussian, text
from compare.memory import reading_calls
from compare.start_up import import_seconds
from compare.timing import Timing, alternate
from compare.torch_steps import torch_epoch
from gradstream import LinearClassifier


@dataclass(frozen=True)
class Line:
    """One row of the table. ``ratio`` is how many times as fast as the other side, or its share of the limit."""

    name: str
    ours: str
    other: str
    ratio: float
    target: float
    others: float  # CPUs taken by other processes


def gradient_dense() -> Iterator[Line]:
    """Logistic loss and gradient, one pass, against reading the same bytes."""
    for dtype in ("float64", "float32"):
        rows = correlated(200_000, 100, dtype)
        for threads in (1, 2):
            reads = reading_calls(rows.X, threads)
            timing = alternate([gradient_call(rows, threads), *reads], repeats=15, threads=threads)
            ours, read = timing.seconds[0], min(timing.seconds[1:])
            speed = [f"{rows.X.nbytes / seconds / 1e9:.1f} GB/s" for seconds in (ours, read)]
            yield Line(f"gradient dense {dtype}, {threads} thr / read", *speed, read / ours, 0.75, timing.others)


def gradient_sparse() -> Iterator[Line]:
    """Logistic loss and gradient of CSR rows against SciPy's two products."""
    rows = text(100_000)
    w, r = np.random.default_rng(1).standard_normal((2, max(rows.X.shape)))

    def products() -> object:
        return rows.X @ w, rows.X.T @ r[: rows.X.shape[0]]

    timing = alternate([gradient_call(rows, 1), products], repeats=15)
    per_value = [f"{seconds / rows.X.nnz * 1e9:.2f} ns/value" for seconds in timing.seconds]
    yield _faster("gradient CSR / SciPy X @ w, X.T @ r", per_value, timing, 1.5)


def streaming_dense() -> Iterator[Line]:
    """One epoch row by row, whole calls: checks, encoding of labels and learning."""
    rows = gaussian(1_000_000, 30)
    ours = LinearClassifier(optimizer="sgd", learning_rate=0.01, standardize=False)
    yield from _streaming("dense", rows, ours, targets=(131 / 60, 398 / 60))
    default = LinearClassifier()
    timing = alternate([_online(default, rows), _sgd(rows, shuffle=True)], repeats=3)
    yield _faster("streaming dense, both as they come", _per_row(timing, rows), timing, 1.0)


def streaming_sparse() -> Iterator[Line]:
    """The same on CSR rows."""
    yield from _streaming("CSR", text(100_000), LinearClassifier(optimizer="sgd", learning_rate=0.01), targets=(2, 2))


def _streaming(layout: str, rows: Rows, ours: LinearClassifier, targets: tuple[float, float]) -> Iterator[Line]:
    calls = [_online(ours, rows), _sgd(rows, shuffle=False), _sgd(rows, shuffle=True)]
    timing = alternate(calls, repeats=3 if layout == "dense" else 7)
    for other, target, order in zip((1, 2), targets, ("in order", "shuffled"), strict=True):
        pair = Timing((timing.seconds[0], timing.seconds[other]), timing.others)
        yield _faster(f"streaming {layout} / SGDClassifier {order}", _per_row(pair, rows), pair, target)


def _online(model: LinearClassifier, rows: Rows) -> Callable[[], object]:
    return lambda: model.partial_fit(rows.X, rows.y, classes=[-1, 1])


def _sgd(rows: Rows, *, shuffle: bool) -> Callable[[], object]:
    model = SGDClassifier(
        "log_loss", learning_rate="constant", eta0=0.01, max_iter=1, tol=None, shuffle=shuffle, random_state=0
    )
    return lambda: model.fit(rows.X, rows.y)


def mini_batch() -> Iterator[Line]:
    """One shuffled epoch of Adam against PyTorch: measured if it is installed, else as measured before, on another CPU.

    As a bare loop over blocks, which is what PyTorch's users write, and as a whole ``fit`` of one epoch.
    """
    rows = gaussian(1_000_000, 30, "float32")
    for batch_size, known in ((32, 0.18), (128, 0.64), (512, 1.8)):  # million rows a second, fused Adam, one thread
        chosen = {"optimizer": "adam", "batch_size": batch_size, "standardize": False}
        blocks = learner(specification(**chosen), rows)
        model = LinearClassifier(**chosen, max_iter=1, tol=None, random_state=0, n_jobs=1)
        ours = {
            "loop": lambda blocks=blocks: blocks.epoch(rows.core, rows.y, None, 0, 0, True, 1),
            "fit": lambda model=model: model.fit(rows.X, rows.y),
        }
        peer = torch_epoch(rows, batch_size)
        timing = alternate([*ours.values(), *([peer] if peer else [])], repeats=3)
        *speeds, other = (*(len(rows.y) / seconds / 1e6 for seconds in timing.seconds), *([] if peer else [known]))
        told = f"{other:.2f} Mrows/s{'' if peer else ' (fixed)'}"
        for what, speed in zip(ours, speeds, strict=True):
            name = f"mini-batch {batch_size} Adam, {what} / PyTorch"
            yield Line(name, f"{speed:.1f} Mrows/s", told, speed / other, 10.0, timing.others)


def one_row() -> Iterator[Line]:
    """Learning and predicting a single row from Python, 200 times."""
    rows = gaussian(2_000, 30)
    ours = LinearClassifier().partial_fit(rows.X, rows.y, classes=[-1, 1])
    other = SGDClassifier("log_loss").partial_fit(rows.X, rows.y, classes=[-1, 1])
    x, y = rows.X[0], rows.y[0]
    pairs = {
        "learn_one / partial_fit": (lambda: ours.learn_one(x, y), lambda: other.partial_fit(x[None], [y])),
        "predict_proba_one / predict_proba": (lambda: ours.predict_proba_one(x), lambda: other.predict_proba(x[None])),
    }
    for name, sides in pairs.items():
        timing = alternate([lambda side=side: [side() for _ in range(200)] for side in sides])
        yield _faster(f"one row: {name}", [f"{seconds / 200 * 1e6:.1f} us" for seconds in timing.seconds], timing, 1.0)


def small_fit() -> Iterator[Line]:
    """A fit that is over before it began."""
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    ours, other = LinearClassifier(), LogisticRegression(max_iter=1000)
    timing = alternate([lambda: ours.fit(X, y), lambda: other.fit(X, y)], repeats=50)
    milliseconds = [f"{seconds * 1e3:.2f} ms" for seconds in timing.seconds]
    yield _faster("fit iris / LogisticRegression", milliseconds, timing, 1.0)


def start_up() -> Iterator[Line]:
    """What importing adds to a program that has imported scikit-learn; the target is 30 ms."""
    for statement in ("import gradstream", "from gradstream import LinearClassifier"):
        seconds, others = import_seconds(statement)
        yield Line(f"{statement} / 30 ms", f"{seconds * 1e3:.1f} ms", "30 ms", 0.030 / seconds, 1.0, others)


def _per_row(timing: Timing, rows: Rows) -> list[str]:
    return [f"{seconds / len(rows.y) * 1e9:.0f} ns/row" for seconds in timing.seconds]


def _faster(name: str, sides: list[str], timing: Timing, target: float) -> Line:
    return Line(name, *sides, timing.seconds[1] / timing.seconds[0], target, timing.others)


TABLE = (gradient_dense, gradient_sparse, streaming_dense, streaming_sparse, mini_batch, one_row, small_fit, start_up)


def main(word: str = "") -> None:
    """Print the lines of every function whose name contains the word, as they come."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{'what':<52}{'ours':>16}{'other':>22}{'ratio':>8}{'target':>8}  {'met':<4}{'other load':>10}")
    for lines in TABLE:
        for line in lines() if word in lines.__name__ else ():
            met = "yes" if line.ratio >= line.target else "NO"
            ratios = f"{line.ratio:>8.2f}{line.target:>8.2f}  {met:<4}{line.others:>10.2f}"
            print(f"{line.name:<52}{line.ours:>16}{line.other:>22}{ratios}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
