"""Every drop-in on every data set of a folder, beside scikit-learn's with the same arguments; see benchmarks/README.md.

Both are fitted at the arguments of the line; the judge of both is the objective in NumPy, and the least value that
anybody reached, tight fits included. A gap is what is missing to it, in parts of what a constant model has to lose.
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything asks: seconds of one thread are compared

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import gradstream.linear_model
from compare.objectives import Objective, deviance, logistic, ridge, ridge_classifier
from compare.tables import DATA_SETS, DataSet, Encoded, encodings
from gradstream import LinearClassifier, LinearRegressor

CLASSES, VALUES = ("binary", "multiclass"), ("regression", "counts")
MOST_WEIGHTS = 1_200  # that a solver may take which writes down the Hessian
REPEATED_BELOW = 0.3  # seconds: longer fits are timed once
WORSE = 1e-6  # a gap beyond that of the other side that is worth a mark


@dataclass(frozen=True)
class Line:
    """One estimator at some arguments. ``tight`` are those of the fits that say what can be reached."""

    title: str
    tasks: tuple[str, ...]
    ours: Callable[[], Any]
    theirs: Callable[[int], Any]
    objective: Objective | None = None
    tight: dict[str, Any] = field(default_factory=dict)
    matrix: bool = False  # d K x d K numbers are written down
    dense: bool = False
    domain: Callable[[float], bool] = np.isfinite  # of the least target


@dataclass(frozen=True)
class Fitted:
    """How a fit went."""

    model: Any
    seconds: float
    warnings: int
    failure: str = ""


def drop_in(name: str, tasks: tuple[str, ...], objective: Objective | None, **arguments: Any) -> Line:
    """Return a drop-in and scikit-learn's class of the same name with the same arguments."""
    options = {key: arguments.pop(key) for key in ("tight", "matrix", "dense", "domain") if key in arguments}
    shown = ", ".join(f"{key}={value}" for key, value in arguments.items())
    return Line(
        f"{name}({shown})",
        tasks,
        lambda: getattr(gradstream.linear_model, name)(**arguments),
        lambda _n: getattr(sklearn.linear_model, name)(**arguments),
        objective,
        **options,
    )


def _not_negative(least: float) -> bool:
    return least >= 0


def _positive(least: float) -> bool:
    return least > 0


def lines() -> Iterator[Line]:
    """Yield every drop-in at its defaults, every solver, and the main estimators beside a pipeline with a scaler."""
    tight = {"tight": {"tol": 1e-9, "max_iter": 1_000}}
    logistic_regression = ("LogisticRegression", CLASSES, logistic)
    yield drop_in(*logistic_regression, **tight)
    yield drop_in(*logistic_regression, C=np.inf)
    for solver in ("newton-cg", "sag", "saga"):
        yield drop_in(*logistic_regression, solver=solver)
    yield drop_in(*logistic_regression, solver="newton-cholesky", matrix=True, **tight)
    yield drop_in("LogisticRegression", ("binary",), logistic, solver="liblinear")
    yield drop_in("LogisticRegression", ("binary",), logistic, solver="liblinear", l1_ratio=1.0)
    yield drop_in(*logistic_regression, solver="saga", l1_ratio=1.0)
    yield drop_in(*logistic_regression, solver="saga", l1_ratio=0.5)
    yield drop_in("RidgeClassifier", CLASSES, ridge_classifier, **tight)
    yield drop_in("Ridge", VALUES, ridge, **tight)
    yield drop_in("Ridge", VALUES, ridge, solver="lbfgs", positive=True, **tight)
    for solver in ("cholesky", "svd", "lsqr", "sparse_cg", "sag", "saga"):
        yield drop_in("Ridge", VALUES, ridge, solver=solver, dense=solver in ("svd", "cholesky", "saga"))
    above = {0.0: np.isfinite, 1.0: _not_negative, 1.5: _not_negative, 2.0: _positive, 3.0: _positive}
    for name, power in (("PoissonRegressor", 1.0), ("GammaRegressor", 2.0)):
        yield drop_in(name, VALUES, deviance(power), domain=above[power], **tight)
        yield drop_in(
            name, VALUES, deviance(power), solver="newton-cholesky", domain=above[power], matrix=True, **tight
        )
    for power in (0.0, 1.5, 3.0):
        yield drop_in("TweedieRegressor", VALUES, deviance(power), power=power, domain=above[power], **tight)
    for name in ("SGDClassifier", "Perceptron"):
        yield drop_in(name, CLASSES, None, random_state=0)
    yield drop_in("SGDClassifier", CLASSES, None, loss="log_loss", random_state=0)
    yield drop_in("SGDRegressor", VALUES, None, random_state=0)
    yield drop_in("SGDOneClassSVM", CLASSES, None, random_state=0)
    yield from main_estimators()


def main_estimators() -> Iterator[Line]:
    """Yield the two at their defaults, beside the pipeline that says the same."""

    def classifier(n: int) -> Any:
        return make_pipeline(StandardScaler(), sklearn.linear_model.LogisticRegression(C=1e4 / n))

    def regressor(n: int) -> Any:
        return make_pipeline(StandardScaler(), sklearn.linear_model.Ridge(alpha=1e-4 * n))

    yield Line("LinearClassifier()", CLASSES, LinearClassifier, classifier, dense=True)
    yield Line("LinearRegressor()", VALUES, LinearRegressor, regressor, dense=True)


def suits(line: Line, data_set: DataSet, encoded: Encoded) -> bool:
    """Whether an estimator can be asked for these rows at all, and in reasonable time."""
    columns = encoded.X.shape[1] * (len(np.unique(encoded.y)) if data_set.task == "multiclass" else 1)
    return (
        data_set.task in line.tasks
        and not (line.matrix and columns > MOST_WEIGHTS)
        and not (line.dense and sp.issparse(encoded.X))
        and (data_set.task in CLASSES or line.domain(encoded.y.min()))
    )


def fit(make: Callable[[], Any], encoded: Encoded, repeats: int) -> Fitted:
    """Fit once, and again as often as that is cheap; the least time counts."""
    model, least = make(), np.inf
    for repeat in range(repeats):
        with warnings.catch_warnings(record=True) as noticed:
            warnings.simplefilter("always")
            start = time.thread_time()
            try:
                model.fit(encoded.X, encoded.y)
            except Exception as error:  # what users would see
                return Fitted(model, np.nan, len(noticed), f"{type(error).__name__}: {str(error)[:80]}")
            least = min(least, time.thread_time() - start)
        if repeat == 0:
            told = len(noticed)
        if least > REPEATED_BELOW:
            break
    return Fitted(model, least, told)


def run(line: Line, data_set: DataSet, encoded: Encoded, repeats: int) -> str:
    """Return the table's line."""
    y = encoded.y
    n, d = encoded.X.shape
    sides = [fit(line.ours, encoded, repeats), fit(lambda: line.theirs(n), encoded, repeats)]
    head = f"{data_set.name:<20}{encoded.encoding:<7}{line.title:<52}{n:>7}{d:>6}"
    if any(side.failure for side in sides):
        return f"{head}  ours {sides[0].failure or 'fits'} | theirs {sides[1].failure or 'fits'}"
    gaps = [np.nan, np.nan]
    if line.objective is not None:
        reached = [line.objective(side.model, encoded.X, y) for side in sides]
        best = min([*reached, *best_known(line, encoded, sides)])
        gaps = [value - best for value in reached]
        gaps = [gap / max(abs(best), 1e-3) for gap in gaps]
    ours, theirs = sides
    ratio = theirs.seconds / ours.seconds
    scores = [score(side.model, encoded) for side in sides]
    marks = (
        "slower " * (ratio < 1) + "worse " * (gaps[0] > gaps[1] + WORSE) + "warns " * (ours.warnings > theirs.warnings)
    )
    return (
        f"{head}{ours.seconds * 1e3:>10.2f}{theirs.seconds * 1e3:>10.2f}{ratio:>8.2f}"
        f"{gaps[0]:>9.0e}{gaps[1]:>9.0e}{scores[0]:>9.4f}{scores[1]:>9.4f}"
        f"{ours.warnings:>4}{theirs.warnings:>4}  {marks}"
    )


def score(model: Any, encoded: Encoded) -> float:
    """Return the model's score, NaN where there is none: overflown predictions, outliers."""
    if not hasattr(model, "score"):
        return np.nan
    with np.errstate(over="ignore"):
        try:
            return float(model.score(encoded.X, encoded.y))
        except ValueError:
            return np.nan


def best_known(line: Line, encoded: Encoded, sides: list[Fitted]) -> Iterator[float]:
    """Yield the objective of tight fits of both."""
    assert line.objective is not None
    for side in sides if line.tight else ():
        tight = clone(side.model).set_params(**line.tight)
        found = fit(lambda tight=tight: tight, encoded, 1)
        if not found.failure:
            yield line.objective(found.model, encoded.X, encoded.y)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=os.environ.get("GRADSTREAM_DATA_SETS"))
    parser.add_argument("--sets", nargs="*", default=None, help="names; all by default")
    parser.add_argument("--lines", default="", help="only estimators whose line holds this text")
    parser.add_argument("--rows", type=int, default=5_000, help="at most, drawn at random")
    parser.add_argument("--repeats", type=int, default=5, help="of fits that take less than a moment")
    options = parser.parse_args()
    if options.folder is None:
        parser.error("name a folder of data sets, or set GRADSTREAM_DATA_SETS")
    print(
        f"{'set':<20}{'X':<7}{'estimator':<52}{'n':>7}{'d':>6}{'ours ms':>10}{'theirs':>10}{'ratio':>8}"
        f"{'gap':>9}{'theirs':>9}{'score':>9}{'theirs':>9}{'warn':>4}{'':>4}"
    )
    for data_set in DATA_SETS:
        if options.sets and data_set.name not in options.sets:
            continue
        try:
            every = list(encodings(options.folder, data_set, options.rows))
        except FileNotFoundError as absent:
            print(absent)
            continue
        for encoded in every:
            for line in lines():
                if options.lines in line.title and suits(line, data_set, encoded):
                    with threadpool_limits(1):
                        print(run(line, data_set, encoded, options.repeats), flush=True)


if __name__ == "__main__":
    main()
