"""scikit-learn's Pipeline, which has no ``partial_fit`` of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from gradstream.evaluation.feed import Chunk
from gradstream.evaluation.learners.base import Learner
from gradstream.evaluation.rows import Array, ScoredRows


class LearningPipeline:
    """A Pipeline that learns: transformers learn a group of rows first, the last step learns it as they then see it.

    Rows are predicted as the transformers saw them before. Weights go to the last step. A transformer learns if it has
    ``partial_fit``, and stays what it is if it is stateless or fitted; any other raises TypeError.
    """

    def __init__(self, pipeline: Any) -> None:
        self.shown_as = type(pipeline).__name__
        self.last_step = pipeline.steps[-1][1]
        self.transformers = [step for _, step in pipeline.steps[:-1] if step is not None and step != "passthrough"]
        self.learning = [step for step in self.transformers if hasattr(step, "partial_fit")]
        for name, step in pipeline.steps[:-1]:
            if step in self.transformers and step not in self.learning and not _stands(step):
                raise TypeError(
                    f"Step {name!r} of the Pipeline, {type(step).__name__}, has no partial_fit and is not fitted: it "
                    "cannot learn from a stream. Fit it on earlier rows first, or use a transformer with partial_fit."
                )

    def transform(self, X: Any) -> Any:
        """Return rows as the last step sees them now."""
        for step in self.transformers:
            X = step.transform(X)
        return X

    def partial_fit(self, X: Any, y: Any, **options: Any) -> None:
        """Learn."""
        for step in self.transformers:
            if step in self.learning:
                step.partial_fit(X)
            X = step.transform(X)
        self.last_step.partial_fit(X, y, **options)

    def predict(self, X: Any) -> Any:
        """Predict labels or values."""
        return self.last_step.predict(self.transform(X))

    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities."""
        return self.last_step.predict_proba(self.transform(X))

    def decision_function(self, X: Any) -> Any:
        """Return decision values."""
        return self.last_step.decision_function(self.transform(X))

    def has_learnt(self) -> bool:
        """Whether every step has."""
        return all(_stands(step) for step in [*self.transformers, self.last_step])


class TransformedLearner(Learner):
    """A learner behind transformers that stay what they are: rows are transformed many at a time."""

    def __init__(self, pipeline: LearningPipeline, inner: Learner) -> None:
        super().__init__(pipeline, inner.terms)
        self.inner = inner
        self.piece_rows = inner.piece_rows  # type: ignore[misc]

    @property
    def gives(self) -> frozenset[str]:
        """Fields of ScoredRows that the model can fill."""
        return self.inner.gives

    def step(self, chunk: Chunk, y: Array) -> ScoredRows:
        """Transform, predict and learn."""
        self.inner.needs = self.needs
        return self.inner.step(replace(chunk, X=self.model.transform(chunk.X)), y)

    def finish(self) -> None:
        """Learn the rows that wait."""
        self.inner.finish()


def _stands(step: Any) -> bool:
    """Say whether a step can be used as it is: stateless, or fitted."""
    try:
        if not get_tags(step).requires_fit:
            return True
        check_is_fitted(step)
    except (NotFittedError, AttributeError, TypeError):
        return False
    return True
