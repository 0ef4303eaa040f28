"""Latency of one row from Python: median and 99th percentile of single calls, peers in the same run; see README.md.

Every call is timed on its own, on rows that it has not just seen; what the clock itself takes is subtracted.
"""

import gc
import itertools
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import SGDClassifier

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.data import Rows, gaussian, text
from gradstream import LinearClassifier, LinearRegressor

D = 30
ROWS = 2_000
CLASSES = [-1, 1]
FIXED = {"optimizer": "sgd", "learning_rate": 0.01}


@dataclass(frozen=True)
class Line:
    """A method on every row in turn; ``target`` is the median in microseconds that the project asks of itself."""

    name: str
    model: Any
    method: str
    arguments: list[tuple[Any, ...]]
    target: float | None = None
    calls: int = 40_000


@dataclass(frozen=True)
class Latency:
    """Microseconds of single calls."""

    median: float
    p99: float


def measure(line: Line) -> Latency:
    """Time single calls, the rows in turn, and subtract the median of no call at all."""
    rows = list(itertools.islice(itertools.cycle(line.arguments), line.calls))
    names = ", ".join("xy"[: len(line.arguments[0])])
    call, nothing = timed_loop(names, f"model.{line.method}({names})"), timed_loop(names, "pass")
    gc.collect()
    gc.disable()
    try:
        floor, taken = nothing(line.model, rows[:2_000]), call(line.model, rows)[len(rows) // 10 :]
    finally:
        gc.enable()
    median, p99 = np.percentile(taken - np.median(floor), [50, 99]) / 1e3
    return Latency(float(median), float(p99))


def timed_loop(names: str, statement: str) -> Callable[[Any, list[tuple[Any, ...]]], Any]:
    """Return a function that runs the statement for every row and returns nanoseconds: written out, as users would."""
    source = f"""
def run(model, rows):
    clock, taken = time.perf_counter_ns, []
    for {names}, in rows:
        start = clock()
        {statement}
        taken.append(clock() - start)
    return np.array(taken)
"""
    scope: dict[str, Any] = {"time": time, "np": np}
    exec(source, scope)
    return scope["run"]


def dense() -> Iterator[Line]:
    """30 dense features, float64; labels are Python's integers, as a stream of records has them."""
    rows = gaussian(ROWS, D)
    pairs = list(zip(rows.X, rows.y.astype(int).tolist(), strict=True))
    numbers = list(zip(rows.X, rows.X[:, 0].tolist(), strict=True))
    alone = [(x,) for x in rows.X]
    chunks = [(rows.X[i : i + 1], rows.y[i : i + 1]) for i in range(ROWS)]

    def classifier(**parameters: Any) -> LinearClassifier:
        return LinearClassifier(**parameters).partial_fit(rows.X, rows.y, CLASSES)

    regressor = LinearRegressor().partial_fit(rows.X, rows.X[:, 0])
    yield Line("learn_one, sgd at 0.01", classifier(**FIXED), "learn_one", pairs, 0.5)
    raw = classifier(standardize=False, **FIXED)
    yield Line("learn_one, sgd at 0.01, standardize=False", raw, "learn_one", pairs, 0.5)
    scalars = list(zip(rows.X, rows.y.astype(int), strict=True))
    yield Line("learn_one, sgd at 0.01, np.int64 labels", classifier(**FIXED), "learn_one", scalars, 0.5)
    yield Line("learn_one, untuned", classifier(), "learn_one", pairs, 0.8)
    yield Line("learn_one, untuned regressor", regressor, "learn_one", numbers, 0.8)
    for name, model in (("sgd at 0.01", classifier(**FIXED)), ("untuned", classifier())):
        yield Line(f"predict_one, {name}", model, "predict_one", alone, 0.4)
        yield Line(f"predict_proba_one, {name}", model, "predict_proba_one", alone, 0.4)
    yield Line("predict_one, untuned regressor", regressor, "predict_one", alone, 0.4)
    for name, parameters in (("sgd at 0.01", FIXED), ("untuned", {})):
        model = classifier(**parameters)
        yield Line(f"partial_fit of (1, {D}), {name}", model, "partial_fit", chunks, 4.0)
        yield Line(f"predict of (1, {D}), {name}", model, "predict", [row[:1] for row in chunks], 3.0)
    peer = SGDClassifier("log_loss").partial_fit(rows.X, rows.y, CLASSES)
    yield Line("  scikit-learn SGDClassifier.partial_fit", peer, "partial_fit", chunks, calls=2_000)
    yield Line("  scikit-learn SGDClassifier.predict", peer, "predict", [row[:1] for row in chunks], calls=2_000)
    yield from river([dict(enumerate(x)) for x in rows.X.tolist()], rows.y)


def sparse() -> Iterator[Line]:
    """About 75 of d features a row."""
    for power in (12, 18, 22):
        rows = text(ROWS)
        folded = sp.csr_array((rows.X.data, rows.X.indices % 2**power, rows.X.indptr), (ROWS, 2**power))
        folded.sum_duplicates()
        yield from _sparse(Rows(folded, rows.y), power)


def _sparse(rows: Rows, power: int) -> Iterator[Line]:
    X, labels = rows.X, rows.y.astype(int).tolist()
    parts = list(itertools.pairwise(X.indptr.tolist()))
    pairs = [(X.indices[start:stop], X.data[start:stop]) for start, stop in parts]
    matrices = [X[i : i + 1] for i in range(ROWS)]
    for name, parameters in (("sgd at 0.01", FIXED), ("untuned", {})):
        model = LinearClassifier(**parameters).partial_fit(X, rows.y, CLASSES)
        what = f"of 2^{power} columns, {name}"
        yield Line(f"learn_one(pair) {what}", model, "learn_one", list(zip(pairs, labels, strict=True)), 1.5)
        yield Line(f"predict_one(pair) {what}", model, "predict_one", [(pair,) for pair in pairs], 1.0)
        chunks = [(matrix, rows.y[i : i + 1]) for i, matrix in enumerate(matrices)]
        yield Line(f"partial_fit(CSR) {what}", model, "partial_fit", chunks, 10.0, 5_000)
        yield Line(f"predict(CSR) {what}", model, "predict", [row[:1] for row in chunks], 10.0, 5_000)
    if power == 18:
        peer = SGDClassifier("log_loss").partial_fit(X, rows.y, CLASSES)
        yield Line("  scikit-learn SGDClassifier.partial_fit(CSR)", peer, "partial_fit", chunks, calls=1_000)
        yield Line(
            "  scikit-learn SGDClassifier.predict(CSR)", peer, "predict", [row[:1] for row in chunks], calls=1_000
        )
        named = [dict(zip(indices.tolist(), values.tolist(), strict=True)) for indices, values in pairs]
        yield from river(named, rows.y)


def river(named: list[dict[int, float]], y: Any) -> Iterator[Line]:
    """river's LogisticRegression without a scaler, on rows that are dictionaries already."""
    try:
        from river import linear_model
    except ImportError:
        return
    model = linear_model.LogisticRegression()
    pairs = list(zip(named, (y > 0).tolist(), strict=True))
    yield Line("  river LogisticRegression.learn_one", model, "learn_one", pairs, calls=10_000)
    yield Line(
        "  river LogisticRegression.predict_proba_one", model, "predict_proba_one", [(x,) for x in named], calls=10_000
    )


def readers(seconds: float = 2.0, threads: int = 10) -> Iterator[str]:
    """Many threads that predict with one model, alone and while another thread teaches it."""
    rows = gaussian(ROWS, D)
    model = LinearClassifier().partial_fit(rows.X, rows.y, CLASSES)
    for what, teach in (
        ("nobody learns", None),
        ("a thread learns row by row", lambda i: model.learn_one(rows.X[i], 1)),
        ("a thread learns chunks of 2000 rows", lambda i: model.partial_fit(rows.X, rows.y)),
    ):
        calls = [lambda i: model.predict_one(rows.X[i])] * threads + ([] if teach is None else [teach])
        counts = calls_per_second(calls, seconds)
        learnt = "" if teach is None else f", {counts[-1]:,.0f} calls/s of learning"
        yield f"{threads} threads, predict_one while {what}: {sum(counts[:threads]):,.0f} calls/s{learnt}"


def calls_per_second(calls: list[Callable[[int], object]], seconds: float) -> list[float]:
    """Run every call in a thread of its own, again and again."""
    done = threading.Event()
    counts = [0] * len(calls)

    def work(at: int) -> None:
        while not done.is_set():
            for i in range(100):
                calls[at](i)
            counts[at] += 100

    workers = [threading.Thread(target=work, args=(at,)) for at in range(len(calls))]
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    done.set()
    for worker in workers:
        worker.join()
    return [count / seconds for count in counts]


def main() -> None:
    """Print the lines whose name contains one of the words given, or all."""
    words = sys.argv[1:]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    warnings.simplefilter("ignore")
    print(f"{'one call, one thread, microseconds':<56}{'median':>8}{'p99':>8}{'target':>8}{'/target':>9}")
    for line in itertools.chain(dense(), sparse()):
        if words and not any(word in line.name for word in words):
            continue
        latency = measure(line)
        target = "" if line.target is None else f"{line.target:>8.1f}{latency.median / line.target:>9.2f}"
        print(f"{line.name:<56}{latency.median:>8.2f}{latency.p99:>8.2f}{target}", flush=True)
    if not words or "threads" in words:
        for sentence in readers():
            print(sentence)


if __name__ == "__main__":
    main()
