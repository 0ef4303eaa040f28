"""Batch fits at equal quality: seconds to a relative suboptimality of 1e-6, in one run; see benchmarks/README.md.

Of every contender the loosest tolerance counts that reaches it on the same objective (columns as they are, the same
alpha), so that nobody pays for more than was asked. The best value known is that of the tightest fits of all of them.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.special import expit, xlogy
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor, Ridge, TweedieRegressor
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import gradstream.linear_model
from benchmarks.data import Rows, correlated, gaussian, text
from compare.memory import reading_calls
from compare.timing import alternate
from gradstream import LinearClassifier, LinearRegressor

QUALITY = 1e-6
WIDTHS = (9, 7, 9, 9, 8, 8, 7)
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)


@dataclass(frozen=True)
class Contender:
    """A name and how to make an unfitted model of a tolerance and a number of threads."""

    name: str
    make: Callable[[float, int], Any]


@dataclass(frozen=True)
class Problem:
    """Rows, strength of l2, loss(y, z), and who fits it: ours first."""

    name: str
    rows: Rows
    alpha: float
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray]
    contenders: list[Contender]
    target: dict[int, float]  # of the ratio to the best peer, by threads

    def objective(self, model: Any) -> float:
        """Return F: the mean loss and l2/2 |w|^2."""
        w = np.ravel(model.coef_).astype(np.float64)
        z = self.rows.X @ w + np.ravel(model.intercept_)[0]
        return float(np.mean(self.loss(self.rows.y, z)) + 0.5 * self.alpha * w @ w)


def log_loss(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return log(1 + exp(-y z))."""
    return np.logaddexp(0.0, -y * z)


def half_squared(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return (y - z)^2 / 2."""
    return 0.5 * (y - z) ** 2


def poisson(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return half the deviance: 0 at best, so that a part of it means something."""
    return np.exp(z) - y * z + xlogy(y, y) - y


def gamma(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return half the deviance."""
    return z + y * np.exp(-z) - np.log(y) - 1.0


def tweedie(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return half the deviance of power 1.5."""
    return 2.0 * (np.exp(0.5 * z) + y * np.exp(-0.5 * z)) - 4.0 * np.sqrt(y)


def logistic(name: str, rows: Rows, solvers: tuple[str, ...], target: dict[int, float]) -> Problem:
    """Return l2 logistic regression at C = 1."""
    alpha = 1.0 / len(rows.y)
    ours = Contender(
        "gradstream", lambda tol, jobs: LinearClassifier(alpha=alpha, standardize=False, tol=tol, n_jobs=jobs)
    )
    peers = [
        Contender(
            solver,
            lambda tol, _, solver=solver: LogisticRegression(
                solver=solver.removesuffix(" dual"), dual=solver.endswith(" dual"), tol=tol, max_iter=10_000
            ),
        )
        for solver in solvers
    ]
    return Problem(name, rows, alpha, log_loss, [ours, *peers], target)


def generalised(name: str) -> Problem:
    """Return a generalised linear model of "poisson", "gamma" or "tweedie" (power 1.5), log link."""
    rows = gaussian(500_000, 30)
    rng = np.random.default_rng(1)
    mean = np.exp(rows.X @ rng.standard_normal(30) * 0.1 + 0.5)
    losses = {"poisson": poisson, "gamma": gamma, "tweedie": tweedie}
    classes = {"poisson": PoissonRegressor, "gamma": GammaRegressor, "tweedie": partial(TweedieRegressor, power=1.5)}
    y = rng.poisson(mean).astype(float) if name == "poisson" else rng.gamma(2.0, mean / 2.0)
    if name == "tweedie":
        y *= rng.random(500_000) < 0.7
    alpha = 1e-4
    ours = Contender(
        "gradstream",
        lambda tol, jobs: LinearRegressor(name, power=1.5, alpha=alpha, standardize=False, tol=tol, n_jobs=jobs),
    )
    peer = Contender(
        "newton-cholesky",
        lambda tol, _: classes[name](alpha=alpha, solver="newton-cholesky", tol=tol, max_iter=1000),
    )
    title = f"{name.capitalize()} 500k x 30"
    return Problem(title, Rows(rows.X, y), alpha, losses[name], [ours, peer], {1: 4.0})


def ridge_drop_in() -> Problem:
    """Return least squares with l2 by the drop-in, at its defaults; one thread or two, as the machine gives."""
    rows = gaussian(100_000, 50)
    rng = np.random.default_rng(1)
    y = rows.X @ rng.standard_normal(50) + rng.standard_normal(100_000)
    ours = Contender("gradstream", lambda _tol, _jobs: gradstream.linear_model.Ridge())
    peer = Contender("Ridge()", lambda _tol, _jobs: Ridge())
    return Problem("Ridge() 100k x 50", Rows(rows.X, y), 1e-5, half_squared, [ours, peer], {1: 2.0})


def one_hot_ridge(columns: int) -> Problem:
    """Return least squares with l2 of ten one-hot fields by the drop-in, at its defaults; peers at their best tol."""
    n, fields = 100_000, 10
    rng = np.random.default_rng(1)
    each = columns // fields
    drawn = np.minimum((2.0 * rng.pareto(1.0, (n, fields))).astype(np.int32), each - 1)
    indices = (drawn + np.arange(fields, dtype=np.int32) * each).ravel()
    indptr = np.arange(0, n * fields + 1, fields, dtype=np.int32)
    X = sp.csr_matrix((np.ones(n * fields), indices, indptr), shape=(n, columns))
    y = X @ rng.standard_normal(columns) + rng.standard_normal(n)
    ours = Contender("gradstream", lambda _tol, _jobs: gradstream.linear_model.Ridge())
    peers = [
        Contender(solver, lambda tol, _, solver=solver: Ridge(solver=solver, tol=tol))
        for solver in ("sparse_cg", "lsqr")
    ]
    return Problem(f"Ridge() CSR 100k x {columns}", Rows(X, y), 1.0 / n, half_squared, [ours, *peers], {1: 3.0})


def sparse_counts() -> Problem:
    """Return a Poisson regression on text, log link; scikit-learn's other solver would write down the Hessian."""
    rows = text(100_000)
    rng = np.random.default_rng(1)
    z = rows.X @ rng.standard_normal(rows.X.shape[1])
    y = rng.poisson(np.exp(z / z.std())).astype(float)
    alpha = 1.0 / len(y)
    ours = Contender("gradstream", lambda tol, jobs: LinearRegressor("poisson", alpha=alpha, tol=tol, n_jobs=jobs))
    peer = Contender("lbfgs", lambda tol, _: PoissonRegressor(alpha=alpha, tol=tol, max_iter=1000))
    return Problem("Poisson CSR 100k x 2^18", Rows(rows.X, y), alpha, poisson, [ours, peer], {})


def ridge() -> Problem:
    """Return least squares with l2."""
    rows = gaussian(500_000, 30)
    rng = np.random.default_rng(1)
    y = rows.X @ rng.standard_normal(30) + expit(rows.X[:, 0]) + rng.standard_normal(500_000)
    alpha = 1e-4
    ours = Contender(
        "gradstream", lambda tol, jobs: LinearRegressor(alpha=alpha, standardize=False, tol=tol, n_jobs=jobs)
    )
    peers = [Contender("cholesky", lambda _tol, _jobs: Ridge(alpha=alpha * 500_000, solver="cholesky"))]
    if find_spec("sklearnex") is not None:
        from sklearnex.linear_model import Ridge as SklearnexRidge

        peers.append(Contender("sklearnex", lambda _tol, _jobs: SklearnexRidge(alpha=alpha * 500_000)))
    return Problem("ridge 500k x 30", Rows(rows.X, y), alpha, half_squared, [ours, *peers], {1: 3.5})


def problems(*, dear: bool) -> Iterator[Problem]:
    """Yield them one by one: together they fill memory. Of the dear one the peer takes minutes."""
    dense = ("newton-cholesky", "lbfgs")
    yield logistic("logistic 200k x 100", correlated(200_000, 100), dense, {1: 7.0, 2: 9.0})
    yield logistic("logistic 200k x 100 float32", correlated(200_000, 100, "float32"), dense, {1: 5.0, 2: 6.0})
    yield logistic("logistic CSR 100k x 2^18", text(100_000), ("liblinear dual", "lbfgs"), {1: 2.5, 2: 3.5})
    yield from map(generalised, ("poisson", "gamma", "tweedie"))
    yield ridge()
    yield ridge_drop_in()
    yield from map(one_hot_ridge, (300, 5000))
    if dear:
        yield sparse_counts()


def run(problem: Problem, threads: int) -> str:
    """Return the table's line of one problem on so many threads."""
    X, y = problem.rows.X, problem.rows.y
    tightest = [contender.make(TOLERANCES[-1], threads).fit(X, y) for contender in problem.contenders]
    best = min(problem.objective(model) for model in tightest)

    def gap(model: Any) -> float:
        return problem.objective(model) / best - 1.0

    calls, reached = [], []
    for contender in problem.contenders:
        loosest = next((tol for tol in TOLERANCES if gap(contender.make(tol, threads).fit(X, y)) <= QUALITY), None)
        if loosest is None:
            print(f"{problem.name}: {contender.name} does not get there")
            continue
        reached.append(f"{contender.name} tol {loosest:g}")
        calls.append(lambda make=contender.make, tol=loosest: make(tol, threads).fit(X, y))
    default = problem.contenders[0].make(1e-6, threads)
    values = X.data[: len(X.data) // 64 * 64].reshape(-1, 64) if hasattr(X, "indptr") else X
    timing = alternate([*calls, lambda: default.fit(X, y), *reading_calls(values, 1)], repeats=3, threads=threads)
    ours, *peers = timing.seconds[: len(calls)]
    read, target = min(timing.seconds[len(calls) + 1 :]), problem.target.get(threads, float("nan"))
    ratio = min(peers) / ours
    return (
        f"{problem.name:<30}{threads:>4}{ours:>9.3f}{ours / read:>7.0f}{timing.seconds[len(calls)]:>9.3f}"
        f"{min(peers):>9.3f}{ratio:>8.1f}{target:>8.1f}{timing.others:>7.2f}  {', '.join(reached)}"
    )


def main() -> None:
    """Print the problems whose name holds the word given, or all but the dear one."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    heads = ("ours s", "reads", "default", "peer s", "ratio", "target", "load")
    print(f"{'problem':<30}{'thr':>4}" + "".join(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    for problem in problems(dear=bool(word)):
        if word not in problem.name:
            continue
        for threads in (1, 2):
            with threadpool_limits(threads):
                print(run(problem, threads), flush=True)


if __name__ == "__main__":
    main()
