"""What metrics are made of: numbers that are added up over pieces of a stream, and then over pieces of pieces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gradstream._core import piece_sums
from gradstream.evaluation.rows import Array, Block
from gradstream.evaluation.segments import Segments

FEW_CLASSES = 4  # a pass for each of them is faster than to count codes, which takes 2 ns a row


class Statistic(ABC):
    """A vector per piece of a stream, and how the vectors of pieces give the vector of the whole.

    What is read of rows is (P, n), a line for each predictor, or (n,) where it is the same for all of them.

    Attributes
    ----------
    linear : bool
        Whether vectors are simply added up, so that those of several statistics can be added up together.
    """

    linear: ClassVar[bool] = True

    def __init__(self, name: str, read: Callable[[Block], Any]) -> None:
        self.name = name
        self.read = read

    @abstractmethod
    def width(self, n_classes: int) -> int:
        """Return the length of the vector."""

    @abstractmethod
    def sums(self, numbers: Any, weights: Array | None, segments: Segments, n_classes: int) -> Array:
        """Return (P or 1, pieces, width) of what ``read`` gave for the rows."""

    def plain_and_faded(
        self, numbers: Any, weights: Weights, segments: Segments, n_classes: int
    ) -> tuple[Array, Array]:
        """Return the sums with the weights, and with weights that fade."""
        faded = weights.fade if weights.plain is None else weights.plain * weights.fade
        return tuple(self.sums(numbers, each, segments, n_classes) for each in (weights.plain, faded))  # type: ignore


@dataclass(frozen=True, eq=False)
class Weights:
    """Of rows (n,): as they came (None: 1 each), and the factors that they have at the end of their piece."""

    plain: Array | None
    fade: Array


class RowSum(Statistic):
    """Weighted sum of one number or mark of each row."""

    def width(self, n_classes: int) -> int:
        """One number."""
        return 1

    def sums(self, numbers: Any, weights: Array | None, segments: Segments, n_classes: int) -> Array:
        """Add up within pieces."""
        return _row_sums(numbers, weights, segments)[..., None]

    def plain_and_faded(
        self, numbers: Any, weights: Weights, segments: Segments, n_classes: int
    ) -> tuple[Array, Array]:
        """Add both up in one pass."""
        plain, faded = piece_sums(np.atleast_2d(numbers), weights.plain, weights.fade, segments.starts)
        return plain[..., None], faded[..., None]


class WeightSum(Statistic):
    """Sum of the weights."""

    def width(self, n_classes: int) -> int:
        """One number."""
        return 1

    def sums(self, numbers: Any, weights: Array | None, segments: Segments, n_classes: int) -> Array:
        """Add up within pieces."""
        return _weight_sums(weights, segments)[None, :, None]


class ClassSum(Statistic):
    """Sum of the weights of the rows of each class; rows of code -1 are in none."""

    def width(self, n_classes: int) -> int:
        """One number for each class."""
        return n_classes

    def sums(self, numbers: Any, weights: Array | None, segments: Segments, n_classes: int) -> Array:
        """Add up within pieces; column 0 is for the rows in no class."""
        cells = segments.index * (n_classes + 1) + 1
        size = len(segments.starts) * (n_classes + 1)
        sums = [np.bincount(cells + codes, weights, size) for codes in np.atleast_2d(numbers)]
        return np.stack(sums).reshape(len(sums), -1, n_classes + 1)[..., 1:].astype(np.float64, copy=False)

    def plain_and_faded(
        self, numbers: Any, weights: Weights, segments: Segments, n_classes: int
    ) -> tuple[Array, Array]:
        """Add both up in one pass for each class, where there are few."""
        if n_classes > FEW_CLASSES:
            return super().plain_and_faded(numbers, weights, segments, n_classes)
        marks = [np.atleast_2d(numbers == code) for code in range(n_classes)]
        sums = [piece_sums(mark, weights.plain, weights.fade, segments.starts) for mark in marks]
        plain, faded = np.stack(sums, axis=-1)
        return plain, faded


class Spread(Statistic):
    """Weight, mean, and sum of squared distances from the mean.

    Pieces are combined by the rule of Chan, Golub and LeVeque ("Updating formulae and a pairwise algorithm for
    computing sample variances", 1979): all terms are positive, so that targets far from 0 cost no digits.
    """

    linear = False

    def width(self, n_classes: int) -> int:
        """Weight, mean, squared distances."""
        return 3

    def sums(self, numbers: Any, weights: Array | None, segments: Segments, n_classes: int) -> Array:
        """Two passes: the mean of each piece, then the distances from it."""
        weight = _weight_sums(weights, segments)[None]
        total = _row_sums(numbers, weights, segments)
        mean = _ratio(total, weight)
        squares = (numbers - mean[:, segments.index]) ** 2
        return np.stack([of_lines(weight, len(mean)), mean, _row_sums(squares, weights, segments)], axis=-1)

    @staticmethod
    def combine(factors: Array, pieces: Array) -> Array:
        """Weights add up; distances add up to those between the means."""
        weight, mean, squares = np.moveaxis(pieces, -1, 0)
        total = _added(factors, weight)
        center = _ratio(_added(factors, weight * mean), total)
        between = factors * weight[:, None] * (mean[:, None] - center[..., None]) ** 2
        return np.stack([total, center, _added(factors, squares) + between.sum(axis=-1)], axis=-1)


def combined(statistics: Iterable[Statistic], factors: Array, pieces: dict[str, Array]) -> dict[str, Array]:
    """Return (P, points, width) of each statistic: pieces (P, pieces, width) that count as the factors say."""
    linear = [statistic.name for statistic in statistics if statistic.linear]
    totals = {
        statistic.name: Spread.combine(factors, pieces[statistic.name])
        for statistic in statistics
        if not statistic.linear
    }
    if linear:
        lines = max(len(pieces[name]) for name in linear)
        added = _product(factors, np.concatenate([of_lines(pieces[name], lines) for name in linear], axis=2))
        stop = 0
        for name in linear:
            start, stop = stop, stop + pieces[name].shape[2]
            totals[name] = added[..., start:stop]
    return totals


def of_lines(sums: Array, lines: int) -> Array:
    """Return sums of so many predictors, which are of all or the same for each."""
    return sums if len(sums) == lines else np.repeat(sums, lines, axis=0)  # broadcast_to takes 5 us


def _added(factors: Array, numbers: Array) -> Array:
    return (factors @ numbers[..., None])[..., 0]


def _product(factors: Array, pieces: Array) -> Array:
    """Return the matrix product, in which infinity times 0 is nothing."""
    if np.isfinite(pieces).all():
        return factors @ pieces
    with np.errstate(invalid="ignore"):
        columns = [np.where(factors != 0, factors * pieces[:, None, :, k], 0.0) for k in range(pieces.shape[2])]
    return np.stack([column.sum(axis=-1) for column in columns], axis=-1)


def _ratio(total: Array, weight: Array) -> Array:
    return total / np.where(weight > 0, weight, 1.0)


def _row_sums(numbers: Array, weights: Array | None, segments: Segments) -> Array:
    """Return (P or 1, pieces) sums of numbers or marks (P, n) or (n,); what weighs nothing counts nothing."""
    fade = np.ones(segments.n_rows) if weights is None else weights
    return piece_sums(np.atleast_2d(numbers), weights, fade, segments.starts)[0]


def _weight_sums(weights: Array | None, segments: Segments) -> Array:
    if weights is None:
        return segments.lengths.astype(np.float64)
    return np.add.reduceat(weights, segments.starts)
