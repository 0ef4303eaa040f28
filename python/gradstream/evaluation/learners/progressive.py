"""Models with ``progressive_fit``: rows are predicted and learnt inside the core."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradstream.estimators import _probabilities
from gradstream.evaluation.feed import Chunk
from gradstream.evaluation.learners.base import PROBABILISTIC, Learner, Terms, fields_of_probabilities
from gradstream.evaluation.rows import Array, ScoredRows


class ProgressiveLearner(Learner):
    """One call for thousands of rows. Where the loss is known, margins say all: label, probabilities, order."""

    piece_rows: ClassVar[int] = 24_000

    def __init__(self, model: Any, terms: Terms) -> None:
        super().__init__(model, terms)
        self.last_step = model.steps[-1][1] if hasattr(model, "steps") else model
        self.loss = getattr(self.last_step, "loss", None)
        self.has_probabilities = self.loss in _probabilities.LOSSES or hasattr(self.last_step, "predict_proba")

    @property
    def gives(self) -> frozenset[str]:
        """Fields of ScoredRows that the model can fill."""
        if self.terms.labels is None:
            return frozenset({"values"})
        if self.has_probabilities:
            return PROBABILISTIC
        return frozenset({"labels", "scores"} if len(self.terms.classes) == 2 else {"labels"})

    def step(self, chunk: Chunk, y: Array) -> ScoredRows:
        """Predict and learn."""
        options: dict[str, Any] = {"delay": self.terms.delay}
        if chunk.weights is not None:
            options["sample_weight"] = chunk.weights
        if self.terms.labels is None:
            values = self.model.progressive_fit(chunk.X, chunk.y, **options)
            return ScoredRows(y, chunk.weights, values=values)
        if not hasattr(self.model, "classes_"):
            options["classes"] = self.terms.classes
        if self.has_probabilities and self.loss not in _probabilities.LOSSES:
            options["method"] = "predict_proba"
            probabilities = self.model.progressive_fit(chunk.X, chunk.y, **options)
            labels = {"labels": probabilities.argmax(axis=1)}
            return ScoredRows(y, chunk.weights, **labels, **fields_of_probabilities(probabilities, y, self.needs))
        options["method"] = "decision_function"
        margins = self.model.progressive_fit(chunk.X, chunk.y, **options)
        fields = self._of_many(margins, y) if margins.ndim == 2 else self._of_two(margins, y)
        return ScoredRows(y, chunk.weights, **fields)

    def _of_many(self, margins: Array, y: Array) -> dict[str, Array]:
        """Return the fields of margins (n, n_classes)."""
        fields = {"labels": margins.argmax(axis=1)}
        if self.needs - {"labels", "last"}:
            fields |= fields_of_probabilities(_probabilities.of_margins(self._known_loss, margins), y, self.needs)
        return fields

    def _of_two(self, margins: Array, y: Array) -> dict[str, Array]:
        """Return the fields of margins (n,), positive for the second class."""
        fields = {"labels": (margins > 0).view(np.int8), "scores": margins}
        if "truth" in self.needs:
            if self.loss == "log_loss":
                fields["truth"] = _probabilities.sigmoid((2.0 * y - 1.0) * margins)  # half the work of two columns
            else:
                columns = _probabilities.of_margins(self._known_loss, margins[:, None])
                fields["truth"] = columns[np.arange(len(y)), y]
        if "others" in self.needs:
            fields["others"] = (1.0 - fields["truth"]) ** 2
        return fields

    @property
    def _known_loss(self) -> str:
        assert self.loss is not None
        return self.loss

    def finish(self) -> None:
        """Learn the rows that wait."""
        if self.terms.delay:
            self.model.flush()
