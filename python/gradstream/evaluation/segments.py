"""Where a block of rows is cut, and which pieces every point of a curve adds up.

Nothing is ever subtracted: a rolling value is the sum of the pieces inside its window, not the difference of two sums
over the stream, so that it is as exact after a billion rows as after a thousand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gradstream.evaluation.rows import Array


@dataclass(frozen=True, eq=False)
class Segments:
    """Pieces of a block: they begin at ``starts``, the first of which is 0, and end where the next one begins."""

    starts: Array
    n_rows: int

    @cached_property
    def ends(self) -> Array:
        """Where each piece ends."""
        return np.append(self.starts[1:], self.n_rows)

    @cached_property
    def lengths(self) -> Array:
        """Rows of each piece."""
        return self.ends - self.starts

    @cached_property
    def index(self) -> Array:
        """The piece that each row is in."""
        return np.repeat(np.arange(len(self.starts)), self.lengths)


@dataclass(frozen=True, eq=False)
class BlockPlan:
    """Which pieces of a block make up which point.

    The first ``head`` rows have been added up before and are here because windows reach back to them. ``ends`` are the
    rows of the block before each point, more than ``head``. ``begins``: the block has the stream's first row.

    Factors have a leading axis: of length 1, or, where the block has the stream's first row, of ``n_predictors``, of
    which only the model counts that row, which is a piece of its own.
    """

    n_rows: int
    head: int
    ends: Array
    begins: bool
    window: int | None
    decay: float | None
    n_predictors: int

    def is_of(self, n_rows: int, head: int, ends: Array) -> bool:
        """Say whether this is the plan of another block further on: most blocks of a stream are cut alike."""
        return not self.begins and (self.n_rows, self.head) == (n_rows, head) and np.array_equal(self.ends, ends)

    @cached_property
    def window_starts(self) -> Array:
        """First row of the block in the window of each point."""
        return np.maximum(self.ends - (self.window or 0), 0)

    @cached_property
    def segments(self) -> Segments:
        """The pieces."""
        windows = self.ends if self.window is None else self.window_starts
        fixed = np.array([0, 1, self.head] if self.begins else [0, self.head])
        starts = np.unique(np.concatenate([fixed, self.ends, windows]).astype(np.intp))
        return Segments(starts[starts < self.n_rows], self.n_rows)

    @cached_property
    def stops(self) -> Array:
        """The points and the end of the block, where sums are carried on to the next one."""
        return np.append(self.ends, self.n_rows)

    @cached_property
    def cumulative(self) -> Array:
        """Factors (1 or P, points + 1, 1 + pieces) of what was carried here and of the pieces."""
        return self._of_predictors(self._carried, 1)

    @cached_property
    def _carried(self) -> Array:
        new = (self.segments.starts >= self.head) & (self.segments.ends <= self.stops[:, None])
        return np.column_stack([np.ones(len(self.stops)), new])

    @cached_property
    def fading(self) -> Array:
        """The same, for sums in which a row counts ``decay`` times less with every row after it."""
        assert self.decay is not None
        ages = np.column_stack([self.stops - self.head, self.stops[:, None] - self.segments.ends])
        return self._of_predictors(self._carried * _power(self.decay, np.maximum(ages, 0)), 1)

    @cached_property
    def rolling(self) -> Array:
        """Factors (1 or P, points, pieces): 1 for the pieces in the window."""
        segments = self.segments
        inside = (segments.starts >= self.window_starts[:, None]) & (segments.ends <= self.ends[:, None])
        return self._of_predictors(inside.astype(np.float64), 0)

    def _of_predictors(self, factors: Array, piece: int) -> Array:
        """Return factors for all predictors; those of the stream's first row, column ``piece``, are the model's."""
        if not self.begins:
            return factors[None]
        each = np.repeat(factors[None], self.n_predictors, axis=0)
        each[1:, :, piece] = 0.0
        return each

    @cached_property
    def fade(self) -> Array:
        """Factors (rows) that a row has at the end of its piece."""
        assert self.decay is not None
        lengths = self.segments.lengths.tolist()
        longest = _power(self.decay, np.arange(max(lengths) - 1, -1, -1))
        return np.concatenate([longest[-length:] for length in lengths])


def _power(base: float, exponents: Array) -> Array:
    """Return powers, to rounding times the logarithm of the result: where it is not small, to 15 digits."""
    return np.exp(exponents * np.log(base))
