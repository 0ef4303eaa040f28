"""Small random problems for every loss: rows with zeros, targets of the right kind, weights."""

from dataclasses import dataclass

import numpy as np

# (loss, columns): one margin for every loss, softmax, and one-vs-rest where a classification loss allows it.
TASKS = [
    ("log_loss", 1),
    ("hinge", 1),
    ("squared_hinge", 1),
    ("modified_huber", 1),
    ("squared_error", 1),
    ("huber", 1),
    ("poisson", 1),
    ("gamma", 1),
    ("tweedie", 1),
    ("log_loss", 3),
    ("hinge", 3),
    ("squared_hinge", 3),
    ("modified_huber", 3),
]
WIDE_TASKS = [("log_loss", 10), ("hinge", 10)]


def task_name(task):
    return f"{task[0]}-{task[1]}"


@dataclass(frozen=True)
class Sample:
    """Rows X (n, d), targets y (n,), weights s (n,) of which some are 0."""

    X: np.ndarray
    y: np.ndarray
    s: np.ndarray


def make_sample(task, n, d, seed=0):
    """About half of the entries are 0, and all of row 3."""
    rng = np.random.default_rng([seed, n, d])
    X = rng.normal(size=(n, d)) * rng.choice([0.5, 1.0, 2.0], d) + 0.3
    X[rng.random((n, d)) < 0.5] = 0.0
    X[3 % n] = 0.0
    # Numbers that float32 holds exactly: the dtype of the rows then changes nothing but the dtype of the state.
    X = X.astype(np.float32).astype(np.float64)
    s = rng.choice([0.0, 0.5, 1.0, 2.5], n)
    s[0] = 1.0
    return Sample(X, make_targets(task, X, rng), s)


def make_targets(task, X, rng):
    loss, n_columns = task
    signal = X @ rng.normal(size=X.shape[1]) / np.sqrt(X.shape[1]) + 0.5 * rng.normal(size=len(X))
    if loss in ("poisson", "tweedie"):
        return rng.poisson(np.exp(np.clip(signal, -2, 2))).astype(float)
    if loss == "gamma":
        return rng.gamma(2.0, np.exp(np.clip(signal, -2, 2)) / 2.0)
    if loss in ("squared_error", "huber"):
        return 2 * signal
    if n_columns > 1:
        return rng.integers(0, n_columns, len(X)).astype(float)
    return np.where(signal > 0, 1.0, -1.0)
