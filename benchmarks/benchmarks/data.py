"""Data of the benchmarks: seeded, made here, labels -1/+1 drawn from a logistic model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.special import expit

N_FEATURES_TEXT = 2**18


@dataclass(frozen=True, eq=False)
class Rows:
    """X (n, d), dense or CSR, and y (n,) of -1.0 and +1.0."""

    X: Any
    y: NDArray[np.float64]

    @property
    def core(self) -> Any:
        """Return X as the compiled core takes it."""
        return (self.X.data, self.X.indices, self.X.indptr, self.X.shape[1]) if sp.issparse(self.X) else self.X


def gaussian(n: int, d: int, dtype: str = "float64") -> Rows:
    """Return independent standard normal columns: rows for one epoch."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d))
    y = _labels(rng, X @ rng.standard_normal(d), 2.0)
    return Rows(X.astype(dtype, copy=False), y)


def correlated(n: int, d: int, dtype: str = "float64") -> Rows:
    """Return standardised columns whose Gram matrix has a condition number of about 1000: a problem for solvers."""
    rng = np.random.default_rng(0)
    rotation, _ = np.linalg.qr(rng.standard_normal((d, d)))
    X = (rng.standard_normal((n, d)) * np.geomspace(1.0, 1000**-0.5, d)) @ rotation.T
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = _labels(rng, X @ rng.standard_normal(d), 2.0)
    return Rows(X.astype(dtype, copy=False), y)


def text(n: int, dtype: str = "float64") -> Rows:
    """Return CSR rows like text: about 75 of 2^18 features a row, Zipf (1.05), log(1 + tf) idf, of unit length."""
    tokens_per_row = 98  # gives 75 distinct features
    rng = np.random.default_rng(0)
    share = np.arange(1, N_FEATURES_TEXT + 1) ** -1.05
    rank = np.searchsorted(np.cumsum(share / share.sum()), rng.random(n * tokens_per_row))
    ids = rng.permutation(N_FEATURES_TEXT)[np.minimum(rank, N_FEATURES_TEXT - 1)]
    rows = np.repeat(np.arange(n), tokens_per_row)
    X = sp.csr_array((np.ones(len(ids)), (rows, ids)), shape=(n, N_FEATURES_TEXT))  # sums tokens met twice
    X.sort_indices()
    inverse_frequency = np.log(n / np.maximum(np.bincount(X.indices, minlength=N_FEATURES_TEXT), 1))
    X.data = np.log1p(X.data) * inverse_frequency[X.indices]
    length = np.sqrt(np.add.reduceat(X.data**2, X.indptr[:-1]))
    X.data /= np.repeat(length, np.diff(X.indptr))
    y = _labels(rng, X @ rng.standard_normal(N_FEATURES_TEXT), 3.0)
    return Rows(sp.csr_array((X.data.astype(dtype), X.indices.astype(np.int32), X.indptr.astype(np.int32)), X.shape), y)


def rows_of(layout: str, n: int, d: int, dtype: str) -> Rows:
    """Return n rows by the name of their layout; CSR rows have their own width."""
    return gaussian(n, d, dtype) if layout == "dense" else text(n, dtype)


def _labels(rng: np.random.Generator, margins: NDArray[Any], deviation: float) -> NDArray[np.float64]:
    z = margins * (deviation / margins.std())
    return np.where(rng.random(len(z)) < expit(z), 1.0, -1.0)
