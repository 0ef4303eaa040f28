"""What there is to export: the linear model in X's own units, how margins are read, and the rule it learns by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradstream._state import LearnerState

if TYPE_CHECKING:
    from gradstream._core import Float64, Spec

# From margins z to predictions: the value itself; exp(z); probabilities by sigmoid, by softmax, by sigmoids over their
# sum, by clipped margins; or classes only.
LINKS = ("identity", "exp", "sigmoid", "softmax", "normalized_sigmoid", "clip", "none")
LEARNING_RULES = ("sgd", "adagrad")


@dataclass(frozen=True, eq=False)
class ServedModel:
    """coef (K, d) and intercept (K,) in X's own units; ``classes`` None: a regressor."""

    name: str  # of the estimator's class
    loss: str
    link: str  # one of LINKS
    coef: Float64
    intercept: Float64
    classes: NDArray[Any] | None
    feature_names: list[str] | None

    @property
    def features(self) -> int:
        """Return d."""
        return self.coef.shape[1]

    @property
    def columns(self) -> int:
        """Return K."""
        return self.coef.shape[0]


@dataclass(frozen=True, eq=False)
class Learning:
    """A dense state that one rate learns row by row, and weights of classes."""

    state: LearnerState
    class_weights: Float64 | None = None

    @property
    def spec(self) -> Spec:
        """Return what it learns under."""
        return self.state.spec

    @classmethod
    def of(cls, state: LearnerState, class_weights: Float64 | None) -> Learning | None:
        """Return how a model learns on, None where that is not a single rate row by row."""
        spec = state.spec
        lanes = state.bank or state.experts.size > 0  # a fit that goes on as the bank
        if lanes or spec["batch_size"] != 1 or spec["optimizer"] not in LEARNING_RULES or state.pending:
            return None
        if state.layout == "sparse":
            state = state.adapted(spec, "dense")  # the same steps: absent values are zeros
        return cls(state, class_weights)


def label_texts(classes: NDArray[Any]) -> list[str]:
    """Return labels as text."""
    return [str(label) for label in np.asarray(classes).tolist()]
