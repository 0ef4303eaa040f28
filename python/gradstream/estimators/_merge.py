"""Which two models can become one, and the state that they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradstream._parameters import has_statistics
from gradstream.regimes.merging import merged, weight_seen

if TYPE_CHECKING:
    from gradstream._state import LearnerState


def merged_state(estimator: Any, other: Any) -> LearnerState:
    """Return the state of both, under the specification of ``estimator``, or raise ValueError."""
    mine, theirs = estimator._fitted().state, other._fitted().state
    check_alike(estimator, other)
    for name, meaning in {
        "loss": "loss",
        "loss_parameter": "parameter of the loss",
        "fit_intercept": "fit_intercept",
    }.items():
        if mine.spec[name] != theirs.spec[name]:
            raise _unlike(meaning, mine.spec[name], theirs.spec[name])
    one, two = mine.spec["standardize"], theirs.spec["standardize"]
    if one != two and (has_statistics(mine.spec) or has_statistics(theirs.spec)):
        raise _unlike("way to standardise columns", one, two)
    weights = weight_seen(mine), weight_seen(theirs)
    if mine.spec != theirs.spec or mine.layout != theirs.layout or bool(mine.experts.size) != bool(theirs.experts.size):
        model = estimator._adapted(estimator._model, mine.layout)
        mine, theirs = model.state, theirs.adapted(model.state.spec, model.state.layout)
    return merged(mine, theirs, weights)


def check_alike(estimator: Any, other: Any) -> None:
    """Raise ValueError unless columns and classes mean the same in both."""
    if estimator.n_features_in_ != other.n_features_in_:
        raise _unlike("number of features", estimator.n_features_in_, other.n_features_in_)
    for name in ("feature_names_in_", "classes_"):
        one, two = getattr(estimator, name, None), getattr(other, name, None)
        if one is not None and two is not None and not np.array_equal(one, two):
            raise _unlike(name, one, two)


def _unlike(what: str, one: Any, two: Any) -> ValueError:
    return ValueError(
        f"merge needs models of one kind: the {what} of this one is {one!r:.200}, of the other {two!r:.200}. "
        "Teach both with the same parameters, on the same columns and classes."
    )
