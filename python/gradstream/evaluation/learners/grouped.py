"""Models with ``partial_fit`` and ``predict``: a group of rows is predicted, then learnt."""

from __future__ import annotations

import inspect
from collections import deque
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from gradstream.evaluation.feed import Chunk
from gradstream.evaluation.labels import Labels
from gradstream.evaluation.learners.base import PROBABILISTIC, Learner, Terms, fields_of_probabilities
from gradstream.evaluation.rows import Array, ScoredRows, joined


class GroupedLearner(Learner):
    """Predicts with the model as it is before the group; a model that has learnt nothing says the first class, or 0."""

    def __init__(self, model: Any, terms: Terms) -> None:
        super().__init__(model, terms)
        self.last_step = getattr(model, "last_step", model)
        self.accepts = inspect.signature(self.last_step.partial_fit).parameters
        self.has_learnt = _has_learnt(model)
        self._waiting: deque[Chunk] = deque()
        self._n_waiting = 0

    @property
    def gives(self) -> frozenset[str]:
        """Fields of ScoredRows that the model can fill."""
        if self.terms.labels is None:
            return frozenset({"values"})
        if hasattr(self.last_step, "predict_proba"):
            return PROBABILISTIC
        ranks = hasattr(self.last_step, "decision_function") and len(self.terms.classes) == 2
        return frozenset({"labels", "scores"} if ranks else {"labels"})

    def step(self, chunk: Chunk, y: Array) -> ScoredRows:
        """Predict and learn, group by group."""
        size = self.terms.chunk_size
        groups = []
        for start in range(0, len(chunk), size):
            group = chunk.part(start, start + size)
            groups.append(
                ScoredRows(y[start : start + size], group.weights, **self._fields(group, y[start : start + size]))
            )
            self._wait(group)
        return joined(groups)

    def _wait(self, group: Chunk) -> None:
        """Put a group in the queue, and learn the groups all rows of which have waited for their delay."""
        self._waiting.append(group)
        self._n_waiting += len(group)
        while self._waiting and self._n_waiting - len(self._waiting[0]) >= self.terms.delay:
            self._learn(self._waiting.popleft())

    def finish(self) -> None:
        """Learn the rows that wait."""
        while self._waiting:
            self._learn(self._waiting.popleft())

    def _learn(self, group: Chunk) -> None:
        self._n_waiting -= len(group)
        options: dict[str, Any] = {}
        if group.weights is not None:
            if "sample_weight" not in self.accepts:
                raise ValueError(
                    f"sample_weight was passed, but {type(self.last_step).__name__}.partial_fit does not take weights. "
                    "Leave it out, or use a model that takes them."
                )
            if not group.weights.any():  # weight 0 is no row, and scikit-learn's models raise for nothing but such rows
                return
            options["sample_weight"] = group.weights
        if self.terms.labels is not None and "classes" in self.accepts:
            options["classes"] = self.terms.classes
        self.model.partial_fit(group.X, group.y, **options)
        self.has_learnt = True

    def _fields(self, group: Chunk, y: Array) -> dict[str, Array]:
        labels = self.terms.labels
        if labels is None:
            values = self.model.predict(group.X) if self.has_learnt else np.zeros(len(y))
            return {"values": np.asarray(values, np.float64)}
        if not self.has_learnt:
            n_classes = labels.n_classes
            uniform = np.full((len(y), n_classes), 1.0 / n_classes)
            return {"labels": np.zeros(len(y), np.intp), **fields_of_probabilities(uniform, y, self.needs)}
        fields: dict[str, Array] = {}
        if "labels" in self.needs:
            fields["labels"] = labels.encode(self.model.predict(group.X))
        if self.needs & {"truth", "others", "scores"}:
            if hasattr(self.last_step, "predict_proba"):
                probabilities = _columns(self.model.predict_proba(group.X), self.last_step, labels)
                fields |= fields_of_probabilities(probabilities, y, self.needs)
            else:
                fields["scores"] = np.asarray(self.model.decision_function(group.X), np.float64)
        return fields


def _columns(probabilities: Any, model: Any, labels: Labels) -> Array:
    """Return probabilities in the order of the classes; 0 for classes that the model does not know."""
    probabilities = np.asarray(probabilities, np.float64)
    known = getattr(model, "classes_", None)
    if known is None or np.array_equal(known, labels.array()):
        return probabilities
    out = np.zeros((len(probabilities), labels.n_classes))
    out[:, labels.encode(known)] = probabilities
    return out


def _has_learnt(model: Any) -> bool:
    if hasattr(model, "has_learnt"):
        return bool(model.has_learnt())
    try:
        check_is_fitted(model)
    except (NotFittedError, TypeError):  # TypeError: not one of scikit-learn's estimators
        return False
    return True
