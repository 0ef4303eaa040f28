"""What SGD changes: plain arrays of K columns, borrowed by the core for a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream._validation import CheckedRows, assert_finite

if TYPE_CHECKING:
    from gradstream._core import Float64, SklearnSgd

# Columns of `progress`; the core's scalars have the two intercepts before them.
OWED, SLOWING, BEST, STALLED = range(4)


def fresh_progress(columns: int) -> Float64:
    """Return the progress of columns that have seen nothing."""
    return np.tile(np.array([0.0, 1.0, np.inf, 0.0]), (columns, 1))


@dataclass(eq=False)
class SgdModel:
    """Weights (K, d) in the data's dtype, intercepts (K,), their averages; progress (K, 4) in float64.

    ``paid`` (K, d): l1 penalty that each weight has paid, as ``progress[:, OWED]`` is what it could have had to pay.
    """

    coef: NDArray[Any]
    intercept: Float64
    averaged: NDArray[Any] | None = None
    averaged_intercept: Float64 | None = None
    paid: Float64 | None = None
    progress: Float64 = field(default_factory=lambda: fresh_progress(1))
    t: float = 1.0

    def complete(self, *, average: bool, l1: bool) -> None:
        """Add what the parameters need and the model has not: an average starts at the present weights."""
        if average and self.averaged is None:
            self.averaged = self.coef.copy()
            self.averaged_intercept = self.intercept.copy()
        if l1 and (self.paid is None or self.paid.shape != self.coef.shape):
            self.paid = np.zeros(self.coef.shape)
            self.progress[:, OWED] = 0.0

    def learn(self, owner: str, engine: SklearnSgd, rows: CheckedRows, about: dict[str, Any], run: SgdRun) -> int:
        """Learn rows; return the epochs of the slowest column. An error leaves the model as it was."""
        scalars = np.empty((len(self.coef), 6))
        scalars[:, 0] = self.intercept
        scalars[:, 1] = 0.0 if self.averaged_intercept is None else self.averaged_intercept
        scalars[:, 2:] = self.progress
        state = {"coef": self.coef, "averaged": self.averaged, "paid": self.paid, "scalars": scalars, "t": self.t}
        results = engine.learn(rows.data, about, state, run.max_iter, run.n_threads, run.listener)
        for code, epoch in results:
            if code != "ok":
                assert_finite(owner, rows)
                raise ValueError(
                    f"Floating-point under-/overflow occurred at epoch #{epoch}. Scaling input data with "
                    "StandardScaler or MinMaxScaler might help."
                )
        self.intercept = scalars[:, 0].copy()
        if self.averaged is not None:
            self.averaged_intercept = scalars[:, 1].copy()
        self.progress = scalars[:, 2:].copy()
        return max(epoch for _, epoch in results)


@dataclass(frozen=True)
class SgdRun:
    """How long a call may learn, on how many threads, and who is told of every epoch."""

    max_iter: int
    n_threads: int = 1
    listener: Any = None


def only_row(coef: NDArray[Any], known: Any) -> NDArray[Any]:
    """Return the weights (d,) of one column: the array that users hold already, where these are its numbers."""
    row: NDArray[Any] = coef[0]
    if isinstance(known, np.ndarray) and known.shape == row.shape and known.ctypes.data == row.ctypes.data:
        return known
    return row
