"""A copy of X with a constant column behind it: what stands for the intercept where the intercept is penalised.

Copied in blocks of rows, between which Ctrl-C counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gradstream._validation import BLOCK_ELEMENTS, CheckedRows
from gradstream.regimes.problem import Problem

if TYPE_CHECKING:
    from gradstream._core import Rows


def with_constant(problem: Problem, value: float) -> Problem:
    """Return the problem on a copy of X with one more column, in the place of the intercept."""
    X = problem.X
    data = _dense(X, X.data, value) if isinstance(X.data, np.ndarray) else _csr(X, X.data, value)
    rows = CheckedRows(data, (X.shape[0], X.shape[1] + 1), X.dtype)
    plan = replace(problem.plan, spec={**problem.plan.spec, "fit_intercept": False})
    return replace(problem, X=rows, plan=plan, online={**problem.online, "fit_intercept": False})


def _blocks(X: CheckedRows, per_row: float) -> Iterator[slice]:
    step = max(1, int(BLOCK_ELEMENTS / per_row))
    for start in range(0, X.shape[0], step):
        yield slice(start, min(start + step, X.shape[0]))


def _dense(X: CheckedRows, matrix: NDArray[np.floating], value: float) -> Rows:
    copy = np.empty((X.shape[0], X.shape[1] + 1), X.dtype)
    for block in _blocks(X, copy.shape[1]):
        copy[block, :-1] = matrix[block]
        copy[block, -1] = value
    return copy


def _csr(X: CheckedRows, arrays: Rows, value: float) -> Rows:
    values, indices, indptr, d = arrays
    starts = indptr + np.arange(len(indptr), dtype=indptr.dtype)
    size = len(values) + X.shape[0]
    if size > np.iinfo(indptr.dtype).max:
        starts = indptr.astype(np.int64) + np.arange(len(indptr))
    wide_values, wide_indices = np.empty(size, X.dtype), np.empty(size, starts.dtype)
    for block in _blocks(X, 1 + len(values) / X.shape[0]):
        old, new = slice(indptr[block.start], indptr[block.stop]), slice(starts[block.start], starts[block.stop])
        last = starts[block.start + 1 : block.stop + 1] - 1 - starts[block.start]
        stored = np.ones(new.stop - new.start, bool)
        stored[last] = False
        wide_values[new][stored], wide_values[new][last] = values[old], value
        wide_indices[new][stored], wide_indices[new][last] = indices[old], d
    return wide_values, wide_indices, starts, d + 1
