"""Models with ``learn_one``, which take a row as a dictionary: river's, and what follows them."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

from gradstream.evaluation.feed import Chunk
from gradstream.evaluation.learners.base import PROBABILISTIC, Learner, Terms
from gradstream.evaluation.rows import Array, ScoredRows

Row = dict[Any, Any]


class SingleRowLearner(Learner):
    """Predicts and learns one dictionary at a time; what a model has nothing to say of is uniform, or 0."""

    def __init__(self, model: Any, terms: Terms) -> None:
        super().__init__(model, terms)
        parameters = inspect.signature(model.learn_one).parameters.values()
        self.weighs = any(p.name == "w" or p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
        self._waiting: deque[tuple[Row, Any, float | None]] = deque()

    @property
    def gives(self) -> frozenset[str]:
        """Fields of ScoredRows that the model can fill."""
        if self.terms.labels is None:
            return frozenset({"values"})
        if not hasattr(self.model, "predict_proba_one"):
            return frozenset({"labels"})
        return PROBABILISTIC if self.terms.labels.fixed else PROBABILISTIC - {"scores"}  # which class is the second?

    def step(self, chunk: Chunk, y: Array) -> ScoredRows:
        """Predict and learn, row by row."""
        weights = [None] * len(chunk) if chunk.weights is None else chunk.weights.tolist()
        if chunk.weights is not None and not self.weighs:
            raise ValueError(
                f"sample_weight was passed, but {type(self.model).__name__}.learn_one does not take a weight w. "
                "Leave it out, or use a model that takes it."
            )
        targets = chunk.y.tolist()
        codes = targets if self.terms.labels is None else y.tolist()
        found = []
        for x, target, code, weight in zip(dictionaries(chunk.X), targets, codes, weights, strict=True):
            found.append(self._say(x, code))
            self._waiting.append((x, target, weight))
            if len(self._waiting) > self.terms.delay:
                self._learn(*self._waiting.popleft())
        fields = {name: np.array([row[name] for row in found]) for name in found[0]}
        return ScoredRows(y, chunk.weights, **fields)

    def finish(self) -> None:
        """Learn the rows that wait."""
        while self._waiting:
            self._learn(*self._waiting.popleft())

    def _learn(self, x: Row, y: Any, weight: float | None) -> None:
        if weight is None:
            self.model.learn_one(x, y)
        elif weight > 0:
            self.model.learn_one(x, y, w=weight)

    def _say(self, x: Row, code: int) -> dict[str, Any]:
        """Return the fields that are needed of one row."""
        labels = self.terms.labels
        if labels is None:
            return {"values": float(self.model.predict_one(x) or 0.0)}
        fields: dict[str, Any] = {}
        if "labels" in self.needs:
            label = self.model.predict_one(x)
            fields["labels"] = 0 if label is None else labels.find(label)
        if self.needs & {"truth", "others", "scores"}:
            given = self.model.predict_proba_one(x) or dict.fromkeys(labels.classes, 1.0 / labels.n_classes)
            truth = given.get(labels.classes[code], 0.0)
            fields["truth"] = truth
            fields["others"] = sum(p * p for p in given.values()) - truth * truth
            if "scores" in self.needs:
                ranks = [given.get(label, 0.0) for label in labels.classes]
                fields["scores"] = ranks[1] if len(ranks) == 2 else ranks
        return fields


def dictionaries(X: Any) -> Iterator[Row]:
    """Yield the rows of X as dictionaries: by column name where there are names, else by number.

    Of a CSR matrix only the entries that it stores.
    """
    if isinstance(X, list | tuple):
        yield from X
    elif sp.issparse(X):
        values, indices, indptr = X.data.tolist(), X.indices.tolist(), X.indptr.tolist()
        for start, stop in pairwise(indptr):
            yield dict(zip(indices[start:stop], values[start:stop], strict=True))
    elif hasattr(X, "columns"):
        names = list(X.columns)
        lists = [X[name].to_numpy().tolist() for name in names]
        for row in zip(*lists, strict=True):
            yield dict(zip(names, row, strict=True))
    else:
        names = list(range(X.shape[1]))
        for row in X.tolist():
            yield dict(zip(names, row, strict=True))
