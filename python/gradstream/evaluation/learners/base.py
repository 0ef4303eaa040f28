"""What a learner is, and how probabilities become what metrics read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gradstream.evaluation.feed import Chunk
from gradstream.evaluation.labels import Labels
from gradstream.evaluation.rows import Array, ScoredRows

PROBABILISTIC = frozenset({"labels", "truth", "others", "scores"})


@dataclass(frozen=True, eq=False)
class Terms:
    """What a model is to do.

    ``labels`` None: regression. A row is learnt after the row ``delay`` places later was predicted; models that do not
    predict and learn by themselves do so in groups of ``chunk_size`` rows.
    """

    labels: Labels | None
    delay: int
    chunk_size: int

    @property
    def classes(self) -> NDArray[Any]:
        """Return the classes."""
        assert self.labels is not None
        return self.labels.array()


class Learner(ABC):
    """A model that predicts rows and learns them.

    Attributes
    ----------
    piece_rows : int
        Rows that a call of ``step`` should have at most.
    needs : frozenset of str
        Fields of ScoredRows that have to be filled. Set before the first step.
    """

    piece_rows: ClassVar[int] = 256
    needs: frozenset[str] = frozenset()

    def __init__(self, model: Any, terms: Terms) -> None:
        self.model = model
        self.terms = terms

    @property
    @abstractmethod
    def gives(self) -> frozenset[str]:
        """Fields of ScoredRows that the model can fill."""

    @abstractmethod
    def step(self, chunk: Chunk, y: Array) -> ScoredRows:
        """Predict the rows of a chunk, each before it is learnt, and learn them; ``y`` holds codes or real values."""

    @abstractmethod
    def finish(self) -> None:
        """Learn the rows that wait for their delay: the stream is over."""


def fields_of_probabilities(probabilities: Array, y: Array, needs: frozenset[str]) -> dict[str, Array]:
    """Return the fields that are needed, of probabilities (n, n_classes) and codes of the labels that came."""
    fields: dict[str, Array] = {}
    rows = np.arange(len(y))
    if "truth" in needs:
        fields["truth"] = probabilities[rows, y]
    if "others" in needs:
        squares = probabilities**2
        squares[rows, y] = 0.0
        fields["others"] = squares.sum(axis=1)
    if "scores" in needs:
        fields["scores"] = probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
    return fields
